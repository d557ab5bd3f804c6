package transform

import (
	"context"
	"fmt"
	"maps"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/sweep"
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

// note remembers the outcome. Later runs are compared with what was swept
// last; before the first sweep, with what was posted first.
func (t *transform) note(out *outcome) {
	m := t.notes
	m.Ended, m.Pass.Outcome = true, out
	if out.Swept || m.Swept.Run == "" {
		m.Swept = tally{Run: t.id, Counts: maps.Clone(out.Counts)}
	}
}
