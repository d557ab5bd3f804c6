package transform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// twoEnvironments is tiny beside a second environment, in whose environment,
// population and application ann holds roles, one of them a role of its own.
func twoEnvironments(t *testing.T) (*rig, *clock) {
	t.Helper()
	r, c := newTinyRig(t)
	main, side := id("main"), id("side")
	r.org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side", Type: "SANDBOX", Region: "EU"})
	r.org.AddPopulation(side, pingonetest.Population{ID: id("others"), Name: "Others"})
	r.org.AddUser(side, pingonetest.User{ID: id("fay"), Population: id("others"), Username: "fay"})
	r.org.AddApplication(side, pingonetest.Application{ID: id("shop"), Name: "Shop", Type: "WEB_APP", Protocol: "OPENID_CONNECT"})
	r.org.AddRole(side, pingonetest.Role{ID: id("custom"), Name: "Keeper", Permissions: []pingonetest.Permission{{ID: "dir:read:user"}}})
	for _, a := range []pingonetest.RoleAssignment{
		{Role: id("custom"), ScopeType: "ENVIRONMENT", Scope: side},
		{Role: id("reader"), ScopeType: "POPULATION", Scope: id("others")},
		{Role: id("reader"), ScopeType: "APPLICATION", Scope: id("shop")},
	} {
		r.org.Assign(main, user("ann"), a)
	}
	return r, c
}

const narrowedReason = "this run was narrowed on purpose, to environment main: "

// A narrowed run posts what it read, touches nothing of the others, sweeps
// nothing whatever the settings say, and the next full run goes on where the
// last full one was.
func TestNarrowed(t *testing.T) {
	t.Parallel()
	r, c := twoEnvironments(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	before, held, baseline := r.bodies(), r.held(), r.state()["state/transform.json"]
	r.org.RemoveUser(id("main"), id("eve"))
	r.org.AddUser(id("main"), person("fred"))
	r.fetchUnder(run2, staging.Terms{Narrowed: true}, []pingone.ID{id("main")})
	r.wantState(r.mustTransform(run2), report.Held, false, narrowedReason)
	r.wantGone(run2)
	r.wantPosts(
		// What roles reach in the other environment is posted as it is remembered.
		"users 5", "serviceAccounts 1", "groupings 8", "privileges 4", "assets 7", "assetInheritance 1",
		"groupingAssociations 1", "accountAssociations 15", "permissions 7",
	)
	after := r.bodies()
	for kind, bodies := range before {
		for _, body := range bodies {
			if !slices.Contains(after[kind], body) {
				t.Errorf("%s: this was changed or is gone: %s", kind, body)
			}
		}
	}
	r.wantHeld(held.with("users", "user:fred").with("accountAssociations", "user:fred all-users:main"))
	if !strings.Contains(r.state()["state/transform.json"], baseline[:strings.Index(baseline, `"counts"`)][strings.Index(baseline, `"swept"`):]) {
		t.Error("a narrowed run took the place of the last one that was swept")
	}
	r.wantSweeps("23 09:29:00")
	if _, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) {
		t.Errorf("approving its sweep: got %v, want ErrNothingToApprove", err)
	}

	r.settings.MaxShrinkPercent = 20
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantGone(run3, "user:eve")
}

// Where nothing was posted before, what a narrowed run refers to is posted by
// its id, as in any run that can't read it.
func TestNarrowedFirst(t *testing.T) {
	t.Parallel()
	r, _ := twoEnvironments(t)
	r.fetchUnder(run1, staging.Terms{Narrowed: true}, []pingone.ID{id("main")})
	r.wantState(r.mustTransform(run1), report.Held, false, narrowedReason)
	want := []string{"application:shop", "application:sync", "application:wiki", "environment:main", "environment:side", "population:others", "population:people"}
	if diff := cmp.Diff(want, r.held()["assets"]); diff != "" {
		t.Errorf("assets (-want +got):\n%s", diff)
	}
}

// One collection that was narrowed is enough.
func TestNarrowedInPart(t *testing.T) {
	t.Parallel()
	r, c := twoEnvironments(t)
	r.firstRun(c)
	r.fetchUnder(run2, staging.Terms{Narrowed: true}, []pingone.ID{id("main"), id("side")}, staging.Gateways)
	r.fetch(run2, withoutGateways()...)
	r.wantState(r.mustTransform(run2), report.Held, false, "this run was narrowed on purpose, to environment ")
}

func withoutGateways() []staging.Collection {
	var all []staging.Collection
	for _, c := range staging.Collections {
		if c != staging.Gateways {
			all = append(all, c)
		}
	}
	return all
}

// A run that was read as a dry run is one, whoever asks for its transform, and
// if only one collection says so.
func TestDryByItsTerms(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	state := r.state()
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetchUnder(run2, staging.Terms{DryRun: true}, nil, staging.Gateways)
	r.fetch(run2, withoutGateways()...)
	for _, again := range []bool{false, false, true} {
		o := r.options()
		o.Again = again
		if got := r.run(run2, o); got.Swept || got.State != report.Done {
			t.Errorf("got %+v", got)
		}
	}
	if rep := r.report(run2); !rep.DryRun || rep.Totals.Posted != 0 || rep.Totals.Mapped == 0 {
		t.Errorf("report: dry run %t, %d posted, %d mapped", rep.DryRun, rep.Totals.Posted, rep.Totals.Mapped)
	}
	r.wantPosts()
	r.wantSweeps("23 09:29:00")
	if diff := cmp.Diff(state, r.state()); diff != "" {
		t.Errorf("what later runs compare with changed:\n%s", diff)
	}
	if _, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) {
		t.Errorf("approving its sweep: got %v, want ErrNothingToApprove", err)
	}
	r.fetch(run3)
	c.set(day3)
	r.wantState(r.mustTransform(run3), report.Done, true)
}
