package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

type replayCommand struct {
	Stack        string        `help:"The CloudFormation stack whose run it is; its transform function posts." placeholder:"NAME" xor:"place"`
	Staging      string        `help:"Where it is staged, to post from this machine: s3://bucket/prefix, file:///folder or a folder (default: STAGING_URL, else ./staging)." placeholder:"URL" xor:"place"`
	Run          string        `help:"The run, such as 20261123T090000Z, or latest." required:"" placeholder:"ID"`
	DryRun       bool          `help:"Map on this machine, and say what would be posted and swept. Nothing is posted, and the run's report stays." xor:"what"`
	ApproveSweep bool          `help:"Post nothing, but let go the held sweep: you have read the reasons in the report." xor:"what"`
	Timeout      time.Duration `help:"Wait for the report so long at most." default:"1h"`
	EnvFile      string        `help:"File with settings, NAME=value a line." placeholder:"FILE"`
	LogLevel     string        `help:"What to log: ${enum}." enum:"debug,info,warn,error" default:"info"`
}

// run transforms a run that was read before.
func (c *replayCommand) run(ctx context.Context, w world) (int, error) {
	if c.Stack == "" {
		return c.here(ctx, w)
	}
	s, err := openStack(ctx, w, c.Stack)
	if err != nil {
		return exitFailed, err
	}
	run, err := c.pick(ctx, s.store, s.name)
	if err != nil {
		return exitFailed, err
	}
	switch {
	case c.DryRun:
		getenv, err := s.settings(ctx)
		if err != nil {
			return exitFailed, err
		}
		settings, err := config.LoadTransform(dryRun(getenv))
		if err != nil {
			return exitFailed, fmt.Errorf("the settings of stack %s: %w", s.name, err)
		}
		return c.dry(ctx, w, s.name, settings, s.store, run)
	case c.ApproveSweep:
		return approveSweep(ctx, w, s, run)
	}
	return c.post(ctx, w, s, run)
}

// pick is the run that is asked for, if it was read whole.
func (c *replayCommand) pick(ctx context.Context, store staging.Store, stackName string) (staging.RunID, error) {
	run, err := (&reportCommand{Run: c.Run}).among(ctx, store)
	if errors.Is(err, staging.ErrNotFound) && c.Run != latest {
		run, err = staging.ParseRun(c.Run) // without a report, yet it may be whole
	}
	if err != nil {
		return "", err
	}
	missing, err := staging.Missing(ctx, store, run)
	if err == nil && len(missing) == 0 {
		return run, c.mayPost(ctx, store, run)
	}
	if err != nil {
		return "", err
	}
	onward := "pingone-authomize run --run " + string(run)
	if stackName != "" {
		onward = (&stack{name: stackName}).command("invoke", run)
	}
	return "", fmt.Errorf("run %s is not complete, %v are missing: go on with: %s", run, missing, onward)
}

// mayPost refuses to post what was read as a dry run.
func (c *replayCommand) mayPost(ctx context.Context, store staging.Store, run staging.RunID) error {
	if c.DryRun || c.ApproveSweep {
		return nil
	}
	begun, err := staging.LookAt(ctx, store, run)
	if err == nil && begun.DryRun {
		err = fmt.Errorf("run %s is a dry run and stays one: start another, or look at it again with --dry-run", run)
	}
	return err
}

// post lets the transform function post the run again.
func (c *replayCommand) post(ctx context.Context, w world, s *stack, run staging.RunID) (int, error) {
	before, err := s.store.Get(ctx, staging.ReportKey(run))
	if err != nil && !errors.Is(err, staging.ErrNotFound) {
		return exitFailed, err
	}
	if err := s.start(ctx, transformName, fmt.Appendf(nil, `{"run":%q}`, run)); err != nil {
		return exitFailed, fmt.Errorf("nothing was posted: %w", err)
	}
	w.say("run %s of stack %s is being posted again", run, s.name)
	return follow{world: w, stack: s, run: run, asked: event.Fetch{Run: run}, timeout: c.Timeout, isRead: true}.untilReport(ctx, before.Version)
}

