package transport_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/transport"
)

func TestThePaceHalvesAndRecoversSlowly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status        int
		first, lowest float64
	}{
		"429, and never below a tenth":       {http.StatusTooManyRequests, 4, 0.8},
		"403, which may mean load, and once": {http.StatusForbidden, 4, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				status := tt.status
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
				mustGet(t, c, tt.status) // all within a second count once
				wantPace(tt.first)
				for range 10 {
					time.Sleep(10 * time.Second)
					mustGet(t, c, tt.status)
				}
				wantPace(tt.lowest)

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
		})
	}
}

func TestA429HoldsEveryRequestBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, p := newStub(throttleOnce("10")), transport.NewPacer(4)
		hasty, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		time.AfterFunc(time.Second, func() {
			began := time.Now()
			if err := p.Wait(hasty); !errors.Is(err, transport.ErrOutOfTime) || time.Since(began) != 0 {
				t.Errorf("who has 4 s got %v after %s, want ErrOutOfTime at once", err, time.Since(began))
			}
		})
		// Three of four wait for their turn at the pacer when the 429 comes.
		together(t, transport.New(transport.Options{Base: s, Pacer: p}), 4)
		at := s.times()
		if len(at) != 5 || at[0] != 0 || at[1] != 10*time.Second+replyTime {
			t.Fatalf("requests at %v, want 0, then four from 10 s on", at)
		}
		for i := 2; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 400*time.Millisecond { // half of 4 a second, and a little recovered
				t.Errorf("gap of %s after the pause, want the halved pace", gap)
			}
		}
	})
}

func TestThePacerSeesTheDeadlineBeforehand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStub(inTurn(200))
		c := transport.New(transport.Options{Base: s, Pacer: transport.NewPacer(0.125)}) // one in 8 s
		mustGet(t, c, 200)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := get(ctx, c)
		if !errors.Is(err, transport.ErrOutOfTime) || time.Since(began) != 0 || len(s.times()) != 1 {
			t.Errorf("error %v after %s and %d calls, want ErrOutOfTime at once", err, time.Since(began), len(s.times()))
		}
	})
}

func TestARequestWaitsForThePacerOfItsOwnLimitAndForThatOfAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		own, all := transport.NewPacer(20), transport.NewPacer(0.25)
		s := newStub(throttleOnce("30"))
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
		if all.Pace() != 0.25 || own.Pace() >= 20 {
			t.Errorf("paces %g and %g; want only the own one slower", all.Pace(), own.Pace())
		}
	})
}
