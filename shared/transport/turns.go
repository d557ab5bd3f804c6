package transport

import (
	"context"
	"fmt"
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

// inOrder is how often a slot goes to whoever waits longest, whatever is behind
// it: lists that alone ask for all of the pace must not stop all others.
const inOrder = 4

type waiter struct {
	behind int
	turn   chan struct{} // closed when a slot is its own
}

// join queues up, if what is before it leaves time enough.
func (p *Pacer) join(ctx context.Context) (*waiter, error) {
	w := &waiter{behind: Behind(ctx), turn: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	slots := 1 - p.limiter.Tokens() // until its turn, at least
	if p.dealing {
		slots-- // the next one is taken out already
	}
	for _, o := range p.waiting {
		if o.behind >= w.behind {
			slots++
		}
	}
	wait := max(time.Duration(slots/float64(p.limiter.Limit())*float64(time.Second)), time.Until(p.blocked))
	if end, ok := ctx.Deadline(); ok && wait > 0 && time.Until(end) <= wait {
		return nil, ErrOutOfTime
	}
	p.waiting = append(p.waiting, w)
	if !p.dealing {
		p.dealing = true
		go p.deal()
	}
	return w, nil
}

// deal hands slots to those who wait, until nobody does: to the one with the
// most behind it, among equals in order of arrival, and each inOrder-th to the
// one that waits longest.
func (p *Pacer) deal() {
	for more := true; more; {
		p.nextSlot()
		more = p.give()
	}
}

// nextSlot returns when a request may go.
func (p *Pacer) nextSlot() {
	ctx := context.Background() // the slot is for all who wait
	for {
		_ = sleep(ctx, p.heldBack())
		_ = p.limiter.Wait(ctx) // which fails for more than one slot only
		if p.heldBack() <= 0 {
			return
		}
		// A 429 came meanwhile.
	}
}

// give hands out a slot, and tells whether more are waited for.
func (p *Pacer) give() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		next := p.waiting[0]
		if p.given++; p.given%inOrder != 0 {
			next = slices.MaxFunc(p.waiting, func(a, b *waiter) int { return a.behind - b.behind })
		}
		close(next.turn)
		p.remove(next)
	}
	p.dealing = len(p.waiting) > 0
	return p.dealing
}

// leave tells whether w was still waiting.
func (p *Pacer) leave(w *waiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.remove(w)
}

func (p *Pacer) remove(w *waiter) bool {
	before := len(p.waiting)
	p.waiting = slices.DeleteFunc(p.waiting, func(o *waiter) bool { return o == w })
	return len(p.waiting) < before
}

// A Pacer spaces requests out: never faster than its setting, at half the
// pace after a 429 or a 403 that may mean load, and slowly back up. It is safe
// for concurrent use; share one among all that draw on the same rate limit.
type Pacer struct {
	limiter *rate.Limiter
	setting rate.Limit

	mu      sync.Mutex
	changed time.Time // when the pace last changed
	blocked time.Time // no request before
	waiting []*waiter // in order of arrival
	dealing bool      // somebody deals slots out to those who wait
	given   int       // slots so far
}

// ErrOutOfTime says that a wait would outlast the request's deadline. It is a
// context.DeadlineExceeded that comes early.
var ErrOutOfTime = fmt.Errorf("no time left to wait: %w", context.DeadlineExceeded)

// sleep waits for d, or returns ctx's cause when ctx ends first;
// ErrOutOfTime at once when its deadline is nearer than d.
func sleep(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return ErrOutOfTime
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// heldBack is how long no request may go.
func (p *Pacer) heldBack() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.blocked)
}
