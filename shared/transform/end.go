package transform

import (
	"context"
	"errors"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

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
