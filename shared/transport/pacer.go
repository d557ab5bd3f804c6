package transport

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

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
