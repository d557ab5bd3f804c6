package transport_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/transport"
)

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
		var granted, refused atomic.Int64
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
				if err := p.Wait(ctx); err != nil {
					refused.Add(1)
					return
				}
				granted.Add(1)
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
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

// The limit of one group holds though another group makes the common pacer
// busy: what waits there has its slot of the own pacer behind it.
func TestOwnPaceBehindTheCommonOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ownPace, allPace = 2, 10
		own, common := transport.NewPacer(ownPace), transport.NewPacer(allPace)
		o := transport.Options{Pacer: common, PacerFor: func(r *http.Request) *transport.Pacer {
			if r.URL.Path == "/own" {
				return own
			}
			return nil
		}}
		request := func(ctx context.Context, path string) *http.Request {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		var all sync.WaitGroup
		until := time.Now().Add(20 * time.Second)
		for range 4 { // long lists of another group: they go on, and are more than the pace allows
			all.Go(func() {
				for time.Now().Before(until) {
					if err := o.Wait(request(transport.WithBehind(t.Context(), 9), "/other")); err != nil {
						t.Error(err)
					}
					time.Sleep(50 * time.Millisecond)
				}
			})
		}
		var mu sync.Mutex
		var at []time.Time
		for range 16 {
			all.Go(func() {
				if err := o.Wait(request(t.Context(), "/own")); err != nil {
					t.Error(err)
				}
				mu.Lock()
				at = append(at, time.Now())
				mu.Unlock()
			})
		}
		all.Wait()
		slices.SortFunc(at, time.Time.Compare)
		most := 0
		for i := range at {
			n := 0
			for j := i; j < len(at) && at[j].Sub(at[i]) < time.Second; j++ {
				n++
			}
			most = max(most, n)
		}
		if most > ownPace+1 {
			t.Errorf("%d requests of a limit of %d a second within one second", most, ownPace)
		}
	})
}

// As long as lists that go on ask for more than the pace, nothing new begins.
func TestBeginningsAreNotStarved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := transport.NewPacer(10)
		until := time.Now().Add(10 * time.Minute)
		var all sync.WaitGroup
		for range 3 { // three lists of some 2,000 pages, each asked for one page at a time, 200 ms a page
			all.Go(func() {
				for time.Now().Before(until) {
					if err := p.Wait(transport.WithBehind(t.Context(), 9)); err != nil {
						t.Error(err)
					}
					time.Sleep(200 * time.Millisecond)
				}
			})
		}
		all.Go(func() {
			time.Sleep(time.Second)
			began := time.Now()
			if err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("a new list waited %s behind three lists", took)
			}
		})
		all.Wait()
	})
}
