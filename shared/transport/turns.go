package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

type behindKey struct{}

// WithBehind marks a request that n others wait for, which can only be made
// one after the other, such as the further pages of a list. A pacer lets the
// one with the most behind it go first: a long list that had to take turns
// with short ones would be left at the end, alone and too slow for the pace.
func WithBehind(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, behindKey{}, n)
}

// Behind is the n of [WithBehind], 0 without one.
func Behind(ctx context.Context) int {
	n, _ := ctx.Value(behindKey{}).(int)
	return n
}

// turns hands the slots of a limiter to those who wait: to the one with the
// most behind it, among equals in order of arrival, and now and then to the
// one that waits longest.
type turns struct {
	limiter *rate.Limiter
	// lead is held by the one who waits for the next slot, for all.
	lead chan struct{}

	mu      sync.Mutex
	waiting []*waiter
	given   int // turns so far
}

// inOrder is how often a turn goes to whoever waits longest, whatever is behind
// it: lists that alone ask for all of the pace must not stop all others.
const inOrder = 4

type waiter struct {
	behind int
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
	next := t.waiting[0]
	if t.given++; t.given%inOrder != 0 {
		next = slices.MaxFunc(t.waiting, func(a, b *waiter) int { return a.behind - b.behind })
	}
	close(next.turn)
	t.waiting = slices.DeleteFunc(t.waiting, func(w *waiter) bool { return w == next })
	return nil
}

// join queues up, if those before leave time enough.
func (t *turns) join(ctx context.Context) (*waiter, error) {
	w := &waiter{behind: Behind(ctx), turn: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := 0 // at least
	for _, o := range t.waiting {
		if o.behind >= w.behind {
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
