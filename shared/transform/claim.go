package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/staging"
)

// claimTime is how long a claim lasts when its holder dies; the holder renews
// it three times as often. It is shorter than Lambda's pause before the second
// retry of a failed invocation.
const claimTime = 90 * time.Second

// errClaimNotKept is behind all work that ends because the claim could not be
// renewed.
var errClaimNotKept = errors.New("the claim on the run could not be renewed")

// keep renews the claim until stop is called. The context ends if the claim
// is lost: two transforms of one run are harmless, but work done twice.
func keep(ctx context.Context, held *staging.Held) (kept context.Context, stop func()) {
	kept, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(claimTime / 3)
		defer ticker.Stop()
		for {
			select {
			case <-kept.Done():
				return
			case <-ticker.C:
				if err := held.Renew(kept); err != nil {
					cancel(fmt.Errorf("%w: %w", errClaimNotKept, err))
					return
				}
			}
		}
	}()
	return kept, func() { cancel(nil); <-done }
}

// release gives the claim back, so that a next try need not wait.
func release(ctx context.Context, held *staging.Held) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return held.Release(ctx)
}
