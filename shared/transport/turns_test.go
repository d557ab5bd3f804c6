package transport_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/transport"
)

// Only one page of a list can be asked for at a time. Long lists keep the pace
// all the same, beside short ones and beside lists that are long as well: with
// 16 workers, ten requests a second and 200 ms a page, all take hardly longer
// than their number asks for.
func TestLongListsKeepPace(t *testing.T) {
	t.Parallel()
	for name, lists := range map[string][]int{
		"one long beside short ones": append([]int{1000}, slices.Repeat([]int{1}, 2000)...),
		"unequal, the longest last":  {6, 11, 16, 22, 27, 33, 38, 44, 49, 54},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, began, calls := transport.NewPacer(10), time.Now(), 0
				next := make(chan int)
				var all sync.WaitGroup
				for range 16 {
					all.Go(func() {
						for pages := range next {
							for left := pages - 1; left >= 0; left-- {
								wait(transport.WithBehind(t.Context(), left), t, p)
								time.Sleep(200 * time.Millisecond)
							}
						}
					})
				}
				for _, pages := range lists {
					calls += pages
					next <- pages
				}
				close(next)
				all.Wait()
				least := time.Duration(calls) * time.Second / 10
				if took := time.Since(began); took < least-time.Second || took > least*102/100+time.Second {
					t.Errorf("%d calls took %s, want %s and hardly more", calls, took, least)
				}
			})
		})
	}
}

func wait(ctx context.Context, t *testing.T, p *transport.Pacer) {
	t.Helper()
	if err := p.Wait(ctx); err != nil {
		t.Error(err)
	}
}

// Of those who wait, the ones with more behind them are first, and equals in
// order of arrival; each fourth turn is for the one that waits longest. The
// pace is the same.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := transport.NewPacer(1)
		var mu sync.Mutex
		var order []string
		var at []time.Duration
		began := time.Now()
		var all sync.WaitGroup
		for i, name := range []string{"a0", "b0", "c3", "d0", "e3", "f7"} {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				wait(transport.WithBehind(t.Context(), int(name[1]-'0')), t, p)
				mu.Lock()
				defer mu.Unlock()
				order, at = append(order, name), append(at, time.Since(began).Round(time.Millisecond))
			})
		}
		all.Wait()
		if want := []string{"a0", "f7", "c3", "b0", "e3", "d0"}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		for i, when := range at {
			if when != time.Duration(i)*time.Second {
				t.Errorf("number %d went after %s", i, when)
			}
		}
	})
}

// Who gives up while it waits leaves the slot to the next, and who has too many
// before it gives up at once.
func TestTurnsOfThoseWhoGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := transport.NewPacer(1)
		wait(t.Context(), t, p)
		gone, began := errors.New("gone"), time.Now()
		leader, stop := context.WithCancelCause(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if err := p.Wait(leader); !errors.Is(err, gone) {
				t.Errorf("the one who left got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if wait(t.Context(), t, p); time.Since(began) != time.Second {
				t.Errorf("the next one waited %s", time.Since(began))
			}
		})
		synctest.Wait()
		for most, want := range map[time.Duration]error{2900 * time.Millisecond: transport.ErrOutOfTime, 3100 * time.Millisecond: nil} {
			all.Go(func() { // whose turn would come after 3 s, and comes after 2
				ctx, cancel := context.WithTimeout(t.Context(), most)
				defer cancel()
				if err := p.Wait(ctx); !errors.Is(err, want) || want != nil && time.Since(began) != 0 {
					t.Errorf("behind two others with %s to go: %v after %s, want %v", most, err, time.Since(began), want)
				}
			})
			synctest.Wait()
		}
		stop(gone)
		all.Wait()
		alone, cancel := context.WithTimeout(t.Context(), 1100*time.Millisecond)
		time.AfterFunc(500*time.Millisecond, cancel)
		if err := p.Wait(alone); !errors.Is(err, context.Canceled) {
			t.Errorf("the last one to leave got %v", err)
		}
		time.Sleep(2 * time.Second)
		wait(t.Context(), t, p)
	})
}

// Under cancellation, deadlines and both sorts of request: nobody hangs, and
// no grants are nearer than the pace allows.
func TestTurnsUnderStress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pace = 10
		p := transport.NewPacer(pace)
		var mu sync.Mutex
		var at []time.Time
		var all sync.WaitGroup
		for range 300 {
			all.Go(func() {
				time.Sleep(rand.N(20 * time.Second))
				ctx, stop := t.Context(), func() {}
				switch rand.N(4) {
				case 0:
					c, s := context.WithCancel(ctx)
					time.AfterFunc(rand.N(8*time.Second)/(100*time.Millisecond)*(100*time.Millisecond), s) // at a slot's moment
					ctx, stop = c, s
				case 1:
					ctx, stop = context.WithTimeout(ctx, rand.N(8*time.Second))
				}
				defer stop()
				if rand.N(3) == 0 {
					ctx = transport.WithBehind(ctx, rand.N(5))
				}
				if p.Wait(ctx) == nil {
					mu.Lock()
					at = append(at, time.Now())
					mu.Unlock()
				}
			})
		}
		all.Wait()
		slices.SortFunc(at, time.Time.Compare)
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap < time.Second/pace-time.Microsecond {
				t.Fatalf("grants %d and %d are %s apart", i-1, i, gap)
			}
		}
		// Nothing is left behind: the next one goes at once after a pause.
		time.Sleep(time.Second)
		began := time.Now()
		if err := p.Wait(t.Context()); err != nil || time.Since(began) != 0 {
			t.Errorf("afterwards: waited %s, %v", time.Since(began), err)
		}
	})
}
