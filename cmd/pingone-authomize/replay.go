package main

import (
	"context"
	"errors"
	"fmt"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

type replayCommand struct {
	where
	Run    string `help:"The run, such as 20261123T090000Z, or latest." required:"" placeholder:"ID"`
	DryRun bool   `help:"Map on this machine, and say what would be posted. Nothing is posted or written."`
}

// run transforms a run that was read before.
func (c *replayCommand) run(ctx context.Context, w world) (int, error) {
	s, err := c.open(ctx, w)
	if err != nil {
		return exitFailed, err
	}
	if s.stack != nil && !c.DryRun {
		run, err := c.pick(ctx, s)
		if err != nil {
			return exitFailed, err
		}
		return s.post(ctx, w, run)
	}
	t, err := s.transformer(ctx, w, c.DryRun)
	if err != nil {
		return exitFailed, err
	}
	c.DryRun = t.Settings.DryRun
	run, err := c.pick(ctx, s)
	if err != nil {
		return exitFailed, err
	}
	if c.DryRun {
		t.Store = unwritten{s.store}
	}
	return s.here(ctx, w, t, run, func() (transform.Result, error) { return t.Run(ctx, run, true) })
}

// unwritten is a store of which a dry run changes nothing.
type unwritten struct{ staging.Store }

// Put implements staging.Store. It writes nothing.
func (unwritten) Put(context.Context, string, []byte, staging.Condition) (string, error) {
	return "none", nil
}

// pick is the run that is asked for, if it was read whole.
func (c *replayCommand) pick(ctx context.Context, s site) (staging.RunID, error) {
	run, err := s.reported(ctx, c.Run)
	if errors.Is(err, staging.ErrNotFound) && c.Run != latest {
		run, err = staging.RunID(c.Run), nil // without a report, yet it may be whole
	}
	if err != nil {
		return "", err
	}
	states, err := staging.States(ctx, s.store, run)
	if err != nil {
		return "", err
	}
	if open := incomplete(states); len(open) > 0 {
		onward := "pingone-authomize run" + s.flags
		if s.stack != nil {
			onward = "pingone-authomize invoke" + s.flags
		}
		return "", fmt.Errorf("run %s is not complete, %v are not read: if it is still open, go on with: %s", run, open, onward)
	}
	what, err := staging.LoadRun(ctx, s.store, run)
	if err == nil && what.DryRun && !c.DryRun {
		err = fmt.Errorf("run %s is a dry run and stays one: start another, or look at it with --dry-run", run)
	}
	return run, err
}

// post lets the transform function post a run once more.
func (s site) post(ctx context.Context, w world, run staging.RunID) (int, error) {
	before, err := s.store.Get(ctx, staging.ReportKey(run))
	if err != nil && !errors.Is(err, staging.ErrNotFound) {
		return exitFailed, err
	}
	if err := s.stack.start(ctx, transformName, run); err != nil {
		return exitFailed, fmt.Errorf("nothing was posted: %w", err)
	}
	w.say("transform of stack %s posts run %s", s.stack.name, run)
	return s.follow(ctx, w, staging.Run{Run: run}, nil, before.Version)
}
