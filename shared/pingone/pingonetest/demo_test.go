package pingonetest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// fingerprint is a hash over everything that a server of Demo lists.
func fingerprint(t *testing.T) string {
	t.Helper()
	c := newClient(t, pingonetest.New(t, pingonetest.Demo(), pingonetest.WithPublicURL("https://api.pingone.example")))
	sum := sha256.New()
	read := func(path, array string) (ids []pingone.ID) {
		for path != "" {
			r := c.get(path)
			var p page
			if err := json.Unmarshal(r.body, &p, json.MatchCaseInsensitiveNames(true)); err != nil || r.status != 200 {
				t.Fatalf("GET %s: status %d, %v", path, r.status, err)
			}
			sum.Write(r.body)
			for _, item := range p.Embedded[array] {
				ids = append(ids, item.ID)
			}
			path = ""
			if next := p.Links.Next.Href; next != "" {
				path = next[len("https://api.pingone.example"):]
			}
		}
		return ids
	}
	for _, env := range read("/v1/environments", "environments") {
		read(inEnv(env, "/populations"), "populations")
		for _, u := range read(inEnv(env, "/users"), "users")[:50] {
			read(inEnv(env, "/users/"+u.String()+"/roleAssignments"), "roleAssignments")
		}
		read(inEnv(env, "/roles"), "roles")
		for _, g := range read(inEnv(env, "/groups"), "groups") {
			read(inEnv(env, "/users?"+byMember(g, true)), "users")
			read(inEnv(env, "/groups/"+g.String()+"/roleAssignments"), "roleAssignments")
		}
		for _, a := range read(inEnv(env, "/applications"), "applications") {
			read(inEnv(env, "/applications/"+a.String()+"/roleAssignments"), "roleAssignments")
		}
		for _, g := range read(inEnv(env, "/gateways"), "gateways") {
			read(inEnv(env, "/gateways/"+g.String()+"/roleAssignments"), "roleAssignments")
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Tests elsewhere and the README speak of what Demo holds: a change of it
// must be meant, and changes the hash here.
func TestDemoIsStable(t *testing.T) {
	t.Parallel()
	const want = "2e1da2ec501bb91dbfbb13748f9621037695ddc4e790c515b178352a27515cc0"
	if got := fingerprint(t); got != want {
		t.Errorf("the demo organization renders to %s, want %s", got, want)
	}
}

func TestDemoSize(t *testing.T) {
	t.Parallel()
	var users, populations, groups, dynamic, external, large int
	long := map[string]int{}
	for _, env := range pingonetest.Demo().Environments {
		users += env.UserCount()
		populations += len(env.Populations)
		groups += len(env.Groups)
		for _, p := range env.Populations {
			long["population"] = max(long["population"], utf8.RuneCountInString(p.Name))
		}
		for _, g := range env.Groups {
			long["group"] = max(long["group"], utf8.RuneCountInString(g.Description))
			if g.UserFilter != "" {
				dynamic++
			}
			if g.SourceType != "" {
				external++
			}
			if len(g.Members) > 1000 {
				large++
			}
		}
		for _, a := range env.Applications {
			long["application"] = max(long["application"], utf8.RuneCountInString(a.Description))
		}
	}
	got := []int{users, populations, groups, dynamic, external, large}
	if diff := cmp.Diff([]int{5000, 4, 120, 2, 2, 1}, got); diff != "" {
		t.Errorf("users, populations, groups, dynamic, external, large (-want +got):\n%s", diff)
	}
	if long["population"] <= 64 || long["group"] <= 256 || long["application"] <= 512 {
		t.Errorf("longest texts %v", long)
	}
}

// TestDecodes reads replies into the project's own structs.
func TestDecodes(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	c := newClient(t, pingonetest.New(t, shared()))
	var users struct {
		Embedded struct {
			Users []pingone.User `json:"users"`
		} `json:"_embedded"`
	}
	decode(t, c, inEnv(ids.Workforce, "/users?limit=1000"), &users)
	byID := map[pingone.ID]pingone.User{}
	for _, u := range users.Embedded.Users {
		byID[u.ID] = u
	}
	yes, no := true, false
	ref := func(id pingone.ID) pingone.Ref { return pingone.Ref{ID: id} }
	want := pingone.User{
		ID: ids.RightToLeft, Username: "right.to.left", Email: "right.to.left@workforce.example", Enabled: &yes,
		Environment: ref(ids.Workforce), Population: ref(ids.Employees),
		Name:    pingone.UserName{Given: "נועה", Family: "العربي", Formatted: "נועה العربي"},
		Account: pingone.Account{Status: "OK"}, Lifecycle: pingone.State{Status: "ACCOUNT_OK"}, MFAEnabled: &no,
		LastSignOn: pingone.SignOn{At: "2025-01-08T09:00:00.000Z"}, IdentityProvider: pingone.Ref{Type: "PING_ONE"},
	}
	if diff := cmp.Diff(want, byID[ids.RightToLeft]); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}

	var group pingone.Group
	decode(t, c, inEnv(ids.Workforce, "/groups/"+ids.Dynamic.String()), &group)
	three, one := 3, 1
	wantGroup := pingone.Group{
		ID: ids.Dynamic, Name: "Engineers by filter", Environment: ref(ids.Workforce), UserFilter: `title eq "Engineer"`,
		DirectMemberCounts: &pingone.MemberCounts{Users: &three, Groups: &one},
	}
	if diff := cmp.Diff(wantGroup, group); diff != "" {
		t.Errorf("group (-want +got):\n%s", diff)
	}

	var app pingone.Application
	decode(t, c, inEnv(ids.Workforce, "/applications/"+ids.AppWorker.String()), &app)
	if app.Links.RoleAssignments.Href == "" || app.AccessControl.Role == nil || app.AccessControl.Role.Type != "ADMIN_USERS_ONLY" {
		t.Errorf("worker application: %+v", app)
	}

	var held struct {
		Embedded struct {
			RoleAssignments []pingone.RoleAssignment `json:"roleAssignments"`
		} `json:"_embedded"`
	}
	decode(t, c, inEnv(ids.Administrators, "/users/"+ids.Multi.String()+"/roleAssignments"), &held)
	var scopes []string
	for _, a := range held.Embedded.RoleAssignments {
		scopes = append(scopes, a.Scope.Type)
	}
	wantScopes := []string{"environment", "POPULATION", "POPULATION", "APPLICATION", "GROUP", "ENVIRONMENT", "ENVIRONMENT", "ORGANIZATION"}
	if diff := cmp.Diff(wantScopes, scopes); diff != "" {
		t.Errorf("scopes (-want +got):\n%s", diff)
	}
}

// decode refuses duplicate names and broken UTF-8, which the fake must not send.
func decode(t *testing.T, c *client, path string, into any) {
	t.Helper()
	r := c.get(path)
	if err := json.Unmarshal(r.body, into); err != nil || r.status != 200 {
		t.Fatalf("GET %s: status %d, %v", path, r.status, err)
	}
}

func TestSized(t *testing.T) {
	t.Parallel()
	org := pingonetest.Sized(pingonetest.Size{Users: 3000, Groups: 10, MembershipsPerUser: 3, RoleHolders: 5, Applications: 20})
	c := newClient(t, pingonetest.New(t, org))
	_, sizes := c.all(inEnv(pingonetest.SizedEnvironment(), "/users?limit=1000"), "users")
	if diff := cmp.Diff([]int{1000, 1000, 1000}, sizes); diff != "" {
		t.Errorf("sizes of pages (-want +got):\n%s", diff)
	}
	e := org.Environment(pingonetest.SizedEnvironment())
	if len(e.Groups) != 10 || len(e.RoleAssignments) != 7 || len(e.Applications) != 20 {
		t.Errorf("%d groups, %d holders, %d applications", len(e.Groups), len(e.RoleAssignments), len(e.Applications))
	}
}

func TestSizedShares(t *testing.T) {
	t.Parallel()
	org := pingonetest.Sized(pingonetest.Size{Users: 600, Groups: 4, MembershipsPerUser: 1, LargestGroup: 500, Populations: 3})
	e := org.Environment(pingonetest.SizedEnvironment())
	var users []int
	for _, p := range e.Populations {
		users = append(users, e.PopulationCount(p.ID))
	}
	if diff := cmp.Diff([]int{100, 200, 300}, users); diff != "" {
		t.Errorf("users of the populations (-want +got):\n%s", diff)
	}
	largest := e.DirectMembers(e.Groups[0].ID, false)
	for i := range 500 {
		if largest[i] != e.Users[i].ID {
			t.Fatalf("user %d is not in the largest group", i)
		}
	}
	if len(largest) >= 600 {
		t.Errorf("everyone is in the largest group")
	}
}
