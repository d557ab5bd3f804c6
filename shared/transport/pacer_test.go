package transport_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/transport"
)

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

func TestRequestsAreSpacedEvenly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(inTurn(200))
		together(t, transport.New(transport.Options{Base: s, Pacer: transport.NewPacer(4)}), 9)
		want := make([]time.Duration, 9)
		for i := range want {
			want[i] = time.Duration(i) * 250 * time.Millisecond
		}
		if diff := cmp.Diff(want, s.times()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRetriesPayAtThePacerToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(inTurn(500, 500, 200))
		c := transport.New(transport.Options{Base: s, Pacer: transport.NewPacer(0.5), Retry: quick()})
		mustGet(t, c, 200)
		var at []time.Duration
		for _, d := range s.times() {
			at = append(at, d.Round(time.Microsecond)) // the limiter counts in floating point
		}
		if diff := cmp.Diff([]time.Duration{0, 2 * time.Second, 4 * time.Second}, at); diff != "" {
			t.Error(diff)
		}
	})
}

func TestThePaceHalvesAndRecoversSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		status := http.StatusTooManyRequests
		s := newStub(func(int, *http.Request) (*http.Response, error) { return answer(status, "{}"), nil })
		p := transport.NewPacer(8)
		c := transport.New(transport.Options{Base: s, Pacer: p, Retry: transport.RetryPolicy{Attempts: 1, Pause: time.Millisecond}})
		wantPace := func(want float64) {
			t.Helper()
			if got := p.Pace(); got < want-1e-9 || got > want+1e-9 {
				t.Errorf("pace %g, want %g", got, want)
			}
		}
		time.Sleep(time.Minute)
		mustGet(t, c, 429) // three tries within a second halve the pace once
		wantPace(4)
		for range 10 {
			time.Sleep(10 * time.Second)
			mustGet(t, c, 429)
		}
		wantPace(0.8) // never below a tenth

		status = 200
		last := p.Pace()
		for range 20 {
			time.Sleep(2 * time.Second)
			mustGet(t, c, 200)
			mustGet(t, c, 200) // at once after: no second step
			if gained := p.Pace() - last; gained > 0.4+1e-9 {
				t.Errorf("gained %g at once, want 5 %% of 8 at most", gained)
			}
			last = p.Pace()
		}
		if last != 8 {
			t.Errorf("pace %g in the end, want exactly the setting, 8", last)
		}
	})
}

// A 403 that may mean load takes the pace to half and no lower, and is tried
// again at that.
func TestA403ThatMayBeLoadHalvesThePaceOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		status := http.StatusForbidden
		s := newStub(func(int, *http.Request) (*http.Response, error) { return answer(status, "{}"), nil })
		p := transport.NewPacer(8)
		c := transport.New(transport.Options{Base: s, Pacer: p, Retry: transport.RetryPolicy{Forbidden: true}})
		for range 5 {
			mustGet(t, c, 403)
			if got := p.Pace(); got != 4 {
				t.Errorf("pace %g, want 4", got)
			}
			time.Sleep(10 * time.Second)
		}
		status = 200
		for range 20 {
			time.Sleep(2 * time.Second)
			mustGet(t, c, 200)
		}
		if got := p.Pace(); got != 8 {
			t.Errorf("pace %g in the end, want 8", got)
		}
	})
}

func TestA429HoldsEveryRequestBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return answer(429, "", "Retry-After", "10"), nil
			}
			return answer(200, "{}"), nil
		})
		stats := &transport.Stats{}
		// Three of four wait for their turn at the pacer when the 429 comes.
		together(t, transport.New(transport.Options{Base: s, Stats: stats, Pacer: transport.NewPacer(4)}), 4)
		at := s.times()
		if len(at) != 5 || at[0] != 0 || at[1] != 10*time.Second {
			t.Fatalf("requests at %v, want 0, then four from 10 s on", at)
		}
		for i := 2; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 400*time.Millisecond { // half of 4 a second, and a little recovered
				t.Errorf("gap of %s after the pause, want the halved pace", gap)
			}
		}
		if stats.Throttled.Load() != 1 || stats.Calls.Load() != 5 || stats.Retries.Load() != 1 {
			t.Errorf("throttled %d, calls %d, retries %d; want 1, 5, 1", stats.Throttled.Load(), stats.Calls.Load(), stats.Retries.Load())
		}
	})
}

func TestThePacerKnowsTheDeadlineBeforehand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(inTurn(200))
		c := transport.New(transport.Options{Base: s, Pacer: transport.NewPacer(0.125)}) // one in 8 s
		mustGet(t, c, 200)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := get(ctx, c)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 0 || len(s.times()) != 1 {
			t.Errorf("error %v after %s and %d calls, want the deadline at once", err, time.Since(began), len(s.times()))
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := transport.NewPacer(0.125)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		cause := errors.New("stopped by hand")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(cause) })
		began := time.Now()
		if err := p.Wait(ctx); !errors.Is(err, cause) || time.Since(began) != time.Second {
			t.Errorf("%v after %s, want the cause after 1 s", err, time.Since(began))
		}
	})
}

func TestAPacerServesManyGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
			if n%7 == 0 {
				return answer(429, "", "Retry-After", "1"), nil
			}
			return answer(200, "{}"), nil
		})
		p := transport.NewPacer(16)
		together(t, transport.New(transport.Options{Base: s, Pacer: p}), 40)
		at := s.times()
		if !slices.IsSorted(at) || p.Pace() > 16 {
			t.Errorf("out of order, or pace %g above the setting", p.Pace())
		}
		for i := 16; i < len(at); i++ {
			if at[i]-at[i-16] < time.Second {
				t.Errorf("17 requests within %s, want 16 a second", at[i]-at[i-16])
			}
		}
	})
}

func TestARequestWaitsForThePacerOfItsOwnLimitAndForThatOfAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own, all := transport.NewPacer(1), transport.NewPacer(0.25)
		s := newStub(func(n int, _ *http.Request) (*http.Response, error) {
			if n == 1 {
				return answer(429, "", "Retry-After", "30"), nil
			}
			return answer(200, "{}"), nil
		})
		// The other two have passed their own pacer when its 429 comes.
		together(t, transport.New(transport.Options{Base: s, Pacer: all, PacerFor: func(*http.Request) *transport.Pacer { return own }}), 3)
		at := s.times()
		if len(at) != 4 || at[0] != 0 || at[1] < 30*time.Second {
			t.Errorf("requests at %v, want 0, then three from 30 s on", at)
		}
		for i := 2; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 4*time.Second-time.Microsecond {
				t.Errorf("gap of %s, want the pace of all", gap)
			}
		}
		if all.Pace() != 0.25 || own.Pace() >= 1 {
			t.Errorf("paces %g and %g; want only the own one slower", all.Pace(), own.Pace())
		}
	})
}
