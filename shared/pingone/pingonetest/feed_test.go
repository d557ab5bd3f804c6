package pingonetest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// Each change is one event that names what changed, as shared/pingone reads it.
func TestEveryChangeNamesWhatItChanged(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	w := ids.Workforce
	id := func(name string) pingone.ID { return pingonetest.StableID("feed", name) }
	holder := func(kind pingone.Principal, id pingone.ID) pingone.Holder { return pingone.Holder{Kind: kind, ID: id} }
	worker := pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: ids.AppService}
	var a pingonetest.RoleAssignment
	tie := func(kind pingone.Principal, member, to pingone.ID) []pingone.Tie {
		return []pingone.Tie{{Holder: holder(kind, member), To: to}}
	}
	c := newClient(t, pingonetest.New(t, org))
	tests := []struct {
		action     string
		change     func()
		collection string // of an item
		item       pingone.ID
		membership []pingone.Tie
		env        pingone.ID // of the event; zero is Workforce
	}{
		{action: pingone.PopulationCreated, change: func() { org.AddPopulation(w, pingonetest.Population{ID: id("p"), Name: "P"}) }, collection: "populations", item: id("p")},
		{action: pingone.UserCreated, change: func() { org.AddUser(w, pingonetest.User{ID: id("u"), Population: id("p"), Username: "u"}) }, collection: "users", item: id("u")},
		{action: "USER.UPDATED", change: func() { org.UpdateUser(w, id("u"), func(u *pingonetest.User) { u.Title = "T" }) }, collection: "users", item: id("u")},
		{action: "USER.MOVED", change: func() { org.MoveUser(w, id("u"), ids.Employees) }, collection: "users", item: id("u")},
		{action: pingone.GroupCreated, change: func() { org.AddGroup(w, pingonetest.Group{ID: id("g"), Name: "G"}) }, collection: "groups", item: id("g")},
		{action: pingone.MemberAdded, change: func() { org.AddMember(w, id("g"), id("u")) }, membership: tie(pingone.UserPrincipal, id("u"), id("g"))},
		{action: pingone.MemberRemoved, change: func() { org.RemoveMember(w, id("g"), id("u")) }, membership: tie(pingone.UserPrincipal, id("u"), id("g"))},
		{action: pingone.MemberAdded, change: func() { org.Nest(w, id("g"), ids.Empty) }, membership: tie(pingone.GroupPrincipal, ids.Empty, id("g"))},
		{action: pingone.MemberRemoved, change: func() { org.Unnest(w, id("g"), ids.Empty) }, membership: tie(pingone.GroupPrincipal, ids.Empty, id("g"))},
		{action: pingone.UserDeleted, change: func() { org.RemoveUser(w, id("u")) }, collection: "users", item: id("u")},
		{action: pingone.GroupDeleted, change: func() { org.RemoveGroup(w, id("g")) }, collection: "groups", item: id("g")},
		{action: pingone.PopulationDeleted, change: func() { org.RemovePopulation(w, id("p")) }, collection: "populations", item: id("p")},
		{action: pingone.RoleCreated, change: func() { org.AddRole(w, pingonetest.Role{ID: id("r"), Name: "R"}) }, collection: "roles", item: id("r")},
		{action: pingone.RoleDeleted, change: func() { org.RemoveRole(w, id("r")) }, collection: "roles", item: id("r")},
		{action: "APPLICATION.UPDATED", change: func() {
			org.UpdateApplication(w, ids.AppService, func(a *pingonetest.Application) { a.Disabled = true })
		}, collection: "applications", item: ids.AppService},
		{action: pingone.RoleAssigned, change: func() {
			a = org.Assign(w, worker, pingonetest.RoleAssignment{Role: ids.ReadRole, ScopeType: "ENVIRONMENT", Scope: ids.Customers})
		}},
		{action: pingone.EnvironmentDeleted, change: func() { org.RemoveEnvironment(ids.Customers) }, collection: "environments", item: ids.Customers, env: ids.Administrators},
		{action: pingone.RoleUnassigned, change: func() {}}, // with the environment
		{action: pingone.EnvironmentCreated, change: func() { org.AddEnvironment(pingonetest.Environment{ID: id("e"), Name: "E"}) }, collection: "environments", item: id("e"), env: ids.Administrators},
		{action: pingone.ApplicationDeleted, change: func() { org.RemoveApplication(w, ids.AppService) }, collection: "applications", item: ids.AppService},
		{action: pingone.GatewayCreated, change: func() { org.AddGateway(w, pingonetest.Gateway{ID: id("gw"), Name: "GW"}) }, collection: "gateways", item: id("gw")},
		{action: pingone.GatewayDeleted, change: func() { org.RemoveGateway(w, id("gw")) }, collection: "gateways", item: id("gw")},
	}
	for _, tt := range tests {
		if tt.env.IsZero() {
			tt.env = w
		}
		tt.change()
		events := c.events(tt.env, tt.action)
		if len(events) == 0 {
			t.Errorf("%s: no event", tt.action)
			continue
		}
		got := events[0]
		var items []pingone.ID
		if tt.collection != "" {
			items = []pingone.ID{tt.item}
		}
		var assignments []pingone.Tie
		if tt.action == pingone.RoleAssigned || tt.action == pingone.RoleUnassigned {
			assignments = tie(pingone.ApplicationPrincipal, ids.AppService, a.ID)
		}
		if diff := cmp.Diff([]any{tt.action, true, items, tt.membership, assignments}, []any{got.Action.Type, got.Succeeded(), got.Names(tt.collection), got.Memberships(), got.Assignments()}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.action, diff)
		}
	}
}

