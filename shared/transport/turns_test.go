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

// One list of a thousand pages beside two thousand of one page: with requests
// that take 200 ms, all take hardly longer than their number asks for.
func TestALongListKeepsPaceBesideShortOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const pages, lists, pace = 1000, 2000, 10
		p := transport.NewPacer(pace)
		ask := func(ctx context.Context) {
			if err := p.Wait(ctx); err != nil {
				t.Error(err)
			}
			time.Sleep(200 * time.Millisecond)
		}
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			ask(t.Context())
			later := transport.GoesOn(t.Context())
			for range pages - 1 {
				ask(later)
			}
		})
		short := make(chan struct{})
		for range 15 {
			all.Go(func() {
				for range short {
					ask(t.Context())
				}
			})
		}
		for range lists {
			short <- struct{}{}
		}
		close(short)
		all.Wait()
		least := (pages + lists) * time.Second / pace
		if took := time.Since(began); took < least-time.Second || took > least*102/100 {
			t.Errorf("took %s, want %s and hardly more", took, least)
		}
	})
}

// Of those who wait, the ones that go on are first, and each sort in order of
// arrival; the pace is the same.
func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := transport.NewPacer(1)
		var mu sync.Mutex
		var order []string
		var at []time.Duration
		began := time.Now()
		var all sync.WaitGroup
		for i, name := range []string{"a", "b", "B", "c", "C"} {
			all.Go(func() {
				ctx := t.Context()
				if name < "a" {
					ctx = transport.GoesOn(ctx)
				}
				time.Sleep(time.Duration(i) * time.Millisecond)
				if err := p.Wait(ctx); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order, at = append(order, name), append(at, time.Since(began).Round(time.Millisecond))
			})
		}
		all.Wait()
		if want := []string{"a", "B", "C", "b", "c"}; !slices.Equal(order, want) {
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
