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
	r.holdOnce(run2)
	held := r.held()

	c.set(day3)
	r.fetchUnder(run3, staging.Terms{}, []pingone.ID{id("main")})
	r.wantState(r.mustTransform(run3), report.Held, false, "environment side, of which earlier runs posted 3 records, is not in this run")
	r.wantHeld(held)
}

// So is one without users.
func TestHeldForEnvironmentWithoutUsersOfAHeldRun(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.AddEnvironment(pingonetest.Environment{ID: id("side"), Name: "Side", Type: "SANDBOX", Region: "EU"})
	r.org.AddPopulation(id("side"), pingonetest.Population{ID: id("others"), Name: "Others"})
	r.holdOnce(run2)
	held := r.held()

	c.set(day3)
	r.fetchUnder(run3, staging.Terms{}, []pingone.ID{id("main")})
	r.wantState(r.mustTransform(run3), report.Held, false, "environment side, of which earlier runs posted 2 records, is not in this run")
	r.wantHeld(held)
}

// So is one of which PingOne let nothing be read but gateways and applications.
func TestHeldForEnvironmentOfWhichLittleWasRead(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.AddEnvironment(pingonetest.Environment{ID: id("side"), Name: "Side", Type: "SANDBOX", Region: "EU"})
	r.org.AddApplication(id("side"), pingonetest.Application{ID: id("shop"), Name: "Shop", Type: "WEB_APP", Protocol: "OPENID_CONNECT"})
	for _, list := range []string{"users", "groups", "populations"} {
		r.fake.Deny("/v1/environments/"+id("side").String()+"/"+list, 403, "ACCESS_FAILED")
	}
	r.holdOnce(run2)
	held := r.held()

	c.set(day3)
	r.settings.MaxShrinkPercent = 100
	r.fetchUnder(run3, staging.Terms{}, []pingone.ID{id("main")})
	r.wantState(r.mustTransform(run3), report.Held, false, "environment side, of which earlier runs posted 2 records, is not in this run")
	r.wantHeld(held)
}

// holdOnce makes a run that is held because a list was refused once.
func (r *rig) holdOnce(run staging.RunID) {
	r.t.Helper()
	const gateways = "/v1/environments/*/gateways"
	r.fake.Deny(gateways, 403, "ACCESS_FAILED")
	r.fetch(run)
	r.fake.Permit(gateways)
	if got := r.mustTransform(run); got.State != report.Held {
		r.t.Fatalf("got %+v, want held", got)
	}
}
