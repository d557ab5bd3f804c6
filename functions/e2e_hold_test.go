package functions_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

var (
	smallEnvironment = pingonetest.StableID("small", "environment")
	smallGroup       = pingonetest.StableID("small", "group")
	smallGateway     = pingonetest.StableID("small", "gateway")
	smallLeaver      = pingonetest.StableID("small", "user 3")
)

// small is an organization with one of everything.
func small() *pingonetest.Organization {
	o := pingonetest.NewOrganization("Small")
	env, population := smallEnvironment, pingonetest.StableID("small", "population")
	created := time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)
	o.AddEnvironment(pingonetest.Environment{ID: env, Name: "Main", Type: "PRODUCTION", Region: "EU", CreatedAt: created})
	o.AddPopulation(env, pingonetest.Population{ID: population, Name: "People", Default: true, CreatedAt: created})
	for i := range 40 {
		name := fmt.Sprintf("person.%03d", i)
		o.AddUser(env, pingonetest.User{
			ID: pingonetest.StableID("small", fmt.Sprintf("user %d", i)), Population: population, CreatedAt: created,
			Username: name, Email: name + "@small.example", Given: "Person", Family: fmt.Sprintf("Number%03d", i),
		})
	}
	o.AddGroup(env, pingonetest.Group{ID: smallGroup, Name: "Team", Members: []int32{0, 1, 2, 3, 4}, CreatedAt: created})
	worker := pingonetest.StableID("small", "worker")
	o.Client = worker
	o.AddApplication(env, pingonetest.Application{
		ID: worker, Name: "Connector", Type: "WORKER", Protocol: "OPENID_CONNECT", GrantTypes: []string{"CLIENT_CREDENTIALS"},
		AuthMethod: "CLIENT_SECRET_BASIC", AccessRole: "ADMIN_USERS_ONLY", CreatedAt: created,
	})
	o.AddApplication(env, pingonetest.Application{
		ID: pingonetest.StableID("small", "wiki"), Name: "Wiki", Type: "WEB_APP", Protocol: "SAML", CreatedAt: created,
		AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{smallGroup},
	})
	o.AddGateway(env, pingonetest.Gateway{ID: smallGateway, Name: "Cellar", Type: "LDAP", CreatedAt: created})
	role := pingonetest.RoleAssignment{Role: pingonetest.RoleID("Configuration Read Only"), ScopeType: "ENVIRONMENT", Scope: env}
	o.Assign(env, pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: worker}, role)
	o.Assign(env, pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: smallGateway}, role)
	o.Assign(env, pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: smallGroup}, role)
	return o
}

// A collection that PingOne refuses is posted as far as it is known, and
// nothing is swept, although a user is gone that could be.
func TestRefusedCollectionHoldsTheSweep(t *testing.T) {
	t.Parallel()
	tests := []struct {
		deny       string // below the environment
		collection staging.Collection
		role       string
		recovers   bool // also run with the right given back
	}{
		{"/gateways", staging.Gateways, "Configuration Read Only", true},
		{"/applications", staging.Applications, "Configuration Read Only", false},
		{"/populations", staging.Populations, "Identity Data Read Only", false},
		{"/groups", staging.Groups, "Identity Data Read Only", false},
		{"/users", staging.Users, "Identity Data Read Only", true},
		{"/groups/*/roleAssignments", staging.RoleAssignments, "Identity Data Read Only", false},
		{"/gateways/*/roleAssignments", staging.RoleAssignments, "Configuration Read Only", false},
	}
	for _, tt := range tests {
		t.Run(strings.TrimPrefix(tt.deny, "/"), func(t *testing.T) {
			t.Parallel()
			d := deploy(t, small())
			if a := d.sync(run1); a.State != "done" || !a.Swept {
				t.Fatalf("the first run answered %+v", a)
			}
			before := d.held()
			d.org.RemoveUser(smallEnvironment, smallLeaver)
			d.pingone.Deny("/v1/environments/*"+tt.deny, 403, "ACCESS_FAILED")
			d.clock.set(run2)
			a := d.sync(run2)
			if a.State != "held" || a.Swept {
				t.Errorf("answer %+v, want held", a)
			}
			d.checkHeld(run2, tt.collection, tt.role, a.Held)
			if n := len(d.authomize.Sweeps()); n != 1 {
				t.Errorf("%d sweeps, want that of the first run only", n)
			}
			if diff := cmp.Diff(before, d.held()); diff != "" {
				t.Errorf("what Authomize holds before (-) and after (+):\n%s", diff)
			}

			if !tt.recovers {
				return
			}
			d.pingone.Permit("/v1/environments/*" + tt.deny)
			d.clock.set(run3)
			if a := d.sync(run3); a.State != "done" || !a.Swept {
				t.Errorf("with the right given back: %+v", a)
			}
			d.checkRecords(expect(d.org))
		})
	}
}

