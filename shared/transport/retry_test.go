package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/transport"
)

func TestWhatIsRetriedAndHowOften(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	unexpected := func(body []byte) bool { return strings.Contains(string(body), "UNEXPECTED") }
	pingOne := transport.RetryPolicy{
		Forbidden: true, Unauthorized: true, Transient: unexpected,
		Valid: func(body []byte) error { // which concerns no reply outside 2xx
			if unexpected(body) {
				return errors.New("invalid")
			}
			return nil
		},
	}
	tests := []struct {
		name     string
		statuses []int
		policy   transport.RetryPolicy
		want     int // the status in the end
		calls    int64
		pause    [2]time.Duration // bounds of the first one
	}{
		{name: "success", statuses: []int{200}, want: 200, calls: 1},
		{name: "408", statuses: []int{408}, want: 408, calls: 6, pause: [2]time.Duration{250 * ms, 500 * ms}},
		{name: "500, then good", statuses: []int{500, 501, 200}, want: 200, calls: 3, pause: [2]time.Duration{250 * ms, 500 * ms}},
		{name: "429 has a bound of its own", statuses: []int{429}, want: 429, calls: 18, pause: [2]time.Duration{250 * ms, 500 * ms}},
		{name: "a mixture counts apart", statuses: []int{429, 429, 429, 429, 429, 429, 429, 500, 200}, want: 200, calls: 9, pause: [2]time.Duration{250 * ms, 500 * ms}},
		{name: "401", statuses: []int{401}, want: 401, calls: 1},
		{name: "401 of an old token", statuses: []int{401}, policy: pingOne, want: 401, calls: 2},
		{name: "404", statuses: []int{404}, policy: pingOne, want: 404, calls: 1},
		{name: "403", statuses: []int{403}, want: 403, calls: 1},
		{name: "403 where it may be load", statuses: []int{403}, policy: pingOne, want: 403, calls: 2, pause: [2]time.Duration{1000 * ms, 2000 * ms}},
		{name: "403, then good", statuses: []int{403, 200}, policy: pingOne, want: 200, calls: 2, pause: [2]time.Duration{1000 * ms, 2000 * ms}},
		{name: "an error of its own", statuses: []int{-400}, policy: pingOne, want: 400, calls: 6, pause: [2]time.Duration{250 * ms, 500 * ms}},
		{name: "redirect", statuses: []int{302}, policy: pingOne, want: 302, calls: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				throttled := int64(0)
				s, stats := newStub(func(n int, _ *http.Request) (*http.Response, error) {
					status := tt.statuses[min(n, len(tt.statuses))-1]
					if status == 429 {
						throttled++
					}
					if status < 0 {
						return answer(-status, `{"code":"UNEXPECTED_ERROR"}`), nil
					}
					return answer(status, "{}"), nil
				}), &transport.Stats{}
				mustGet(t, transport.New(transport.Options{Base: s, Stats: stats, Retry: tt.policy}), tt.want)
				got := []int64{int64(len(s.times())), stats.Calls.Load(), stats.Retries.Load(), stats.Throttled.Load()}
				if diff := cmp.Diff([]int64{tt.calls, tt.calls, tt.calls - 1, throttled}, got); diff != "" {
					t.Errorf("requests, calls, retries, throttled (-want +got):\n%s", diff)
				}
				if tt.calls > 1 && (s.times()[1] < tt.pause[0] || s.times()[1] > tt.pause[1]) {
					t.Errorf("retried after %s, want %v", s.times()[1], tt.pause)
				}
			})
		})
	}
}

