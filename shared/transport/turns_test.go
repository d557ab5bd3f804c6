package transport_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/transport"
)

// readLists asks for lists of so many pages, 200 ms each, with 16 workers at ten
// requests a second, and returns how long that takes.
func readLists(t *testing.T, lists ...int) time.Duration {
	t.Helper()
	p := transport.NewPacer(10)
	began := time.Now()
	var all sync.WaitGroup
	next := make(chan int)
	for range 16 {
		all.Go(func() {
			for pages := range next {
				for left := range slices.Backward(make([]struct{}, pages)) {
					if err := p.Wait(transport.WithBehind(t.Context(), left)); err != nil {
						t.Error(err)
					}
					time.Sleep(200 * time.Millisecond)
				}
			}
		})
	}
	for _, pages := range lists {
		next <- pages
	}
	close(next)
	all.Wait()
	return time.Since(began)
}

// Only one page of a list can be asked for at a time. Long lists keep the pace
// all the same, beside short ones and beside lists that are long as well: all
// take hardly longer than their number asks for.
func TestLongListsKeepPace(t *testing.T) {
	t.Parallel()
	for name, lists := range map[string][]int{
		"one long beside short ones": append([]int{1000}, slices.Repeat([]int{1}, 2000)...),
		"unequal":                    {54, 49, 44, 38, 33, 27, 22, 16, 11, 6},
		"unequal, the longest last":  {6, 11, 16, 22, 27, 33, 38, 44, 49, 54},
		"two long":                   {300, 290, 20, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				for _, n := range lists {
					calls += n
				}
				least := time.Duration(calls) * time.Second / 10
				if took := readLists(t, lists...); took < least-time.Second || took > least*102/100+time.Second {
					t.Errorf("%d calls took %s, want %s and hardly more", calls, took, least)
				}
			})
		})
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
				if err := p.Wait(transport.WithBehind(t.Context(), int(name[1]-'0'))); err != nil {
					t.Error(err)
				}
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

// Who gives up while it waits for all leaves the slot to the next, and who
// has too many before it gives up at once.
func TestTurnsOfThoseWhoGiveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := transport.NewPacer(1)
		if err := p.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		leader, stop := context.WithCancelCause(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if err := p.Wait(leader); !errors.Is(err, gone) {
				t.Errorf("the one who left got %v", err)
			}
		})
		synctest.Wait()
		began := time.Now()
		all.Go(func() {
			if err := p.Wait(t.Context()); err != nil || time.Since(began) != time.Second {
				t.Errorf("the next one waited %s: %v", time.Since(began), err)
			}
		})
		synctest.Wait()
		hasty, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if err := p.Wait(hasty); !errors.Is(err, transport.ErrOutOfTime) || time.Since(began) != 0 {
			t.Errorf("behind two others: %v after %s, want ErrOutOfTime at once", err, time.Since(began))
		}
		stop(gone)
		all.Wait()
	})
}
