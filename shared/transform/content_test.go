package transform_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// described is tiny with something of every sort that others refer to, each
// with a name, and more to it than a name.
func described() *pingonetest.Organization {
	o := tiny()
	main := id("main")
	o.Environment(main).Description = "All that matters"
	o.AddPopulation(main, pingonetest.Population{ID: id("others"), Name: "Others", Description: "Who is left"})
	o.UpdateUser(main, id("eve"), func(u *pingonetest.User) { u.Population = id("others") })
	o.AddRole(main, pingonetest.Role{
		ID: id("custom"), Name: "Viewer", ApplicableTo: []string{"ENVIRONMENT"},
		Permissions: []pingonetest.Permission{{ID: "dir:read:user"}},
	})
	o.AddApplication(main, app("desk", "", "ALL_GROUPS", "leads", "staff"))
	o.AddApplication(main, app("admin", "ADMIN_USERS_ONLY", ""))
	o.AddGateway(main, pingonetest.Gateway{ID: id("gate"), Name: "Gate", Type: "PING_FEDERATE"})
	o.Assign(main, user("bob"), role("custom", "ENVIRONMENT", "main"))
	o.Assign(main, user("bob"), pingonetest.RoleAssignment{Role: id("custom"), ScopeType: "ORGANIZATION", Scope: o.ID})
	o.Assign(main, user("cy"), role("reader", "APPLICATION", "wiki"))
	o.Assign(main, group("leads"), role("custom", "POPULATION", "others"))
	o.Assign(main, pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: id("gate")}, role("reader", "ENVIRONMENT", "main"))
	return o
}

// Posting replaces. What could not be read must not be replaced by less: not
// in a record of its own, nor where its name is part of another.
func TestUnreadKeepsContent(t *testing.T) {
	t.Parallel()
	const env = "/v1/environments/*"
	for name, denied := range map[string]string{
		"environment": env, "organization": "/v1/organizations/*", "populations": env + "/populations",
		"roles": env + "/roles", "built-in roles": "/v1/roles", "applications": env + "/applications",
		"gateways": env + "/gateways", "groups": env + "/groups", "users": env + "/users",
		"what hangs on groups": env + "/groups/**",
		"roles of users":       env + "/users/*/roleAssignments", "roles of groups": env + "/groups/*/roleAssignments",
		"roles of applications": env + "/applications/*/roleAssignments", "everything but users": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{at: day1}
			r := newRig(t, described(), authomizetest.WithClock(c.now))
			r.settings.RolePermissions = true
			r.firstRun(c)
			before := r.bodies()
			r.org.UpdateUser(id("main"), id("dan"), func(u *pingonetest.User) { u.Title = "Chef" })
			if denied == "" {
				for _, list := range []string{"", "/populations", "/roles", "/applications", "/gateways", "/groups"} {
					r.fake.Deny(env+list, 403, "ACCESS_FAILED")
				}
				r.fake.Deny("/v1/roles", 403, "ACCESS_FAILED")
			} else {
				r.fake.Deny(denied, 403, "ACCESS_FAILED")
			}
			r.fetch(run2)
			if got := r.mustTransform(run2); got.State != report.Held || got.Swept {
				t.Fatalf("got %+v, want held", got)
			}
			if name != "users" {
				changeBody(before[authomize.Users], "user:dan", `"isExternal"`, `"title":"Chef","isExternal"`)
			}
			if diff := cmp.Diff(before, r.bodies()); diff != "" {
				t.Errorf("bodies (-before +after):\n%s", diff)
			}
		})
	}
}

// Where no run knows more, the id is the name, and that is warned of.
func TestUnreadAndNeverKnown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		denied   string
		warnings map[string]int64
		kind     authomize.Kind
		want     string // in one of its bodies
	}{
		{"/v1/environments/*", map[string]int64{"not_described": 1}, authomize.Assets, `"name":"main"`},
		{"/v1/environments/*/populations", map[string]int64{"not_described": 7}, authomize.Assets, `"name":"POPULATION people"`},
		{"/v1/environments/*/applications", map[string]int64{"not_described": 1}, authomize.Assets, `"name":"APPLICATION wiki"`},
		{"/v1/environments/*/roles", map[string]int64{"role_unknown": 1}, authomize.Privileges, `"originName":"custom"`},
	}
	for _, tt := range tests {
		t.Run(tt.denied, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, described())
			r.fake.Deny(tt.denied, 403, "ACCESS_FAILED")
			r.fetch(run1)
			if got := r.mustTransform(run1); got.State != report.Held {
				t.Fatalf("got %+v", got)
			}
			if diff := cmp.Diff(tt.warnings, r.report(run1).Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if all := strings.Join(r.bodies()[tt.kind], "\n"); !strings.Contains(all, tt.want) {
				t.Errorf("%s do not hold %s:\n%s", tt.kind, tt.want, all)
			}
		})
	}
}

// What is kept is of the newest run that read it: an older one that is
// transformed again brings nothing old back, a dry run nothing at all, and
// what a whole list no longer holds is forgotten.
func TestDescriptionsAreTheNewest(t *testing.T) {
	t.Parallel()
	r := newRig(t, described())
	r.settings.MaxShrinkPercent = 100
	kept := func(want, not string) {
		t.Helper()
		if text := r.state()["state/known/descriptions.json"]; !strings.Contains(text, want) || strings.Contains(text, not) {
			t.Errorf("descriptions %s\nwant %s, not %s", named(text), want, not)
		}
	}
	r.fetch(run1)
	r.mustTransform(run1)
	kept(`"Wiki"`, `"Books"`)
	r.org.RemoveApplication(id("main"), id("wiki"))
	r.org.AddApplication(id("main"), pingonetest.Application{ID: id("wiki"), Name: "Books", Type: "WEB_APP"})
	r.fetch(run2)
	r.settings.DryRun = true
	r.mustTransform(run2)
	kept(`"Wiki"`, `"Books"`)
	r.settings.DryRun = false
	r.mustTransform(run2)
	kept(`"Books"`, `"Wiki"`)
	o := r.options()
	o.Again = true
	r.run(run1, o)
	kept(`"Books"`, `"Wiki"`)
	r.org.RemoveApplication(id("main"), id("wiki"))
	r.fetch(run3)
	r.mustTransform(run3)
	kept(`"Sync"`, `"Books"`)
}

// changeBody replaces text in the body of one record.
func changeBody(bodies []string, key, from, to string) {
	for i, body := range bodies {
		if strings.Contains(body, `"uniqueId":"`+key+`"`) {
			bodies[i] = strings.Replace(body, from, to, 1)
		}
	}
}

// A list of nested groups that breaks off has counted none of what it held.
func TestNestingsOfABrokenList(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.restage(run1, run2, func(m *staging.Manifest) {
		if m.Collection == staging.Memberships {
			m.Slices = []staging.Slice{{Environment: id("main"), Parent: "group", List: "groups", Asked: 1, Refused: 1}}
			m.Unread = []staging.Unread{{Environment: id("main"), Path: "/v1/environments/main/groups", Status: 403, Code: "ACCESS_FAILED"}}
		}
	}, func(_ staging.Collection, _, body string) []string { return []string{body} })
	got := r.mustTransform(run2)
	if got.State != report.Held || got.Posted["groupingAssociations"] != 1 {
		t.Errorf("got %+v, want held, with the nesting posted", got)
	}
}
