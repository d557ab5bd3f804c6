package main

import (
	"context"
	"log/slog"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
)

// approve lets go the held sweep of a run.
func (c *runCommand) approve(ctx context.Context, w world, run staging.RunID, s settings, store staging.Store, log *slog.Logger) (int, error) {
	t := assemble.Transformer{Settings: s.transform, Store: store, Secret: s.secret, Log: log}
	result, err := t.Run(ctx, assemble.Ask{Run: run, Holder: holder(), ApproveSweep: true})
	if err != nil {
		return exitFailed, err
	}
	return conclude(ctx, w, store, result, c.again(run))
}
