package pingone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

// Tokens fetches access tokens by client credentials, and holds one until
// shortly before its end. It is safe for concurrent use, and outlives
// invocations: nothing in it holds a context.
type Tokens struct {
	source secret.Source
	http   *http.Client
	now    func() time.Time

	busy    chan struct{} // the lock, which a waiter can leave when its ctx ends
	current string
	fresh   time.Time // fetch a new one from here on; zero: only after a 401
}

// NewTokens reads the credentials from source at each fetch, so that a
// rotated secret is seen. o.Authorize is not used.
func NewTokens(source secret.Source, o transport.Options) *Tokens {
	o.Authorize, o.Pacer, o.Stats = nil, nil, nil
	return &Tokens{source: source, http: transport.New(o), now: time.Now, busy: make(chan struct{}, 1)}
}

func (t *Tokens) lock(ctx context.Context) error {
	select {
	case t.busy <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *Tokens) unlock() { <-t.busy }

// Token returns the access token, fetching one where there is none. Errors:
// ErrCredentials if the token endpoint refuses them, else those of the source or
// the network.
func (t *Tokens) Token(ctx context.Context) (string, error) {
	if err := t.lock(ctx); err != nil {
		return "", err
	}
	defer t.unlock()
	if t.current != "" && (t.fresh.IsZero() || t.now().Before(t.fresh)) {
		return t.current, nil
	}
	token, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.current, t.fresh = token.AccessToken, time.Time{}
	if !token.Expiry.IsZero() {
		end := token.Expiry.Round(0) // by the wall clock, which goes on while a function is frozen
		t.fresh = end.Add(-min(time.Minute, end.Sub(t.now())/5))
	}
	return t.current, nil
}

// drop forgets a token that the API has refused, unless it was replaced already.
func (t *Tokens) drop(ctx context.Context, token string) {
	if t.lock(ctx) != nil {
		return
	}
	defer t.unlock()
	if t.current == token {
		t.current = ""
	}
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
		return nil, tokenError(ctx, err, c.AuthMethod)
	}
	return token, nil
}

// tokenError holds the status and the OAuth code; the rest of oauth2's error
// holds the reply's body. PingOne gives one answer, invalid_client, to a wrong
// id, a wrong secret and a wrong method, so all three are named.
func tokenError(ctx context.Context, err error, method secret.AuthMethod) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		return fmt.Errorf("pingone: fetch token: %w", sendError(ctx, err))
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
	err = fmt.Errorf("pingone: fetch token: the token endpoint answers %s", answer)
	if status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests {
		return passingError{err}
	}
	return err
}

// authorize adds the access token. After a 401 the next try has another one.
type authorize struct {
	next   http.RoundTripper
	tokens *Tokens
}

func (a *authorize) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := a.tokens.Token(r.Context())
	if err != nil {
		return nil, transport.Final(err)
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := a.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		a.tokens.drop(r.Context(), token)
	}
	return resp, err
}
