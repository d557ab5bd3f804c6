package pingone_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

const (
	envText      = "0a1b2c3d-0000-4000-8000-000000000001"
	clientSecret = "canary~secret/+ä"
)

var env = mustID(envText)

func mustID(s string) pingone.ID {
	id, ok := pingone.ParseID(s)
	if !ok {
		panic("no id: " + s)
	}
	return id
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A source is a secret that counts how often it is read.
type source struct {
	mu    sync.Mutex
	now   secret.Credentials
	reads int
	err   error
}

func newSource(endpoint string) *source {
	return &source{now: secret.Credentials{
		ClientID: "the client", ClientSecret: secret.NewValue(clientSecret), TokenEndpoint: endpoint, AuthMethod: secret.Basic,
	}}
}

func (s *source) Credentials(context.Context) (secret.Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	return s.now, s.err
}

func (s *source) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

var quick = transport.RetryPolicy{Attempts: 3, Pause: time.Millisecond, MaxPause: 2 * time.Millisecond}

// A rig is a client of a server with a handler for the API; its tokens are
// token-1, token-2 and so on.
type rig struct {
	*pingone.Client
	server *httptest.Server
	source *source
	stats  transport.Stats
	tokens atomic.Int64
	calls  atomic.Int64 // at the API
}

func newRig(t *testing.T, api http.HandlerFunc) *rig {
	t.Helper()
	r := &rig{}
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/as/token" {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, r.tokens.Add(1))
			return
		}
		r.calls.Add(1)
		api(w, req)
	}))
	t.Cleanup(r.server.Close)
	r.source = newSource(r.server.URL + "/as/token")
	tokens := pingone.NewTokens(r.source, transport.Options{Retry: quick})
	r.Client = pingone.New(mustURL(t, r.server.URL), pingone.NewHTTP(tokens, transport.Options{Retry: quick, Stats: &r.stats}))
	return r
}

// text answers every request with the same reply.
func text(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// read collects all pages of a list.
func (r *rig) read(ctx context.Context, l pingone.List, from string) ([]pingone.Page, error) {
	var all []pingone.Page
	for p, err := range r.Pages(ctx, l, from) {
		if err != nil {
			return all, err
		}
		all = append(all, p)
	}
	return all, nil
}

// wantClean fails if a text holds something secret.
func wantClean(t *testing.T, text string) {
	t.Helper()
	for _, canary := range []string{"canary", "@", "token-", "Bearer", "%2Fcanary", "filter=", "cursor="} {
		if strings.Contains(text, canary) {
			t.Errorf("%q holds %q", text, canary)
		}
	}
}
