package pingonetest_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// sight is what the worker application gets to see: how many items each list
// shows and counts, and the status of single paths.
func sight(t *testing.T, c *client, lists map[string]string, paths ...string) (counts map[string]int, statuses []int) {
	t.Helper()
	counts = map[string]int{}
	for path, key := range lists {
		for address := path; address != ""; {
			p := c.page(address)
			counts[path] += len(p.Embedded[key])
			address = p.Links.Next.Href
			if p.Count != nil && address == "" && *p.Count != counts[path] {
				t.Errorf("%s: %d shown, %d counted", path, counts[path], *p.Count)
			}
		}
	}
	for _, path := range paths {
		statuses = append(statuses, c.get(path).status)
	}
	return counts, statuses
}

// What vanishes, or is hidden, is nowhere to be seen, and all is as before when it
// is back. Head count and audit feed are as ever.
func TestVanishAndHide(t *testing.T) {
	t.Parallel()
	type organization = pingonetest.Organization
	ids := pingonetest.DemoIDs()
	w := func(rest string) string { return inEnv(ids.Workforce, rest) }
	first := shared().Environment(ids.Workforce).DirectMembers(ids.Level3, true)[0]
	worker := pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: ids.AppWorker}
	assignment := shared().Environment(ids.Workforce).RoleAssignments[worker][0].ID
	inApp := w("/applications/" + ids.AppWorker.String())
	tests := map[string]struct {
		id        pingone.ID // of what vanishes, or else
		hide      func(o *organization)
		show      func(o *organization)
		lists     map[string]string // each shows one less
		gone      []string
		forbidden bool // not 404, but 403
	}{
		"user": {
			id:    first,
			lists: map[string]string{w("/users?" + byMember(ids.Level3, true)): "users", w("/users?" + byMember(ids.Level1, false)): "users"},
			gone:  []string{w("/users/" + first.String()), w("/users/" + first.String() + "/memberOfGroups"), w("/users/" + first.String() + "/roleAssignments"), w("/users/" + first.String() + "/devices")},
		},
		"administrator": {
			id:    ids.Multi,
			lists: map[string]string{inEnv(ids.Administrators, "/users?limit=10"): "users", inEnv(ids.Administrators, "/users?filter=population.id%20eq%20%22"+ids.Admins.String()+"%22"): "users"},
			gone:  []string{inEnv(ids.Administrators, "/users/"+ids.Multi.String())},
		},
		"group": {
			id:    ids.Level3,
			lists: map[string]string{w("/groups?limit=1000"): "groups", w("/groups?" + byMember(ids.Level2, true)): "groups", w("/users/" + first.String() + "/memberOfGroups"): "groupMemberships"},
			gone:  []string{w("/groups/" + ids.Level3.String()), w("/groups/" + ids.Level3.String() + "/memberOfGroups"), w("/groups/" + ids.Level3.String() + "/roleAssignments")},
		},
		"population":      {id: ids.Contractors, lists: map[string]string{w("/populations"): "populations"}, gone: []string{w("/populations/" + ids.Contractors.String())}},
		"role":            {id: ids.ReadRole, lists: map[string]string{w("/roles"): "roles"}, gone: []string{w("/roles/" + ids.ReadRole.String())}},
		"application":     {id: ids.AppWorker, lists: map[string]string{w("/applications"): "applications"}, gone: []string{inApp, inApp + "/roleAssignments"}},
		"gateway":         {id: ids.GatewayFederate, lists: map[string]string{w("/gateways"): "gateways"}, gone: []string{w("/gateways/" + ids.GatewayFederate.String())}},
		"role assignment": {id: assignment, lists: map[string]string{inApp + "/roleAssignments": "roleAssignments"}, gone: []string{inApp + "/roleAssignments/" + assignment.String()}},
		"environment":     {id: ids.Workforce, lists: map[string]string{"/v1/environments": "environments"}, gone: []string{w(""), w("/users"), w("/roles")}},
		"membership": {
			hide:  func(o *organization) { o.VanishMember(ids.Level3, first) },
			show:  func(o *organization) { o.ReturnMember(ids.Level3, first) },
			lists: map[string]string{w("/users?" + byMember(ids.Level3, true)): "users", w("/users?" + byMember(ids.Level3, false)): "users"},
		},
		"nesting": {
			hide:  func(o *organization) { o.VanishMember(ids.Level1, ids.Level2) },
			show:  func(o *organization) { o.ReturnMember(ids.Level1, ids.Level2) },
			lists: map[string]string{w("/groups?" + byMember(ids.Level1, true)): "groups", w("/groups/" + ids.Level2.String() + "/memberOfGroups"): "groupMemberships"},
		},
		"hidden group": {
			hide:  func(o *organization) { o.HideGroups(ids.Workforce, ids.Level3) },
			show:  func(o *organization) { o.ShowGroups(ids.Workforce, ids.Level3) },
			lists: map[string]string{w("/groups?limit=1000"): "groups"}, gone: []string{w("/groups/" + ids.Level3.String())},
		},
		"hidden environment": {
			hide:  func(o *organization) { o.HideEnvironment(ids.Customers) },
			show:  func(o *organization) { o.ShowEnvironment(ids.Customers) },
			lists: map[string]string{"/v1/environments": "environments"}, gone: []string{inEnv(ids.Customers, ""), inEnv(ids.Customers, "/users")}, forbidden: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.hide == nil {
				tt.hide, tt.show = func(o *organization) { o.Vanish(tt.id) }, func(o *organization) { o.Return(tt.id) }
			}
			org := pingonetest.Demo()
			c := newClient(t, pingonetest.New(t, org))
			before, found := sight(t, c, tt.lists, tt.gone...)
			tt.hide(org)
			during, absent := sight(t, c, tt.lists, tt.gone...)
			for path, n := range before {
				if during[path] != n-1 {
					t.Errorf("%s shows %d, before %d", path, during[path], n)
				}
			}
			want := http.StatusNotFound
			if tt.forbidden {
				want = http.StatusForbidden
			}
			if slices.ContainsFunc(found, func(s int) bool { return s != 200 }) || slices.ContainsFunc(absent, func(s int) bool { return s != want }) {
				t.Errorf("statuses %v, then %v; want 200, then %d", found, absent, want)
			}
			tt.show(org)
			after, back := sight(t, c, tt.lists, tt.gone...)
			if diff := cmp.Diff([]any{before, found}, []any{after, back}); diff != "" {
				t.Errorf("after it is back (-before +after):\n%s", diff)
			}
		})
	}
}

