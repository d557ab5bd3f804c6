package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/staging"
)

// claimTime is how long a claim lasts when its holder dies. It is shorter than
// Lambda's pause before the second retry of a failed invocation.
const claimTime = 90 * time.Second

// claimed reads a collection if nobody else does: two at once would ask at
// twice the pace, and each take away the other's commits.
func claimed(ctx context.Context, w *staging.Writer, o Options) (Result, error) {
	m := w.Manifest()
	now := o.Now
	if now == nil {
		now = time.Now
	}
	held, err := staging.ClaimCollection(ctx, o.Store, m.Run, m.Collection, o.Holder, cmp.Or(o.claimTime, claimTime), now)
	if errors.Is(err, staging.ErrClaimed) {
		r := newReading(w, o)
		r.log.InfoContext(ctx, "nothing to do: another invocation is at work", "err", err)
		result := r.result()
		result.Busy = true
		return result, nil
	}
	if err != nil {
		return Result{}, err
	}
	kept, stop := held.Keep(ctx)
	result, err := readHeld(ctx, kept, m.Run, m.Collection, o)
	stop()
	if released := release(ctx, held); !result.Complete {
		// The next invocation would find it claimed, and leave it.
		err = errors.Join(err, released)
	}
	return result, err
}

// readHeld reads anew how far the collection is, since another invocation may
// have gone on with it before it was claimed.
func readHeld(ctx, kept context.Context, run staging.RunID, c staging.Collection, o Options) (Result, error) {
	w, err := staging.Open(ctx, o.Store, run, c)
	if err != nil {
		return Result{}, fmt.Errorf("open %s of run %s: %w", c, run, err)
	}
	return read(ctx, kept, w, o)
}

// release has a time of its own, since out of time is when it matters.
func release(ctx context.Context, held *staging.Held) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	return held.Release(ctx)
}
