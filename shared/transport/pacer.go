package transport

import (
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
// pace after a 429 or a 403 that may mean load, and slowly back up. It is safe for concurrent use; share
// one among all that draw on the same rate limit.
type Pacer struct {
	limiter *rate.Limiter
	turns   *turns
	setting rate.Limit

	mu      sync.Mutex
	changed time.Time // when the pace last changed
	blocked time.Time // no request before
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
	l := rate.NewLimiter(rate.Limit(perSecond), 1)
	return &Pacer{limiter: l, turns: newTurns(l), setting: rate.Limit(perSecond)}
}

// Wait returns when the request of ctx may go; see [WithBehind]. It returns ctx's cause when ctx
// ends first, and ErrOutOfTime at once when the wait would reach
// past ctx's deadline.
func (p *Pacer) Wait(ctx context.Context) error {
	for {
		for pause := p.heldBack(); pause > 0; pause = p.heldBack() {
			if err := sleep(ctx, pause); err != nil {
				return err
			}
		}
		if err := p.turns.wait(ctx); err != nil {
			return err
		}
		if p.heldBack() <= 0 {
			return nil
		}
		// A 429 came while this one waited for its turn.
	}
}

// heldBack is how long no request may go.
func (p *Pacer) heldBack() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.blocked)
}

// Pace is the present pace in requests a second.
func (p *Pacer) Pace() float64 { return float64(p.limiter.Limit()) }

// throttled halves the pace, and holds every request back for pause.
func (p *Pacer) throttled(pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if until := now.Add(pause); until.After(p.blocked) {
		p.blocked = until
	}
	if now.Sub(p.changed) < time.Second {
		return // replies to requests that were in flight together count once
	}
	p.changed = now
	p.limiter.SetLimit(max(p.limiter.Limit()/2, p.setting*slowest))
}

// doubted takes the pace to half of the setting, if it is above: a 403 may
// mean load. No lower, since most mean what they say.
func (p *Pacer) doubted() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if half := p.setting / 2; p.limiter.Limit() > half {
		p.changed = time.Now()
		p.limiter.SetLimit(half)
	}
}

// succeeded lets the pace recover.
func (p *Pacer) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.limiter.Limit() >= p.setting || now.Sub(p.changed) < recoveryTime {
		return
	}
	p.changed = now
	p.limiter.SetLimit(min(p.limiter.Limit()+p.setting*recovery, p.setting))
}

// pacers are those that a request waits for: that of its own rate limit, and
// the one of all requests.
type pacers struct {
	own func(*http.Request) *Pacer
	all *Pacer
}

func (p pacers) wait(r *http.Request) error {
	own := p.ownOf(r)
	for {
		for _, one := range []*Pacer{own, p.all} {
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

// Wait returns when the pacers of o let a request go. It is for an Authorize
// that sends one request twice. The error is Final.
func (o Options) Wait(r *http.Request) error { return pacers{own: o.PacerFor, all: o.Pacer}.wait(r) }

func (p pacers) ownOf(r *http.Request) *Pacer {
	if p.own == nil {
		return nil
	}
	return p.own(r)
}

// answered lets the pacer whose limit the request drew on learn from a reply.
// pause is how long the API wants to be left alone.
func (p pacers) answered(r *http.Request, status int, pause time.Duration) {
	one := p.ownOf(r)
	if one == nil {
		one = p.all
	}
	switch {
	case one == nil:
	case status == http.StatusTooManyRequests:
		one.throttled(pause)
	case status == http.StatusForbidden:
		one.doubted()
	case status/100 == 2:
		one.succeeded()
	}
}

type limit struct {
	next   http.RoundTripper
	pacers pacers
}

func (l *limit) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.pacers.wait(r); err != nil {
		return nil, err
	}
	return l.next.RoundTrip(r)
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