// checkHeld asserts that answer and report name what was refused and which
// role is missing on which environment.
func (d *deployment) checkHeld(run staging.RunID, c staging.Collection, role string, held []string) {
	d.t.Helper()
	want := "grant the worker application the role " + role + " on environment " + smallEnvironment.String()
	r := d.report(run)
	if r.State != report.Held || r.Sweep.Swept || r.Totals.Unread == 0 {
		d.t.Errorf("report: state %s, %d unread, %+v", r.State, r.Totals.Unread, r.Sweep)
	}
	if diff := cmp.Diff(r.Sweep.Held, held); diff != "" {
		d.t.Errorf("reasons of report and answer:\n%s", diff)
	}
	names := func(reason string) bool {
		return strings.HasPrefix(reason, string(c)+": ") && strings.Contains(reason, "403 ACCESS_FAILED") && strings.Contains(reason, want)
	}
	if !slices.ContainsFunc(held, names) {
		d.t.Errorf("no reason for %s says %q: %q", c, want, held)
	}
	for _, collection := range r.Collections {
		if collection.Name == string(c) && (len(collection.Unread) == 0 || collection.Unread[0].Advice != want) {
			d.t.Errorf("report: %s has unread %+v, want the advice %q", c, collection.Unread, want)
		}
	}
	if page := string(d.mustObject(prefix + "/" + staging.ReportPageKey(run))); !strings.Contains(page, want) {
		d.t.Errorf("report.html does not say %q", want)
	}
}

// held are the bodies of all that Authomize has.
func (d *deployment) held() map[authomize.Kind][]string {
	all := map[authomize.Kind][]string{}
	for _, kind := range authomize.Kinds {
		for _, raw := range d.authomize.Records(kind) {
			all[kind] = append(all[kind], string(raw))
		}
	}
	return all
}

func TestIncompleteRunWaits(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	others := slices.DeleteFunc(slices.Clone(staging.Collections), func(c staging.Collection) bool {
		return c == staging.Groups || c == staging.Gateways
	})
	d.fetch(run1, others...)
	want := transformAnswer{Run: string(run1), State: "waiting", Posted: map[string]int64{}, Missing: []string{"groups", "gateways"}}
	for _, event := range append(d.completeEvents(run1), onDemand(t, run1, false)) {
		if diff := cmp.Diff(want, d.mustTransform(d.function("transform"), event)); diff != "" {
			t.Errorf("answer to %s (-want +got):\n%s", event, diff)
		}
	}
	d.nothingPosted()
	if slices.Contains(d.keys(run1), prefix+"/"+staging.ReportKey(run1)) {
		t.Error("there is a report of a run that waits")
	}
	d.fetch(run1, staging.Groups, staging.Gateways)
	if a := d.mustTransform(d.function("transform"), d.completeEvents(run1)[0]); a.State != "done" {
		t.Errorf("once complete: %+v", a)
	}
	d.checkRecords(expect(d.org))
}

