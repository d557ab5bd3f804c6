package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/event"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// oldest is how old a run may be that is gone on with unasked: what it read
// first is older than that by the time it is posted.
const oldest = 24 * time.Hour

// pick is the run to work on, as it was asked for, and whether it is a new
// one: the run that was named, the newest one of this folder that was not
// finished, or a new one.
func (c *runCommand) pick(ctx context.Context, w world, s settings, store staging.Store) (asked event.Fetch, isNew bool, err error) {
	switch {
	case c.Run != "":
		asked, err = c.named(ctx, s, store)
		return asked, false, err
	case c.ApproveSweep:
		asked.Run, err = newestReported(ctx, store)
		return asked, false, err
	case !c.Estimate && !c.New:
		run, err := unfinished(ctx, s, store)
		if err != nil {
			return asked, false, err
		}
		if run != "" {
			w.say("going on with run %s, which was not finished; --new starts another", run)
			return event.Fetch{Run: run, DryRun: s.transform.DryRun}, false, nil
		}
	}
	asked.DryRun = s.transform.DryRun
	asked.Run, err = freshRun(ctx, store)
	return asked, !c.Estimate, err
}

// named is the run that --run names, under its own terms.
func (c *runCommand) named(ctx context.Context, s settings, store staging.Store) (event.Fetch, error) {
	run, err := staging.ParseRun(c.Run)
	if err != nil {
		return event.Fetch{}, fmt.Errorf("--run: %w", err)
	}
	if _, err = staging.States(ctx, store, run); err != nil {
		return event.Fetch{}, err
	}
	begun, err := staging.LookAt(ctx, store, run)
	switch {
	case err != nil:
		return event.Fetch{}, err
	case begun.Collections == 0:
		return event.Fetch{Run: run, DryRun: s.transform.DryRun}, nil
	case begun.DryRun && !s.transform.DryRun:
		return event.Fetch{}, fmt.Errorf("run %s is a dry run and stays one: leave out --run for one that is posted", run)
	}
	asked := event.Fetch{Run: run, DryRun: begun.DryRun}
	if begun.Narrowed {
		asked.Environments = begun.Environments
	}
	return asked, nil
}

// unfinished is the newest run of a folder, of those that are dry or not as
// this one is to be, if it has not come to its end; "" if it has, or is old, or
// read other environments. In a bucket a stack's functions may be at work on
// it.
func unfinished(ctx context.Context, s settings, store staging.Store) (staging.RunID, error) {
	if !s.isFolder() {
		return "", nil
	}
	runs, ended, err := runsOf(ctx, store)
	if err != nil {
		return "", err
	}
	for _, run := range slices.Backward(runs) {
		if time.Since(run.Time()) > oldest {
			break
		}
		begun, err := staging.LookAt(ctx, store, run)
		if err != nil {
			return "", fmt.Errorf("look for a run to go on with; --new starts another: %w", err)
		}
		if begun.Collections == 0 || begun.DryRun != s.transform.DryRun {
			continue
		}
		same, err := s.readsSame(ctx, begun)
		if err != nil || !same || ended[run] {
			return "", err
		}
		return run, nil
	}
	return "", nil
}

// runsOf are the runs of a store, oldest first, and those that have a report.
func runsOf(ctx context.Context, store staging.Store) (runs []staging.RunID, ended map[staging.RunID]bool, err error) {
	keys, err := store.List(ctx, "runs/")
	if err != nil {
		return nil, nil, fmt.Errorf("look for runs: %w", err)
	}
	ended = map[staging.RunID]bool{}
	for _, key := range keys {
		name, _, _ := strings.Cut(strings.TrimPrefix(key, "runs/"), "/")
		run, err := staging.ParseRun(name)
		if err != nil {
			continue
		}
		runs = append(runs, run)
		ended[run] = ended[run] || key == staging.ReportKey(run)
	}
	slices.Sort(runs)
	return slices.Compact(runs), ended, nil
}

// readsSame tells whether a run reads the environments that the settings name.
func (s settings) readsSame(ctx context.Context, begun staging.Begun) (bool, error) {
	credentials, err := s.secret.Credentials(ctx)
	if err != nil {
		return false, err
	}
	f, err := s.fetch[staging.Users].Resolve(credentials)
	if err != nil || f.All {
		return !begun.Narrowed, err
	}
	ids := slices.SortedFunc(slices.Values(f.Environments), pingone.ID.Compare)
	return !begun.Narrowed && slices.Equal(ids, begun.Environments), nil
}
