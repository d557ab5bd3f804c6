package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

type reportCommand struct {
	where
	Run  string `help:"The run, such as 20261123T090000Z, or latest." default:"latest" placeholder:"ID"`
	JSON bool   `help:"Write report.json as it is."`
}

func (c *reportCommand) run(ctx context.Context, w world) (int, error) {
	s, run, err := c.find(ctx, w)
	if err != nil {
		return exitFailed, err
	}
	if !c.JSON {
		r, err := report.Load(ctx, s.store, run)
		if err == nil {
			err = s.show(w, r)
		}
		return exitOf(err), err
	}
	object, err := s.store.Get(ctx, staging.ReportKey(run))
	if err == nil {
		_, err = fmt.Fprintf(w.Stdout, "%s\n", object.Data)
	}
	return exitOf(err), err
}

// find looks for the run where it is said to be, then among the demonstrations
// there.
func (c *reportCommand) find(ctx context.Context, w world) (site, staging.RunID, error) {
	s, err := c.open(ctx, w)
	var run staging.RunID
	if err == nil {
		run, err = s.reported(ctx, c.Run)
	}
	if c.Stack == "" && errors.Is(err, staging.ErrNotFound) {
		url, _ := stagingURL(w, c.Staging) // as open found it
		if demo, demoErr := c.openURL(ctx, w, strings.TrimSuffix(url, "/")+demoFolder); demoErr == nil {
			if run, demoErr := demo.reported(ctx, c.Run); demoErr == nil {
				return demo, run, nil
			}
		}
	}
	return s, run, err
}

// show prints a report, the command by which a person may overrule what it
// says, and where to read more.
func (v view) show(w world, r *report.Report) error {
	shown := *r
	next := ""
	switch codes := r.Approvable(); {
	case r.Approve != "":
		shown.Approve += v.flags
	case len(codes) > 0 && !r.DryRun:
		next = "\nto delete what is carried forward, if you know that it is gone:\n  " + r.ApproveCommand(codes...) + v.flags + "\n"
	}
	if err := report.Table(w.Stdout, &shown); err != nil {
		return fmt.Errorf("show the report: %w", err)
	}
	run := staging.RunID(r.Run)
	_, err := fmt.Fprintf(w.Stdout, "%s\nreport  %s\n        %s\n",
		next, v.locate(staging.ReportPageKey(run)), v.locate(staging.ReportKey(run)))
	return err
}

// conclude shows the report of a run that ended on this machine.
func (v view) conclude(ctx context.Context, w world, result transform.Result) (int, error) {
	if result.State == report.Waiting {
		if len(result.Waiting) == 0 {
			return exitFailed, fmt.Errorf("run %s: another transform is at work on it; if it died, its lease ends within two minutes: then go on with: %s",
				result.Run, v.command("replay", result.Run))
		}
		return exitFailed, fmt.Errorf("run %s: not complete: %v", result.Run, result.Waiting)
	}
	r := result.Report
	if r == nil {
		var err error
		// The run is over; showing it should not fail because of a late Ctrl-C.
		if r, err = report.Load(context.WithoutCancel(ctx), v.store, result.Run); err != nil {
			return exitFailed, err
		}
	}
	return v.outcome(w, r)
}

// outcome shows a report and turns its state into an exit code.
func (v view) outcome(w world, r *report.Report) (int, error) {
	if err := v.show(w, r); err != nil {
		return exitFailed, err
	}
	switch r.State {
	case report.Done:
		return exitDone, nil
	case report.Held:
		w.say("held: a person should look at the reasons; exit code %d", exitHeld)
		return exitHeld, nil
	}
	w.say("failed: when the cause is corrected, go on with: %s", v.command("replay", staging.RunID(r.Run)))
	return exitFailed, nil
}
