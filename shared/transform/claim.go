package transform

import (
	"context"
	"time"

	"pingone-authomize/shared/staging"
)

// claimTime is how long a claim lasts when its holder dies. It is shorter than
// Lambda's pause before the second retry of a failed invocation.
const claimTime = 90 * time.Second

// release gives the claim back, so that a next try need not wait.
func release(ctx context.Context, held *staging.Held) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return held.Release(ctx)
}
