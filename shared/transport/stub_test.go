package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
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
	at    []time.Duration // since the first use of newStub's clock
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

// brokenBody fails after its text.
func brokenBody(text string) io.ReadCloser {
	return io.NopCloser(io.MultiReader(bytes.NewReader([]byte(text)), errReader{}))
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

func quick() transport.RetryPolicy {
	return transport.RetryPolicy{Attempts: 3, Pause: time.Millisecond, MaxPause: 2 * time.Millisecond}
}
