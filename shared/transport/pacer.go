package transport

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ErrOutOfTime says that a wait would outlast the request's deadline. It is a
// context.DeadlineExceeded that comes early.
var ErrOutOfTime = fmt.Errorf("no time left to wait: %w", context.DeadlineExceeded)

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

const (
	// slowest is the share of the setting that a pacer never goes below.
	slowest = 0.1
	// recovery is the share of the setting regained at most once a recoveryTime.
	recovery     = 0.05
	recoveryTime = 2 * time.Second
)

// NewPacer allows perSecond requests a second, evenly spaced.
func NewPacer(perSecond float64) *Pacer {
	limit := rate.Limit(perSecond)
	return &Pacer{limiter: rate.NewLimiter(limit, 1), setting: limit}
}

// Wait returns when the request of ctx may go; see [WithBehind]. The error is
// ctx's cause when ctx ends first, and ErrOutOfTime at once when the wait would
// reach past ctx's deadline.
func (p *Pacer) Wait(ctx context.Context) error {
	w, err := p.join(ctx)
	if err != nil {
		return err
	}
	select {
	case <-w.turn:
	case <-ctx.Done():
		if p.leave(w) {
			return context.Cause(ctx)
		} // else its turn came in the same moment
	}
	return nil
}

// heldBack is how long no request may go.
func (p *Pacer) heldBack() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.blocked)
}

// learn changes the pace by a reply. After a 429 no request goes for pause.
func (p *Pacer) learn(status int, pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, pace := time.Now(), p.limiter.Limit()
	next, since := pace, now.Sub(p.changed)
	switch {
	case status == http.StatusTooManyRequests:
		if until := now.Add(pause); until.After(p.blocked) {
			p.blocked = until
		}
		if since >= time.Second { // replies to requests in flight together count once
			next = max(pace/2, p.setting*slowest)
		}
	case status == http.StatusForbidden: // it may mean load; no lower, since most mean what they say
		next = min(pace, p.setting/2)
	case status/100 == 2 && since >= recoveryTime:
		next = min(pace+p.setting*recovery, p.setting)
	}
	if next != pace {
		p.changed = now
		p.limiter.SetLimit(next)
	}
}

// wait returns when both pacers of a request let it go: that of its own rate
// limit, and that of all requests. The error is Final.
func (o *Options) wait(r *http.Request) error {
	own := o.ownPacer(r)
	for {
		for _, one := range []*Pacer{own, o.Pacer} {
			if one == nil {
				continue
			}
			if err := one.Wait(r.Context()); err != nil {
				return Final(err)
			}
		}
		if own == nil || own.heldBack() <= 0 {
			return nil
		}
		// A 429 came while this one waited at the other pacer.
	}
}

func (o *Options) ownPacer(r *http.Request) *Pacer {
	if o.PacerFor == nil {
		return nil
	}
	return o.PacerFor(r)
}

// learn lets the pacer whose limit a request drew on learn from the reply.
// pause is how long the API wants to be left alone.
func (o *Options) learn(r *http.Request, status int, pause time.Duration) {
	if pause > mostWait {
		pause = 0 // the request is given up: all others would wait for nothing
	}
	if one := cmp.Or(o.ownPacer(r), o.Pacer); one != nil {
		one.learn(status, pause)
	}
}

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
