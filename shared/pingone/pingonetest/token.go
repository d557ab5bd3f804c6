package pingonetest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

type token struct {
	expires time.Time
	revoked bool
}

// RevokeTokens ends every token issued so far. Using one afterwards is
// answered with 401 and is no violation: a client can't foresee it.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		t.revoked = true
	}
}

// RotateSecret replaces the client secret. Tokens stay good.
func (s *Server) RotateSecret(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret = secret
}

// authorize checks the bearer token.
func (s *Server) authorize(r *http.Request, path string) error {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	problem := ""
	s.mu.Lock()
	t := s.tokens[text]
	switch {
	case scheme != "Bearer" || text == "":
		problem = "no bearer token"
	case t == nil:
		problem = "a token that was not issued here"
	case t.revoked:
		s.mu.Unlock()
		return invalidToken()
	case !time.Now().Before(t.expires):
		problem = "an expired token"
	}
	s.mu.Unlock()
	if problem == "" {
		return nil
	}
	s.violate("%s %s: %s", r.Method, path, problem)
	return invalidToken()
}

// revoke ends the token of a request.
func (s *Server) revoke(r *http.Request) {
	_, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tokens[text]; t != nil {
		t.revoked = true
	}
}

// issueToken answers a client_credentials request.
func issueToken(c *call) error {
	s := c.s
	if len(c.ids) > 0 && s.org.byID[c.ids[0]] == nil {
		return unsupportedMethod()
	}
	if !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		s.violate("POST %s: the body must be a form", c.r.URL.Path)
		return &oauthError{http.StatusBadRequest, "invalid_request", "Unsupported content type"}
	}
	if err := c.r.ParseForm(); err != nil {
		s.violate("POST %s: malformed form", c.r.URL.Path)
		return &oauthError{http.StatusBadRequest, "invalid_request", "Malformed request"}
	}
	if grant := c.r.PostFormValue("grant_type"); grant != "client_credentials" {
		s.violate("POST %s: grant_type %q", c.r.URL.Path, grant)
		return &oauthError{http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type"}
	}
	if !s.isClient(c.r) {
		return unsupportedMethod()
	}
	text := randomText()
	s.mu.Lock()
	s.tokens[text] = &token{expires: time.Now().Add(s.set.tokenLifetime)}
	s.mu.Unlock()
	c.b = fmt.Appendf(c.b, `{"access_token":%q,"token_type":"Bearer","expires_in":%d}`,
		text, int(s.set.tokenLifetime/time.Second))
	return nil
}

// isClient checks id and secret, which must come as basic authorization.
func (s *Server) isClient(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	// RFC 6749, 2.3.1: both are form-encoded before they are joined.
	id, err1 := url.QueryUnescape(id)
	secret, err2 := url.QueryUnescape(secret)
	s.mu.Lock()
	defer s.mu.Unlock()
	return basic && !r.PostForm.Has("client_secret") && err1 == nil && err2 == nil && id == s.ClientID && secret == s.secret
}

// unsupportedMethod is what PingOne says to a wrong method, id or secret alike.
func unsupportedMethod() error {
	return &oauthError{http.StatusUnauthorized, "invalid_client", "Unsupported authentication method"}
}
