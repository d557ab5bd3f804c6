package pingone_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

// What PingOne said, what passes by itself, what is refused for good, and what is
// neither.
func TestErrors(t *testing.T) {
	t.Parallel()
	const forbidden = `{"id":"i-1","code":"ACCESS_FAILED","message":"The request could not be completed.","details":[{"code":"INSUFFICIENT_PERMISSIONS","message":"m"}]}`
	const noUser = `{"code":"NEW_CODE","message":"No user ann.canary@example.com or ann%40canary.example\nthere."}`
	const unexpected = `{"code":"UNEXPECTED_ERROR"}`
	tests := map[string]struct {
		status    int
		body      string
		header    []string
		calls     int64
		transient bool
		kind      error
		want      string // after "pingone: GET /v1/x: "
	}{
		"500":               {500, "", nil, 3, true, nil, "500"},
		"503":               {503, unexpected, nil, 3, true, nil, "503 UNEXPECTED_ERROR"},
		"502 with HTML":     {502, "<html>canary</html>", []string{"correlation-id", "c-2"}, 3, true, nil, "502 (correlation id c-2)"},
		"408":               {408, "", nil, 3, true, nil, "408"},
		"429":               {429, `{"code":"REQUEST_LIMITED"}`, nil, 9, true, pingone.ErrThrottled, "429 REQUEST_LIMITED"},
		"429 for hours":     {429, "", []string{"Retry-After", "7200"}, 1, true, pingone.ErrThrottled, "429"},
		"unexpected 400":    {400, unexpected, nil, 3, true, nil, "400 UNEXPECTED_ERROR"},
		"unexpected 403":    {403, unexpected, nil, 3, true, pingone.ErrForbidden, "403 UNEXPECTED_ERROR"},
		"200 with HTML":     {200, "<!doctype html>canary", nil, 3, true, nil, "status 200 with a broken body: not JSON"},
		"half a body":       {200, `{"id":`, nil, 3, true, nil, "status 200 with a broken body: not JSON"},
		"no content":        {204, "", nil, 3, true, nil, "status 204 with a broken body: not JSON"},
		"accepted":          {202, "{}", nil, 1, false, nil, "202"},
		"redirect":          {302, "canary", []string{"Location", "https://canary.example/v1/x"}, 1, false, nil, "302: redirect refused: the token goes to the configured host only"},
		"beyond the limit":  {200, `{"a":"` + strings.Repeat("x", 3000) + `"}`, nil, 1, false, transport.ErrBodyTooLarge, "read reply: reply body is larger than the limit of 2000 bytes"},
		"400":               {400, noUser, nil, 1, false, nil, "400 NEW_CODE: No user [redacted] or [redacted] there."},
		"another shape":     {400, `{"code":7,"message":"canary"}`, nil, 1, false, nil, "400"},
		"long":              {409, `{"message":"` + strings.Repeat("ä", 300) + `"}`, nil, 1, false, nil, "409: " + strings.Repeat("ä", 200)},
		"401":               {401, `{"code":"ACCESS_FAILED"}`, nil, 2, false, pingone.ErrUnauthorized, "401 ACCESS_FAILED"},
		"403":               {403, forbidden, []string{"correlation-id", "c-1"}, 2, false, pingone.ErrForbidden, "403 ACCESS_FAILED INSUFFICIENT_PERMISSIONS: The request could not be completed. (correlation id c-1)"},
		"404, id in a body": {404, `{"id":"i-1","code":"NOT_FOUND"}`, nil, 1, false, pingone.ErrNotFound, "404 NOT_FOUND (correlation id i-1)"},
	}
	kinds := []error{
		pingone.ErrUnauthorized, pingone.ErrForbidden, pingone.ErrNotFound, pingone.ErrThrottled,
		pingone.ErrBadLink, pingone.ErrPageLoop, pingone.ErrBadPage, pingone.ErrCredentials, transport.ErrBodyTooLarge,
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, text(tt.status, tt.body, tt.header...))
			policy := quick
			policy.MaxBody = 2000
			c := pingone.New(mustURL(t, r.server.URL), pingone.NewHTTP(pingone.NewTokens(r.source, transport.Options{}), transport.Options{Retry: policy}))
			_, err := c.Get(t.Context(), "/v1/x?filter=canary")
			if want := "pingone: GET /v1/x: " + tt.want; err == nil || err.Error() != want {
				t.Fatalf("error\n%v, want\n%s", err, want)
			}
			wantClean(t, err.Error())
			for _, kind := range kinds {
				if errors.Is(err, kind) != errors.Is(kind, tt.kind) {
					t.Errorf("errors.Is(err, %v) is %t", kind, !errors.Is(kind, tt.kind))
				}
			}
			refused := pingone.Refusal(err)
			if (refused != nil) != (tt.status/100 == 4 && !tt.transient) || refused != nil && refused.Status != tt.status {
				t.Errorf("refusal %+v", refused)
			}
			if pingone.IsTransient(err) != tt.transient || r.calls.Load() != tt.calls {
				t.Errorf("%d calls, transient %t; want %d, %t", r.calls.Load(), pingone.IsTransient(err), tt.calls, tt.transient)
			}
		})
	}
}

