package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

func ids(all ...string) []pingone.ID {
	var out []pingone.ID
	for _, name := range all {
		out = append(out, id(name))
	}
	return out
}

func role(name, scopeType, scope string) pingonetest.RoleAssignment {
	return pingonetest.RoleAssignment{Role: id(name), ScopeType: scopeType, Scope: id(scope)}
}

// app is an application with conditions.
func app(name, accessRole, accessType string, groups ...string) pingonetest.Application {
	return pingonetest.Application{
		ID: id(name), Name: name, Type: "WEB_APP", AccessRole: accessRole, AccessType: accessType, AccessGroups: ids(groups...),
	}
}

// TestAwkward changes tiny and says what that changes in Authomize.
func TestAwkward(t *testing.T) {
	t.Parallel()
	main := id("main")
	type org = pingonetest.Organization
	tests := []struct {
		name   string
		change func(o *org)
		// late changes come once this collection was read.
		after staging.Collection
		late  func(o *org)

		want       func(h holdings) holdings
		quarantine []string
		warnings   map[string]int64
	}{
		{
			name: "user created while it was read", after: staging.Users,
			late: func(o *org) {
				o.AddUser(main, person("fay"))
				o.AddMember(main, id("staff"), id("fay"))
				o.Assign(main, user("fay"), role("reader", "POPULATION", "people"))
			},
			want: func(h holdings) holdings { return h },
			quarantine: []string{
				"accountAssociations user:fay group:staff: user is not in this run",
				"accountAssociations user:fay role:reader@POPULATION:people: principal is not in this run",
			},
		},
		{
			name: "user deleted while it was read", after: staging.Users,
			late: func(o *org) { o.RemoveUser(main, id("ann")) },
			want: func(h holdings) holdings {
				h = h.without("role:reader@POPULATION:people")
				h["accountAssociations"] = cut(h["accountAssociations"], "user:ann group:leads", "user:ann group:staff")
				h["permissions"] = cut(h["permissions"], "role:reader@POPULATION:people privilege:role:reader population:people")
				return h
			},
		},
		{
			name: "group created while it was read", after: staging.Groups,
			late: func(o *org) {
				o.AddGroup(main, pingonetest.Group{ID: id("temps"), Name: "Temps", Members: []int32{1, 2}})
				o.Nest(main, id("staff"), id("temps"))
				o.Assign(main, group("temps"), role("reader", "ENVIRONMENT", "main"))
				o.AddApplication(main, app("shop", "", "ANY_GROUP", "temps", "leads"))
				o.AddApplication(main, app("desk", "", "ALL_GROUPS", "temps", "leads"))
			},
			want: func(h holdings) holdings {
				return h.with("assets", "application:desk", "application:shop").
					with("permissions", "group:leads privilege:app-access application:shop")
			},
			quarantine: []string{
				"accountAssociations group:temps: group is not in this run (1 more)",
				"groupingAssociations group:temps group:staff: group is not in this run",
				"groupingAssociations group:temps role:reader@ENVIRONMENT:main: principal is not in this run",
				"permissions group:temps privilege:app-access application:desk: group of the access control is not in this run",
				"permissions group:temps privilege:app-access application:shop: group of the access control is not in this run",
			},
		},
		{
			name: "nesting that leads back",
			change: func(o *org) {
				o.Nest(main, id("staff"), id("staff"))
				o.Nest(main, id("leads"), id("staff"))
			},
			want: func(h holdings) holdings {
				return h.with("groupingAssociations", "group:staff group:leads")
			},
			quarantine: []string{"groupingAssociations group:staff group:staff: group is in itself"},
			warnings:   map[string]int64{"group_in_itself": 1},
		},
		{
			name: "roles, scopes and environments that no list holds",
			change: func(o *org) {
				o.Assign(main, user("bob"), role("unlisted", "ENVIRONMENT", "nowhere"))
				o.Assign(main, user("bob"), role("unlisted", "group", "staff"))
				o.Assign(main, user("cy"), role("reader", "POPULATION", "lost"))
				o.Assign(main, user("cy"), role("reader", "APPLICATION", "lost"))
				o.Assign(main, user("cy"), pingonetest.RoleAssignment{Role: id("reader"), ScopeType: "ORGANIZATION", Scope: o.ID})
			},
			want: func(h holdings) holdings {
				tinyOrg := pingonetest.StableID("organization", "Tiny").String()
				return h.
					with("groupings", "role:unlisted@ENVIRONMENT:nowhere", "role:unlisted@GROUP:staff", "role:reader@POPULATION:lost",
						"role:reader@APPLICATION:lost", "role:reader@ORGANIZATION:"+tinyOrg).
					with("privileges", "privilege:role:unlisted").
					with("assets", "environment:nowhere", "scope:GROUP:staff", "population:lost", "application:lost").
					with("accountAssociations", "user:bob role:unlisted@ENVIRONMENT:nowhere", "user:bob role:unlisted@GROUP:staff",
						"user:cy role:reader@POPULATION:lost", "user:cy role:reader@APPLICATION:lost", "user:cy role:reader@ORGANIZATION:"+tinyOrg).
					with("permissions", "role:unlisted@ENVIRONMENT:nowhere privilege:role:unlisted environment:nowhere",
						"role:unlisted@GROUP:staff privilege:role:unlisted scope:GROUP:staff",
						"role:reader@POPULATION:lost privilege:role:reader population:lost",
						"role:reader@APPLICATION:lost privilege:role:reader application:lost",
						"role:reader@ORGANIZATION:"+tinyOrg+" privilege:role:reader ")
			},
			warnings: map[string]int64{"role_unknown": 1, "scope_unknown": 1},
		},
		{
			name: "a role by a group is not posted twice",
			change: func(o *org) {
				o.Assign(main, group("leads"), role("envadmin", "ENVIRONMENT", "main"))
				inherited := role("envadmin", "ENVIRONMENT", "main")
				inherited.Group = id("leads")
				o.Assign(main, user("ann"), inherited)
			},
			want: func(h holdings) holdings {
				return h.with("groupingAssociations", "group:leads role:envadmin@ENVIRONMENT:main")
			},
		},
		{
			name: "all of several groups, nested and in a ring",
			change: func(o *org) {
				// ring holds lost, which holds ring: bob and cy are in both.
				o.AddGroup(main, pingonetest.Group{ID: id("ring"), Name: "Ring", Members: []int32{1}})
				o.AddGroup(main, pingonetest.Group{ID: id("lost"), Name: "Lost", Members: []int32{2}})
				o.Nest(main, id("ring"), id("lost"))
				o.Nest(main, id("lost"), id("ring"))
				o.AddGroup(main, pingonetest.Group{ID: id("temps"), Name: "Temps", Members: []int32{2, 3}})
				o.AddApplication(main, app("shop", "", "ALL_GROUPS", "ring", "lost"))
				o.AddApplication(main, app("desk", "", "ALL_GROUPS", "ring", "temps"))
				o.AddApplication(main, app("closed", "", "ALL_GROUPS", "leads", "temps"))
				o.AddApplication(main, app("admin", "", "ALL_GROUPS", "temps"))
			},
			want: func(h holdings) holdings {
				return h.
					with("groupings", "group:ring", "group:lost", "group:temps", "app-access:shop", "app-access:desk").
					with("assets", "application:shop", "application:desk", "application:closed", "application:admin").
					with("groupingAssociations", "group:lost group:ring", "group:ring group:lost").
					with("accountAssociations", "user:bob group:ring", "user:cy group:lost", "user:cy group:temps", "user:dan group:temps",
						"user:bob app-access:shop", "user:cy app-access:shop", "user:cy app-access:desk").
					with("permissions", "app-access:shop privilege:app-access application:shop",
						"app-access:desk privilege:app-access application:desk", "group:temps privilege:app-access application:admin")
			},
		},
		{
			name: "administrators only",
			change: func(o *org) {
				// ann is one by herself, bob by a group.
				o.AddGroup(main, pingonetest.Group{ID: id("temps"), Name: "Temps", Members: []int32{1}})
				o.AddGroup(main, pingonetest.Group{ID: id("ring"), Name: "Ring", Members: []int32{1, 2}})
				o.Assign(main, group("temps"), role("reader", "ENVIRONMENT", "main"))
				o.AddApplication(main, app("admin", "ADMIN_USERS_ONLY", ""))
				o.AddApplication(main, app("desk", "ADMIN_USERS_ONLY", "ANY_GROUP", "leads", "ring"))
				o.AddApplication(main, app("shop", "ADMIN_USERS_ONLY", "ALL_GROUPS", "staff", "ring"))
				o.AddApplication(main, app("closed", "ADMIN_USERS_ONLY", "ALL_GROUPS", "leads", "ring"))
			},
			want: func(h holdings) holdings {
				return h.
					with("groupings", "group:temps", "group:ring", "admins:main", "app-access:desk", "app-access:shop", "role:reader@ENVIRONMENT:main").
					with("assets", "application:admin", "application:desk", "application:shop", "application:closed").
					with("groupingAssociations", "group:temps role:reader@ENVIRONMENT:main").
					with("accountAssociations", "user:bob group:temps", "user:bob group:ring", "user:cy group:ring",
						"user:ann admins:main", "user:bob admins:main", "user:ann app-access:desk", "user:bob app-access:desk", "user:bob app-access:shop").
					with("permissions", "admins:main privilege:app-access application:admin", "app-access:desk privilege:app-access application:desk",
						"app-access:shop privilege:app-access application:shop",
						"role:reader@ENVIRONMENT:main privilege:role:reader environment:main")
			},
		},
		{
			name: "disabled application, gateways with and without a role",
			change: func(o *org) {
				closed := app("closed", "", "")
				closed.Disabled = true
				o.AddApplication(main, closed)
				o.AddGateway(main, pingonetest.Gateway{ID: id("gate"), Name: "Gate", Type: "PING_FEDERATE"})
				o.AddGateway(main, pingonetest.Gateway{ID: id("idle"), Name: "Idle", Type: "LDAP"})
				o.Assign(main, pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: id("gate")}, role("reader", "ENVIRONMENT", "main"))
			},
			want: func(h holdings) holdings {
				return h.with("assets", "application:closed").with("serviceAccounts", "gateway:gate").
					with("groupings", "role:reader@ENVIRONMENT:main").
					with("accountAssociations", "gateway:gate role:reader@ENVIRONMENT:main").
					with("permissions", "role:reader@ENVIRONMENT:main privilege:role:reader environment:main")
			},
		},
		{
			name: "environment without anybody, open application",
			change: func(o *org) {
				o.AddEnvironment(pingonetest.Environment{ID: id("side"), Name: "Side"})
				o.AddApplication(id("side"), app("shop", "", ""))
			},
			want: func(h holdings) holdings { return h.with("assets", "environment:side", "application:shop") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := tiny()
			if tt.change != nil {
				tt.change(o)
			}
			r := newRig(t, o, authomizetest.WithClock((&clock{at: day1}).now))
			for _, c := range staging.Collections {
				r.fetch(run1, c)
				if c == tt.after {
					tt.late(o)
				}
			}
			r.wantState(r.mustTransform(run1), report.Done, true)
			r.wantHeld(tt.want(tinyHoldings()))
			rep := r.report(run1)
			if diff := cmp.Diff(tt.quarantine, quarantined(rep)); diff != "" {
				t.Errorf("quarantine (-want +got):\n%s", diff)
			}
			if tt.warnings == nil {
				tt.warnings = map[string]int64{}
			}
			if diff := cmp.Diff(tt.warnings, rep.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func cut(list []string, these ...string) []string {
	var out []string
	for _, s := range list {
		keep := true
		for _, x := range these {
			keep = keep && s != x
		}
		if keep {
			out = append(out, s)
		}
	}
	return out
}

// quarantined are the lines of quarantine, with how many more each stands for.
func quarantined(rep *report.Report) []string {
	var out []string
	for _, q := range rep.Quarantine {
		line := q.Kind + " " + q.Key + ": " + q.Reason
		if q.Others > 0 {
			line += fmt.Sprintf(" (%d more)", q.Others)
		}
		out = append(out, line)
	}
	if out == nil {
		return nil
	}
	return namedAll(out)
}

// Many of one reason hide no other one, and what holds the sweep comes first.
func TestQuarantineIsListed(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	var strangers strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&strangers, `{"id":"%s"},`, pingonetest.StableID("stranger", fmt.Sprint(i)))
	}
	struck := false
	r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
		if collection == staging.Memberships && !struck && strings.Contains(body, `"users":[`) {
			body = strings.Replace(body, `"users":[`, `"users":[`+strangers.String()+`{"id":""},{"id":""},`, 1)
			struck = true
		}
		return []string{body}
	})
	r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseWhere("name", "value_error", isBob)})
	if got := r.mustTransform(run2); got.State != report.Held {
		t.Fatalf("got %+v", got)
	}
	rep := r.report(run2)
	lines := quarantined(rep)
	if len(rep.Quarantine) != 1002 || rep.Unlisted != 200 || rep.Totals.Quarantined != 1203 {
		t.Errorf("%d lines, %d unlisted of %d, want 1002, 200 and 1203", len(rep.Quarantine), rep.Unlisted, rep.Totals.Quarantined)
	}
	for i, want := range []report.Quarantined{
		{Kind: "accountAssociations", Reason: "malformed: no id, or another shape", Others: 1},
		{Kind: "users", Reason: "invalid name: value_error"},
		{Kind: "accountAssociations", Reason: "user is not in this run"},
	} {
		got := rep.Quarantine[i]
		if got.Key = ""; got != want {
			t.Errorf("line %d is %+v, want %+v; all are %q…", i, got, want, lines[:3])
		}
	}
}

// A page that came twice, or a user on two pages, is posted once, whichever
// page came first.
func TestRepeatedUsers(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
		switch collection {
		case staging.Users:
			later := strings.ReplaceAll(body, `"username":"ann"`, `"username":"anna"`)
			return []string{body, later, body}
		default: // all other lists come twice as well
			return []string{body, body}
		}
	})
	got := r.mustTransform(run2)
	r.wantState(got, report.Done, true)
	r.wantHeld(tinyHoldings())
	r.wantSweeps("23 09:29:00", "24 09:29:00")
	r.wantPosts(tinyPosts...)
	for _, u := range authomizetest.Get[authomize.User](r.app) {
		if named(u.UniqueID) == "user:ann" && u.Name != "ann" {
			t.Errorf("ann is %q", u.Name)
		}
	}
	if q := r.report(run2).Quarantine; len(q) != 0 {
		t.Errorf("quarantine %+v", q)
	}
	for _, k := range r.report(run2).Kinds {
		if k.Duplicates != map[string]int64{"accountAssociations": 6}[k.Kind] {
			t.Errorf("%s: %d duplicates", k.Kind, k.Duplicates)
		}
	}
}
