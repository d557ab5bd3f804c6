package transport_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/transport"
)

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
		return answer([]int{307, 200}[n-1], "", "Location", "https://elsewhere.test/"), nil
	})
	if mustGet(t, transport.New(transport.Options{Base: s}), 307); len(s.times()) != 1 {
		t.Errorf("%d requests, want the redirect itself", len(s.times()))
	}
}

// addToken is what a client's Authorize does.
func addToken(next http.RoundTripper) http.RoundTripper { return token{next} }

type token struct{ next http.RoundTripper }

func (a token) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer canary-token")
	return a.next.RoundTrip(r)
}

func TestLogsHoldNoQueryHeaderOrBody(t *testing.T) {
	t.Parallel()
	s := newStub(func(n int, r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer canary-token" {
			t.Error("no token")
		}
		if n == 2 {
			return nil, errReset
		}
		return answer([]int{503, 0, 200}[n-1], "canary-reply", "Correlation-Id", "c-1"), nil
	})
	var out bytes.Buffer
	c := transport.New(transport.Options{Base: s, Log: logTo(&out, slog.LevelDebug), Retry: quick(), Authorize: addToken})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader("canary-body"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(req); err != nil {
		t.Fatal(err)
	}
	want := "level=DEBUG msg=call method=POST path=/v1/things status=503 correlation_id=c-1\n" +
		"level=DEBUG msg=call method=POST path=/v1/things err=\"connection reset by peer\"\n" +
		"level=DEBUG msg=call method=POST path=/v1/things status=200 correlation_id=c-1\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// closer notes that it was asked to close idle connections.
type closer struct {
	*stub
	closed bool
}

func (c *closer) CloseIdleConnections() { c.closed = true }

func TestIdleConnectionsCloseThroughAllLayers(t *testing.T) {
	t.Parallel()
	base := &closer{stub: newStub(inTurn(200))}
	transport.New(transport.Options{Base: base, Authorize: addToken}).CloseIdleConnections()
	if !base.closed {
		t.Error("the base was not asked")
	}
	transport.New(transport.Options{Base: base.stub}).CloseIdleConnections() // which can't: no panic
}
