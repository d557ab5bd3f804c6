package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

type goesOnKey struct{}

// GoesOn marks requests that go on with what was begun, such as the next page
// of a list. A pacer lets them go before those that begin something: only one
// page of a list can be asked for at a time, so that a long one that had to
// queue for each page would be left at the end, too slow for the pace.
func GoesOn(ctx context.Context) context.Context { return context.WithValue(ctx, goesOnKey{}, true) }

func doesGoOn(ctx context.Context) bool { return ctx.Value(goesOnKey{}) != nil }

// turns hands the slots of a limiter to those who wait, in order of arrival,
// but first to those who go on.
type turns struct {
	limiter *rate.Limiter
	// lead is held by the one who waits for the next slot, for all.
	lead chan struct{}

	mu      sync.Mutex
	waiting []*waiter
}

type waiter struct {
	goesOn bool
	turn   chan struct{} // closed when a slot is its own
}

func newTurns(l *rate.Limiter) *turns { return &turns{limiter: l, lead: make(chan struct{}, 1)} }

// wait returns when it is the caller's turn. The errors are those of
// [Pacer.Wait].
func (t *turns) wait(ctx context.Context) error {
	w, err := t.join(ctx)
	if err != nil {
		return err
	}
	for {
		select {
		case <-w.turn:
			return nil
		case <-ctx.Done():
			if t.leave(w) {
				return context.Cause(ctx)
			}
			return nil // its turn came in the same moment
		case t.lead <- struct{}{}:
			err := t.waitForAll(ctx, w)
			<-t.lead
			if err != nil && t.leave(w) {
				return err
			}
		}
	}
}

// waitForAll waits for the next slot, which goes to whoever is first then. w
// leads, unless it had its turn already.
func (t *turns) waitForAll(ctx context.Context, w *waiter) error {
	select {
	case <-w.turn:
		return nil
	default:
	}
	if err := t.limiter.Wait(ctx); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return ErrOutOfTime // in place of the limiter's own error
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := max(0, slices.IndexFunc(t.waiting, func(w *waiter) bool { return w.goesOn }))
	close(t.waiting[i].turn)
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return nil
}

// join queues up, if those before leave time enough.
func (t *turns) join(ctx context.Context) (*waiter, error) {
	w := &waiter{goesOn: doesGoOn(ctx), turn: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := 0
	for _, o := range t.waiting {
		if o.goesOn || !w.goesOn {
			before++
		}
	}
	wait := time.Duration(float64(before) / float64(t.limiter.Limit()) * float64(time.Second))
	if end, ok := ctx.Deadline(); ok && before > 0 && time.Until(end) <= wait {
		return nil, ErrOutOfTime
	}
	t.waiting = append(t.waiting, w)
	return w, nil
}

// leave tells whether w was still waiting.
func (t *turns) leave(w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting, w)
	if i < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return true
}
