package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// a transform is the work on one run.
type transform struct {
	id    staging.RunID
	o     Options
	run   staging.Run
	dry   bool
	snaps map[staging.Collection]*staging.Snapshot
	// notes are what was and is to be remembered. In a dry run they are not written.
	notes  *notes
	before *notes    // that they were made of; nil once they are written
	stored time.Time // Pass.Begun, as it was loaded or saved last
	saved  time.Time // when that was
	x      *records.Index
	report *report.Report // what is said of the run when it ends

	skips    *skipper // what is approved
	progress progress // of this invocation
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
	if t.notes.Pass.Outcome != nil && !t.o.Again {
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

func loadSnapshots(ctx context.Context, store staging.Store, run staging.RunID) (map[staging.Collection]*staging.Snapshot, error) {
	snaps := map[staging.Collection]*staging.Snapshot{}
	for _, c := range staging.Collections {
		snap, err := staging.Load(ctx, store, run, c)
		if err != nil {
			return nil, err
		}
		snaps[c] = snap
	}
	return snaps, nil
}

// loadIndex reads what must be known of the whole run, without what was
// approved away.
func (t *transform) loadIndex(ctx context.Context) error {
	x, err := records.Load(ctx, t.snaps, t.recordOptions(t.skips))
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	t.x = x
	fillNames(t.report, x)
	return nil
}

func (t *transform) recordOptions(skips *skipper) records.Options {
	s := t.o.Settings
	return records.Options{
		ServiceAccountsAsUsers: s.ServiceAccounts == config.ServiceAccountsAsUsers,
		RolePermissions:        s.RolePermissions, Devices: s.Devices, Skip: skips.skip,
	}
}

// errTaken ends the work of a transform whose run another one has begun anew.
var errTaken = errors.New("another transform has begun this run anew")

// save writes what is remembered, unless another transform has begun the run
// anew.
func (t *transform) save(ctx context.Context) error {
	if t.dry {
		return nil
	}
	t.notes.UpdatedAt = t.o.Now().UTC()
	err := staging.Update(ctx, t.o.Store, staging.TransformKey(t.id), func(m *notes) error {
		if begun := m.Pass.Begun; m.Version != 0 && !begun.Equal(t.stored) && !begun.Equal(t.notes.Pass.Begun) {
			return errTaken
		}
		*m = *t.notes
		return nil
	})
	if err != nil {
		return fmt.Errorf("save how far run %s is: %w", t.id, err)
	}
	t.stored, t.saved = t.notes.Pass.Begun, t.o.Now()
	return nil
}