// Up to an hour it is obeyed to the second, and above half a minute logged; what
// asks for more is the last reply.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	date := func(d time.Duration) func() string {
		return func() string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	}
	text := func(s string) func() string { return func() string { return s } }
	tests := []struct {
		header  func() string
		want    time.Duration // 0: the usual pause
		logged  bool
		refused bool
	}{
		{header: text("")}, {header: text("0")}, {header: text("-3")}, {header: text("soon")}, {header: text("1.5")}, {header: date(-time.Hour)},
		{header: text("7"), want: 7 * time.Second},
		{header: date(7 * time.Second), want: 7 * time.Second},
		{header: text("30"), want: 30 * time.Second},
		{header: text("31"), want: 31 * time.Second, logged: true},
		{header: text("3600"), want: time.Hour, logged: true},
		{header: text("3601"), logged: true, refused: true},
		{header: text("9223372036854775807"), logged: true, refused: true},
		{header: date(2 * time.Hour), logged: true, refused: true},
	}
	for _, tt := range tests {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(fmt.Sprint(status, " ", tt.header()), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
						if n == 1 {
							return answer(status, "", "Retry-After", tt.header()), nil
						}
						return answer(200, "{}"), nil
					})
					var log bytes.Buffer
					pacer, want := transport.NewPacer(1000), 200
					if tt.refused {
						want = status
					}
					mustGet(t, transport.New(transport.Options{Base: s, Pacer: pacer, Log: logTo(&log, slog.LevelInfo)}), want)
					at := s.times()[len(s.times())-1]
					if usual := at >= 250*time.Millisecond && at <= 500*time.Millisecond; at != tt.want && (tt.want != 0 || !usual) {
						t.Errorf("the last request came after %s, want %s", at, tt.want)
					}
					begins := fmt.Sprintf(`level=WARN msg="the API asks for a long pause" method=GET path=/v1/things status=%d seconds=`, status)
					ends := fmt.Sprintf(" retried=%t\n", !tt.refused)
					if logged := log.String(); logged != "" != tt.logged || tt.logged && (!strings.HasPrefix(logged, begins) || !strings.HasSuffix(logged, ends)) {
						t.Errorf("logged %q, want %q…%q: %t", logged, begins, ends, tt.logged)
					}
					began := time.Now()
					if err := pacer.Wait(t.Context()); err != nil || time.Since(began) > time.Second {
						t.Errorf("another request waits for %s, %v", time.Since(began), err)
					}
				})
			})
		}
	}
}

func TestPausesDoubleWithJitterUpToTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		different := map[time.Duration]bool{}
		for range 50 {
			s := newStub(inTurn(503))
			c := transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{Pause: 100 * time.Millisecond, MaxPause: 400 * time.Millisecond}})
			mustGet(t, c, 503)
			at := s.times()
			if len(at) != 6 {
				t.Fatalf("%d tries, want 6", len(at))
			}
			for i, full := range []time.Duration{100, 200, 400, 400, 400} {
				full *= time.Millisecond
				pause := at[i+1] - at[i]
				different[pause] = true
				if pause < full/2 || pause > full {
					t.Errorf("pause %d is %s, want %s to %s", i+1, pause, full/2, full)
				}
			}
		}
		if len(different) < 100 {
			t.Errorf("%d different pauses of 250: there is no jitter", len(different))
		}
	})
}

func TestNoPauseReachesPastTheDeadline(t *testing.T) {
	t.Parallel()
	for after, status := range map[string]int{"30": 429, "10": 503, "3600": 503} {
		synctest.Test(t, func(t *testing.T) {
			s := newStub(func(int, *http.Request) (*http.Response, error) {
				return answer(status, "", "Retry-After", after), nil
			})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			began := time.Now()
			_, err := get(ctx, transport.New(transport.Options{Base: s}))
			text := fmt.Sprintf("not retried after status %d: no time left to wait: context deadline exceeded", status)
			if !errors.Is(err, transport.ErrOutOfTime) || !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), text) {
				t.Errorf("error %v, want one that ends with %q", err, text)
			}
			if waited := time.Since(began); waited != 0 || len(s.times()) != 1 {
				t.Errorf("waited %s, %d calls; want none and 1", waited, len(s.times()))
			}
		})
	}
}

func TestCancellationEndsAPauseAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(func(int, *http.Request) (*http.Response, error) { return nil, errReset })
		cause := errors.New("stopped by hand")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(cause) })
		began := time.Now()
		_, err := get(ctx, transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{Pause: time.Minute, MaxPause: time.Minute}}))
		if !errors.Is(err, cause) || !errors.Is(err, errReset) || time.Since(began) != 5*time.Second {
			t.Errorf("error %v after %s, want the cause after 5 s", err, time.Since(began))
		}
	})
}

// deadlineError is a time-out as net makes them: equal to
// context.DeadlineExceeded though no context ended.
type deadlineError struct{}

func (deadlineError) Error() string        { return "i/o timeout" }
func (deadlineError) Is(target error) bool { return target == context.DeadlineExceeded }

// untilDone stalls until its request ends.
type untilDone struct{ ctx context.Context }

func (u untilDone) Read([]byte) (int, error) { <-u.ctx.Done(); return 0, u.ctx.Err() }

