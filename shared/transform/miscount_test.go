package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A count of none is no proof that a group is empty: who was in it stays, and
// so do the groups within it.
func TestGroupsThatAreSaidToBeEmpty(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	r.org.Miscount(id("main"), id("leads"))
	r.org.Miscount(id("main"), id("staff"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantHeld(tinyHoldings())

	// What is really empty is asked once more, and after the sweep no more.
	r.org.RemoveMember(id("main"), id("leads"), id("ann"))
	for i, want := range []int{1, 0} {
		run := staging.RunID(fmt.Sprintf("2026112%dT090000Z", 5+i))
		c.set(run.Time())
		r.fake.ResetLog()
		r.fetch(run)
		asked := slices.DeleteFunc(r.fake.Requests(), func(q pingonetest.Request) bool {
			return !strings.HasSuffix(q.Path, "/users") || !strings.Contains(q.Query, id("leads").String())
		})
		if len(asked) != want {
			t.Errorf("run %s asked %d times who is in the empty group, want %d", run, len(asked), want)
		}
		r.wantState(r.mustTransform(run), report.Done, true)
		r.wantHeld(tinyHoldings().without("user:ann group:leads"))
	}
}

// A group that held users is in the list of groups, and was in none that the
// memberships read: PingOne lost it there, and denied it once.
func TestHeldForAGroupThatWasNotAsked(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"leads", "staff"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			others := slices.DeleteFunc(slices.Clone(staging.Collections), func(c staging.Collection) bool { return c == staging.Memberships })
			r.fetch(run2, others...)
			r.fake.Inject(
				pingonetest.Fault{Match: tinyEnvironment + "/groups", Times: -1, Do: pingonetest.FaultLose, Lose: id(lost)},
				pingonetest.Fault{Match: tinyEnvironment + "/groups/" + id(lost).String(), Do: pingonetest.FaultStatus, Status: 404, Code: "NOT_FOUND"},
			)
			r.fetch(run2, staging.Memberships)
			lists := map[string]int{"leads": 1, "staff": 2}[lost]
			r.wantState(r.mustTransform(run2), report.Held, false,
				fmt.Sprintf("memberships: %d lists of groups of environment main that held something in an earlier run were not read, though the groups are listed", lists))
			r.wantHeld(tinyHoldings())
		})
	}
}

// Nobody says how long the list of such a group is: one who is shown twice may
// stand for another.
func TestHeldForAMemberShownTwiceWhereNobodyCounts(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	r.org.Miscount(id("main"), id("staff"))
	r.fake.Inject(pingonetest.Fault{
		Match: tinyEnvironment + "/users", Query: id("staff").String(), Times: -1, Do: pingonetest.FaultEdit,
		Edit: func(body string) string { return strings.ReplaceAll(body, id("bob").String(), id("ann").String()) },
	})
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "memberships: 4 of 5 users of group staff were read")
	r.wantHeld(tinyHoldings())
}
