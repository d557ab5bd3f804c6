package authomize

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

// NewHTTP returns the HTTP client for Options.HTTP: retried, and carrying the
// API token of source, bare, as the API wants it (Authomize OpenAPI 4.6.8,
// security scheme APIKeyHeader). A 401 costs one more look at the secret, and
// one more try if the token there is another: it was rotated.
func NewHTTP(source secret.Source, o transport.Options) *http.Client {
	tokens := &apiToken{source: source}
	o.Authorize = func(next http.RoundTripper) http.RoundTripper { return &authorize{next: next, tokens: tokens} }
	return transport.New(o)
}

// apiToken keeps the token between requests.
type apiToken struct {
	source secret.Source
	mu     sync.Mutex
	token  string
}

// other returns a token that is not stale; the same again if the secret holds
// no other.
func (t *apiToken) other(ctx context.Context, stale string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token != stale {
		return t.token, nil
	}
	c, err := t.source.Credentials(ctx)
	if err != nil {
		return "", err
	}
	t.token = c.AuthomizeToken.Reveal()
	return t.token, nil
}

type authorize struct {
	next   http.RoundTripper
	tokens *apiToken
}

func (a *authorize) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := a.tokens.other(r.Context(), "")
	if err != nil {
		return nil, transport.Final(err)
	}
	resp, err := a.next.RoundTrip(withToken(r, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	fresh, err := a.tokens.other(r.Context(), token)
	if err == nil && fresh == token {
		return resp, nil
	}
	_ = resp.Body.Close()
	if err != nil {
		return nil, transport.Final(err)
	}
	again := withToken(r, fresh)
	if r.GetBody != nil {
		if again.Body, err = r.GetBody(); err != nil {
			return nil, fmt.Errorf("rewind request body: %w", err)
		}
	}
	return a.next.RoundTrip(again)
}

func withToken(r *http.Request, token string) *http.Request {
	c := r.Clone(r.Context())
	c.Header.Set("Authorization", token)
	return c
}
