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
