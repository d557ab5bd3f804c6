package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transport"
)

// conclude judges what was posted, sweeps if nothing speaks against it, and
// notes the outcome for the report and for later runs.
func (t *transform) conclude(ctx context.Context) error {
	var shown []sweep.Shown
	if !t.dry && t.o.Settings.Sweep != config.SweepNever {
		var err error
		if shown, err = t.readBack(ctx); err != nil {
			return err
		}
	}
	e, err := t.evidence(ctx)
	if err != nil {
		return err
	}
	e.Shown = shown
	out := &outcome{State: report.Done, Held: sweep.Judge(e), Counts: e.Now, Before: map[string]int64{}}
	for _, kind := range authomize.Kinds {
		out.Before[string(kind)] = e.Before.Of(string(kind))
	}
	if len(out.Held) > 0 {
		out.State = report.Held
	}
	if !t.dry {
		out.Cutoff = t.cutoff()
		if err := t.sweep(ctx, out); err != nil {
			return err
		}
	}
	out.At = t.o.Now().UTC()
	t.note(out)
	return t.save(ctx)
}

// sweep deletes what was not refreshed, or where the settings delete nothing
// says what would go.
func (t *transform) sweep(ctx context.Context, out *outcome) error {
	switch {
	case t.o.Settings.Sweep != config.SweepApply && !out.Cutoff.IsZero():
		goes, err := older(ctx, t.o.Client, out.Cutoff)
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			t.o.Log.WarnContext(ctx, "Authomize can't be asked what a sweep would delete: the report does not list it", "err", err)
		}
		out.Goes = goes
	case t.o.Settings.Sweep == config.SweepApply && out.State == report.Done:
		receipt, err := t.o.Client.Sweep(ctx, out.Cutoff)
		if err != nil {
			return fmt.Errorf("all records are posted, but the sweep failed: %w", err)
		}
		out.Swept, out.RequestID = true, receipt.RequestID
	}
	return nil
}

// older counts what the app holds from before a moment.
func older(ctx context.Context, client Authomize, before time.Time) ([]report.Gone, error) {
	var all []report.Gone
	for _, kind := range authomize.SweptKinds {
		g := report.Gone{Kind: string(kind)}
		for key, err := range client.Older(ctx, kind, before) {
			if err != nil {
				return nil, err
			}
			g.Add(key)
		}
		if g.Count > 0 {
			all = append(all, g)
		}
	}
	return all, nil
}

// note remembers the outcome. Later runs are compared with what was swept
// last; before the first sweep, with what was posted first.
func (t *transform) note(out *outcome) {
	m := t.notes
	m.Ended, m.Pass.Outcome = true, out
	if out.Swept || m.Swept.Run == "" {
		m.Swept = tally{Run: t.id, Counts: maps.Clone(out.Counts)}
	}
}

// end writes the report and makes the answer.
func (t *transform) end(ctx context.Context, err error) (Result, error) {
	late := isOutOfTime(ctx, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	switch {
	case late && !t.dry && t.notes != nil && !t.stored.IsZero():
		return t.pause(ctx)
	case err != nil && !isFinal(err):
		return Result{}, err
	}
	if ferr := t.finish(ctx, err); ferr != nil {
		return Result{}, errors.Join(err, ferr)
	}
	return t.answer(ctx, err)
}

// answer saves the report, but that of a dry run not over one of a posting.
func (t *transform) answer(ctx context.Context, cause error) (Result, error) {
	before, err := report.Load(ctx, t.o.Store, t.id)
	if err != nil && !errors.Is(err, staging.ErrNotFound) && !errors.Is(err, staging.ErrCorrupt) {
		return Result{}, errors.Join(cause, err)
	}
	if err != nil || !t.dry || before.DryRun {
		if err := report.Save(ctx, t.o.Store, t.id, t.report); err != nil {
			return Result{}, errors.Join(cause, err)
		}
	}
	t.summarize(ctx, cause)
	result := resultOf(t.report)
	result.Report, result.Cause = t.report, cause
	return result, nil
}

// pause saves how far the work is, for the next invocation.
func (t *transform) pause(ctx context.Context) (Result, error) {
	p, r := &t.notes.Pass, waiting(t.id, nil)
	r.Unfinished = true
	r.Progressed = p.Kind != t.progress.from || p.Offset != t.progress.offset || !p.AskedSince.IsZero()
	if r.Progressed {
		if err := t.save(ctx); err != nil {
			return Result{}, err
		}
	}
	t.o.Log.WarnContext(ctx, "unfinished: out of time", "kinds_done", p.Kind, "records", p.Offset, "asked_since", p.AskedSince)
	return r, nil
}

// isOutOfTime tells whether err says that the invocation's time is over, or
// that somebody ended it; not that the lease was lost.
func isOutOfTime(ctx context.Context, err error) bool {
	if err == nil || errors.Is(err, staging.ErrLeaseLost) {
		return false
	}
	return errors.Is(err, transport.ErrOutOfTime) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}

// isFinal tells whether trying again would end the same way.
func isFinal(err error) bool {
	return slices.ContainsFunc([]error{
		staging.ErrCorrupt, authomize.ErrUnauthorized, authomize.ErrForbidden, authomize.ErrBlocked, authomize.ErrNoApp,
		authomize.ErrInvalid, authomize.ErrRedirect, pingone.ErrBadPage,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// summarize writes the run's one line.
func (t *transform) summarize(ctx context.Context, err error) {
	r := t.report
	attrs := []any{
		"state", r.State, "dry_run", r.DryRun, "read", r.Totals.Records, "posted", r.Totals.Posted, "accepted", r.Totals.Accepted,
		"quarantined", r.Totals.Quarantined, "carried", r.Totals.Carried, "swept", r.Sweep.Swept, "reasons", len(r.Sweep.Held), // whose texts may hold names
		"calls", r.Totals.Calls, "elapsed_ms", r.ElapsedMs,
	}
	switch {
	case err != nil:
		t.o.Log.ErrorContext(ctx, "run failed", append(attrs, "err", err)...)
	case r.State == report.Held:
		t.o.Log.WarnContext(ctx, "run held: all was posted, nothing was swept", attrs...)
	default:
		t.o.Log.InfoContext(ctx, "run done", attrs...)
	}
}
