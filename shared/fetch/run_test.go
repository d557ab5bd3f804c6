package fetch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// asked counts the calls since the log was reset, but for those of our own
// rights and of the witnesses.
func (r *rig) asked() map[string]int {
	calls := map[string]int{}
	for _, q := range r.fake.Requests() {
		if strings.HasSuffix(q.Path, r.fake.ClientID+"/roleAssignments") || strings.HasSuffix(q.Path, "/token") {
			continue
		}
		calls[q.Path+"?"+q.Query]++
	}
	r.fake.ResetLog()
	return calls
}

// No list is read twice in a run, and a later run asks for nothing that it need
// not ask for.
func TestEachListOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.sync()
	for path, n := range r.asked() {
		if n > 1 && !strings.HasPrefix(path, "/v1/environments/"+env.String()+"/populations?") { // once more to count the users
			t.Errorf("%d times: %s", n, path)
		}
	}
	r.sync()
	later := r.asked()
	sorts := map[string]int{}
	for path, n := range later {
		list := path[:strings.IndexByte(path, '?')]
		sorts[list[strings.LastIndexByte(list, '/')+1:]] += n
	}
	want := map[string]int{
		"environments": 1, "populations": 2, "groups": 2, "applications": 1, "gateways": 1, "roles": 2, "adminConfig": 1,
		// Two populations, both questions of the dynamic group, and the one list of
		// members for which the feed is not worth its two calls.
		"users": 5, "activities": 2, "roleAssignments": 2, r.org.ID.String(): 1,
	}
	if diff := cmp.Diff(want, sorts); diff != "" {
		t.Errorf("calls of a later run (-want +got):\n%s", diff)
	}
}

// What is refused since a right lacks that not everyone has holds nothing, and is
// nothing to be told of.
func TestOptionalList(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.org.Environment(env).AdminConfig = nil
	s := r.sync()
	if c := s.complete[staging.Roles]; len(c.Carried) > 0 || len(c.NeverRead) > 0 {
		t.Errorf("carried %+v, never read %+v", c.Carried, c.NeverRead)
	}
}

// A field of another type hides no item: what hangs on it is asked for.
func TestOddFieldsOfInputs(t *testing.T) {
	t.Parallel()
	for _, odd := range []struct{ match, from, to string }{
		{"/v1/environments/*/groups", `"name":"Staff"`, `"name":{"text":"Staff"}`},
		{"/v1/environments/*/groups", `"directMemberCounts":{`, `"directMemberCounts":{"users":[],`},
		{"/v1/environments", `"name":"Workforce"`, `"name":["Workforce"]`},
		{"/v1/environments/*/applications", `"name":"Robot"`, `"name":[]`},
	} {
		r := newRig(t, small())
		r.fake.Inject(pingonetest.Fault{Match: odd.match, Times: -1, Do: pingonetest.FaultEdit, Edit: func(body string) string {
			return strings.Replace(body, odd.from, odd.to, 1)
		}})
		s := r.sync()
		if n := len(s.held[staging.Memberships]); n != 47 {
			t.Errorf("%s: %d memberships are read, want 47", odd.to, n)
		}
		if n := len(s.held[staging.RoleAssignments]); n != 3+2 { // and our worker's own
			t.Errorf("%s: %d role assignments are read, want 5", odd.to, n)
		}
	}
}

// A function whose inputs are not complete waits, and one of another run than
// the open one does nothing.
func TestWaitsForItsInputs(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	run := r.open()
	result, err := fetch.Run(t.Context(), run, staging.Users, r.options())
	want := fetch.Result{Run: run, Collection: staging.Users, Waiting: []staging.Collection{staging.Environments, staging.Populations}}
	if diff := cmp.Diff(want, result); diff != "" || err != nil {
		t.Errorf("got %v (-want +got):\n%s", err, diff)
	}
	r.read(run, staging.Environments)
	r.end(run)
	next := r.open()
	result, err = fetch.Run(t.Context(), run, staging.Populations, r.options())
	if diff := cmp.Diff(fetch.Result{Run: run, Collection: staging.Populations}, result); diff != "" || err != nil {
		t.Errorf("of a closed run: got %v (-want +got):\n%s", err, diff)
	}
	if calls := r.fake.Calls("/v1/environments/*/populations"); calls != 0 || next == run {
		t.Errorf("%d calls", calls)
	}
}