// The token endpoint's failures are of the same kinds; the end of a context
// is neither.
func TestTokenFailuresThatPass(t *testing.T) {
	t.Parallel()
	failed := func(ctx context.Context, endpoint string) error {
		source := newSource(endpoint)
		source.now.AuthMethod = secret.Basic
		tokens := pingone.NewTokens(source, transport.Options{Retry: quick})
		c := pingone.New(mustURL(t, "http://127.0.0.1:1"), pingone.NewHTTP(tokens, transport.Options{Retry: quick}))
		_, err := c.Get(ctx, "/v1/x")
		return err
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer stop()
	for name, tt := range map[string]struct {
		ctx   context.Context
		api   http.HandlerFunc
		calls int64
		want  bool
	}{
		"503":         {t.Context(), text(503, ""), 3, true},
		"429":         {t.Context(), text(429, ""), 9, true},
		"broken":      {t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 3, true},
		"refused":     {t.Context(), text(401, `{"error":"invalid_client"}`), 1, false},
		"ctx ended":   {ended, text(503, ""), 0, false},
		"ctx is late": {late, text(503, ""), 0, false},
	} {
		r := newRig(t, nil)
		r.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.calls.Add(1)
			tt.api(w, req)
		})
		if err := failed(tt.ctx, r.server.URL+"/as/token"); err == nil || pingone.IsTransient(err) != tt.want || pingone.Refusal(err) != nil {
			t.Errorf("%s: error %v is transient: %t, want %t", name, err, pingone.IsTransient(err), tt.want)
		}
		if r.calls.Load() != tt.calls {
			t.Errorf("%s: %d calls, want %d", name, r.calls.Load(), tt.calls)
		}
	}
}

// A pause beyond the deadline is the end of the caller's time, not of PingOne's;
// so is one that the caller ends.
func TestNoTimeLeftIsNoFailureThatPasses(t *testing.T) {
	t.Parallel()
	r := newRig(t, text(503, "", "Retry-After", "600"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := r.Get(ctx, "/v1/x"); !errors.Is(err, transport.ErrOutOfTime) || pingone.IsTransient(err) || r.calls.Load() != 1 {
		t.Errorf("error %v after %d calls, transient %t", err, r.calls.Load(), pingone.IsTransient(err))
	}
	stopped := errors.New("stopped by hand")
	caller, stop := context.WithCancelCause(t.Context())
	r = newRig(t, func(w http.ResponseWriter, _ *http.Request) {
		stop(stopped)
		w.WriteHeader(503)
	})
	if _, err := r.Get(caller, "/v1/x"); err == nil || pingone.IsTransient(err) || r.calls.Load() != 1 {
		t.Errorf("error %v after %d calls, transient %t", err, r.calls.Load(), pingone.IsTransient(err))
	}
}
