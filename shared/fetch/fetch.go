// Package fetch reads one collection of PingOne into a run: plan → read →
// carry → ask → seal. Each step goes on from the manifest where an
// earlier invocation ended. What a collection is stands in package collection;
// none is named here.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// Margin is the time that a caller should keep back between the deadline of
// the ctx it passes to Run and its own end.
const Margin = 30 * time.Second

// leaseTime is how long a reading may stand still before another may take over.
const leaseTime = 2 * time.Minute

// A Result is what a fetch function answers.
type Result struct {
	Run        staging.RunID      `json:"run"`
	Collection staging.Collection `json:"collection"`
	Pages      int                `json:"pages"`
	Records    int                `json:"records"`
	// Carried are the lists and single items that are as of an earlier run,
	// though they were due.
	Carried  int  `json:"carried"`
	Complete bool `json:"complete"`
	// Waiting are the inputs that are not complete.
	Waiting []staging.Collection `json:"waiting,omitempty"`
	// Progressed tells whether this invocation staged anything.
	Progressed bool `json:"-"`
	// Busy tells that another invocation is at work on it.
	Busy bool `json:"-"`
}

// Run reads a collection into the open run, or goes on with it, until it is
// complete or ctx ends; then what was read stays staged and the result is not
// complete, without an error. Another run than the open one is left alone, and
// so is a collection whose inputs are not complete, or that another invocation
// reads. Errors: ErrOutage, refused credentials, a store that fails,
// staging.ErrCorrupt; calling again goes on.
func Run(ctx context.Context, run staging.RunID, name staging.Collection, o Options) (Result, error) {
	of, err := collection.Of(name)
	if err != nil {
		return Result{}, err
	}
	o = o.filled()
	w, err := staging.Open(ctx, o.Store, run, name, staging.WithClock(o.Now))
	if err != nil {
		return Result{}, fmt.Errorf("open %s of run %s: %w", name, run, err)
	}
	if w.Manifest().Complete { // its last invocation may have died before complete.json
		return resultOf(w.Manifest(), true), w.Finish(ctx)
	}
	open, err := staging.IsOpen(ctx, o.Store, run)
	if err != nil || !open {
		return resultOf(w.Manifest(), false), err
	}
	in, waiting, err := inputs(ctx, run, of, o)
	if err != nil || len(waiting) > 0 {
		r := resultOf(w.Manifest(), false)
		r.Waiting = waiting
		return r, err
	}
	return leased(ctx, w, of, in, o)
}

// inputs loads what the collection is planned from.
func inputs(ctx context.Context, run staging.RunID, of *collection.Collection, o Options) (*collection.Inputs, []staging.Collection, error) {
	terms, err := staging.ReadJSON[staging.Run](ctx, o.Store, staging.RunKey(run))
	if err != nil {
		return nil, nil, fmt.Errorf("read the terms of run %s: %w", run, err)
	}
	in := &collection.Inputs{Run: terms, Devices: o.Devices, ApplicationRoles: o.ApplicationRoles, Snapshots: map[staging.Collection]*staging.Snapshot{}}
	var waiting []staging.Collection
	for _, name := range of.Inputs {
		snap, err := staging.Load(ctx, o.Store, run, name)
		switch {
		case errors.Is(err, staging.ErrIncomplete):
			waiting = append(waiting, name)
		case err != nil:
			return nil, nil, err
		default:
			in.Snapshots[name] = snap
		}
	}
	return in, waiting, nil
}

// leased reads the collection if nobody else does.
func leased(ctx context.Context, w *staging.Writer, of *collection.Collection, in *collection.Inputs, o Options) (Result, error) {
	m := w.Manifest()
	held := ctx
	if o.Holder != "" {
		lease, err := staging.Acquire(ctx, o.Store, staging.LeaseKey(m.Run, m.Collection), o.Holder, leaseTime, o.Now)
		if errors.Is(err, staging.ErrLeased) {
			o.Log.InfoContext(ctx, "another invocation is reading it", "run", m.Run, "collection", m.Collection, "err", err)
			r := resultOf(m, false)
			r.Busy = true
			return r, nil
		}
		if err != nil {
			return Result{}, err
		}
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
			defer cancel()
			if err := lease.Release(ctx); err != nil {
				o.Log.WarnContext(ctx, "the lease was not released; others wait until it expires", "collection", m.Collection, "err", err)
			}
		}()
		// What was read before the lease was taken may be old.
		if w, err = staging.Open(ctx, o.Store, m.Run, m.Collection, staging.WithClock(o.Now)); err != nil {
			return Result{}, err
		}
		var stop func()
		held, stop = lease.Keep(ctx)
		defer stop()
	}
	if w.Manifest().Complete {
		return resultOf(w.Manifest(), true), w.Finish(ctx)
	}
	r := &reading{of: of, in: in, stage: newStage(w, o)}
	return r.run(ctx, held)
}

// releaseTime is the time that giving a lease back may take.
const releaseTime = 3 * time.Second

// run reads what is left. held ends with ctx, and when the lease is lost.
func (r *reading) run(ctx, held context.Context) (Result, error) {
	err := r.steps(held)
	if isLost(held) {
		err = context.Cause(held)
	} else if isOutOfTime(ctx, err) {
		r.log.WarnContext(ctx, "unfinished: out of time, what was read stays", "pages", r.m.Pages)
		err = nil
	}
	done := err == nil && r.m.Complete
	r.report(ctx, done, err)
	result := resultOf(r.m, done)
	result.Progressed = r.progressed
	return result, err
}

// isOutOfTime tells whether err only says that ctx ended, or that a pause
// would have outlasted it.
func isOutOfTime(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, transport.ErrOutOfTime) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx)))
}

// steps are the order of the work. Each begins where the manifest says.
func (r *reading) steps(ctx context.Context) error {
	if err := r.planned(ctx); err != nil {
		return fmt.Errorf("plan %s: %w", r.of.Name, err)
	}
	for _, step := range []struct {
		phase staging.Phase
		work  func(context.Context) error
	}{
		{staging.PhaseRead, r.read},
		{staging.PhaseCarry, r.carry},
		{staging.PhaseAsk, r.ask},
		{staging.PhaseSeal, r.seal},
	} {
		if r.m.Phase != step.phase {
			continue
		}
		if err := step.work(ctx); err != nil {
			return fmt.Errorf("%s %s: %w", step.phase, r.of.Name, err)
		}
	}
	return nil
}

func resultOf(m *staging.Manifest, complete bool) Result {
	r := Result{Run: m.Run, Collection: m.Collection, Pages: m.Pages, Records: m.Records, Complete: complete}
	for _, c := range m.Carried {
		if c.Reason != staging.NotDue {
			r.Carried += c.Lists + c.Items
		}
	}
	return r
}
