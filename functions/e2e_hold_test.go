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

	"pingone-authomize/shared/collection"
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
	o.AddGateway(env, pingonetest.Gateway{ID: smallGateway, Name: "Cellar", Type: "LDAP"})
	role := pingonetest.RoleAssignment{Role: pingonetest.RoleID("Configuration Read Only"), ScopeType: "ENVIRONMENT", Scope: env}
	o.Assign(env, pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: worker}, role)
	o.Assign(env, pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: smallGateway}, role)
	o.Assign(env, pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: smallGroup}, role)
	return o
}

// A list that PingOne refuses stays as an earlier run read it, and holds
// nothing else: the run is done, and who left is gone.
func TestRefusedListKeepsItsReading(t *testing.T) {
	t.Parallel()
	tests := []struct {
		deny       string // below the environment
		collection staging.Collection
		role       string
	}{
		{"/applications", staging.Applications, "Configuration Read Only"},
		{"/groups/*/roleAssignments", staging.RoleAssignments, "Identity Data Read Only"},
	}
	for _, tt := range tests {
		t.Run(strings.TrimPrefix(tt.deny, "/"), func(t *testing.T) {
			t.Parallel()
			d := deploy(t, small())
			if a := d.sync(run1); a.State != "done" || !a.Swept {
				t.Fatalf("the first run answered %+v", a)
			}
			d.org.RemoveUser(smallEnvironment, smallLeaver)
			d.pingone.Deny("/v1/environments/*"+tt.deny, 403, "ACCESS_FAILED")
			d.clock.set(run2)
			if a := d.sync(run2); a.State != "done" || !a.Swept {
				t.Errorf("answer %+v, want done", a)
			}
			d.checkRefused(run2, tt.collection, tt.role)
			d.checkRecords(expect(d.org))

			d.pingone.Permit("/v1/environments/*" + tt.deny)
			d.clock.set(run3)
			if a := d.sync(run3); a.State != "done" || !a.Swept {
				t.Errorf("with the right given back: %+v", a)
			}
			d.checkRecords(expect(d.org))
		})
	}
}

// checkRefused asserts that the report names what was refused, since when it is
// not read, and which role is to be granted on which environment.
func (d *deployment) checkRefused(run staging.RunID, c staging.Collection, role string) {
	d.t.Helper()
	want := "grant the worker application"
	r := d.report(run)
	found := slices.IndexFunc(r.Carried, func(x report.Carried) bool { return x.Collection == string(c) && x.Reason == staging.Refused })
	if found < 0 {
		d.t.Fatalf("report: nothing of %s is refused: %+v", c, r.Carried)
	}
	x := r.Carried[found]
	if x.Status != 403 || x.Code != "ACCESS_FAILED" || x.Records == 0 || x.Oldest.IsZero() || !strings.Contains(x.Role, role) ||
		!strings.HasPrefix(x.Do, want) || !strings.Contains(x.Do, smallEnvironment.String()) {
		d.t.Errorf("report: %+v", x)
	}
	if page := string(d.mustObject(prefix + "/" + staging.ReportPageKey(run))); !strings.Contains(page, want) {
		d.t.Errorf("report.html does not say %q", want)
	}
}

func TestIncompleteRunWaits(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	// Nobody starts groups: three others wait for it, and transform for all four.
	answers := d.begin(run1, staging.Groups)
	if answers["users"].Run == "" || len(answers) != 8 {
		t.Fatalf("complete are %+v", answers)
	}
	absent := []string{"groups", "memberships", "roleassignments"}
	for _, name := range absent[1:] {
		a := d.mustFetch(d.function(name), objectCreated(t, d.bucket, prefix+"/"+staging.CompleteKey(run1, staging.Users)))
		if diff := cmp.Diff(fetchAnswer{Run: string(run1), Collection: name, Waiting: []string{"groups"}}, a); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}
	want := transformAnswer{Run: string(run1), State: "waiting", Posted: map[string]int64{}, Held: none, Waiting: absent}
	for _, event := range append(d.completeEvents(run1), onDemand(t, run1, false), hourly(t)) {
		if diff := cmp.Diff(want, d.mustTransform(d.function("transform"), event)); diff != "" {
			t.Errorf("answer to %s (-want +got):\n%s", event, diff)
		}
	}
	d.nothingPosted()
	if slices.Contains(d.keys(run1), prefix+"/"+staging.ReportKey(run1)) {
		t.Error("there is a report of a run that waits")
	}

	// The hourly event takes up what stands still, transform too.
	for _, name := range absent {
		if a := d.mustFetch(d.function(name), hourly(t)); !a.Complete || a.Run != string(run1) {
			t.Errorf("by the hourly event: %+v", a)
		}
	}
	if a := d.mustTransform(d.function("transform"), hourly(t)); a.State != "done" || a.Run != string(run1) {
		t.Errorf("once complete: %+v", a)
	}
	d.checkRecords(expect(d.org))
	if a := d.mustFetch(d.function("environments"), hourly(t)); a.Run != string(run1) {
		t.Errorf("the hourly event opens %+v", a)
	}
}

