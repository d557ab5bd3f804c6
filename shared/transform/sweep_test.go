package transform_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
)

func TestFirstAndSecondRun(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.fetch(run1)
	got := r.mustTransform(run1)
	r.wantState(got, report.Done, true)
	want := map[string]int64{
		"users": 5, "serviceAccounts": 1, "groupings": 5, "privileges": 3, "assets": 4, "assetInheritance": 1,
		"groupingAssociations": 1, "accountAssociations": 13, "permissions": 4,
	}
	if diff := cmp.Diff(want, got.Posted); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
	r.wantHeld(tinyHoldings())
	r.wantPosts(tinyPosts...)
	r.wantSweeps("23 09:29:00")
	if at := r.report(run1).Sweep.ModifiedBefore; at == nil || !at.Equal(day1.Add(-60e9)) {
		t.Errorf("report says swept before %v", at)
	}
	r.wantGone(run1)
	before := r.bodies()

	c.set(day2)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantHeld(tinyHoldings())
	r.wantPosts(tinyPosts...)
	r.wantSweeps("23 09:29:00", "24 09:29:00")
	r.wantGone(run2)
	if diff := cmp.Diff(before, r.bodies()); diff != "" {
		t.Errorf("records of the second run (-first +second):\n%s", diff)
	}
}

func TestDeletedUserIsSwept(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantHeld(tinyHoldings().without("user:eve").with("accountAssociations"))
	r.wantSweeps("23 09:29:00", "24 09:29:00 users:1 accountAssociations:2")
	r.wantGone(run2, "user:eve")
	for _, k := range r.report(run2).Kinds { // memberships are not named, but counted
		if k.Kind == string(authomize.AccountAssociations) && (k.Before != 13 || k.Accepted != 11) {
			t.Errorf("report says %d %s before and %d now, want 13 and 11", k.Before, k.Kind, k.Accepted)
		}
	}

	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantGone(run3)
}

func TestSweepDeletesAllKinds(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	removeLeads(r.org)
	r.org.RemoveApplication(id("main"), id("sync"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	want := tinyHoldings()
	for _, gone := range []string{"group:leads", "client:sync", "application:sync", "role:envadmin@ENVIRONMENT:main"} {
		want = want.without(gone)
	}
	// What the permission of the application came from goes with it.
	want["permissions"] = []string{
		"all-users:main privilege:app-access application:wiki",
		"role:reader@POPULATION:people privilege:role:reader population:people",
	}
	want["groupingAssociations"] = nil
	delete(want, "groupingAssociations")
	r.wantHeld(want)
	r.wantGone(run2, "client:sync", "group:leads", "role:envadmin@ENVIRONMENT:main", "application:sync")
}

func TestSweepModes(t *testing.T) {
	t.Parallel()
	for _, mode := range []config.SweepMode{config.SweepReport, config.SweepNever} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.Sweep = mode
			r.settings.MaxShrinkPercent = 100
			r.fetch(run1)
			r.wantState(r.mustTransform(run1), report.Done, false)
			c.set(day2)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			r.wantState(r.mustTransform(run2), report.Done, false)
			r.wantGone(run2, "user:eve")

			c.set(day3)
			r.org.RemoveUser(id("main"), id("dan"))
			removeLeads(r.org)
			r.fetch(run3)
			r.wantState(r.mustTransform(run3), report.Done, false)
			r.wantGone(run3, "user:eve", "user:dan", "group:leads")
			r.wantHeld(tinyHoldings())
			r.wantSweeps()
			if got := r.report(run3).Sweep.Mode; got != string(mode) {
				t.Errorf("report says mode %q", got)
			}

			// Once sweeping is allowed, all of it goes, and is named.
			r.settings.Sweep = config.SweepApply
			o := r.options()
			o.Again = true
			r.wantState(r.run(run3, o), report.Done, true)
			r.wantGone(run3, "user:eve", "user:dan", "group:leads")
			r.wantSweeps("25 09:29:00 users:2 groupings:1 groupingAssociations:1 accountAssociations:5 permissions:1")
		})
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.fetch(run1)
	r.settings.DryRun = true
	got := r.mustTransform(run1)
	r.wantState(got, report.Done, false)
	for kind, n := range got.Posted {
		if n != 0 {
			t.Errorf("dry run says it posted %d %s", n, kind)
		}
	}
	rep := r.report(run1)
	if !rep.DryRun || rep.Totals.Mapped != 37 || rep.Totals.Posted != 0 || rep.Totals.Requests != 0 {
		t.Errorf("report: dry %t, totals %+v", rep.DryRun, rep.Totals)
	}
	if n := len(r.app.Requests()); n != 0 {
		t.Errorf("a dry run made %d requests", n)
	}
	if s := r.state(); len(s) != 0 {
		t.Errorf("a dry run left %v", s)
	}

	r.settings.DryRun = false
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantHeld(tinyHoldings())
	r.wantPosts(tinyPosts...)
	before := r.state()

	// A dry run on what was swept before says what would go, and keeps quiet.
	c.set(day2)
	r.settings.DryRun = true
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, false)
	r.wantGone(run2, "user:eve")
	r.wantHeld(tinyHoldings())
	r.wantPosts()
	if diff := cmp.Diff(before, r.state()); diff != "" {
		t.Errorf("state after a dry run (-before +after):\n%s", diff)
	}
	r.org.RemoveUser(id("main"), id("dan"))
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Held, false, "users shrank from 5 to 3 since run 20261123T090000Z, by more than 20 %",
		"accountAssociations shrank from 13 to 9")
}

// Two runs a day, so that the cut-off must not reach what the same run posted
// first, however long it took.
func TestCutoffIsTheFirstAcceptance(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	o.Client = &hooked{Authomize: o.Client, before: func(string) { c.set(c.now().Add(time10)) }}
	r.wantState(r.run(run1, o), report.Done, true)
	r.wantSweeps("23 09:39:00")
	r.wantHeld(tinyHoldings())
}

// A clock of Authomize's that is set back in mid-run makes the cut-off
// earlier, and nothing worse.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	o := r.options()
	o.Client = &hooked{Authomize: o.Client, before: func(kind string) {
		if kind == "assets" {
			c.set(day2.Add(-2 * time.Hour))
		}
	}}
	r.wantState(r.run(run2, o), report.Done, true)
	r.wantSweeps("23 09:29:00", "24 07:29:00 users:1 accountAssociations:2")
	r.wantHeld(tinyHoldings().without("user:eve"))
}

func TestNewUserIsNoneOfTheGone(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.AddUser(id("main"), person("fay"))
	r.org.UpdateUser(id("main"), id("bob"), func(u *pingonetest.User) { u.Username = "robert" })
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantGone(run2)
	r.wantHeld(tinyHoldings().with("users", "user:fay").with("accountAssociations", "user:fay all-users:main"))
}
