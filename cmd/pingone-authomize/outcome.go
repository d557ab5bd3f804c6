package main

import (
	"context"
	"fmt"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// show prints a report, the command by which a person may overrule what it
// says, and where to read more.
func (s site) show(w world, r *report.Report) error {
	shown := *r
	next := ""
	switch codes := r.Approvable(); {
	case r.Approve != "":
		shown.Approve += s.flags
	case len(codes) > 0 && !r.DryRun:
		next = "\nto delete what is carried forward, if you know that it is gone:\n  " + r.ApproveCommand(codes...) + s.flags + "\n"
	}
	if err := report.Table(w.Stdout, &shown); err != nil {
		return fmt.Errorf("show the report: %w", err)
	}
	run := staging.RunID(r.Run)
	_, err := fmt.Fprintf(w.Stdout, "%s\nreport  %s\n        %s\n",
		next, s.locate(staging.ReportPageKey(run)), s.locate(staging.ReportKey(run)))
	return err
}

// conclude shows the report of a run that ended on this machine.
func (s site) conclude(ctx context.Context, w world, result transform.Result) (int, error) {
	if result.State == report.Waiting {
		if len(result.Waiting) == 0 {
			return exitFailed, fmt.Errorf("run %s: another transform is at work on it; if it died, its lease ends within two minutes: then go on with: %s",
				result.Run, s.command("replay", result.Run))
		}
		return exitFailed, fmt.Errorf("run %s: not complete: %v", result.Run, result.Waiting)
	}
	r := result.Report
	if r == nil {
		var err error
		// The run is over; showing it should not fail because of a late Ctrl-C.
		if r, err = report.Load(context.WithoutCancel(ctx), s.store, result.Run); err != nil {
			return exitFailed, err
		}
	}
	return s.outcome(w, r)
}

// outcome shows a report and turns its state into an exit code.
func (s site) outcome(w world, r *report.Report) (int, error) {
	if err := s.show(w, r); err != nil {
		return exitFailed, err
	}
	switch r.State {
	case report.Done:
		return exitDone, nil
	case report.Held:
		w.say("held: a person should look at the reasons; exit code %d", exitHeld)
		return exitHeld, nil
	}
	w.say("failed: when the cause is corrected, go on with: %s", s.command("replay", staging.RunID(r.Run)))
	return exitFailed, nil
}