// A run for one environment carries the others, and the next run goes on with
// all of them.
func TestNarrowedRun(t *testing.T) {
	t.Parallel()
	other := id("environment two")
	org := small()
	addSmall(org, other, " two")
	org.SetRights(append(pingonetest.ReadRights(env), pingonetest.ReadRights(other)...)...)
	r := newRig(t, org)
	r.terms = staging.Run{Environments: []pingone.ID{env, other}} // each by its own path
	before := r.sync()
	org.RemoveUser(env, user(3))
	org.RemoveUser(other, id("user 3 two"))
	r.terms.Only = []pingone.ID{env}
	narrowed := r.sync()
	narrowed.is(staging.Users, user(3).String(), "absent")
	narrowed.is(staging.Environments, other.String(), "not-asked")
	narrowed.is(staging.Users, id("user 3 two").String(), "not-asked")
	for _, c := range collection.All {
		if c.Name != staging.Users && c.Name != staging.Memberships && len(narrowed.held[c.Name]) != len(before.held[c.Name]) {
			t.Errorf("%s: %d held, before %d", c.Name, len(narrowed.held[c.Name]), len(before.held[c.Name]))
		}
	}
	r.terms.Only = nil
	all := r.sync()
	all.is(staging.Users, id("user 3 two").String(), "absent")
	all.is(staging.Environments, other.String(), "read")
}

// The feed names whose roles are due; the others are as of the run before, and
// each comes in turn before its reading is too old.
func TestRolesByTheFeedAndByAge(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.sync()
	r.asked()
	assigned := r.org.Assign(env, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: user(9)}, onEmployees)
	second := r.sync()
	second.is(staging.RoleAssignments, tie("user", user(9), "roleAssignments", assigned.ID), "read")
	read := map[string]bool{}
	for range 28 { // 7 days
		for path := range r.asked() {
			if strings.Contains(path, "/users/") && strings.Contains(path, "/roleAssignments?") {
				read[path] = true
			}
		}
		last := r.sync()
		for _, c := range last.complete[staging.RoleAssignments].Carried {
			if age := r.clock().Sub(c.Oldest); age > r.maxAge+6*time.Hour {
				t.Errorf("a reading is %s old", age)
			}
		}
	}
	if len(read) != usersInSmall {
		t.Errorf("roles of %d users were read again within the age, want %d", len(read), usersInSmall)
	}
}

