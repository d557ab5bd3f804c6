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

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

type invokeCommand struct {
	Stack        string        `help:"The CloudFormation stack." required:"" placeholder:"NAME"`
	Run          string        `help:"Start again what has not ended of this run, such as 20261123T090000Z." placeholder:"ID"`
	Environments []string      `help:"Read only these environments of those that the stack reads. Such a run sweeps nothing." placeholder:"ID"`
	DryRun       bool          `help:"Read, and say what would be posted and swept. Nothing is posted, and the run stays a dry one."`
	Follow       bool          `help:"Start nothing, but follow the run that --run names."`
	NoWait       bool          `help:"Start the run and end there."`
	Timeout      time.Duration `help:"Follow the run for so long at most." default:"2h"`
}

// run starts all fetch functions for one run and follows them.
func (c *invokeCommand) run(ctx context.Context, w world) (int, error) {
	if c.Follow && (c.Run == "" || c.NoWait || c.DryRun || len(c.Environments) > 0) {
		return exitFailed, errors.New("--follow needs --run, and no --no-wait, --dry-run or --environments")
	}
	only, err := c.only()
	if err != nil {
		return exitFailed, err
	}
	s, err := openStack(ctx, w, c.Stack)
	if err != nil {
		return exitFailed, err
	}
	if err := s.mayNarrow(ctx, only); err != nil {
		return exitFailed, err
	}
	run, open, err := c.pick(ctx, s)
	if err != nil {
		return exitFailed, err
	}
	asked, err := c.terms(ctx, s, event.Fetch{Run: run, Environments: only, DryRun: c.DryRun})
	if err != nil {
		return exitFailed, err
	}
	c.announce(w, s, asked)
	if !c.Follow {
		err := s.startAll(ctx, asked, open)
		switch {
		case err != nil && ctx.Err() != nil:
			return exitInterrupted, fmt.Errorf("interrupted: functions may have been started; follow the run or start the rest with: %s", s.again(asked))
		case err != nil:
			return exitFailed, err
		}
	}
	if c.NoWait {
		w.say("started; what became of it shows: %s", s.command("report", run))
		_, err := fmt.Fprintln(w.Stdout, run)
		return exitDone, err
	}
	return follow{world: w, stack: s, run: run, asked: asked, timeout: c.Timeout}.untilReport(ctx, "")
}

// only are the environments that the run is narrowed to.
func (c *invokeCommand) only() ([]pingone.ID, error) {
	if c.Environments == nil {
		return nil, nil
	}
	ids, err := event.ParseEnvironments(c.Environments)
	if err != nil {
		return nil, fmt.Errorf("--environments: %w", err)
	}
	return ids, nil
}

// mayNarrow looks whether the stack reads these environments at all: each
// function would refuse one that it does not, and the run never end.
func (s *stack) mayNarrow(ctx context.Context, only []pingone.ID) error {
	if len(only) == 0 {
		return nil
	}
	env, err := s.env(ctx, string(staging.Environments))
	if err != nil {
		return err
	}
	settings, err := config.LoadFetch(func(name string) string { return env[name] }, staging.Environments)
	if err != nil {
		return fmt.Errorf("the settings of stack %s: %w", s.name, err)
	}
	if _, err := settings.Narrow(only); err != nil {
		return fmt.Errorf("--environments: %w", err)
	}
	return nil
}

// terms are those under which the run was begun, or else what is asked for.
func (c *invokeCommand) terms(ctx context.Context, s *stack, asked event.Fetch) (event.Fetch, error) {
	if c.Run == "" {
		return asked, nil
	}
	begun, err := staging.LookAt(ctx, s.store, asked.Run)
	if err != nil || begun.Collections == 0 {
		return asked, err
	}
	own := event.Fetch{Run: asked.Run, DryRun: begun.DryRun}
	if begun.Narrowed {
		own.Environments = begun.Environments
	}
	slices.SortFunc(asked.Environments, pingone.ID.Compare)
	if asked.DryRun && !own.DryRun || asked.Environments != nil && !slices.Equal(asked.Environments, own.Environments) {
		return event.Fetch{}, fmt.Errorf("run %s: %w", asked.Run, fetch.ErrTerms)
	}
	return own, nil
}

func (c *invokeCommand) announce(w world, s *stack, asked event.Fetch) {
	w.say("run %s, staged in %s", asked.Run, s.store)
	if asked.DryRun {
		w.say("dry run: nothing will be posted")
	}
	if n := len(asked.Environments); n > 0 {
		w.say("narrowed to %d of the environments: nothing will be swept", n)
	}
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
func (s *stack) startAll(ctx context.Context, asked event.Fetch, collections []staging.Collection) error {
	payload, err := asked.Event()
	if err != nil {
		return err
	}
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
		len(failed), len(errs), s.again(asked), errors.Join(failed...))
}

// again is the command that starts what has not ended of a run, as it was
// asked for.
func (s *stack) again(asked event.Fetch) string {
	line := s.command("invoke", asked.Run)
	if asked.DryRun {
		line += " --dry-run"
	}
	for i, id := range asked.Environments {
		line += map[bool]string{true: " --environments ", false: ","}[i == 0] + id.String()
	}
	return line
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
