package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/transport"
)

// A stub answers requests in memory, for tests on virtual time, and notes
// when each came.
type stub struct {
	reply func(n int, r *http.Request) (*http.Response, error) // n counts from 1

	mu    sync.Mutex
	began time.Time
	at    []time.Duration // since newStub
}

func newStub(reply func(n int, r *http.Request) (*http.Response, error)) *stub {
	return &stub{reply: reply, began: time.Now()}
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.at = append(s.at, time.Since(s.began))
	n := len(s.at)
	s.mu.Unlock()
	resp, err := s.reply(n, r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func (s *stub) times() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// answer makes a reply of header pairs.
func answer(status int, body string, header ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1}
	for i := 0; i < len(header); i += 2 {
		resp.Header.Set(header[i], header[i+1])
	}
	return resp
}

// inTurn answers with each status once, and with the last one for ever.
func inTurn(statuses ...int) func(int, *http.Request) (*http.Response, error) {
	return func(n int, _ *http.Request) (*http.Response, error) {
		return answer(statuses[min(n, len(statuses))-1], "{}"), nil
	}
}

// replyTime is what throttleOnce takes for its 429.
const replyTime = 200 * time.Millisecond

// throttleOnce answers 429 first, and 200 from then on.
func throttleOnce(retryAfter string) func(int, *http.Request) (*http.Response, error) {
	return func(n int, _ *http.Request) (*http.Response, error) {
		if n == 1 {
			time.Sleep(replyTime)
			return answer(429, "", "Retry-After", retryAfter), nil
		}
		return answer(200, "{}"), nil
	}
}

const target = "https://api.example.test/v1/things?filter=canary-query"

func get(ctx context.Context, c *http.Client) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	return c.Do(req)
}

// mustGet wants a status.
func mustGet(t *testing.T, c *http.Client, want int) *http.Response {
	t.Helper()
	resp, err := get(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("status %d, want %d", resp.StatusCode, want)
	}
	return resp
}

// together sends n requests at once and waits for all.
func together(t *testing.T, c *http.Client, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, err := get(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// brokenBody is a reply whose body fails after its text.
func brokenBody(text string, err error) *http.Response {
	resp := answer(200, "")
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(text), errReader{err}))
	return resp
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

var errReset = errors.New("connection reset by peer")

// logTo logs without what depends on the time.
func logTo(out *bytes.Buffer, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "elapsed_ms" {
				return slog.Attr{}
			}
			return a
		},
	}))
}

func quick() transport.RetryPolicy {
	return transport.RetryPolicy{Attempts: 3, Pause: time.Millisecond, MaxPause: 2 * time.Millisecond}
}
