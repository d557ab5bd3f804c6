package transform_test

import (
	"slices"
	"testing"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

const (
	run4 = staging.RunID("20261126T090000Z")
	run5 = staging.RunID("20261127T090000Z")
)

// reporting is the tiny organization with a second population of one user,
// which one run posted, under SWEEP=report.
func reporting(t *testing.T) (*rig, *clock) {
	t.Helper()
	r, c := newTinyRig(t)
	r.settings.Sweep = config.SweepReport
	r.settings.MaxShrinkPercent = 60
	r.org.AddPopulation(id("main"), pingonetest.Population{ID: id("others"), Name: "Others"})
	r.org.AddUser(id("main"), pingonetest.User{ID: id("fay"), Population: id("others"), Username: "fay"})
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, false)
	c.set(day2)
	return r, c
}

// removeOthers deletes the second population with its user.
func (r *rig) removeOthers() {
	r.org.RemoveUser(id("main"), id("fay"))
	r.org.HidePopulation(id("main"), id("others"))
}

const othersVanished = "populations: population:others of environment main was listed by an earlier run and is not now, and 1 users of this environment are gone"

// Where the settings let nothing be deleted, what a good run found to be gone
// is settled as if it were swept: later runs don't ask for it again. The
// report names it for as long as Authomize holds it.
func TestGoodRunSettlesWithoutSweep(t *testing.T) {
	t.Parallel()
	for _, mode := range []config.SweepMode{config.SweepReport, config.SweepNever} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			r, c := reporting(t)
			r.settings.Sweep = mode
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			r.wantState(r.mustTransform(run2), report.Done, false)
			asked := r.fake.Calls(oneUser)
			if asked != 2 {
				t.Errorf("%d users were asked for, want eve, for users and for role assignments", asked)
			}
			c.set(day3)
			r.fetch(run3)
			r.wantState(r.mustTransform(run3), report.Done, false)
			r.wantGone(run3, "user:eve")
			if n := r.fake.Calls(oneUser) - asked; n != 0 {
				t.Errorf("%d users were asked for once more", n)
			}
			r.wantSweeps()

			r.settings.Sweep = config.SweepApply
			r.fetch(run4)
			r.wantState(r.mustTransform(run4), report.Done, true)
			r.wantGone(run4, "user:eve")
			if got := r.held()["users"]; slices.Contains(got, "user:eve") || len(got) != 5 {
				t.Errorf("Authomize holds the users %v, want all but eve", got)
			}
		})
	}
}

// A held run under SWEEP=report holds until a person says that it is right,
// and deletes nothing then either.
func TestApprovalWithoutSweepSettles(t *testing.T) {
	t.Parallel()
	r, c := reporting(t)
	before := r.held()
	r.removeOthers()
	for _, run := range []staging.RunID{run2, run3} {
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Held, false, othersVanished)
	}
	posts := len(r.app.Posts())
	got, err := r.approve(run3)
	if err != nil || got.State != report.Done || got.Swept {
		t.Fatalf("got %+v, %v, want done, and nothing swept", got, err)
	}
	if rep := r.report(run3); rep.Sweep.ApprovedAt == nil || rep.Sweep.Swept || rep.Sweep.ModifiedBefore != nil || len(rep.Sweep.Held) != 1 {
		t.Errorf("report: sweep %+v; want approved, not swept, and the reason kept", rep.Sweep)
	}
	if n := len(r.app.Posts()); n != posts {
		t.Errorf("%d posts, want none after the %d before", n, posts)
	}
	r.wantSweeps()
	if after := r.held()["users"]; len(after) != len(before["users"]) {
		t.Errorf("Authomize holds %v, want as many as before", after)
	}

	c.set(day3)
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Done, false)
	r.wantGone(run4, "population:others", "user:fay")
	r.settings.Sweep = config.SweepApply
	r.fetch(run5)
	r.wantState(r.mustTransform(run5), report.Done, true)
	if got := r.held()["users"]; slices.Contains(got, "user:fay") || len(got) != 5 {
		t.Errorf("Authomize holds the users %v, want all but fay", got)
	}
}

// A held run settles nothing, however often it comes, under no setting: a role
// that is limited to populations would sweep them on the second day.
func TestHeldRunSettlesNothing(t *testing.T) {
	t.Parallel()
	r, c := reporting(t)
	r.org.HidePopulation(id("main"), id("others"))
	for _, run := range []staging.RunID{run2, run3} {
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Held, false, othersVanished)
	}
	c.set(day3)
	r.settings.Sweep = config.SweepApply
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Held, false, othersVanished)
	r.wantSweeps()
}

// Who comes back is known again, and missed again.
func TestSettledUserComesBack(t *testing.T) {
	t.Parallel()
	r, c := reporting(t)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, false)
	r.org.AddUser(id("main"), person("eve"))
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, false)
	r.wantGone(run3)
	r.org.RemoveUser(id("main"), id("eve"))
	asked := r.fake.Calls(oneUser)
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Done, false)
	r.wantGone(run4, "user:eve")
	if n := r.fake.Calls(oneUser) - asked; n != 2 {
		t.Errorf("%d users were asked for, want eve again, for users and for role assignments", n)
	}
}

// What shrank since the last sweep holds until it was approved, under every
// setting.
func TestApprovalWithoutSweepIsBaseline(t *testing.T) {
	t.Parallel()
	r, c := holdRun2(t)
	r.settings.Sweep = config.SweepNever
	if got, err := r.approve(run2); err != nil || got.Swept {
		t.Fatalf("got %+v, %v", got, err)
	}
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, false)
	r.wantGone(run3, "user:dan", "user:eve")
	r.org.RemoveUser(id("main"), id("cy"))
	r.fetch(run4)
	r.wantState(r.mustTransform(run4), report.Held, false,
		"users shrank from 3 to 2 since run "+string(run3), "accountAssociations shrank from 9 to 7 since run "+string(run3))
	r.wantSweeps("23 09:29:00")
}
