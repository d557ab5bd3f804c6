package pingone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

// Tokens fetches access tokens by client credentials, and keeps one until
// shortly before its end. It is safe for concurrent use, and outlives
// invocations: nothing in it holds a context.
type Tokens struct {
	source secret.Source
	http   *http.Client
	now    func() time.Time

	busy chan struct{} // holds one while nobody fetches: waiters can leave when their ctx ends

	mu      sync.Mutex
	current string
	fresh   time.Time // fetch a new one from here on; zero: only after a 401
}

// NewTokens reads the credentials from source at each fetch, so that a
// rotated secret is seen. o.Authorize is not used.
func NewTokens(source secret.Source, o transport.Options) *Tokens {
	o.Authorize, o.Pacer, o.Stats = nil, nil, nil
	t := &Tokens{source: source, http: transport.New(o), now: time.Now, busy: make(chan struct{}, 1)}
	t.busy <- struct{}{}
	return t
}

// Token returns the access token, fetching one where there is none. Errors:
// ErrCredentials if the token endpoint refuses them, else those of the source
// or the network.
func (t *Tokens) Token(ctx context.Context) (string, error) { return t.replace(ctx, "") }

// Renew returns another access token than stale, which the API has refused.
func (t *Tokens) Renew(ctx context.Context, stale string) (string, error) {
	return t.replace(ctx, stale)
}

// replace returns the current token if it is neither stale nor old, else
// fetches one. Only one goroutine fetches at a time.
func (t *Tokens) replace(ctx context.Context, stale string) (string, error) {
	if token := t.kept(stale); token != "" {
		return token, nil
	}
	select {
	case <-t.busy:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() { t.busy <- struct{}{} }()
	if token := t.kept(stale); token != "" { // somebody fetched it while we waited
		return token, nil
	}
	token, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current, t.fresh = token.AccessToken, time.Time{}
	if !token.Expiry.IsZero() {
		end := token.Expiry.Round(0) // by the wall clock, which goes on while a function is frozen
		t.fresh = end.Add(-min(time.Minute, end.Sub(t.now())/5))
	}
	return t.current, nil
}

func (t *Tokens) kept(stale string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == stale || !t.fresh.IsZero() && !t.now().Before(t.fresh) {
		return ""
	}
	return t.current
}

func (t *Tokens) fetch(ctx context.Context) (*oauth2.Token, error) {
	c, err := t.source.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	endpoint, err := ParseTokenEndpoint(c.TokenEndpoint) // once more: the secret may have changed since the start
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID:     c.ClientID,
		ClientSecret: c.ClientSecret.Reveal(),
		TokenURL:     endpoint.TokenURL,
		AuthStyle:    oauth2.AuthStyleInHeader, // never left to probing, which sends the secret twice
	}
	if c.AuthMethod == secret.Post {
		config.AuthStyle = oauth2.AuthStyleInParams
	}
	token, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return nil, tokenError(err, c.AuthMethod)
	}
	return token, nil
}

// tokenError keeps the status and the OAuth code; the rest of oauth2's error
// holds the reply's body. PingOne gives one answer, invalid_client, to a wrong
// id, a wrong secret and a wrong method, so all three are named.
func tokenError(err error, method secret.AuthMethod) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("pingone: fetch token: %w", withoutURL(err))
	}
	status := refused.Response.StatusCode
	answer := strings.TrimSpace(fmt.Sprintf("%d %s", status, clean(refused.ErrorCode, 64)))
	switch {
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fmt.Errorf("%w by the token endpoint (%s): compare clientId and clientSecret with the worker application, and authMethod, now %s, with its Token Endpoint Authentication Method",
			ErrCredentials, answer, method)
	case status/100 == 3:
		return fmt.Errorf("%w: the token endpoint answers with a redirect (%d), which is not followed: correct tokenEndpoint", ErrCredentials, status)
	case status == http.StatusNotFound:
		return fmt.Errorf("%w: no token endpoint there (404): correct tokenEndpoint", ErrCredentials)
	}
	return fmt.Errorf("pingone: fetch token: the token endpoint answers %s", answer)
}

// authorize adds the access token. A 401 costs one new token and one more
// try; a second 401 is the answer.
type authorize struct {
	next   http.RoundTripper
	tokens *Tokens
	wait   func(*http.Request) error // for the pacers
}

func (a *authorize) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := a.tokens.Token(r.Context())
	if err != nil {
		return nil, transport.Final(err)
	}
	resp, err := a.next.RoundTrip(withToken(r, token))
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	_ = resp.Body.Close()
	token, err = a.tokens.Renew(r.Context(), token)
	if err != nil {
		return nil, transport.Final(err)
	}
	if err := a.wait(r); err != nil { // this try doesn't come through the pacers' own layer
		return nil, err
	}
	return a.next.RoundTrip(withToken(r, token))
}

func withToken(r *http.Request, token string) *http.Request {
	c := r.Clone(r.Context())
	c.Header.Set("Authorization", "Bearer "+token)
	return c
}
