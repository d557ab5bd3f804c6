package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/staging"
)

type invokeCommand struct {
	Stack        string        `help:"The CloudFormation stack." required:"" placeholder:"NAME"`
	Run          string        `help:"Start what has not ended of this run, such as 20261123T090000Z." placeholder:"ID"`
	Environments []string      `help:"Read only these environments of those that the stack reads; the others are carried forward." placeholder:"ID"`
	DryRun       bool          `help:"Read, and say what would be posted and swept. Nothing is posted, and the run stays a dry one."`
	Follow       bool          `help:"Start nothing, but follow the run that --run names."`
	NoWait       bool          `help:"Start the run and end there."`
	Timeout      time.Duration `help:"Follow the run for so long at most." default:"2h"`
}

// run lets the root open a run, or go on with the open one, and follows it.
func (c *invokeCommand) run(ctx context.Context, w world) (int, error) {
	if c.Follow && (c.Run == "" || c.NoWait || c.DryRun || len(c.Environments) > 0) {
		return exitFailed, errors.New("--follow needs --run, and no --no-wait, --dry-run or --environments")
	}
	only, err := parseOnly(c.Environments)
	if err != nil {
		return exitFailed, err
	}
	s, err := openStack(ctx, w, c.Stack)
	if err != nil {
		return exitFailed, err
	}
	asked := event.Fetch{Environments: only, DryRun: c.DryRun}
	if c.Run != "" {
		if asked.Run, err = s.named(ctx, c.Run, c.Follow); err != nil {
			return exitFailed, err
		}
	}
	var run staging.Run
	if c.Follow {
		run, err = staging.LoadRun(ctx, s.store, asked.Run)
	} else {
		run, err = s.begin(ctx, w, asked)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return exitInterrupted, errors.New("interrupted: functions may have been started; the same command goes on")
	case err != nil:
		return exitFailed, err
	}
	if c.NoWait {
		w.say("started; what became of it shows: %s", s.view().command("report", run.Run))
		_, err := fmt.Fprintln(w.Stdout, run.Run)
		return exitDone, err
	}
	return follow{world: w, stack: s, run: run, timeout: c.Timeout}.untilReport(ctx, "")
}

// named is the run of this name, to follow it or to go on with it if it has not
// ended.
func (s *stack) named(ctx context.Context, name string, follow bool) (staging.RunID, error) {
	run, err := staging.ParseRun(name)
	switch {
	case err != nil:
		return "", fmt.Errorf("--run: %w", err)
	case follow:
		return run, nil
	}
	_, ended, err := staging.Ended(ctx, s.store, run)
	if ended {
		v := s.view()
		err = fmt.Errorf("run %s has ended: show it with: %s, or post it once more with: %s", run, v.command("report", run), v.command("replay", run))
	}
	return run, err
}

// begin invokes the root, which opens a run or goes on with the open one, and
// in that case starts what stands still of it.
func (s *stack) begin(ctx context.Context, w world, asked event.Fetch) (staging.Run, error) {
	payload, err := s.rootEvent(ctx, asked)
	if err != nil {
		return staging.Run{}, err
	}
	before, err := staging.Current(ctx, s.store)
	if err != nil && !errors.Is(err, staging.ErrNoRun) {
		return staging.Run{}, err
	}
	reply, err := s.call(ctx, string(staging.Environments), payload)
	if err != nil {
		return staging.Run{}, fmt.Errorf("no run was opened: %w", err)
	}
	var answer struct {
		Run staging.RunID `json:"run"`
	}
	if err := json.Unmarshal(reply, &answer); err != nil || answer.Run == "" {
		return staging.Run{}, fmt.Errorf("the answer of %s names no run: see its log", staging.Environments)
	}
	run, err := staging.LoadRun(ctx, s.store, answer.Run)
	if err != nil {
		return staging.Run{}, err
	}
	sayRun(w, run, s.store.String())
	if run.Run != before.Run {
		return run, nil
	}
	return run, s.startReady(ctx, run.Run)
}

// rootEvent asks for a run by name where it is to be that one, or dry or
// narrowed; else for one of now, in place of which the open one may be gone on
// with.
func (s *stack) rootEvent(ctx context.Context, asked event.Fetch) ([]byte, error) {
	if asked.Run == "" && !asked.DryRun && len(asked.Environments) == 0 {
		return []byte("{}"), nil
	}
	if asked.Run == "" {
		runs, err := staging.Runs(ctx, s.store)
		if err != nil {
			return nil, err
		}
		asked.Run = staging.RunAt(time.Now())
		// Run ids have whole seconds, and a new one is later than all before.
		if n := len(runs); n > 0 && asked.Run <= runs[n-1] {
			asked.Run = staging.RunAt(runs[n-1].Time().Add(time.Second))
		}
	}
	return asked.Event()
}

// startReady starts the functions whose inputs are complete and that are not,
// or transform where all are. Whatever is at work already leaves it at that.
func (s *stack) startReady(ctx context.Context, run staging.RunID) error {
	states, err := staging.States(ctx, s.store, run)
	if err != nil {
		return err
	}
	payload, err := event.Fetch{Run: run}.Event()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range ready(states) {
		errs = append(errs, s.start(ctx, name, payload))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("not all was started; correct the cause and start the rest with: %s\n%w", s.view().command("invoke", run), err)
	}
	return nil
}

// ready are the functions that have something to do. The root was invoked.
func ready(states map[staging.Collection]bool) []string {
	if len(incomplete(states)) == 0 {
		return []string{transformName}
	}
	var names []string
	for _, c := range collection.All {
		waits := func(input staging.Collection) bool { return !states[input] }
		if !states[c.Name] && len(c.Inputs) > 0 && !slices.ContainsFunc(c.Inputs, waits) {
			names = append(names, string(c.Name))
		}
	}
	return names
}
