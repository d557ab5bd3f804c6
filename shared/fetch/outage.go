package fetch

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// fails is how many lists in a row must fail, and none be answered, for it
	// to be an outage.
	fails = 3
	// firstPause grows to lastPause while an outage lasts.
	firstPause, lastPause = 5 * time.Second, 2 * time.Minute
	// patience is how long nothing may be answered before that is an error.
	patience = 6 * time.Hour
)

// An outage is known by lists that fail in a row while a probe fails too. While
// it lasts, lists wait. Safe for concurrent use.
type outage struct {
	now   func() time.Time
	first time.Duration // the first pause
	probe func(context.Context) (up bool, err error)

	one      chan struct{} // full while somebody probes
	mu       sync.Mutex
	failed   int
	pause    time.Duration
	answered time.Time // last, in this run
}

func (r *reading) newOutage(answered time.Time) *outage {
	return &outage{
		now: r.o.Now, first: cmp.Or(r.o.Pause, firstPause), probe: r.probe, answered: answered, one: make(chan struct{}, 1),
	}
}

// wait pauses while nothing is answered. The error is ctx's, or ErrOutage.
func (o *outage) wait(ctx context.Context) error {
	if !o.isSuspected() {
		return nil
	}
	select {
	case o.one <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-o.one }()
	for o.isSuspected() {
		up, err := o.probe(ctx)
		if err != nil {
			return err
		}
		if up {
			o.hear(false)
			return nil
		}
		if o.now().Sub(o.heard()) > patience {
			return ErrOutage
		}
		o.pause = min(max(2*o.pause, o.first), lastPause)
		t := time.NewTimer(o.pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		case <-t.C:
		}
	}
	return nil
}

// suspect lets the next one wait, if a probe fails too.
func (o *outage) suspect() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = fails
}

func (o *outage) isSuspected() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed >= fails
}

// hear notes how a list was answered.
func (o *outage) hear(transient bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if transient {
		o.failed++
		return
	}
	o.failed, o.answered = 0, o.now()
}

// heard is when PingOne answered last.
func (o *outage) heard() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answered
}

// ErrOutage means that PingOne has answered nothing for six hours.
var ErrOutage = errors.New("PingOne has answered nothing for six hours: see status.pingidentity.com; the next event goes on from here")