// Moving leaves the groups of the old population, and no others.
func TestMoveUserLeavesTheGroupsOfItsPopulation(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	e := org.Environment(ids.Workforce)
	user := e.DirectMembers(ids.NewsEmployees, true)[0]
	org.AddMember(ids.Workforce, ids.Finance, user)
	c := newClient(t, pingonetest.New(t, org))
	groups := func() map[pingone.ID]bool {
		all, _ := c.all(inEnv(ids.Workforce, "/users/"+user.String()+"/memberOfGroups"), "groupMemberships")
		set := map[pingone.ID]bool{}
		for _, id := range all {
			set[id] = true
		}
		return set
	}
	want := groups()
	delete(want, ids.NewsEmployees)
	employees, contractors := e.PopulationCount(ids.Employees), e.PopulationCount(ids.Contractors)
	if !org.MoveUser(ids.Workforce, user, ids.Contractors) || !want[ids.Finance] {
		t.Fatal("nobody was moved")
	}
	if diff := cmp.Diff(want, groups()); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if e.PopulationCount(ids.Employees) != employees-1 || e.PopulationCount(ids.Contractors) != contractors+1 {
		t.Errorf("populations of %d and %d", e.PopulationCount(ids.Employees), e.PopulationCount(ids.Contractors))
	}
}

// A delayed feed shows what is old enough, and failures say that they are.
func TestFeedDelayAndFailures(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	org.Now = func() time.Time { return now }
	s := pingonetest.New(t, org)
	s.DelayFeed(10 * time.Minute)
	c := newClient(t, s)
	org.RecordFailure(ids.Workforce, pingone.UserDeleted, "USER", ids.Emoji)
	now = now.Add(5 * time.Minute)
	org.RecordFailure(ids.Workforce, pingone.MemberRemoved, "MEMBER_OF_GROUP", ids.Finance, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: ids.Emoji})
	counts := func() []int {
		return []int{len(c.events(ids.Workforce, pingone.UserDeleted)), len(c.events(ids.Workforce, pingone.MemberRemoved))}
	}
	var got [][]int
	got = append(got, counts())
	now = now.Add(5 * time.Minute)
	got = append(got, counts())
	s.DelayFeed(0)
	got = append(got, counts())
	if diff := cmp.Diff([][]int{{0, 0}, {1, 0}, {1, 1}}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	deleted, removed := c.events(ids.Workforce, pingone.UserDeleted)[0], c.events(ids.Workforce, pingone.MemberRemoved)[0]
	if !deleted.Failed() || deleted.Succeeded() || !cmp.Equal(deleted.Names("users"), []pingone.ID{ids.Emoji}) {
		t.Errorf("%+v", deleted)
	}
	want := []pingone.Tie{{Holder: pingone.Holder{Kind: pingone.UserPrincipal, ID: ids.Emoji}, To: ids.Finance}}
	if diff := cmp.Diff(want, removed.Memberships()); diff != "" || !removed.Failed() {
		t.Errorf("failed %t (-want +got):\n%s", removed.Failed(), diff)
	}
}

// A clock that goes back hides no event from who asks by time.
func TestEventsOfAClockThatGoesBack(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	org.Now = func() time.Time { return now }
	org.RemoveUser(ids.Workforce, ids.Emoji)
	now = now.AddDate(-100, 0, 0)
	org.RemoveUser(ids.Workforce, ids.Locked)
	got := newClient(t, pingonetest.New(t, org)).events(ids.Workforce, pingone.UserDeleted)
	if len(got) != 1 || !cmp.Equal(got[0].Names("users"), []pingone.ID{ids.Emoji}) {
		t.Errorf("%+v", got)
	}
}