// Roles within applications are read where the settings ask for them: one call a
// role. Who holds one no more is gone once the user's own list says so.
func TestApplicationRoles(t *testing.T) {
	t.Parallel()
	approver, auditor := id("approver"), id("auditor")
	licensed := func() *pingonetest.Organization {
		o := small()
		o.AddApplicationRole(env, pingonetest.ApplicationRole{ID: approver, Name: "Approver", Holders: []pingone.ID{user(1), user(2), user(3)}})
		o.AddApplicationRole(env, pingonetest.ApplicationRole{ID: auditor, Name: "Auditor"})
		return o
	}
	holds := func(n int) string { return tie("applicationrole", approver, "assignments", user(n)) }
	holders := func(s *snapshots) []string { return s.keys(staging.ApplicationRoles) }

	r := newRig(t, licensed())
	if s := r.sync(); len(holders(s)) > 0 || r.fake.Calls("/v1/environments/*/applicationRoles") > 0 {
		t.Errorf("not asked for, and read: %q", holders(s))
	}
	r.appRoles = true
	s := r.sync()
	want := []string{holds(1), holds(2), holds(3)}
	slices.Sort(want)
	if diff := cmp.Diff(want, holders(s)); diff != "" {
		t.Errorf("holders (-want +got):\n%s", diff)
	}
	s.is(staging.Roles, approver.String(), "read")
	r.fake.ResetLog()
	r.org.LeaveApplicationRole(env, approver, user(1)) // is asked for by the user's own list
	r.org.RemoveUser(env, user(2))
	s = r.sync()
	s.is(staging.ApplicationRoles, holds(1), "absent")
	s.is(staging.ApplicationRoles, holds(2), "absent")
	s.is(staging.ApplicationRoles, holds(3), "read")
	if n := r.fake.Calls("/v1/environments/*/applicationRoles/*/assignments"); n > 3 {
		t.Errorf("%d calls for two roles", n)
	}
	lose := pingonetest.Fault{Match: "/v1/environments/*/applicationRoles/*/assignments", Times: -1, Do: pingonetest.FaultLose, LoseIf: func(id pingone.ID) bool { return id == user(3) }}
	r.fake.Inject(lose)
	s = r.sync()
	s.is(staging.ApplicationRoles, holds(3), "read") // by asking
	r.fake.Heal()
	r.fake.Deny("/v1/environments/*/applicationRoles", 403, "ACCESS_FAILED")
	r.fake.Deny("/v1/environments/*/applicationRoles/*/assignments", 403, "ACCESS_FAILED")
	s = r.sync()
	s.is(staging.ApplicationRoles, holds(3), "refused")
	s.is(staging.Roles, approver.String(), "refused")
	r.appRoles = false
	s = r.sync()
	if s.is(staging.Roles, approver.String(), "absent"); len(holders(s)) > 0 {
		t.Errorf("switched off, and held: %q", holders(s))
	}

	r = newRig(t, small()) // without a licence
	r.appRoles = true
	s = r.sync()
	if c := s.complete[staging.Roles]; len(holders(s)) > 0 || len(c.Carried) > 0 || len(c.NeverRead) > 0 {
		t.Errorf("without a licence: %q, carried %+v", holders(s), c.Carried)
	}
}

// Devices come in bulk; who may use MFA and has no row is asked for alone, and
// all are where there is no bulk reading.
func TestDevices(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		deny        bool
		bulk, users int // calls
	}{
		"in bulk": {false, 1, usersInSmall - 5},
		"refused": {true, 4, usersInSmall}, // by two looks, each 403 once more
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := small()
			for n := range 5 {
				org.AddDevice(env, user(n), pingonetest.Device{Type: "TOTP", Status: "ACTIVE"})
				org.AddDevice(env, user(n), pingonetest.Device{Type: "SMS", Status: "ACTIVE"})
			}
			r := newRig(t, org)
			r.devices = true
			if tt.deny {
				r.fake.Deny("/v1/environments/*/dataExplorations", 403, "ACCESS_FAILED")
			}
			r.sync()
			if got := r.fake.Calls("/v1/environments/*/dataExplorations"); got != tt.bulk {
				t.Errorf("%d calls of the exploration, want %d", got, tt.bulk)
			}
			if got := r.fake.Calls("/v1/environments/*/users/*/devices"); got != tt.users {
				t.Errorf("%d users were asked for, want %d", got, tt.users)
			}
		})
	}
}

// A reading that ages for long keeps one entry of our rights, not one a run.
func TestRightsThatStayAreKeptOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, small())
	r.sync()
	r.fake.Deny("/v1/environments/*/groups", 403, "ACCESS_FAILED")
	for range 3 {
		s := r.sync()
		if rights := s.complete[staging.Groups].Rights; len(rights) != 1 || rights[0].At.After(s.complete[staging.Groups].Carried[0].Oldest) {
			t.Errorf("the history of our rights: %+v", rights)
		}
	}
}
