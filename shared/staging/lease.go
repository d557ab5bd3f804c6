package staging

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var (
	// ErrLeased means that someone else has the lease. The text names the
	// holder and, by the holder's clock, the end.
	ErrLeased = errors.New("leased by another invocation")
	// ErrLeaseLost is behind all work that ends because its lease could not be
	// renewed.
	ErrLeaseLost = errors.New("the lease could not be renewed")
)

// leased is what lease.json holds. No holder: it was released.
type leased struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// A Lease is a lock that expires. It is not safe for concurrent use.
type Lease struct {
	store       Store
	key, holder string
	ttl         time.Duration
	now         func() time.Time
}

// Acquire takes the lease under key for holder until ttl from now. Of several
// at once exactly one succeeds; the others, and those who come before it
// expires, get ErrLeased. The holder, which must not be empty, may take its
// lease again, so that a repeated invocation goes on.
//
// Expiry is by the wall clocks of both: ttl should be longer than they differ,
// by far. A lease only saves work done twice; it is no proof that nobody else
// writes.
func Acquire(ctx context.Context, s Store, key, holder string, ttl time.Duration, now func() time.Time) (*Lease, error) {
	if holder == "" || ttl <= 0 {
		return nil, fmt.Errorf("lease %s: a holder and a ttl above 0 are needed, not %q and %s", key, holder, ttl)
	}
	l := &Lease{store: s, key: key, holder: holder, ttl: ttl, now: now}
	isFree := func(found leased) bool {
		return found.Holder == holder || !now().Before(found.Until)
	}
	if err := l.take(ctx, isFree); err != nil {
		return nil, err
	}
	return l, nil
}

// Keep renews the lease, three times as often as it expires, until stop is
// called. The Lease may not be used in between. held ends if the lease is lost,
// with ErrLeaseLost as its cause, and ErrLeased if someone else has taken it.
func (l *Lease) Keep(ctx context.Context) (held context.Context, stop func()) {
	held, cancel := context.WithCancelCause(ctx)
	isOurs := func(found leased) bool { return found.Holder == l.holder } // though it may have expired
	done := make(chan struct{})
	go func() {
		defer close(done)
		for held.Err() == nil {
			select {
			case <-held.Done():
			case <-time.After(l.ttl / 3):
				if err := l.take(held, isOurs); err != nil {
					cancel(fmt.Errorf("%w: %w", ErrLeaseLost, err))
				}
			}
		}
	}()
	return held, func() { cancel(nil); <-done }
}

// Release gives the lease up, so that others need not wait until it expires.
// If someone else has taken it meanwhile, nothing is changed.
func (l *Lease) Release(ctx context.Context) error {
	return Update(ctx, l.store, l.key, func(found *leased) error {
		if found.Holder != l.holder {
			return ErrUnchanged
		}
		*found = leased{}
		return nil
	})
}

// take writes the lease where free says that the one that is there, the zero
// one for none, may be replaced. One that can't be read is nobody's: else it would
// lock everybody out for good.
func (l *Lease) take(ctx context.Context, free func(found leased) bool) error {
	next := leased{Holder: l.holder, Until: timestamp(l.now().Add(l.ttl))}
	err := Update(ctx, l.store, l.key, func(found *leased) error {
		if !free(*found) {
			return fmt.Errorf("%s: %w, %q, until %s", l.key, ErrLeased, found.Holder, found.Until.Format(time.RFC3339))
		}
		*found = next
		return nil
	})
	if !errors.Is(err, ErrCorrupt) {
		return err
	}
	damaged, err := l.store.Get(ctx, l.key)
	if err == nil {
		_, err = swap(ctx, l.store, l.key, next, damaged.Version)
	}
	return err
}
