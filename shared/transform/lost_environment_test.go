package transform_test

import (
	"testing"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// An environment that only a held run posted is no less lost than one that was
// read by the last run that was swept.
func TestHeldForEnvironmentOfAHeldRun(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.AddEnvironment(pingonetest.Environment{ID: id("side"), Name: "Side", Type: "SANDBOX", Region: "EU"})
	r.org.AddPopulation(id("side"), pingonetest.Population{ID: id("others"), Name: "Others"})
	r.org.AddUser(id("side"), pingonetest.User{ID: id("fay"), Population: id("others"), Username: "fay"})
	r.settings.Sweep = "never"
	r.fetch(run2)
	r.mustTransform(run2)
	held := r.held()

	r.settings.Sweep = "apply"
	c.set(day3)
	r.fetchUnder(run3, staging.Terms{}, []pingone.ID{id("main")})
	r.wantState(r.mustTransform(run3), report.Held, false, "environment side, of which an earlier run posted 1 users, is not in this run")
	r.wantHeld(held)
}