// approveSweep lets the transform function sweep.
func approveSweep(ctx context.Context, w world, s *stack, run staging.RunID) (int, error) {
	if _, err := s.call(ctx, transformName, fmt.Appendf(nil, `{"run":%q,"approveSweep":true}`, run)); err != nil {
		return exitFailed, err
	}
	r, err := report.Load(ctx, s.store, run)
	if err != nil {
		return exitFailed, err
	}
	return outcome(w, s.store, r, s.command("replay --approve-sweep", run))
}

// dry maps a run into a folder of its own.
func (c *replayCommand) dry(ctx context.Context, w world, name string, settings config.Transform, store staging.Store, run staging.RunID) (int, error) {
	folder, err := dryFolder(w, name, run)
	if err != nil {
		return exitFailed, err
	}
	log, closeLog, err := openLog(w, folder.String(), run, c.LogLevel)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	w.say("dry run: nothing will be posted, and the report of run %s stays as it is", run)
	return c.transform(ctx, w, assemble.Transformer{Settings: settings, Store: newOverlay(folder, store), Log: log}, run, "try again")
}

// here posts, maps or sweeps from this machine.
func (c *replayCommand) here(ctx context.Context, w world) (int, error) {
	if c.EnvFile != "" {
		if err := loadEnvFile(w, c.EnvFile); err != nil {
			return exitFailed, err
		}
	}
	place, err := stagingURL(w, c.Staging)
	if err != nil {
		return exitFailed, err
	}
	s, err := loadSettings(ctx, (&runCommand{DryRun: c.DryRun}).override(w.Getenv, place), w.AWS...)
	if err != nil {
		return exitFailed, err
	}
	c.DryRun = s.transform.DryRun
	opened, err := assemble.Store(ctx, s.staging, w.AWS...)
	if err != nil {
		return exitFailed, err
	}
	store := permitted{opened}
	run, err := c.pick(ctx, store, "")
	if err != nil {
		return exitFailed, err
	}
	if c.DryRun && !c.ApproveSweep {
		return c.dry(ctx, w, "here", s.transform, store, run)
	}
	log, closeLog, err := openLog(w, s.staging, run, c.LogLevel)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	return c.transform(ctx, w, assemble.Transformer{Settings: s.transform, Store: store, Secret: s.secret, Log: log}, run, "pingone-authomize replay --run "+string(run))
}

// transform runs t and shows the outcome. again is the command to repeat it.
func (c *replayCommand) transform(ctx context.Context, w world, t assemble.Transformer, run staging.RunID, again string) (int, error) {
	if t.Log == nil {
		t.Log = slog.New(slog.DiscardHandler)
	}
	shown := newProgress(w, t.Settings.DryRun)
	t.OnProgress = shown.posting
	result, err := t.Run(ctx, assemble.Ask{Run: run, Holder: holder(), Again: true, ApproveSweep: c.ApproveSweep})
	shown.close()
	switch {
	case ctx.Err() != nil && (err != nil || result.Unfinished):
		return exitInterrupted, errors.New("interrupted: go on with: " + again)
	case err != nil:
		return exitFailed, err
	}
	return conclude(ctx, w, t.Store, result, again)
}

// conclude shows the report of a run that ended on this machine.
func conclude(ctx context.Context, w world, store staging.Store, result transform.Result, again string) (int, error) {
	if result.State == report.Waiting {
		if len(result.Missing) == 0 {
			return exitFailed, fmt.Errorf("run %s: another transform is at work on it; if it died, its claim ends within two minutes: then go on with: %s", result.Run, again)
		}
		return exitFailed, fmt.Errorf("run %s: not complete: %v", result.Run, result.Missing)
	}
	// The run is over; showing it should not fail because of a late Ctrl-C.
	r, err := report.Load(context.WithoutCancel(ctx), store, result.Run)
	if err != nil {
		return exitFailed, err
	}
	return outcome(w, store, r, again)
}

// outcome shows a report and turns its state into an exit code.
func outcome(w world, store staging.Store, r *report.Report, again string) (int, error) {
	if err := show(w, store, r); err != nil {
		return exitFailed, err
	}
	switch r.State {
	case report.Done:
		return exitDone, nil
	case report.Held:
		w.say("held: a person should look at the reasons; exit code %d", exitHeld)
		return exitHeld, nil
	}
	w.say("failed: when the cause is mended, go on with: %s", again)
	return exitFailed, nil
}
