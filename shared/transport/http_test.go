package transport_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/transport"
)

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestAPostIsSentWholeEachTime(t *testing.T) {
	t.Parallel()
	var got []string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, string(b))
		switch len(got) {
		case 1:
			w.WriteHeader(503)
		case 2:
			panic(http.ErrAbortHandler) // breaks the connection
		}
	})
	resp, err := transport.New(transport.Options{Retry: quick()}).Do(request(t, http.MethodPost, s.URL, `{"a":1}`))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	if diff := cmp.Diff([]string{`{"a":1}`, `{"a":1}`, `{"a":1}`}, got); diff != "" {
		t.Error(diff)
	}
}

// A server that stalls in mid-body costs a try, not the whole invocation.
func TestABodyThatStallsIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, stalls := range map[string]int64{"once": 1, "always": 9} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) <= stalls {
					_, _ = w.Write([]byte("half"))
					_ = http.NewResponseController(w).Flush()
					<-r.Context().Done()
					return
				}
				_, _ = w.Write([]byte("whole"))
			})
			policy := quick()
			policy.Attempts, policy.BodyTime = 3, 100*time.Millisecond
			stats := &transport.Stats{}
			resp, err := transport.New(transport.Options{Retry: policy, Stats: stats}).Do(request(t, http.MethodGet, s.URL, ""))
			switch {
			case stalls == 1 && (err != nil || string(transport.Body(resp)) != "whole"):
				t.Errorf("got %v, %v, want the whole body", resp, err)
			case stalls > 1 && (err == nil || !strings.Contains(err.Error(), "read reply: it did not end within 100ms") || errors.Is(err, context.Canceled)):
				t.Errorf("error %v, want that the reply stalled", err)
			}
			if want := min(stalls+1, 3); calls.Load() != want || stats.Retries.Load() != want-1 {
				t.Errorf("%d calls, %d retries; want %d and %d", calls.Load(), stats.Retries.Load(), want, want-1)
			}
		})
	}
}

func TestABodyThatBreaksOffIsReadAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			return
		}
		_, _ = w.Write([]byte("whole"))
	})
	resp, err := transport.New(transport.Options{Retry: quick()}).Do(request(t, http.MethodGet, s.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	again, err := io.ReadAll(resp.Body)
	if err != nil || string(again) != "whole" || string(transport.Body(resp)) != "whole" || calls.Load() != 2 {
		t.Errorf("%q, %q, %v after %d calls", again, transport.Body(resp), err, calls.Load())
	}
}

func TestCompressedBodiesAreLimitedUnpacked(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(bytes.Repeat([]byte("a"), 1<<20))
		_ = z.Close()
	})
	policy := quick()
	policy.MaxBody = 100_000
	_, err := transport.New(transport.Options{Retry: policy}).Do(request(t, http.MethodGet, s.URL, ""))
	if !errors.Is(err, transport.ErrBodyTooLarge) {
		t.Errorf("error %v, want ErrBodyTooLarge", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := serve(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		resp, err := transport.New(transport.Options{}).Do(request(t, method, s.URL, ""))
		if err != nil || resp.StatusCode != http.StatusTemporaryRedirect || elsewhere.Load() != 0 {
			t.Errorf("%s: %v, %v, %d requests elsewhere; want the redirect itself", method, resp, err, elsewhere.Load())
		}
	}
}

func TestAServerThatHangsIsTriedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		<-r.Context().Done()
	})
	base := transport.NewBase()
	base.ResponseHeaderTimeout = time.Millisecond
	_, err := transport.New(transport.Options{Base: base, Retry: quick()}).Do(request(t, http.MethodGet, s.URL, ""))
	if err == nil || errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "timeout awaiting response headers") {
		t.Errorf("error %v, want the network's time-out, not the caller's", err)
	}
}

// addToken is what a client's Authorize does.
type addToken struct{ next http.RoundTripper }

func (a addToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer canary-token")
	return a.next.RoundTrip(r)
}

func TestLogsHoldNoQueryHeaderOrBody(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer canary-token" {
			t.Error("no token")
		}
		w.Header().Set("Correlation-Id", "c-1")
		switch calls.Add(1) {
		case 1:
			w.WriteHeader(503)
		case 2:
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte("canary-reply"))
	})
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "elapsed_ms" {
				return slog.Attr{}
			}
			return a
		},
	}))
	c := transport.New(transport.Options{
		Log: log, Retry: quick(),
		Authorize: func(next http.RoundTripper) http.RoundTripper { return addToken{next} },
	})
	if _, err := c.Do(request(t, http.MethodPost, s.URL+"/v1/x?filter=canary-query", "canary-body")); err != nil {
		t.Fatal(err)
	}
	want := "level=DEBUG msg=call method=POST path=/v1/x status=503 correlation_id=c-1\n" +
		"level=DEBUG msg=call method=POST path=/v1/x err=EOF\n" +
		"level=DEBUG msg=call method=POST path=/v1/x status=200 correlation_id=c-1\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestStatsCountWhatWasSent(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		switch calls.Add(1) {
		case 1:
			w.WriteHeader(429)
			_, _ = w.Write([]byte("slow"))
		case 2:
			w.WriteHeader(500)
		default:
			_, _ = w.Write([]byte("hello"))
		}
	})
	stats := &transport.Stats{}
	c := transport.New(transport.Options{Stats: stats, Retry: quick()})
	for range 2 {
		if _, err := c.Do(request(t, http.MethodGet, s.URL, "")); err != nil {
			t.Fatal(err)
		}
	}
	got := []int64{stats.Calls.Load(), stats.Retries.Load(), stats.Throttled.Load(), stats.Bytes.Load()}
	if diff := cmp.Diff([]int64{4, 2, 1, 14}, got); diff != "" {
		t.Errorf("calls, retries, throttled, bytes: %s", diff)
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
	transport.New(transport.Options{Base: base, Pacer: transport.NewPacer(1), Log: slog.New(slog.DiscardHandler)}).CloseIdleConnections()
	if !base.closed {
		t.Error("the base was not asked")
	}
	transport.New(transport.Options{Base: base.stub}).CloseIdleConnections() // which can't: no panic
}

func TestBodyOfAForeignReplyIsNil(t *testing.T) {
	t.Parallel()
	if got := transport.Body(answer(200, "x")); got != nil {
		t.Errorf("%q", got)
	}
}
