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
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

type invokeCommand struct {
	Stack        string   `help:"The CloudFormation stack." required:"" placeholder:"NAME"`
	Environments []string `help:"Read only these environments of those that the stack reads; the others are carried forward." placeholder:"ID"`
	DryRun       bool     `help:"Read, and say what would be posted and swept. Nothing is posted, and the run stays a dry one."`
}

// run lets the root open a run, or go on with the open one, and follows it.
func (c *invokeCommand) run(ctx context.Context, w world) (int, error) {
	only, err := parseOnly(c.Environments)
	if err != nil {
		return exitFailed, err
	}
	s, err := openStack(ctx, w, c.Stack)
	if err != nil {
		return exitFailed, err
	}
	run, err := s.begin(ctx, w, event.Fetch{Environments: only, DryRun: c.DryRun})
	switch {
	case err != nil && ctx.Err() != nil:
		return exitInterrupted, errors.New("interrupted: functions may have been started; the same command goes on")
	case err != nil:
		return exitFailed, err
	}
	return s.follow(ctx, w, run, staging.Collections, "")
}

// begin invokes the root, which opens a run or goes on with the open one, and
// in that case starts what stands still of it.
func (s site) begin(ctx context.Context, w world, asked event.Fetch) (staging.Run, error) {
	payload, err := s.rootEvent(ctx, asked)
	if err != nil {
		return staging.Run{}, err
	}
	before, err := staging.Current(ctx, s.store)
	if err != nil && !errors.Is(err, staging.ErrNoRun) {
		return staging.Run{}, err
	}
	reply, err := s.stack.call(ctx, string(staging.Environments), payload)
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
	if err == nil {
		err = isAsked(run, asked)
	}
	if err != nil {
		return staging.Run{}, err
	}
	sayRun(w, run, s.store.String())
	if run.Run == before.Run {
		err = s.startReady(ctx, run.Run)
	}
	return run, err
}

// rootEvent asks for a run of now. One that is dry or narrowed needs a time
// beside, later than all runs, as the root asks of a new one.
func (s site) rootEvent(ctx context.Context, asked event.Fetch) ([]byte, error) {
	if !asked.DryRun && len(asked.Environments) == 0 {
		return []byte("{}"), nil
	}
	runs, err := staging.Runs(ctx, s.store)
	if err != nil {
		return nil, err
	}
	at := time.Now().UTC().Truncate(time.Second)
	if n := len(runs); n > 0 && !runs[n-1].Time().Before(at) {
		at = runs[n-1].Time().Add(time.Second)
	}
	return json.Marshal(struct {
		ScheduledTime time.Time    `json:"scheduledTime"`
		Environments  []pingone.ID `json:"environments,omitempty"`
		DryRun        bool         `json:"dryRun,omitzero"`
	}{at, asked.Environments, asked.DryRun})
}

// startReady starts the functions whose inputs are complete and that are not,
// or transform where all are. Whatever is at work already leaves it at that.
func (s site) startReady(ctx context.Context, run staging.RunID) error {
	states, err := staging.States(ctx, s.store, run)
	if err != nil {
		return err
	}
	ready := []string{transformName}
	if len(incomplete(states)) > 0 {
		ready = nil
	}
	for _, c := range collection.All {
		waits := func(input staging.Collection) bool { return !states[input] }
		if !states[c.Name] && len(c.Inputs) > 0 && !slices.ContainsFunc(c.Inputs, waits) { // the root was invoked
			ready = append(ready, string(c.Name))
		}
	}
	var errs []error
	for _, name := range ready {
		errs = append(errs, s.stack.start(ctx, name, run))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("not all was started; correct the cause and repeat the command: %w", err)
	}
	return nil
}
