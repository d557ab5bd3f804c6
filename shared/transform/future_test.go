package transform_test

import (
	"testing"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

const future = staging.RunID("20271123T090000Z")

// An operator mends a run id in the future as docs/operations.md says, "A run
// id in the future": newest.json is deleted, and transform.json left as it is,
// since .swept is absent (or put right, if it is there). What the future run
// settled must not make all that real runs find gone settled in advance.
func TestFutureRunSettlesNothingForEver(t *testing.T) {
	t.Parallel()
	r, c := reporting(t)
	r.fetch(future)
	r.wantState(r.mustTransform(future), report.Done, false)
	r.delete("state/newest.json") // .swept is absent: leave transform.json as it is
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, false)

	// The role is limited to the population people. Nobody was deleted.
	r.org.HidePopulation(id("main"), id("others"))
	c.set(day3)
	asked := r.fake.Calls(oneUser)
	r.settings.Sweep = config.SweepApply
	r.settings.MaxShrinkPercent = 50
	r.fetch(run3)
	got := r.mustTransform(run3)
	if n := r.fake.Calls(oneUser) - asked; n != 1 {
		t.Errorf("%d users were asked for, want fay", n)
	}
	r.wantState(got, report.Held, false, othersVanished)
	r.wantSweeps()
}

// The same with an app that was swept before, after `.swept.run = $run`.
func TestFutureRunUnderReportAfterSweeps(t *testing.T) {
	t.Parallel()
	r, c := reporting(t)
	r.settings.Sweep = config.SweepApply
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.settings.Sweep = config.SweepReport
	r.fetch(future)
	r.wantState(r.mustTransform(future), report.Done, false)
	r.delete("state/newest.json") // .swept names a real run: leave transform.json as it is
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, false)

	r.org.HidePopulation(id("main"), id("others"))
	c.set(day3)
	r.settings.Sweep = config.SweepApply
	r.settings.MaxShrinkPercent = 50
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Held, false, othersVanished)
}

// A future run that was approved under SWEEP=report is the baseline for ever,
// whatever is approved or swept after it.
func TestFutureApprovedIsBaselineForEver(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.settings.Sweep = config.SweepReport
	r.org.RemoveUser(id("main"), id("eve"))
	r.org.RemoveUser(id("main"), id("dan"))
	r.fetch(future)
	if got := r.mustTransform(future); got.State != report.Held {
		t.Fatalf("got %+v, want held: shrunk", got)
	}
	if _, err := r.approve(future); err != nil {
		t.Fatal(err)
	}
	r.delete("state/newest.json")
	r.settings.Sweep = config.SweepApply
	c.set(day3)
	r.org.RemoveUser(id("main"), id("cy")) // 3 → 2: held, approved
	r.fetch(run3)
	if got := r.mustTransform(run3); got.State != report.Held {
		t.Fatalf("got %+v, want held: shrunk", got)
	}
	if got, err := r.approve(run3); err != nil || !got.Swept {
		t.Fatalf("got %+v, %v", got, err)
	}
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Done, true)
}
