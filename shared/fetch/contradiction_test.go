package fetch_test

import (
	"cmp"
	"regexp"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// emptied shows none of a list's items, and tells of them all the same.
func emptied(list string) func(string) string {
	items := regexp.MustCompile(`"` + list + `":\[.*\]`)
	return func(body string) string { return items.ReplaceAllString(body, `"`+list+`":[]`) }
}

// A list that shows fewer items than it tells of is not believed. It is asked for
// again; what does so each time is unread, or short where PingOne tells the
// list's length elsewhere as well.
func TestListThatTellsOfMoreThanItShows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c          staging.Collection
		path, list string
		unread     int
		short      []staging.Short
	}{
		{staging.RoleAssignments, "/groups/" + smallPair.String() + "/roleAssignments", "roleAssignments", 1, nil},
		{staging.RoleAssignments, "/users/" + smallUser(1).String() + "/roleAssignments", "roleAssignments", 1, nil},
		{staging.RoleAssignments, "/gateways", "gateways", 1, nil},
		{staging.Memberships, "/groups", "groups", 1, nil},
		{staging.Memberships, "/users", "users", 0, []staging.Short{
			{Environment: smallEnv, Parent: staging.Parent{Kind: "group", ID: smallPair}, List: "users", Expected: 2},
			{Environment: smallEnv, Parent: staging.Parent{Kind: "group", ID: smallEveryone}, List: "users", Expected: 7},
		}},
		{staging.Users, "/users", "users", 1, nil},
	}
	for _, tt := range tests {
		t.Run(string(tt.c)+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			fault := pingonetest.Fault{Match: "/v1/environments/*" + tt.path, Do: pingonetest.FaultEdit, Edit: emptied(tt.list), Times: 2}
			r, o := smallRig(t)
			r.fake.Inject(fault)
			if got := r.mustRead(tt.c); !got.Complete || got.Unread != 0 {
				t.Errorf("twice: got %+v, want complete", got)
			}
			r.wantStaged(tt.c, modelEdges(o, tt.c))

			r, _ = smallRig(t)
			fault.Times = -1
			r.fake.Inject(fault)
			r.mustRead(tt.c)
			complete := r.snapshot(tt.c).Complete
			if len(complete.Unread) != tt.unread || tt.unread > 0 && complete.Unread[0].Code != "CONTRADICTION" {
				t.Errorf("always: unread %+v, want %d", complete.Unread, tt.unread)
			}
			slices.SortFunc(complete.Short, func(a, b staging.Short) int { return cmp.Compare(a.Expected, b.Expected) })
			if d := diff.Diff(tt.short, complete.Short); d != "" {
				t.Errorf("always: short (-want +got):\n%s", d)
			}
		})
	}
}

// A population that counts users whom the worker application is not shown is
// short, which a person may approve, and no list that was refused.
func TestPopulationThatShowsNobody(t *testing.T) {
	t.Parallel()
	r, o := movingRig(t, func(*pingonetest.Organization) {})
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: populationA.String(), Do: pingonetest.FaultEdit, Edit: emptied("users"), Times: -1})
	if _, err := fetch.Run(t.Context(), run, staging.Users, o); err != nil {
		t.Fatal(err)
	}
	complete := r.snapshot(staging.Users).Complete
	if len(complete.Unread) != 0 {
		t.Errorf("unread %+v, want none", complete.Unread)
	}
	if d := diff.Diff([]staging.Short{shortOf(populationA, 4, 0), shortOfAll(12, 8)}, complete.Short); d != "" {
		t.Errorf("short (-want +got):\n%s", d)
	}
}