// rights are the worker application's own role assignments as it reads them, as
// role name, scope type and scope.
func rights(t *testing.T, c *client, ids pingonetest.IDs) []string {
	t.Helper()
	var p struct {
		Embedded struct {
			RoleAssignments []pingone.RoleAssignment `json:"roleAssignments"`
		} `json:"_embedded"`
	}
	decode(t, c, inEnv(ids.Administrators, "/applications/"+ids.Connector.String()+"/roleAssignments"), &p)
	var list []string
	for _, a := range p.Embedded.RoleAssignments {
		list = append(list, a.Role.ID.String()+" "+a.Scope.Type+" "+a.Scope.ID.String())
	}
	slices.Sort(list)
	return list
}

// Narrowing changes what is seen and the rights together, and widening takes both back.
func TestNarrowAndWiden(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	c := newClient(t, pingonetest.New(t, org))
	const directory, configuration = pingonetest.IdentityDataReadOnly, pingonetest.ConfigurationReadOnly
	replaced := func(list []string, old string, with ...string) []string {
		list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == old })
		return slices.Sorted(slices.Values(append(list, with...)))
	}
	full := rights(t, c, ids)
	onWorkforce := " ENVIRONMENT " + ids.Workforce.String()
	step := func(name string, want []string, statuses ...int) {
		t.Helper()
		_, got := sight(t, c, nil, inEnv(ids.Workforce, "/populations/"+ids.Contractors.String()), inEnv(ids.Workforce, "/groups/"+ids.NewsContractors.String()), inEnv(ids.Workforce, "/applications"))
		if diff := cmp.Diff(want, rights(t, c, ids)); diff != "" || !slices.Equal(got, statuses) {
			t.Errorf("%s: statuses %v, want %v; rights (-want +got):\n%s", name, got, statuses, diff)
		}
	}
	step("at first", full, 200, 200, 200)
	narrow := replaced(full, directory+onWorkforce, directory+" POPULATION "+ids.Employees.String())
	org.Narrow(ids.Workforce, ids.Contractors)
	step("a population", narrow, 404, 404, 200)
	org.Narrow(ids.Workforce, pingone.ID{})
	none := replaced(replaced(full, directory+onWorkforce), configuration+onWorkforce)
	step("the environment", none, 403, 403, 403)
	org.Widen(ids.Workforce, pingone.ID{})
	step("the environment is back", narrow, 404, 404, 200)
	org.Widen(ids.Workforce, ids.Contractors)
	step("all is back", full, 200, 200, 200)
	org.Widen(ids.Workforce, ids.Contractors)
	step("nothing was narrowed", full, 200, 200, 200)

	org.SetRights(pingonetest.ReadRights(ids.Workforce)[1])
	fewer := []string{configuration + onWorkforce}
	org.Narrow(ids.Workforce, pingone.ID{})
	step("with fewer rights", nil, 403, 403, 403)
	org.Widen(ids.Workforce, pingone.ID{})
	step("these are back", fewer, 200, 200, 200)
}

func TestAddWorkerAndSetRights(t *testing.T) {
	t.Parallel()
	org := pingonetest.NewOrganization("Example")
	var envs []pingone.ID
	for _, name := range []string{"one", "two"} {
		envs = append(envs, org.AddEnvironment(pingonetest.Environment{ID: pingonetest.StableID(name), Name: name}).ID)
	}
	app := org.AddWorker(envs[1])
	s := pingonetest.New(t, org)
	c := newClient(t, s)
	path := inEnv(envs[1], "/applications/"+app.String()+"/roleAssignments")
	if n := len(c.page(path).Embedded["roleAssignments"]); n != 4 || s.ClientID != app.String() {
		t.Errorf("%d rights of %s, want 4 of %s", n, s.ClientID, app)
	}
	org.SetRights(pingonetest.ReadRights(envs[0])[:1]...)
	if n := len(c.page(path).Embedded["roleAssignments"]); n != 1 {
		t.Errorf("%d rights, want 1", n)
	}
	for action, want := range map[string]int{"ROLE_ASSIGNMENT.CREATED": 4, "ROLE_ASSIGNMENT.DELETED": 3} {
		if n := len(c.events(envs[1], action)); n != want {
			t.Errorf("%d events %s, want %d", n, action, want)
		}
	}
}
