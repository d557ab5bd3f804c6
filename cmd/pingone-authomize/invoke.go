package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

type invokeCommand struct {
	Stack    string        `help:"The CloudFormation stack." required:"" placeholder:"NAME"`
	Run      string        `help:"Start again what has not ended of this run, such as 20261123T090000Z." placeholder:"ID"`
	Follow   bool          `help:"Start nothing, but follow the run that --run names."`
	DryRun   bool          `help:"Start nothing in AWS: read PingOne from this machine with the stack's settings and secret, and say what the stack would post and sweep. What is read stays in ./staging/dry."`
	NoWait   bool          `help:"Start the run and end there."`
	Timeout  time.Duration `help:"Follow the run for so long at most." default:"2h"`
	LogLevel string        `help:"What to log in a dry run: ${enum}." enum:"debug,info,warn,error" default:"info"`
}

// run starts all fetch functions for one run and follows them.
func (c *invokeCommand) run(ctx context.Context, w world) (int, error) {
	switch {
	case c.Follow && (c.Run == "" || c.NoWait):
		return exitFailed, errors.New("--follow needs --run, and no --no-wait")
	case c.DryRun && (c.Run != "" || c.NoWait):
		return exitFailed, errors.New("--dry-run reads a run of its own, here: leave out --run and --no-wait; a run that is there already is tried by: pingone-authomize replay --dry-run")
	}
	s, err := openStack(ctx, w, c.Stack)
	if err != nil {
		return exitFailed, err
	}
	if c.DryRun {
		return c.dry(ctx, w, s)
	}
	run, open, err := c.pick(ctx, s)
	if err != nil {
		return exitFailed, err
	}
	w.say("run %s, staged in %s", run, s.store)
	if !c.Follow {
		err := s.startAll(ctx, run, open)
		switch {
		case err != nil && ctx.Err() != nil:
			return exitInterrupted, fmt.Errorf("interrupted: functions may have been started; follow the run or start the rest with: %s", s.command("invoke", run))
		case err != nil:
			return exitFailed, err
		}
	}
	if c.NoWait {
		w.say("started; what became of it shows: %s", s.command("report", run))
		_, err := fmt.Fprintln(w.Stdout, run)
		return exitDone, err
	}
	return follow{world: w, stack: s, run: run, timeout: c.Timeout}.untilReport(ctx, "")
}

// pick is a fresh run, or the one that is named if it has not ended yet, and
// the collections that are to be read.
func (c *invokeCommand) pick(ctx context.Context, s *stack) (staging.RunID, []staging.Collection, error) {
	if c.Run == "" {
		run, err := freshRun(ctx, s.store)
		return run, staging.Collections, err
	}
	run, err := staging.ParseRun(c.Run)
	if err != nil {
		return "", nil, fmt.Errorf("--run: %w", err)
	}
	_, err = s.store.Get(ctx, staging.ReportKey(run))
	switch {
	case err == nil:
		return "", nil, fmt.Errorf("run %s was read and has a report: show it with: %s, or post it again with: %s", run, s.command("report", run), s.command("replay", run))
	case !errors.Is(err, staging.ErrNotFound):
		return "", nil, err
	}
	open, err := staging.Missing(ctx, s.store, run)
	switch {
	case errors.Is(err, staging.ErrUnknownRun) && !c.Follow:
		return run, staging.Collections, nil
	case err != nil || c.Follow:
		return run, open, err
	case len(open) == 0:
		return "", nil, fmt.Errorf("run %s was read, and waits for transform or is being posted: follow it with: %s, or post it with: %s", run, s.command("invoke --follow", run), s.command("replay", run))
	}
	return run, open, nil
}

// startAll starts fetch functions, all that can be started.
func (s *stack) startAll(ctx context.Context, run staging.RunID, collections []staging.Collection) error {
	payload := fmt.Appendf(nil, `{"run":%q}`, run)
	errs := make([]error, len(collections))
	var wg sync.WaitGroup
	for i, c := range collections {
		wg.Go(func() { errs[i] = s.start(ctx, string(c), payload) })
	}
	wg.Wait()
	failed := slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	switch {
	case len(failed) == 0:
		return nil
	case len(failed) == len(errs):
		return fmt.Errorf("nothing was started: %w", failed[0])
	}
	return fmt.Errorf("%d of %d functions were not started, so the run can't be complete; nothing is posted before it is. Mend the cause and start the rest with: %s\n%w",
		len(failed), len(errs), s.command("invoke", run), errors.Join(failed...))
}

// dry does what the functions would do, on this machine. In AWS it can't be
// done: S3's event starts the transform of a complete run, and nothing in a
// fetch function's event reaches it.
func (c *invokeCommand) dry(ctx context.Context, w world, s *stack) (int, error) {
	getenv, err := s.settings(ctx)
	if err != nil {
		return exitFailed, err
	}
	set, err := loadSettings(ctx, dryRun(getenv), s.tune...)
	if err != nil {
		return exitFailed, err
	}
	if err := set.checkToken(ctx); err != nil {
		return exitFailed, err
	}
	run, err := freshRun(ctx, s.store)
	if err != nil {
		return exitFailed, err
	}
	folder, err := dryFolder(w, s.name, run)
	if err != nil {
		return exitFailed, err
	}
	log, closeLog, err := openLog(w, folder.String(), run, c.LogLevel)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	w.say("dry run %s of stack %s on this machine: nothing is posted, and nothing changes in AWS; what is read stays in %s until you delete it", run, s.name, locate(folder, ""))

	store := newOverlay(folder, s.store)
	shown := newProgress(w, true)
	if err := readAll(ctx, run, set, store, log, shown); err != nil {
		shown.close()
		if ctx.Err() != nil {
			return exitInterrupted, errors.New("interrupted")
		}
		return exitFailed, err
	}
	t := assemble.Transformer{Settings: set.transform, Store: store, Secret: set.secret, Log: log, OnProgress: shown.posting}
	result, err := t.Run(ctx, assemble.Ask{Run: run, Holder: holder()})
	shown.close()
	if err != nil {
		return exitFailed, err
	}
	return conclude(ctx, w, store, result, "try again")
}

// dryRun is getenv with DRY_RUN set.
func dryRun(getenv func(string) string) func(string) string {
	return func(name string) string {
		if name == "DRY_RUN" {
			return "true"
		}
		return getenv(name)
	}
}

// dryFolder is an empty store on this machine for a dry run.
func dryFolder(w world, name string, run staging.RunID) (staging.Store, error) {
	wd, err := w.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find a folder for the dry run: %w", err)
	}
	now := strings.ReplaceAll(time.Now().UTC().Format("150405.000000"), ".", "")
	return dirstore.New(filepath.Join(wd, "staging", "dry", name, string(run)+"-"+now))
}
