package transport_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/transport"
)

func TestRetryAfterIsObeyedToTheSecond(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		for name, header := range map[string]func() string{
			"seconds": func() string { return "7" },
			"date":    func() string { return time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat) },
		} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
						if n == 1 {
							return answer(status, "", "Retry-After", header()), nil
						}
						return answer(200, "{}"), nil
					})
					mustGet(t, transport.New(transport.Options{Base: s}), 200)
					if diff := cmp.Diff([]time.Duration{0, 7 * time.Second}, s.times()); diff != "" {
						t.Error(diff)
					}
				})
			})
		}
	}
}

func TestRetryAfterWithoutMeaningLeavesTheUsualPause(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "0", "-3", "soon", "1.5", "Sat, 01 Jan 1994 00:00:00 GMT"} {
		t.Run(header, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
					if n == 1 {
						return answer(429, "", "Retry-After", header), nil
					}
					return answer(200, "{}"), nil
				})
				mustGet(t, transport.New(transport.Options{Base: s}), 200)
				if at := s.times()[1]; at < 250*time.Millisecond || at > 500*time.Millisecond {
					t.Errorf("second try after %s, want 250 to 500 ms", at)
				}
			})
		})
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
	tests := map[string]struct {
		status int
		after  string
		text   string
	}{
		"a long Retry-After":  {429, "30", "not tried again after status 429: no time left to wait: context deadline exceeded"},
		"one at the deadline": {503, "10", "not tried again after status 503: no time left to wait: context deadline exceeded"},
		"an hour":             {503, "3600", "not tried again after status 503: no time left to wait: context deadline exceeded"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStub(func(int, *http.Request) (*http.Response, error) {
					return answer(tt.status, "", "Retry-After", tt.after), nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				_, err := get(ctx, transport.New(transport.Options{Base: s}))
				if !errors.Is(err, context.DeadlineExceeded) || !strings.HasSuffix(err.Error(), tt.text) {
					t.Errorf("error %v, want one that ends with %q", err, tt.text)
				}
				if waited := time.Since(began); waited != 0 || len(s.times()) != 1 {
					t.Errorf("waited %s, %d calls; want none and 1", waited, len(s.times()))
				}
			})
		})
	}
}

func TestCancellationEndsAPauseAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(func(int, *http.Request) (*http.Response, error) { return answer(503, "", "Retry-After", "60"), nil })
		cause := errors.New("stopped by hand")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(cause) })
		began := time.Now()
		_, err := get(ctx, transport.New(transport.Options{Base: s}))
		if !errors.Is(err, cause) || time.Since(began) != 5*time.Second {
			t.Errorf("error %v after %s, want the cause after 5 s", err, time.Since(began))
		}
	})
}

func TestWhatIsTriedAgainAndHowOften(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		statuses  []int
		forbidden bool
		want      int // the status in the end
		calls     int
	}{
		{"success", []int{200}, false, 200, 1},
		{"408", []int{408}, false, 408, 6},
		{"500", []int{500}, false, 500, 6},
		{"502", []int{502}, false, 502, 6},
		{"503", []int{503}, false, 503, 6},
		{"504", []int{504}, false, 504, 6},
		{"500, then good", []int{500, 500, 200}, false, 200, 3},
		{"429 has a bound of its own", []int{429}, false, 429, 18},
		{"a mixture counts apart", []int{429, 429, 429, 429, 429, 429, 429, 500, 200}, false, 200, 9},
		{"501", []int{501, 501, 200}, false, 200, 3},
		{"400", []int{400}, false, 400, 1},
		{"401", []int{401}, false, 401, 1},
		{"404", []int{404}, true, 404, 1},
		{"403", []int{403}, false, 403, 1},
		{"403 where it may be load", []int{403}, true, 403, 2},
		{"403, then good", []int{403, 200}, true, 200, 2},
		{"redirect", []int{302}, true, 302, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, stats := newStub(inTurn(tt.statuses...)), &transport.Stats{}
				c := transport.New(transport.Options{Base: s, Stats: stats, Retry: transport.RetryPolicy{Forbidden: tt.forbidden}})
				mustGet(t, c, tt.want)
				if len(s.times()) != tt.calls {
					t.Errorf("%d calls, want %d", len(s.times()), tt.calls)
				}
				if stats.Calls.Load() != int64(tt.calls) || stats.Retries.Load() != int64(tt.calls-1) {
					t.Errorf("stats say %d calls, %d retries; want %d, %d", stats.Calls.Load(), stats.Retries.Load(), tt.calls, tt.calls-1)
				}
			})
		})
	}
}

func TestForbiddenIsTriedAgainMoreSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(inTurn(403))
		mustGet(t, transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{Forbidden: true}}), 403)
		if at := s.times()[1]; at < time.Second || at > 2*time.Second {
			t.Errorf("tried again after %s, want 1 to 2 s", at)
		}
	})
}