func TestDryRunPostsNothing(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	want := expect(d.org)
	d.fetch(run1)
	none := maps.Clone(want.counts())
	for kind := range none {
		none[kind] = 0
	}
	dry := d.start("transform", map[string]string{"DRY_RUN": "true"})
	for name, a := range map[string]transformAnswer{
		"DRY_RUN=true":             d.mustTransform(dry, d.completeEvents(run1)[0]),
		"dryRun of an event":       d.mustTransform(d.function("transform"), onDemand(t, run1, true)),
		"DRY_RUN=true, once again": d.mustTransform(dry, onDemand(t, run1, false)),
	} {
		if diff := cmp.Diff(transformAnswer{Run: string(run1), State: "done", Posted: none}, a); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", name, diff)
		}
	}
	if n := len(d.authomize.Requests()); n != 0 {
		t.Errorf("%d requests to Authomize, want none", n)
	}
	r := d.report(run1)
	mapped := map[string]int64{}
	for _, k := range r.Kinds {
		if k.Mapped > 0 {
			mapped[k.Kind] = k.Mapped
		}
	}
	if diff := cmp.Diff(want.counts(), mapped); diff != "" || !r.DryRun || r.Sweep.Swept {
		t.Errorf("report: dry run %t, swept %t, mapped (-want +got):\n%s", r.DryRun, r.Sweep.Swept, diff)
	}

	// A dry run is no reason not to do it in earnest.
	if a := d.mustTransform(d.function("transform"), d.completeEvents(run1)[0]); a.State != "done" || !a.Swept {
		t.Errorf("after the dry run: %+v", a)
	}
	d.checkRecords(want)
}

// Two invocations of every fetch function at once, and a transform that is
// asked for a second time: all is as if each had run once.
func TestEverythingTwice(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	want := expect(d.org)
	var group sync.WaitGroup
	for _, c := range staging.Collections {
		event := syncRequested(t, string(c), run1)
		for range 2 {
			f := d.start(string(c), nil)
			group.Go(func() {
				payload, failure := d.invoke(f, event)
				// Who lost the race for a commit may say so; Lambda tries again.
				if failure != "" && !strings.Contains(failure, staging.ErrConflict.Error()) {
					t.Errorf("%s: %s", c, failure)
				}
				if failure == "" {
					answerOf[fetchAnswer](t, payload, "complete")
				}
			})
		}
	}
	group.Wait()
	d.fetch(run1)
	began := d.clock.set(run1)
	if a := d.mustTransform(d.function("transform"), d.completeEvents(run1)[0]); a.State != "done" || !a.Swept {
		t.Errorf("answer %+v", a)
	}
	d.checkRecords(want)
	d.checkSweep(0, began, nil)

	// On demand the same run is posted again.
	posts := len(d.authomize.Posts())
	if a := d.mustTransform(d.function("transform"), onDemand(t, run1, false)); a.State != "done" || !a.Swept {
		t.Errorf("answer on demand %+v", a)
	}
	d.checkRecords(want)
	if diff := cmp.Diff(want.counts(), d.posted(posts)); diff != "" {
		t.Errorf("records posted on demand (-want +got):\n%s", diff)
	}
	for _, s := range d.authomize.Sweeps() {
		if len(s.Deleted) > 0 {
			t.Errorf("swept %v", s.Deleted)
		}
	}
}

// One process serves run after run, and a fetch function takes an event of
// each form.
func TestFormsOfEvents(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	f := d.function("populations")
	scheduled := sample(t, "populations")
	delete(scheduled, "detail")
	tests := []struct {
		name  string
		event []byte
		want  string // "" is a run of now
	}{
		{"sync requested", encode(t, sample(t, "populations")), "20261123T090000Z"},
		{"on demand", encode(t, sample(t, "on-demand")), "20261123T090000Z"},
		{"native event", encode(t, scheduled), "20261123T090001Z"},
		{"scheduled time", []byte(`{"scheduledTime":"2026-11-26T10:00:00+01:00"}`), "20261126T090000Z"},
		{"run", []byte(`{"run":"20261127T090000Z"}`), "20261127T090000Z"},
		{"nothing", []byte(`{}`), ""},
	}
	for _, tt := range tests {
		before := time.Now()
		a := d.mustFetch(f, tt.event)
		if !a.Complete || a.Records != 1 {
			t.Errorf("%s: %+v", tt.name, a)
		}
		if tt.want != "" && a.Run != tt.want {
			t.Errorf("%s: run %s, want %s", tt.name, a.Run, tt.want)
		}
		if tt.want == "" && (a.Run < string(staging.RunAt(before)) || a.Run > string(staging.RunAt(time.Now()))) {
			t.Errorf("%s: run %s is not of now", tt.name, a.Run)
		}
	}
}
