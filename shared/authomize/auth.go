package authomize

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"

	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

// NewHTTP returns the HTTP client for Options.HTTP: retried, and carrying the
// API token of source, bare, as the API wants it (Authomize OpenAPI 4.6.8,
// security scheme APIKeyHeader). A 401 costs one more look at the secret, whose
// token may have been rotated, and one more try.
func NewHTTP(source secret.Source, o transport.Options) *http.Client {
	o.Authorize = func(next http.RoundTripper) http.RoundTripper { return &authorize{next: next, source: source} }
	o.Retry.Unauthorized = true
	return transport.New(o)
}

// streamed takes the body of a reply past the retry layer, which would read it
// whole.
type streamed struct {
	ctx  context.Context // the caller's: the retry layer ends that of its attempt
	body io.ReadCloser
}

type streamedKey struct{}

type authorize struct {
	next   http.RoundTripper
	source secret.Source
	token  atomic.Pointer[string] // nil: it has to be looked up
}

func (a *authorize) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	s, streams := ctx.Value(streamedKey{}).(*streamed)
	if streams {
		ctx = s.ctx
	}
	token := a.token.Load()
	if token == nil {
		c, err := a.source.Credentials(ctx)
		if err != nil {
			return nil, transport.Final(err)
		}
		token = new(c.AuthomizeToken.Reveal())
		a.token.Store(token)
	}
	r = r.Clone(ctx)
	r.Header.Set("Authorization", *token)
	resp, err := a.next.RoundTrip(r)
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode == http.StatusUnauthorized:
		a.token.CompareAndSwap(token, nil)
	case streams && resp.StatusCode/100 == 2:
		s.body, resp.Body = resp.Body, http.NoBody
	}
	return resp, nil
}
