package pingonetest_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

func TestActivities(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	org.Now = func() time.Time { now = now.Add(time.Second); return now }
	emoji := pingonetest.Principal{pingonetest.UserPrincipal, ids.Emoji}
	a := org.Assign(ids.Workforce, emoji, pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "POPULATION", Scope: ids.Employees})
	org.AddMember(ids.Workforce, ids.Empty, ids.Emoji)
	org.Unassign(ids.Workforce, emoji, a.ID)
	org.RemoveUser(ids.Workforce, ids.Emoji) // out of the time that is asked for

	c := newClient(t, pingonetest.New(t, org))
	got := c.activities(inEnv(ids.Workforce, "/activities?limit=2&filter="+
		url.QueryEscape(`recordedAt gt "2026-11-23T09:00:00Z" AND recordedAt lt "2026-11-23T09:00:04Z"`)))
	var events []string
	for _, ev := range got {
		events = append(events, ev.RecordedAt+" "+ev.Action.Type)
	}
	want := []string{
		"2026-11-23T09:00:03.000Z ROLE_ASSIGNMENT.DELETED",
		"2026-11-23T09:00:02.000Z MEMBER_OF_GROUP.CREATED",
		"2026-11-23T09:00:01.000Z ROLE_ASSIGNMENT.CREATED",
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestActivityFilters(t *testing.T) {
	t.Parallel()
	const since = `recordedat ge "2026-01-01T00:00:00Z"`
	tests := []struct {
		name   string
		filter string
		status int
	}{
		{"lower bound", since, 200},
		{"with an action", since + ` and action.type eq "USER.DELETED"`, 200},
		{"none", "", 400},
		{"no lower bound", `recordedat lt "2026-01-01T00:00:00Z"`, 400},
		{"no time", `recordedat gt "yesterday"`, 400},
		{"operator that isn't there", since + ` and action.type sw "USER"`, 400},
		{"attribute that isn't there", since + ` and result.status eq "FAILED"`, 400},
		{"action and resource types", since + ` and action.type eq "A" and resources.type eq "B"`, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pingonetest.New(t, shared(), pingonetest.AllowViolations())
			r := newClient(t, s).get(inEnv(pingonetest.DemoIDs().Workforce, "/activities?filter="+url.QueryEscape(tt.filter)))
			if r.status != tt.status || (len(s.Violations()) > 0) != (tt.status != 200) {
				t.Errorf("status %d, violations %v", r.status, s.Violations())
			}
		})
	}
}

func TestTotalIdentities(t *testing.T) {
	t.Parallel()
	days := func(filter string) (int, string) {
		c := newClient(t, pingonetest.New(t, shared(), pingonetest.AllowViolations()))
		r := c.get(inEnv(pingonetest.DemoIDs().Customers, "/totalIdentities?filter="+url.QueryEscape(filter)))
		var got struct {
			Embedded struct {
				TotalIdentities json.RawMessage
			} `json:"_embedded"`
		}
		if err := json.Unmarshal(r.body, &got); err != nil {
			t.Fatal(err)
		}
		return r.status, string(got.Embedded.TotalIdentities)
	}
	const times = `startDate eq "2026-11-29T00:00:00Z" and endDate eq "2026-11-30T00:00:00Z"`
	for _, tt := range []struct {
		filter string
		status int
		want   string
	}{
		{times, 200, `[{"date":"2026-11-29","totalIdentities":1500},{"date":"2026-11-30","totalIdentities":1500}]`},
		{`startDate eq "2026-11-29" and endDate eq "2026-11-30"`, 400, ""},
	} {
		if status, got := days(tt.filter); status != tt.status || got != tt.want {
			t.Errorf("%s: %d %s, want %d %s", tt.filter, status, got, tt.status, tt.want)
		}
	}
}

func TestMutation(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	admins := org.Environment(ids.Administrators)
	held := func(user pingone.ID) int {
		n := 0
		org.Read(func() { n = len(admins.RoleAssignments[pingonetest.Principal{pingonetest.UserPrincipal, user}]) })
		return n
	}
	members := admins.DirectMembers(ids.PlatformAdmins, true)
	if len(members) != 6 || held(members[0]) != 2 {
		t.Fatalf("%d members, the first holds %d roles", len(members), held(members[0]))
	}
	org.RemoveMember(ids.Administrators, ids.PlatformAdmins, members[0])
	if n := held(members[0]); n != 0 {
		t.Errorf("after leaving the group %d inherited roles are left", n)
	}
	group := pingonetest.Principal{pingonetest.GroupPrincipal, ids.PlatformAdmins}
	org.Unassign(ids.Administrators, group, admins.RoleAssignments[group][0].ID)
	if n := held(members[1]); n != 1 {
		t.Errorf("after the group lost one role its member inherits %d, want 1", n)
	}
	org.RemoveUser(ids.Administrators, members[1])
	org.RemoveGroup(ids.Administrators, ids.PlatformAdmins)
	if n := held(members[2]); n != 0 {
		t.Errorf("after the group is gone %d inherited roles are left", n)
	}
	if n := admins.PopulationCount(ids.Admins); n != 49 || admins.UserCount() != 49 {
		t.Errorf("population of %d, environment of %d, want 49", n, admins.UserCount())
	}
	if org.RemoveUser(ids.Administrators, members[1]) || org.AddMember(ids.Administrators, ids.Finance, members[2]) {
		t.Error("a change of what isn't there claims to have worked")
	}
}
