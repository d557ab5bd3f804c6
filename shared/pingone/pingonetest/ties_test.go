package pingonetest_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// A member's own list agrees with all groups: the same pairs, and the same of them
// direct.
func TestMembershipsAgreeWithMembers(t *testing.T) {
	t.Parallel()
	env := pingonetest.DemoIDs().Workforce
	org := shared()
	e := org.Environment(env)
	c := newClient(t, pingonetest.New(t, org, pingonetest.WithPageMax(3)))
	// Of the users every 97th, of the groups all.
	users := map[pingone.ID][]string{}
	groups := map[pingone.ID][]string{}
	for _, g := range e.Groups {
		mark := func(into map[pingone.ID][]string, how string, ids []pingone.ID) {
			for _, id := range ids {
				into[id] = append(into[id], g.ID.String()+" "+how)
			}
		}
		mark(users, "DIRECT", e.DirectMembers(g.ID, true))
		mark(users, "all", e.AllMembers(g.ID))
		for _, how := range []string{"DIRECT", "all"} {
			ids, _ := c.all(inEnv(env, "/groups?limit=1000&"+byMember(g.ID, how == "DIRECT")), "groups")
			mark(groups, how, ids)
		}
	}
	check := func(member pingone.ID, list string, want []string) {
		var got []string
		address := inEnv(env, "/"+list+"/"+member.String()+"/memberOfGroups?limit=1000&expand=group")
		for address != "" {
			var p memberships
			if err := json.Unmarshal(c.get(address).body, &p); err != nil {
				t.Fatal(err)
			}
			for _, m := range p.Embedded.Groups {
				got = append(got, m.ID.String()+" all")
				if m.Type == "DIRECT" {
					got = append(got, m.ID.String()+" DIRECT")
				}
			}
			address = p.Links.Next.Href
		}
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", list, member, diff)
		}
	}
	for i := 0; i < len(e.Users); i += 97 {
		check(e.Users[i].ID, "users", users[e.Users[i].ID])
	}
	for _, g := range e.Groups {
		check(g.ID, "groups", groups[g.ID])
	}
}

// memberships is a page of the groups that something is a member of.
type memberships struct {
	page
	Embedded struct {
		Groups []pingone.GroupMembership `json:"groupMemberships"`
	} `json:"_embedded"`
}

func TestInheritedRolesAreMarkedAsSet(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	member := shared().Environment(ids.Workforce).DirectMembers(ids.ServiceDesk, true)[0]
	for _, tt := range []struct {
		marker    string
		inherited bool // is to be seen on the roles of a member of ServiceDesk
	}{
		{"group", true},
		{"type", true},
		{"inheritanceType", true},
		{"", false},
	} {
		c := newClient(t, pingonetest.New(t, shared(), pingonetest.InheritedBy(tt.marker)))
		held := func(user pingone.ID) (inherited []bool) {
			var p struct {
				Embedded struct {
					RoleAssignments []pingone.RoleAssignment `json:"roleAssignments"`
				} `json:"_embedded"`
			}
			decode(t, c, inEnv(ids.Workforce, "/users/"+user.String()+"/roleAssignments"), &p)
			for _, a := range p.Embedded.RoleAssignments {
				inherited = append(inherited, a.Inherited())
			}
			return inherited
		}
		got := [][]bool{held(member), held(ids.Emoji)}
		if diff := cmp.Diff([][]bool{{tt.inherited, tt.inherited}, {false}}, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.marker, diff)
		}
	}
}
