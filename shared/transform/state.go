package transform

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// A progress is how far this invocation got.
type progress struct {
	from    int   // the kind where it took over
	offset  int64 // and the record
	first   int64 // where in the stream the upload began
	pending map[int64]authomize.BatchDone
	saved   time.Time // when the notes were written last
}

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
	x      *records.Index
	report *report.Report // what is said of the run when it ends

	skips    *skipper // what is approved
	progress progress // of this invocation
}

func (t *transform) acquire(ctx context.Context, run staging.RunID) (*staging.Lease, error) {
	return staging.Acquire(ctx, t.o.Store, staging.LeaseKey(run, ""), t.o.Holder, leaseTime, t.o.Now)
}

// release gives a lease back, so that a next try need not wait.
func (t *transform) release(ctx context.Context, lease *staging.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if err := lease.Release(ctx); err != nil {
		t.o.Log.WarnContext(ctx, "the lease could not be given back, and ends by itself", "err", err)
	}
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
		Confidence: s.Confidence, AdminEnvironment: s.AdminEnvironment, Self: t.run.Worker, Now: t.id.Time(),
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
	t.stored, t.progress.saved = t.notes.Pass.Begun, t.o.Now()
	return nil
}

// saveEvery is how often it is saved how far the posting is: what a killed
// transform posts twice is bounded by it.
const saveEvery = 10 * time.Second

// newReport is what can be said of a run from the first on.
func (t *transform) newReport() *report.Report {
	s := t.o.Settings
	r := &report.Report{
		Version: report.Version, Run: string(t.id), DryRun: t.dry, Narrowed: len(t.run.Only) > 0, AppID: s.AppID,
		Settings: report.Settings{
			AuthomizeURL: s.AuthomizeURL, MaxShrinkPercent: s.MaxShrinkPercent, MaxReadingAge: s.MaxAge.String(),
			ServiceAccounts: string(s.ServiceAccounts), RolePermissions: s.RolePermissions, Devices: s.Devices, Confidence: s.Confidence.String(),
		},
		Environments: []report.Environment{}, Warnings: []report.Warning{},
		Sweep: report.Sweep{Mode: string(s.Sweep), Held: []sweep.Reason{}},
	}
	if sum, err := programSum(); err == nil { // as good without it
		r.Program = sum
	}
	return r
}

// fillNames tells what people call the organization and its environments.
func fillNames(r *report.Report, x *records.Index) {
	if o := x.Organization(); !o.ID.IsZero() {
		r.Organization = &report.Name{ID: o.ID, Name: o.Name}
	}
	for _, e := range x.Environments() {
		r.Environments = append(r.Environments, report.Environment{ID: e.ID, Name: e.Name, Read: e.Read})
	}
}