// hourly is the event of the second schedule.
func hourly(t *testing.T) []byte {
	t.Helper()
	event := sample(t, "environments")
	event["detail"].(map[string]any)["open"] = false
	event["detail"].(map[string]any)["scheduledTime"] = time.Now().UTC().Format(time.RFC3339)
	return encode(t, event)
}

func TestDryRunPostsNothing(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	want := expect(d.org)
	d.fetch(run1)
	nothing := maps.Clone(want.counts())
	for kind := range nothing {
		nothing[kind] = 0
	}
	dry := d.start("transform", map[string]string{"DRY_RUN": "true"})
	for name, a := range map[string]transformAnswer{
		"DRY_RUN=true":            d.mustTransform(dry, d.completeEvents(run1)[0]),
		"dryRun of an event":      d.mustTransform(d.function("transform"), onDemand(t, run1, true)),
		"DRY_RUN=true, once more": d.mustTransform(dry, onDemand(t, run1, false)),
	} {
		if diff := cmp.Diff(transformAnswer{Run: string(run1), State: "done", Posted: nothing, Held: none}, a); diff != "" {
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

// Every event reaches two processes of its function at once, and transform is
// asked for a second time: all is as if each had run once.
func TestEverythingTwice(t *testing.T) {
	t.Parallel()
	s := theSuite(t)
	d := deployOn(t, s, s.peer, small())
	want := expect(d.org)
	for _, c := range collection.All { // in the order of their inputs
		if c.Name == staging.RoleAssignments {
			continue
		}
		d.twice(c.Name)
	}
	d.twice(staging.RoleAssignments)
	began := d.clock.set(run1)
	if a := d.mustTransform(d.function("transform"), d.completeEvents(run1)[0]); a.State != "done" || !a.Swept {
		t.Errorf("answer %+v", a)
	}
	d.checkRecords(want)
	d.checkSweep(0, began, nil)

	// On demand the same run is posted once more.
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

// twice sends the schedule's event to two new processes at once, and then to
// the warm one, which finds the collection complete.
func (d *deployment) twice(c staging.Collection) {
	d.t.Helper()
	event := syncRequested(d.t, string(c), run1)
	var group sync.WaitGroup
	for range 2 {
		f := d.start(string(c), nil)
		group.Go(func() {
			payload, failure := d.invoke(f, event)
			// Who lost the race for a commit may say so; Lambda retries.
			if failure != "" && !strings.Contains(failure, staging.ErrConflict.Error()) {
				d.t.Errorf("%s: %s", c, failure)
			}
			if failure == "" {
				answerOf[fetchAnswer](d.t, payload, "complete")
			}
		})
	}
	group.Wait()
	if a := d.mustFetch(d.function(string(c)), event); !a.Complete || a.Run != string(run1) {
		d.t.Errorf("after two at once: %+v", a)
	}
}

// The root opens a run by an event of each form, once the one before has ended.
func TestFormsOfEvents(t *testing.T) {
	t.Parallel()
	d := deploy(t, small())
	f := d.function("environments")
	day := func(n int) (staging.RunID, string) {
		at := run1.Time().Add(time.Duration(n) * time.Hour)
		return staging.RunAt(at), at.Format(time.RFC3339)
	}
	sync0, _ := day(0)
	demand, _ := day(1)
	native, at2 := day(2)
	scheduled, at3 := day(3)
	named, _ := day(4)
	event := sample(t, "environments")
	delete(event, "detail")
	event["time"] = at2
	tests := []struct {
		name  string
		event []byte
		want  staging.RunID // "" is a run of now
	}{
		{"sync requested", syncRequested(t, "environments", sync0), sync0},
		{"on demand", onDemand(t, demand, false), demand},
		{"native event", encode(t, event), native},
		{"scheduled time", []byte(`{"scheduledTime":"` + at3 + `"}`), scheduled},
		{"run", []byte(`{"run":"` + string(named) + `"}`), named},
		{"nothing", []byte(`{}`), ""},
	}
	for _, tt := range tests {
		before := time.Now()
		a := d.mustFetch(f, tt.event)
		if !a.Complete || a.Records != 1 {
			t.Errorf("%s: %+v", tt.name, a)
		}
		if tt.want != "" && a.Run != string(tt.want) {
			t.Errorf("%s: run %s, want %s", tt.name, a.Run, tt.want)
		}
		if tt.want == "" && (a.Run < string(staging.RunAt(before)) || a.Run > string(staging.RunAt(time.Now()))) {
			t.Errorf("%s: run %s is not of now", tt.name, a.Run)
		}
		// While it is being read, no other one is opened.
		other := []byte(`{"run":"` + string(staging.RunAt(time.Now().Add(time.Minute))) + `"}`)
		if _, failure := d.invoke(f, other); !strings.Contains(failure, "run "+a.Run+" is being read") {
			t.Errorf("%s: another run meanwhile: %q", tt.name, failure)
		}
		d.replace(prefix+"/"+staging.ReportKey(staging.RunID(a.Run)), []byte(`{"state":"done"}`))
		if _, failure := d.invoke(f, []byte(`{"run":"`+a.Run+`"}`)); !strings.Contains(failure, "has ended (done)") {
			t.Errorf("%s: the same run once it ended: %q", tt.name, failure)
		}
	}
}
