package transform_test

import (
	"testing"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A person approves a loss under SWEEP=report; later all is back, in runs that
// nothing speaks against. A second loss of the same size must hold the first
// sweep: it is a new one.
func TestLossAfterRecoveryUnderReport(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	for i := range 40 {
		r.addTo("people", i)
		r.org.AddMember(id("main"), id("staff"), many("people", i))
	}
	r.firstRun(c)
	r.settings.Sweep = config.SweepReport
	for i := range 40 {
		r.org.RemoveMember(id("main"), id("staff"), many("people", i))
	}
	r.fetch(run2)
	if got := r.mustTransform(run2); got.State != report.Held {
		t.Fatalf("got %+v, want held: the associations shrank", got)
	}
	if _, err := r.approve(run2); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		r.org.AddMember(id("main"), id("staff"), many("people", i))
	}
	c.set(day3)
	for _, run := range []staging.RunID{run3, run4} {
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Done, false)
	}
	before := len(r.held()["accountAssociations"])

	r.settings.Sweep = config.SweepApply
	for i := range 40 {
		r.org.RemoveMember(id("main"), id("staff"), many("people", i))
	}
	c.set(day3.Add(48 * 3600e9))
	r.fetch(run5)
	got := r.mustTransform(run5)
	if got.State != report.Held {
		t.Errorf("got %s, swept %t: %d associations before, %d now; want held, for the same loss as in run2",
			got.State, got.Swept, before, len(r.held()["accountAssociations"]))
	}
}

// The advice of the reason itself: MAX_SHRINK_PERCENT=100 for one run. Under
// SWEEP=report the next run is held for the same, though the one between was
// good.
func TestMaxShrinkForOneRunUnderReport(t *testing.T) {
	t.Parallel()
	r, c := holdRun2(t)
	r.settings.Sweep = config.SweepReport
	r.settings.MaxShrinkPercent = 100
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, false)
	r.settings.MaxShrinkPercent = 20
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Done, false)
}

// Months of good runs under SWEEP=report are no baseline for the first sweep.
func TestFirstSweepAfterGoodReports(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	for i := range 40 {
		r.addTo("people", i)
		r.org.AddMember(id("main"), id("staff"), many("people", i))
	}
	r.settings.Sweep = config.SweepReport
	for _, run := range []staging.RunID{run1, run2, run3} {
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Done, false)
	}
	for i := range 40 {
		r.org.RemoveMember(id("main"), id("staff"), many("people", i))
	}
	c.set(day3)
	r.settings.Sweep = config.SweepApply
	r.fetch(run4)
	if got := r.mustTransform(run4); got.State != report.Held {
		t.Errorf("got %s, swept %t, sweeps %+v; want held, since run3 was good and had twice as many", got.State, got.Swept, r.app.Sweeps())
	}
}
