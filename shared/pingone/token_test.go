package pingone_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

func TestCredentialsAreSentAsConfiguredAndOnce(t *testing.T) {
	t.Parallel()
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape("the client")+":"+url.QueryEscape(clientSecret)))
	tests := []struct {
		method        secret.AuthMethod
		authorization string
		form          url.Values
	}{
		{secret.Basic, basic, url.Values{"grant_type": {"client_credentials"}}},
		{secret.Post, "", url.Values{"grant_type": {"client_credentials"}, "client_id": {"the client"}, "client_secret": {clientSecret}}},
	}
	for _, tt := range tests {
		t.Run(string(tt.method), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			status := http.StatusOK
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.Header.Get("Authorization") != tt.authorization {
					t.Errorf("%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
				}
				_ = r.ParseForm()
				if diff := cmp.Diff(tt.form, r.PostForm); diff != "" {
					t.Error(diff)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"access_token":"a"}`)
			}))
			t.Cleanup(s.Close)
			src := newSource(s.URL + "/" + envText + "/as/token")
			src.now.AuthMethod = tt.method
			if token, err := pingone.NewTokens(src, transport.Options{}).Token(t.Context()); err != nil || token != "a" || calls.Load() != 1 {
				t.Errorf("%q, %v after %d calls", token, err, calls.Load())
			}
			status = 401
			if _, err := pingone.NewTokens(src, transport.Options{}).Token(t.Context()); !errors.Is(err, pingone.ErrCredentials) || calls.Load() != 2 {
				t.Errorf("%v after %d calls: a refusal must not be tried in another way", err, calls.Load()-1)
			}
		})
	}
}

func TestTokenEndpointReplies(t *testing.T) {
	t.Parallel()
	const advice = ": compare clientId and clientSecret with the worker application, and authMethod, now basic, with its Token Endpoint Authentication Method"
	const body = `{"error":"invalid_client","error_description":"Request denied: canary@example.com token-9"}`
	tests := []struct {
		name        string
		status      int
		body        string
		credentials bool // ErrCredentials
		calls       int64
		want        string
	}{
		{"unauthorized", 401, body, true, 1, "pingone: credentials refused by the token endpoint (401 invalid_client)" + advice},
		{"bad request", 400, body, true, 1, "pingone: credentials refused by the token endpoint (400 invalid_client)" + advice},
		{"forbidden without words", 403, "canary", true, 1, "pingone: credentials refused by the token endpoint (403)" + advice},
		{"not found", 404, "canary", true, 1, "pingone: credentials refused: no token endpoint there (404): correct tokenEndpoint"},
		{"redirect", 302, "canary", true, 1, "pingone: credentials refused: the token endpoint answers with a redirect (302), which is not followed: correct tokenEndpoint"},
		{"server error", 503, "canary", false, 3, "pingone: fetch token: the token endpoint answers 503"},
		{"throttled", 429, "canary", false, 9, "pingone: fetch token: the token endpoint answers 429"},
		{"error with 200", 200, body, false, 1, "pingone: fetch token: the token endpoint answers 200 invalid_client"},
		{"HTML", 200, "<html>canary", false, 1, "pingone: fetch token: oauth2: cannot parse json: invalid character '<' looking for beginning of value"},
		{"no token", 200, "{}", false, 1, "pingone: fetch token: oauth2: server response missing access_token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var elsewhere, calls atomic.Int64
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
			t.Cleanup(other.Close)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				text(tt.status, tt.body, "Content-Type", "application/json", "Location", other.URL)(w, r)
			}))
			t.Cleanup(s.Close)
			_, err := pingone.NewTokens(newSource(s.URL+"/as/token"), transport.Options{Retry: quick}).Token(t.Context())
			if err == nil || err.Error() != tt.want || errors.Is(err, pingone.ErrCredentials) != tt.credentials {
				t.Errorf("error\n%v, want\n%s", err, tt.want)
			}
			if calls.Load() != tt.calls || elsewhere.Load() != 0 {
				t.Errorf("%d calls, %d elsewhere; want %d, 0", calls.Load(), elsewhere.Load(), tt.calls)
			}
			wantClean(t, err.Error())
		})
	}
}

func TestAnUnusableSecretSendsNothing(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*source){
		"plain http":      func(s *source) { s.now.TokenEndpoint = "http://auth.pingone.eu/" + envText + "/as/token" },
		"source fails":    func(s *source) { s.err = errors.New("secret gone") },
		"pasted elsewise": func(s *source) { s.now.TokenEndpoint = "canary" },
	} {
		src := newSource("")
		change(src)
		base := roundTrip(func(*http.Request) (*http.Response, error) { t.Error(name + ": sent"); return nil, io.EOF })
		_, err := pingone.NewTokens(src, transport.Options{Base: base}).Token(t.Context())
		if err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		wantClean(t, fmt.Sprint(err))
	}
}

func TestA401CostsOneNewTokenAndOneLookAtTheSecret(t *testing.T) {
	t.Parallel()
	var asked []string
	revoked := "Bearer token-1"
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		got := req.Header.Get("Authorization")
		asked = append(asked, got)
		if got == revoked || revoked == "all" {
			w.WriteHeader(401)
			_, _ = io.WriteString(w, `{"code":"INVALID_TOKEN"}`)
			return
		}
		_, _ = io.WriteString(w, `{}`)
	})
	for range 2 {
		if _, err := r.Get(t.Context(), "/v1/x"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"Bearer token-1", "Bearer token-2", "Bearer token-2"}, asked); diff != "" {
		t.Error(diff)
	}
	if r.source.count() != 2 || r.tokens.Load() != 2 {
		t.Errorf("the secret was read %d times, %d tokens; want 2, 2", r.source.count(), r.tokens.Load())
	}

	asked, revoked = nil, "all"
	_, err := r.Get(t.Context(), "/v1/x")
	if !errors.Is(err, pingone.ErrUnauthorized) || err.Error() != "pingone: GET /v1/x: 401 INVALID_TOKEN" {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"Bearer token-2", "Bearer token-3"}, asked); diff != "" {
		t.Errorf("exactly one new token, then failure: %s", diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// reply is an in-memory reply, for tests on virtual time.
func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Request: r, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1,
		Header: http.Header{"Content-Type": {"application/json"}},
	}
}

// memoryTokens are Tokens on virtual time; each fetch takes a second.
func memoryTokens(expiresIn string) (tokens *pingone.Tokens, fetched *atomic.Int64, src *source) {
	fetched, src = &atomic.Int64{}, newSource("https://auth.pingone.eu/"+envText+"/as/token")
	base := roundTrip(func(r *http.Request) (*http.Response, error) {
		n := fetched.Add(1)
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		return reply(r, 200, fmt.Sprintf(`{"access_token":"token-%d","token_type":"Bearer"%s}`, n, expiresIn)), nil
	})
	return pingone.NewTokens(src, transport.Options{Base: base}), fetched, src
}

func TestTokensAreReplacedBeforeTheyExpire(t *testing.T) {
	t.Parallel()
	tests := []struct {
		life string
		good time.Duration // after the fetch; 0 for ever
	}{
		{`,"expires_in":3600`, 3540 * time.Second},
		{`,"expires_in":300`, 240 * time.Second},
		{`,"expires_in":10`, 8 * time.Second},
		{`,"expires_in":1`, 800 * time.Millisecond},
		{`,"expires_in":"3600"`, 3540 * time.Second},
		{``, 0},
		{`,"expires_in":0`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.life, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tokens, _, src := memoryTokens(tt.life)
				want := func(text string) {
					t.Helper()
					if got, err := tokens.Token(t.Context()); err != nil || got != text {
						t.Errorf("%q, %v; want %q", got, err, text)
					}
				}
				want("token-1")
				if tt.good == 0 {
					time.Sleep(1000 * time.Hour)
					want("token-1")
					return
				}
				time.Sleep(tt.good - time.Nanosecond)
				want("token-1")
				time.Sleep(time.Nanosecond)
				want("token-2")
				if src.count() != 2 {
					t.Errorf("the secret was read %d times, want 2", src.count())
				}
			})
		})
	}
}

func TestATokenThatCameExpiredIsUsedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens, fetched, _ := memoryTokens(`,"expires_in":-5`)
		for n := int64(1); n <= 2; n++ {
			if got, err := tokens.Token(t.Context()); err != nil || got != fmt.Sprint("token-", n) || fetched.Load() != n {
				t.Errorf("%q, %v", got, err)
			}
		}
	})
}

func TestManyWhoNeedATokenFetchOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens, fetched, _ := memoryTokens(`,"expires_in":300`)
		base := roundTrip(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Minute)
			if r.Header.Get("Authorization") == "Bearer token-1" { // which is revoked
				return reply(r, 401, "{}"), nil
			}
			return reply(r, 200, "{}"), nil
		})
		c := pingone.New(mustURL(t, "https://api.pingone.eu"), pingone.NewHTTP(tokens, transport.Options{Base: base}))
		for _, want := range []int64{2, 2, 3} { // the one and another, the same, and when that has expired
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if _, err := c.Get(t.Context(), "/v1/x"); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if fetched.Load() != want {
				t.Errorf("%d fetched in all, want %d", fetched.Load(), want)
			}
			if want == 2 {
				time.Sleep(time.Minute)
			}
		}
	})
}

func TestWhoWaitsForATokenCanLeave(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens, fetched, _ := memoryTokens(`,"expires_in":300`)
		first := make(chan error, 1)
		go func() { _, err := tokens.Token(t.Context()); first <- err }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := tokens.Token(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 300*time.Millisecond {
			t.Errorf("%v after %s, want the deadline after 300 ms", err, time.Since(began))
		}
		if err := <-first; err != nil || fetched.Load() != 1 {
			t.Errorf("the one who fetches: %v, %d fetched", err, fetched.Load())
		}
	})
}

func TestAFetcherThatLeavesHandsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tokens, fetched, _ := memoryTokens(`,"expires_in":300`)
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { _, err := tokens.Token(ctx); first <- err }()
		synctest.Wait()
		time.AfterFunc(100*time.Millisecond, cancel)
		if got, err := tokens.Token(t.Context()); err != nil || got != "token-2" || fetched.Load() != 2 {
			t.Errorf("%q, %v after %d fetches", got, err, fetched.Load())
		}
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the one who left: %v", err)
		}
	})
}