func TestBrokenRepliesAreTriedAgain(t *testing.T) {
	t.Parallel()
	notJSON := errors.New("not JSON")
	tests := map[string]struct {
		reply func() (*http.Response, error)
		valid func([]byte) error
		text  string // of the error that stays
	}{
		"connection": {
			reply: func() (*http.Response, error) { return nil, errors.New("connection refused") },
			text:  "connection refused",
		},
		"body that breaks off": {
			reply: func() (*http.Response, error) {
				r := answer(200, "")
				r.Body = brokenBody(`{"half":`)
				return r, nil
			},
			text: "read reply: connection reset by peer",
		},
		"invalid body": {
			reply: func() (*http.Response, error) { return answer(200, "<html>"), nil },
			valid: func(b []byte) error {
				if b[0] != '{' {
					return notJSON
				}
				return nil
			},
			text: "status 200 with a broken body: not JSON",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				broken := 2
				s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
					if n <= broken {
						return tt.reply()
					}
					return answer(200, "{}"), nil
				})
				c := transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{Attempts: 3, Valid: tt.valid}})
				if got := string(transport.Body(mustGet(t, c, 200))); got != "{}" || len(s.times()) != 3 {
					t.Errorf("body %q after %d calls, want {} after 3", got, len(s.times()))
				}
				broken = 100
				_, err := get(t.Context(), c)
				if err == nil || !strings.HasSuffix(err.Error(), tt.text) || len(s.times()) != 6 {
					t.Errorf("error %v after %d calls, want %q after 3 more", err, len(s.times())-3, tt.text)
				}
			})
		})
	}
}

func TestInvalidErrorBodiesAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := newStub(func(int, *http.Request) (*http.Response, error) { return answer(404, "<html>"), nil })
	c := transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{Valid: func([]byte) error { return errors.New("not JSON") }}})
	if got := string(transport.Body(mustGet(t, c, 404))); got != "<html>" {
		t.Errorf("body %q", got)
	}
}

func TestBodiesAreLimited(t *testing.T) {
	t.Parallel()
	for _, known := range []bool{true, false} {
		s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
			r := answer(200, strings.Repeat("x", 9+n))
			if known {
				r.ContentLength = int64(9 + n)
			}
			return r, nil
		})
		stats := &transport.Stats{}
		c := transport.New(transport.Options{Base: s, Stats: stats, Retry: transport.RetryPolicy{MaxBody: 10}})
		if got := len(transport.Body(mustGet(t, c, 200))); got != 10 {
			t.Errorf("%d bytes, want the 10 that are allowed", got)
		}
		_, err := get(t.Context(), c)
		if !errors.Is(err, transport.ErrBodyTooLarge) || !strings.HasSuffix(err.Error(), "reply body is larger than the limit of 10 bytes") {
			t.Errorf("error %v, want ErrBodyTooLarge", err)
		}
		if len(s.times()) != 2 || stats.Bytes.Load() != 10 {
			t.Errorf("%d calls, %d bytes; want 2 (it is final), 10", len(s.times()), stats.Bytes.Load())
		}
	}
}

func TestFinalErrorsAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	base := errors.New("credentials refused")
	s := newStub(func(int, *http.Request) (*http.Response, error) { return nil, transport.Final(base) })
	_, err := get(t.Context(), transport.New(transport.Options{Base: s}))
	if !errors.Is(err, base) || !strings.HasSuffix(err.Error(), ": credentials refused") || len(s.times()) != 1 {
		t.Errorf("error %v after %d calls, want the base error after 1", err, len(s.times()))
	}
}

// deadlineError is a time-out as net makes them: equal to
// context.DeadlineExceeded though no context ended.
type deadlineError struct{}

func (deadlineError) Error() string        { return "i/o timeout" }
func (deadlineError) Is(target error) bool { return target == context.DeadlineExceeded }

func TestTimeOutsOfTheNetworkAreNoDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
			if n%2 == 1 {
				return nil, deadlineError{}
			}
			r := answer(200, "")
			r.Body = deadlineBody{}
			return r, nil
		})
		_, err := get(t.Context(), transport.New(transport.Options{Base: s, Retry: transport.RetryPolicy{Attempts: 4}}))
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want one that is not context.DeadlineExceeded", err)
		}
		if len(s.times()) != 4 {
			t.Errorf("%d calls, want 4", len(s.times()))
		}
	})
}

type deadlineBody struct{}

func (deadlineBody) Read([]byte) (int, error) { return 0, deadlineError{} }
func (deadlineBody) Close() error             { return nil }

func TestRequestsThatCannotBeSentAgainAreNot(t *testing.T) {
	t.Parallel()
	s := newStub(inTurn(503))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, brokenBody("x"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.New(transport.Options{Base: s}).Do(req)
	if err != nil || resp.StatusCode != 503 || len(s.times()) != 1 {
		t.Errorf("%v, %v after %d calls; want 503 after 1", resp, err, len(s.times()))
	}
}

func TestABodyThatCannotBeRewoundIsAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(inTurn(503))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		req.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("spool gone") }
		_, err = transport.New(transport.Options{Base: s}).Do(req)
		if err == nil || !strings.HasSuffix(err.Error(), "rewind request body: spool gone") {
			t.Errorf("error %v", err)
		}
	})
}
