// Package transform turns a complete run into records, posts them to
// Authomize in order, asks whether they arrived, judges, and deletes what the
// run did not refresh.
package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// Run transforms a run if all of its collections are complete, it is the run's
// turn, and nobody else does. Without a run it is the open one. What trying
// again can't mend (a damaged part, a refused token) is a result with state
// failed; any other fault is an error, and trying again is harmless.
//
// staging.ErrUnknownRun means that nothing is staged under the run, ErrRefused
// that a person asks for a run that may not be posted any more, or not yet.
func Run(ctx context.Context, run staging.RunID, o Options) (Result, error) {
	if run == "" {
		open, err := staging.Current(ctx, o.Store)
		if errors.Is(err, staging.ErrNoRun) {
			return waiting("", nil), nil
		}
		if err != nil {
			return Result{}, err
		}
		run = open.Run
	}
	t, absent, err := open(ctx, run, o)
	switch {
	case err != nil:
		return Result{}, err
	case len(absent) > 0:
		t.o.Log.InfoContext(ctx, "waiting for collections", "waiting", absent)
		return waiting(run, absent), nil
	}
	if r, ended, err := t.endedBefore(ctx); err != nil || ended {
		return r, err
	}
	if t.dry {
		return t.end(ctx, t.work(ctx))
	}
	return t.leased(ctx)
}

// leased transforms the run if it may be posted and nobody else does.
func (t *transform) leased(ctx context.Context) (Result, error) {
	lease, err := t.acquire(ctx, t.id)
	if errors.Is(err, staging.ErrLeased) {
		t.o.Log.InfoContext(ctx, "waiting: another transform is at work", "err", err)
		return waiting(t.id, nil), nil
	}
	if err != nil {
		return Result{}, err
	}
	defer t.release(ctx, lease)
	// A redelivered event may have found the lease free because the work was
	// done in between.
	if r, ended, err := t.endedBefore(ctx); err != nil || ended {
		return r, err
	}
	held, stop := lease.Keep(ctx)
	defer stop()
	if err = t.mayPost(ctx); err == nil {
		err = t.work(held)
	}
	switch {
	case errors.Is(err, ErrRefused) && !t.o.ByPerson:
		t.o.Log.WarnContext(ctx, "the run is left alone", "err", err)
	case errors.Is(err, staging.ErrLeased) && !errors.Is(err, staging.ErrLeaseLost):
		t.o.Log.InfoContext(ctx, "waiting: the run before is still being posted", "err", err)
	default:
		return t.end(held, err)
	}
	return waiting(t.id, nil), nil
}

// endedBefore is the answer of a transform of the same run that came to its
// end, unless a person asks for another.
func (t *transform) endedBefore(ctx context.Context) (Result, bool, error) {
	if t.o.ByPerson {
		return Result{}, false, nil
	}
	rep, err := report.Load(ctx, t.o.Store, t.id)
	switch {
	case errors.Is(err, staging.ErrNotFound), errors.Is(err, staging.ErrCorrupt):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, err
	case rep.DryRun && !t.dry, rep.State != report.Done && rep.State != report.Held && rep.State != report.Failed:
		return Result{}, false, nil
	}
	if !rep.DryRun && rep.State != report.Failed {
		m, err := loadNotes(ctx, t.o.Store, t.id)
		if err != nil || m.Pass.Outcome == nil || !m.Pass.Begun.Equal(rep.StartedAt) {
			return Result{}, false, err // it is being transformed once more
		}
	}
	t.o.Log.InfoContext(ctx, "this run was transformed already", "state", rep.State)
	return resultOf(rep), true, nil
}

// open looks at a run. absent are the collections that are not complete.
func open(ctx context.Context, run staging.RunID, o Options) (t *transform, absent []staging.Collection, err error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler)).With("run", run)
	if o.Now == nil {
		o.Now = time.Now
	}
	o.SaveEvery = cmp.Or(o.SaveEvery, saveEvery)
	t = &transform{id: run, o: o}
	states, err := staging.States(ctx, o.Store, run)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range staging.Collections {
		if !states[c] {
			absent = append(absent, c)
		}
	}
	if t.run, err = staging.LoadRun(ctx, o.Store, run); err != nil {
		return nil, nil, fmt.Errorf("run %s: %w", run, err)
	}
	t.dry = o.Settings.DryRun || t.run.DryRun
	t.report = t.newReport()
	return t, absent, nil
}

// work does what is left to be done: it posts, judges, sweeps and reports.
func (t *transform) work(ctx context.Context) error {
	if t.snaps == nil {
		snaps, err := loadSnapshots(ctx, t.o.Store, t.id)
		if err != nil {
			return err
		}
		t.snaps = snaps
	}
	if err := t.recall(ctx); err != nil {
		return err
	}
	if err := t.loadIndex(ctx); err != nil {
		return err
	}
	if t.notes.Pass.Outcome != nil && !t.o.ByPerson {
		return nil // only its report is absent
	}
	if err := t.begin(ctx); err != nil {
		return err
	}
	if err := t.post(ctx); err != nil {
		return err
	}
	return t.conclude(ctx)
}