func TestBrokenRepliesAreRetried(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reply func(*http.Request) (*http.Response, error)
		text  string        // of the error that stays
		took  time.Duration // of each attempt
	}{
		"connection":              {reply: func(*http.Request) (*http.Response, error) { return nil, errReset }, text: "connection reset by peer"},
		"time-out of the network": {reply: func(*http.Request) (*http.Response, error) { return nil, deadlineError{} }, text: "i/o timeout"},
		"body that breaks off": {
			reply: func(*http.Request) (*http.Response, error) { return brokenBody(`{"half":`, errReset), nil },
			text:  "read reply: connection reset by peer",
		},
		"body that times out": {
			reply: func(*http.Request) (*http.Response, error) { return brokenBody(`{"half":`, deadlineError{}), nil },
			text:  "read reply: i/o timeout",
		},
		"body that stalls": {
			reply: func(r *http.Request) (*http.Response, error) {
				resp := answer(200, "")
				resp.Body = io.NopCloser(untilDone{r.Context()})
				return resp, nil
			},
			text: "read reply: it did not end within 2m0s", took: 2 * time.Minute,
		},
		"invalid body": {
			reply: func(*http.Request) (*http.Response, error) { return answer(200, "<html>"), nil },
			text:  "status 200 with a broken body: not JSON",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				broken := 2
				s := newStub(func(n int, r *http.Request) (*http.Response, error) {
					if n <= broken {
						return tt.reply(r)
					}
					return answer(200, "{}"), nil
				})
				policy := quick()
				policy.Valid = func(b []byte) error {
					if b[0] != '{' {
						return errors.New("not JSON")
					}
					return nil
				}
				c := transport.New(transport.Options{Base: s, Retry: policy})
				if got := string(transport.Body(mustGet(t, c, 200))); got != "{}" || len(s.times()) != 3 || s.times()[2].Round(time.Second) != 2*tt.took {
					t.Errorf("body %q after calls at %v, want {} after 3", got, s.times())
				}
				broken = 100
				_, err := get(t.Context(), c)
				if err == nil || !strings.HasSuffix(err.Error(), tt.text) || errors.Is(err, context.DeadlineExceeded) || len(s.times()) != 6 {
					t.Errorf("error %v after %d calls, want %q after 3 more", err, len(s.times())-3, tt.text)
				}
			})
		})
	}
}

func TestBodiesAreLimited(t *testing.T) {
	t.Parallel()
	for _, hasLength := range []bool{true, false} {
		s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
			r := answer(200, strings.Repeat("x", 9+n))
			if hasLength {
				r.ContentLength = int64(9 + n)
			}
			return r, nil
		})
		c := transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{MaxBody: 10}})
		resp := mustGet(t, c, 200)
		streamed, err := io.ReadAll(resp.Body)
		if err != nil || len(streamed) != 10 || len(transport.Body(resp)) != 10 {
			t.Errorf("%d and %d bytes, %v; want the 10 that are allowed", len(streamed), len(transport.Body(resp)), err)
		}
		_, err = get(t.Context(), c)
		if !errors.Is(err, transport.ErrBodyTooLarge) || !strings.HasSuffix(err.Error(), "reply body is larger than the limit of 10 bytes") || len(s.times()) != 2 {
			t.Errorf("error %v after %d calls, want ErrBodyTooLarge at once", err, len(s.times())-1)
		}
	}
}

func TestFinalErrorsAreNotRetried(t *testing.T) {
	t.Parallel()
	refused, stats := errors.New("credentials refused"), &transport.Stats{}
	s := newStub(func(int, *http.Request) (*http.Response, error) { return nil, transport.Final(refused) })
	_, err := get(t.Context(), transport.New(transport.Options{Base: s, Stats: stats}))
	if !errors.Is(err, refused) || !strings.HasSuffix(err.Error(), ": credentials refused") || len(s.times()) != 1 || stats.Calls.Load() != 0 {
		t.Errorf("error %v after %d calls, want that of the lower layer after 1, which sent nothing", err, len(s.times()))
	}
}

func TestBodiesOfRequests(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body    io.Reader
		rewound func() (io.ReadCloser, error)
		sent    []string
		text    string // of the error
	}{
		"sent whole each time": {body: strings.NewReader(`{"a":1}`), sent: []string{`{"a":1}`, `{"a":1}`, `{"a":1}`}},
		"can't be rewound":     {body: io.MultiReader(strings.NewReader("x")), sent: []string{"x"}},
		"fails to be rewound": {
			body: strings.NewReader("x"), rewound: func() (io.ReadCloser, error) { return nil, errors.New("spool gone") },
			sent: []string{"x"}, text: "rewind request body: spool gone",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent []string
			s := newStub(func(n int, r *http.Request) (*http.Response, error) {
				b, _ := io.ReadAll(r.Body)
				sent = append(sent, string(b))
				if n == 2 {
					return nil, errReset
				}
				return answer(503, ""), nil
			})
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.rewound != nil {
				req.GetBody = tt.rewound
			}
			resp, err := transport.New(transport.Options{Base: s, Retry: quick()}).Do(req)
			if tt.text == "" && (err != nil || resp.StatusCode != 503) || tt.text != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.text)) {
				t.Errorf("%v, %v; want 503 or %q", resp, err, tt.text)
			}
			if diff := cmp.Diff(tt.sent, sent); diff != "" {
				t.Error(diff)
			}
		})
	}
}
