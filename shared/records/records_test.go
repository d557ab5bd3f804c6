package records_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/staging"
)

// collect streams every kind: the keys of all records, what was found, and each
// record with its tag, as JSON.
func collect(t testing.TB, w *world, x *records.Index) (holdings, *records.Findings, map[authomize.Kind][]string) {
	t.Helper()
	all, found, bodies := holdings{}, new(records.Findings), map[authomize.Kind][]string{}
	for _, kind := range authomize.Kinds {
		for item, err := range x.Stream(t.Context(), kind, found) {
			if err != nil {
				t.Fatal(err)
			}
			if item.Record.Kind() != kind {
				t.Errorf("a record of kind %s among %s", item.Record.Kind(), kind)
			}
			body, err := json.Marshal(item.Record)
			if err != nil {
				t.Fatal(err)
			}
			all[kind] = append(all[kind], w.named(item.Record.Key()))
			bodies[kind] = append(bodies[kind], fmt.Sprintf("%d %s", item.Tag, w.named(string(body))))
		}
		slices.Sort(all[kind])
		if len(all[kind]) == 0 {
			delete(all, kind)
		}
	}
	return all, found, bodies
}

// lines are what was found, each as "kind key: reason" or "warning id".
func (w *world) lines(f *records.Findings) []string {
	var out []string
	for _, q := range f.Quarantined {
		for _, l := range q.Lines {
			line := string(q.Kind) + " " + w.named(l.Key) + ": " + q.Reason
			if l.Others > 0 {
				line += fmt.Sprintf(" (%d more)", l.Others)
			}
			out = append(out, line)
		}
	}
	for _, warned := range f.Warnings {
		for _, id := range warned.IDs {
			out = append(out, string(warned.Code)+" "+w.named(id))
		}
	}
	slices.Sort(out)
	return out
}

// check compares all records with want and what was found with lines. Then it
// streams all of an index of its own, each kind once broken off before.
func check(t *testing.T, w *world, want holdings, lines ...string) map[authomize.Kind][]string {
	t.Helper()
	got, found, bodies := collect(t, w, w.load(t))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(lines, w.lines(found)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	x := w.load(t)
	for kind, all := range bodies {
		n := 0
		for range x.Stream(t.Context(), kind, nil) {
			if n++; n > len(all)/2 {
				break
			}
		}
	}
	_, again, second := collect(t, w, x)
	if diff := cmp.Diff(bodies, second) + cmp.Diff(w.lines(found), w.lines(again)); diff != "" {
		t.Errorf("another index (-first +second):\n%s", diff)
	}
	return bodies
}

func TestTiny(t *testing.T) {
	t.Parallel()
	bodies := check(t, tiny(), tinyHoldings())
	want := map[authomize.Kind][]string{
		authomize.Users: {`1 {"uniqueId":"user:ann","originId":"ann","name":"ann","status":"Enabled","isExternal":false,"tags":["People"],"customProperties":[{"key":"population","value":"People"}]}`},
		authomize.Groupings: {
			`1 {"uniqueId":"group:leads","originId":"leads","name":"leads","originType":"PingOne Group","type":"Group","isRole":false}`,
			`1 {"uniqueId":"group:staff","originId":"staff","name":"staff","originType":"PingOne Group","type":"Group","isRole":false}`,
			`1 {"uniqueId":"role:reader@POPULATION:people","originId":"reader","name":"Identity Data Read Only (population People)","originType":"PingOne Role","type":"Group","isRole":true}`,
			`1 {"uniqueId":"role:envadmin@ENVIRONMENT:main","originId":"envadmin","name":"Environment Admin (environment Main)","originType":"PingOne Role","type":"Group","isRole":true}`,
			`2147483649 {"uniqueId":"all-users:main","originId":"main","name":"All users (environment Main)","originType":"PingOne All Users","type":"VirtualGroup","isRole":false}`,
		},
		authomize.Privileges: {
			`0 {"uniqueId":"privilege:role:envadmin","originId":"envadmin","originName":"Environment Admin","privilegeType":"Administrative"}`,
			`0 {"uniqueId":"privilege:role:reader","originId":"reader","originName":"Identity Data Read Only","privilegeType":"Data Read"}`,
			`0 {"uniqueId":"privilege:app-access","originName":"Use application","type":"Use"}`,
		},
	}
	slices.Sort(bodies[authomize.Users])
	for kind, all := range want {
		if diff := cmp.Diff(all, bodies[kind][:len(all)]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// Each case changes tiny and says what that changes in Authomize.
func TestAwkward(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(w *world)
		want   func(h holdings) holdings
		lines  []string
	}{
		"ties to a user that is not in the run": {
			change: func(w *world) {
				w.members("group", "leads", "fay")
				w.role("user:fay", "reader", "POPULATION:people", "")
			},
			lines: []string{
				"accountAssociations user:fay group:leads: user is not in this run",
				"accountAssociations user:fay role:reader@POPULATION:people: principal is not in this run",
			},
		},
		"a group that is not in the run": {
			change: func(w *world) {
				w.members("group", "temps", "cy", "bob")
				w.children("staff", "temps")
				w.children("temps", "leads")
				w.role("group:temps", "reader", "ENVIRONMENT:main", "")
				w.application("shop", `,"accessControl":{"group":{"type":"ANY_GROUP","groups":[{"id":"#temps"},{"id":"#leads"}]}}`)
				w.application("desk", `,"accessControl":{"group":{"type":"ALL_GROUPS","groups":[{"id":"#temps"},{"id":"#leads"}]}}`)
			},
			want: func(h holdings) holdings {
				return h.with("assets", "application:desk", "application:shop").
					with("permissions", "group:leads privilege:app-access application:shop")
			},
			lines: []string{
				"accountAssociations group:temps: group is not in this run (1 more)",
				"groupingAssociations group:leads group:temps: group is not in this run",
				"groupingAssociations group:temps group:staff: group is not in this run",
				"groupingAssociations group:temps role:reader@ENVIRONMENT:main: principal is not in this run",
				"permissions group:temps privilege:app-access application:desk: group of the access control is not in this run",
				"permissions group:temps privilege:app-access application:shop: group of the access control is not in this run",
			},
		},
		"nesting that leads back": {
			change: func(w *world) {
				w.children("staff", "staff", "leads")
				w.children("leads", "staff")
			},
			want:  func(h holdings) holdings { return h.with("groupingAssociations", "group:staff group:leads") },
			lines: []string{"group_in_itself group:staff", "groupingAssociations group:staff group:staff: group is in itself"},
		},
		"roles, scopes and environments that no list holds": {
			change: func(w *world) {
				for _, scope := range []string{"ENVIRONMENT:nowhere", "group:staff", "DIRECTORY:lost", "POPULATION:lost", "APPLICATION:lost", "ORGANIZATION:org"} {
					w.role("user:bob", "unlisted", scope, "")
				}
				w.role("user:cy", "reader", "POPULATION:lost", "")
			},
			want: func(h holdings) holdings {
				h = h.with("privileges", "privilege:role:unlisted").with("groupings", "role:reader@POPULATION:lost").
					with("accountAssociations", "user:cy role:reader@POPULATION:lost").
					with("permissions", "role:reader@POPULATION:lost privilege:role:reader population:lost").
					with("assets", "environment:nowhere", "scope:GROUP:staff", "scope:DIRECTORY:lost", "population:lost", "application:lost")
				for scope, asset := range map[string]string{
					"ENVIRONMENT:nowhere": "environment:nowhere", "GROUP:staff": "scope:GROUP:staff", "DIRECTORY:lost": "scope:DIRECTORY:lost",
					"POPULATION:lost": "population:lost", "APPLICATION:lost": "application:lost", "ORGANIZATION:org": "",
				} {
					role := "role:unlisted@" + scope
					h = h.with("groupings", role).with("accountAssociations", "user:bob "+role).with("permissions", role+" privilege:role:unlisted "+asset)
				}
				return h
			},
			lines: []string{"role_unknown privilege:role:unlisted", "scope_unknown role:unlisted@DIRECTORY:lost"},
		},
		// What its own list showed is the fresher truth, where there is a reading of it.
		"inherited roles are the group's": {
			change: func(w *world) {
				w.role("user:ann", "envadmin", "ENVIRONMENT:main", `,"group":{"id":"#leads"}`)
				w.role("group:leads", "envadmin", "ENVIRONMENT:main", `,"group":{"id":"#leads"}`)
				w.role("user:bob", "envadmin", "ENVIRONMENT:main", `,"type":"INDIRECT"`)
				w.role("user:cy", "envadmin", "ENVIRONMENT:main", `,"inheritanceType":"indirect"`)
				w.role("user:dan", "unlisted", "ENVIRONMENT:main", `,"group":{"id":"#leads"},"type":"INDIRECT"`).Carried = staging.NotDue
				w.role("group:staff", "envadmin", "ENVIRONMENT:main", `,"type":"INDIRECT"`)
				w.role("user:eve", "reader", "ENVIRONMENT:main", `,"type":"DIRECT"`)
				for _, group := range []string{"never", "marker", "empty"} {
					w.group(group, "")
					w.role("user:ann", "reader", "GROUP:"+group, `,"group":{"id":"#`+group+`"}`)
					w.role("user:bob", "reader", "GROUP:"+group, `,"group":{"id":"#`+group+`"}`)
				}
				w.role("user:cy", "reader", "GROUP:lost", `,"group":{"id":"#lost"}`)
				w.add(staging.RoleAssignments, 0, "x/roleAssignments", "group:marker", `{}`).Carried = staging.Refused
				w.add(staging.RoleAssignments, 0, "x/roleAssignments", "group:empty", `[]`).Carried = staging.NotDue
			},
			want: func(h holdings) holdings {
				h = h.with("groupings", "role:reader@ENVIRONMENT:main", "group:empty", "group:marker", "group:never").
					with("permissions", "role:reader@ENVIRONMENT:main privilege:role:reader environment:main").
					with("groupingAssociations", "group:leads role:envadmin@ENVIRONMENT:main", "group:staff role:envadmin@ENVIRONMENT:main").
					with("accountAssociations", "user:eve role:reader@ENVIRONMENT:main")
				for _, group := range []string{"never", "marker"} {
					role := "role:reader@GROUP:" + group
					h = h.with("groupings", role).with("groupingAssociations", "group:"+group+" "+role).
						with("permissions", role+" privilege:role:reader scope:GROUP:"+group).with("assets", "scope:GROUP:"+group)
				}
				return h
			},
			lines: []string{"groupingAssociations group:lost role:reader@GROUP:lost: principal is not in this run"},
		},
		"all of several groups, nested and in a ring": {
			change: func(w *world) { // ring holds lost, which holds ring: bob and cy are in both
				for group, members := range map[string][]string{"ring": {"bob"}, "lost": {"cy"}, "temps": {"cy", "dan"}} {
					w.group(group, "")
					w.members("group", group, members...)
				}
				w.children("ring", "lost")
				w.children("lost", "ring")
				for app, groups := range map[string]string{"shop": "ring lost", "desk": "ring temps", "closed": "leads temps", "admin": "temps"} {
					w.application(app, `,"accessControl":{"group":{"type":"ALL_GROUPS","groups":`+list(strings.Fields(groups)...)+`}}`)
				}
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
		"administrators only": {
			change: func(w *world) { // ann is one by herself, bob by a group that is in a group, dan by one that is no condition
				w.group("lost", "")
				w.members("group", "lost", "dan")
				w.role("group:lost", "reader", "ENVIRONMENT:main", "")
				w.group("temps", "")
				w.group("ring", `,"userFilter":"x"`)
				w.children("ring", "temps")
				w.members("group", "temps", "bob", "ghost")
				w.members("groupAny", "ring", "bob", "cy")
				w.role("group:ring", "reader", "ENVIRONMENT:main", "")
				w.add(staging.Users, 0, "users", "", `[{"id":"#fay","username":"fay","enabled":true}]`).Environment = w.id("side")
				w.members("group", "leads", "fay")
				w.role("user:fay", "reader", "ENVIRONMENT:main", "") // an administrator, of another environment
				for app, groups := range map[string]string{"admin": "", "desk": "ANY_GROUP leads ring", "shop": "ALL_GROUPS staff ring", "closed": "ALL_GROUPS leads ring"} {
					control := `,"accessControl":{"role":{"type":"ADMIN_USERS_ONLY"}`
					if of := strings.Fields(groups); len(of) > 0 {
						control += `,"group":{"type":"` + of[0] + `","groups":` + list(of[1:]...) + `}`
					}
					w.application(app, control+"}")
				}
			},
			want: func(h holdings) holdings {
				return h.with("users", "user:fay").
					with("groupings", "group:temps", "group:ring", "group:lost", "admins:main", "app-access:desk", "app-access:shop", "role:reader@ENVIRONMENT:main").
					with("assets", "application:admin", "application:desk", "application:shop", "application:closed", "environment:side").
					with("groupingAssociations", "group:temps group:ring", "group:ring role:reader@ENVIRONMENT:main", "group:lost role:reader@ENVIRONMENT:main").
					with("accountAssociations", "user:bob group:temps", "user:cy group:ring", "user:fay group:leads",
						"user:dan group:lost", "user:fay role:reader@ENVIRONMENT:main",
						"user:ann admins:main", "user:dan admins:main", "user:bob admins:main", "user:cy admins:main",
						"user:ann app-access:desk", "user:bob app-access:desk", "user:cy app-access:desk", "user:bob app-access:shop", "user:cy app-access:shop").
					with("permissions", "admins:main privilege:app-access application:admin", "app-access:desk privilege:app-access application:desk",
						"app-access:shop privilege:app-access application:shop",
						"role:reader@ENVIRONMENT:main privilege:role:reader environment:main")
			},
			lines: []string{"accountAssociations user:ghost group:temps: user is not in this run"},
		},
		"disabled application, gateways with and without a role": {
			change: func(w *world) {
				w.application("closed", `,"enabled":false`)
				w.add(staging.Gateways, 0, "gateways", "", `[{"id":"#gate","name":"Gate","enabled":true},{"id":"#idle","name":"Idle","enabled":true}]`)
				w.role("gateway:gate", "reader", "ENVIRONMENT:main", "")
				w.role("application:wiki", "reader", "ENVIRONMENT:main", "")
				w.role("gateway:ghost", "reader", "ENVIRONMENT:main", "")
			},
			want: func(h holdings) holdings {
				return h.with("assets", "application:closed").with("serviceAccounts", "gateway:gate", "client:wiki").
					with("groupings", "role:reader@ENVIRONMENT:main").
					with("accountAssociations", "gateway:gate role:reader@ENVIRONMENT:main", "client:wiki role:reader@ENVIRONMENT:main").
					with("permissions", "role:reader@ENVIRONMENT:main privilege:role:reader environment:main")
			},
			lines: []string{"accountAssociations gateway:ghost role:reader@ENVIRONMENT:main: principal is not in this run"},
		},
		"environment without anybody, open application": {
			change: func(w *world) {
				w.add(staging.Applications, 0, "applications", "", `[{"id":"#shop","name":"shop","enabled":true,"type":"WEB_APP"}]`).Environment = w.id("side")
			},
			want: func(h holdings) holdings { return h.with("assets", "environment:side", "application:shop") },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, want := tiny(), tinyHoldings()
			tt.change(w)
			if tt.want != nil {
				want = tt.want(want)
			}
			check(t, w, want, tt.lines...)
		})
	}
}

// What the snapshots hold is the truth: of two readings the later one, without
// what is gone or was approved away.
func TestReadings(t *testing.T) {
	t.Parallel()
	same := func(h holdings) holdings { return h }
	tests := map[string]struct {
		change func(w *world)
		want   func(h holdings) holdings
		names  map[string]string // of users and groups
	}{
		"the later reading counts, before or behind": {
			change: func(w *world) {
				w.add(staging.Users, -1, "users", "population:others", "["+strings.ReplaceAll(person("ann", ""), `"username":"ann"`, `"username":"older"`)+"]").Carried = staging.Unlisted
				w.add(staging.Users, 1, "users", "population:others", "["+strings.ReplaceAll(person("bob", ""), `"username":"bob"`, `"username":"newer"`)+"]")
				w.add(staging.Users, 0, "users", "population:others", "["+strings.ReplaceAll(person("cy", ""), `"username":"cy"`, `"username":"behind"`)+"]")
				w.add(staging.Users, 2, "users", "population:others", "["+person("dan", "")+","+person("dan", "")+"]")
				w.add(staging.Groups, -1, "groups", "", `[{"id":"#staff","name":"older"}]`)
				w.add(staging.Groups, 0, "groups", "", `[{"id":"#leads","name":"newer"}]`)
				w.add(staging.Populations, -1, "populations", "", `[{"id":"#people","name":"older"}]`)
				w.add(staging.Applications, -1, "applications", "", `[{"id":"#wiki","name":"older","enabled":false}]`)
				w.add(staging.Environments, -1, "/v1/environments/#main", "", `{"id":"#main","name":"older"}`)
			},
			want:  same,
			names: map[string]string{"ann": "ann", "bob": "newer", "cy": "behind", "dan": "dan", "eve": "eve", "staff": "staff", "leads": "newer"},
		},
		"what is carried counts": {
			change: func(w *world) {
				for c := range w.replies {
					for i := range w.replies[c] {
						w.replies[c][i].Carried = staging.Refused
					}
				}
				w.add(staging.Users, -9, "users", "", "["+person("fay", "")+"]").ID = w.id("fay")
				tie := w.members("group", "leads", "bob")
				tie.ID, tie.Carried = w.id("bob"), staging.Unproven
			},
			want: func(h holdings) holdings {
				return h.with("users", "user:fay").with("accountAssociations", "user:fay all-users:main", "user:bob group:leads")
			},
		},
		"items that are gone": {
			change: func(w *world) {
				w.isGone(staging.Users, "", "eve")
				w.isGone(staging.Memberships, "group:staff", "eve")
				w.isGone(staging.Applications, "", "wiki")
				w.isGone(staging.Groups, "", "leads")
				w.isGone(staging.Memberships, "group:leads", "ann")
				w.isGone(staging.Memberships, "group:staff", "leads")
				w.replies[staging.Applications][1].Body = []byte(strings.ReplaceAll(string(w.replies[staging.Applications][1].Body), id("leads").String(), id("staff").String()))
			},
			want: func(h holdings) holdings {
				return h.without("user:eve", "application:wiki", "group:leads", "all-users:main").
					with("permissions", "group:staff privilege:app-access application:sync")
			},
		},
		"ties that are gone": {
			change: func(w *world) {
				w.isGone(staging.Memberships, "group:leads", "ann")
				w.isGone(staging.Memberships, "group:staff", "leads")
				w.isGone(staging.RoleAssignments, "user:ann", "user-ann-reader")
				w.role("user:bob", "reader", "POPULATION:people", `,"group":{"id":"#staff"}`)
				w.isGone(staging.RoleAssignments, "group:staff", "user-bob-reader")
			},
			want: func(h holdings) holdings {
				h = h.without("role:reader@POPULATION:people").without("groupingAssociations")
				delete(h, "groupingAssociations")
				h["accountAssociations"] = slices.DeleteFunc(slices.Clone(h["accountAssociations"]), func(k string) bool { return k == "user:ann group:leads" })
				return h
			},
		},
		"what was approved away": {
			change: func(w *world) {
				w.add(staging.Users, 0, "users", "", "["+person("fay", "")+"]").Carried = staging.Unproven
				w.options.Skip = func(c staging.Collection, r *staging.Reply) bool {
					return c == staging.Users && r.Carried == staging.Unproven || c == staging.Memberships && r.IsOf("groups")
				}
			},
			want: func(h holdings) holdings {
				delete(h, "groupingAssociations")
				return h
			},
		},
		"lists that were never read, and a list that was read twice": {
			change: func(w *world) {
				for c, path := range map[staging.Collection]string{
					staging.Users: "users", staging.Groups: "groups", staging.Roles: "roles", staging.Gateways: "gateways", staging.Environments: "/v1/environments/#side",
				} {
					r := w.add(c, 0, path, "", `{}`)
					r.Environment, r.Carried = w.id("side"), staging.Refused
				}
				w.add(staging.Memberships, 0, "users", "group:ghost", "{}").Carried = staging.Refused
				w.members("group", "staff", "ann", "bob")
				w.children("staff", "leads").Carried = staging.Short
				w.role("user:ann", "reader", "POPULATION:people", "")
			},
			want: func(h holdings) holdings { return h.with("assets", "environment:side") },
		},
		"an environment that is gone": {
			change: func(w *world) {
				for c := range w.replies {
					for _, r := range w.replies[c] {
						r.Environment = w.id("side")
						r.Body = []byte(strings.NewReplacer(id("main").String(), w.id("side").String(), id("ann").String(), w.id("fay").String()).Replace(string(r.Body)))
						w.replies[c] = append(w.replies[c], r)
					}
				}
				w.isGone(staging.Environments, "", "side")
			},
			want: same,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tiny()
			tt.change(w)
			bodies := check(t, w, tt.want(tinyHoldings()))
			for thing, name := range tt.names {
				if !slices.ContainsFunc(slices.Concat(bodies[authomize.Users], bodies[authomize.Groupings]), func(b string) bool {
					return strings.Contains(b, `"originId":"`+thing+`","name":"`+name+`"`)
				}) {
					t.Errorf("%s is not called %s in %q", thing, name, bodies)
				}
			}
		})
	}
}

// Whether PingOne takes members by a filter for direct ones or not, all are
// there once, and those by a group within it are not.
func TestDynamicGroups(t *testing.T) {
	t.Parallel()
	type group struct {
		direct, any, children string
	}
	tests := map[string]struct {
		groups map[string]group
		want   string
	}{
		"alone":                   {map[string]group{"temps": {any: "bob cy"}}, "bob temps, cy temps"},
		"shown as direct":         {map[string]group{"temps": {direct: "bob cy", any: "bob cy"}}, "bob temps, cy temps"},
		"and by hand":             {map[string]group{"temps": {direct: "ann bob", any: "ann bob cy"}}, "ann temps, bob temps, cy temps"},
		"holds a group":           {map[string]group{"temps": {any: "ann bob cy", children: "leads"}}, "bob temps, cy temps"},
		"and its member":          {map[string]group{"temps": {direct: "ann", any: "ann bob cy", children: "leads"}}, "ann temps, bob temps, cy temps"},
		"put in by hand meantime": {map[string]group{"temps": {direct: "eve", any: "bob cy"}}, "bob temps, cy temps, eve temps"},
		"holds a dynamic group": {
			map[string]group{"ring": {any: "dan"}, "temps": {any: "bob cy dan", children: "ring"}}, "bob temps, cy temps, dan ring",
		},
		"three deep": {
			map[string]group{"ring": {direct: "eve", any: "dan eve"}, "lost": {direct: "cy", children: "ring"}, "temps": {any: "bob cy dan eve", children: "lost"}},
			"bob temps, cy lost, dan ring, eve ring",
		},
		"a circle": {
			map[string]group{"ring": {direct: "dan", children: "temps"}, "temps": {any: "bob cy dan", children: "ring"}}, "bob temps, cy temps, dan ring",
		},
		// Whose filter let them in is not to be said, and nobody is lost.
		"a circle of dynamic groups": {
			map[string]group{"ring": {any: "bob cy dan", children: "temps"}, "temps": {any: "bob cy dan", children: "ring"}},
			"bob ring, bob temps, cy ring, cy temps, dan ring, dan temps",
		},
		"two that share a third": {
			map[string]group{"ring": {any: "bob cy", children: "lost"}, "temps": {any: "cy dan", children: "lost"}, "lost": {any: "cy"}},
			"bob ring, cy lost, dan temps",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tiny()
			for name, g := range tt.groups {
				w.group(name, `,"userFilter":"x"`)
				w.members("group", name, strings.Fields(g.direct)...)
				w.members("groupAny", name, strings.Fields(g.any)...)
				w.children(name, strings.Fields(g.children)...)
			}
			x := w.load(t)
			all, found, _ := collect(t, w, x)
			var got []string
			for _, key := range all["accountAssociations"] {
				if !slices.Contains(tinyHoldings()["accountAssociations"], key) {
					got = append(got, strings.NewReplacer("user:", "", "group:", "").Replace(key))
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" || len(found.Quarantined) > 0 {
				t.Errorf("members (-want +got):\n%s; found %v", diff, w.lines(found))
			}
		})
	}
}

// A member that a dynamic group shows in both of its lists, and whom the run
// does not hold, is one record in quarantine; those without an id are counted
// with their group.
func TestStrangersInADynamicGroup(t *testing.T) {
	t.Parallel()
	w := tiny()
	w.group("temps", `,"userFilter":"x"`)
	w.members("group", "temps", "ghost", "ann")
	w.members("groupAny", "temps", "ghost", "spirit", "ann")
	w.add(staging.Memberships, 0, "users", "group:leads", `[{"id":""},{"id":7},null,{"id":"#ann"}]`)
	check(t, w, tinyHoldings().with("groupings", "group:temps").with("accountAssociations", "user:ann group:temps"),
		"accountAssociations group:leads: malformed: no id, or another shape (2 more)",
		"accountAssociations user:ghost group:temps: user is not in this run",
		"accountAssociations user:spirit group:temps: user is not in this run",
	)
}

// What can't be told apart or decoded is quarantined, and the rest of its page
// is there.
func TestMalformed(t *testing.T) {
	t.Parallel()
	const malformed = ": malformed: no id, or another shape"
	const users, roles, app = "users /v1/environments/main/users", "accountAssociations /v1/environments/main/x/roleAssignments", "permissions application:shop"
	control := func(c string) func(w *world) {
		return func(w *world) { w.application("shop", `,"accessControl":`+c) }
	}
	tests := map[string]struct {
		change func(w *world)
		line   string
		also   []string // permissions
	}{
		"users":        {func(w *world) { w.add(staging.Users, 0, "users", "", `[{"id":"x"},7,`+person("ann", "")+`]`) }, users + malformed + " (1 more)", nil},
		"groups":       {func(w *world) { w.add(staging.Groups, 0, "groups", "", `[{"name":"x"}]`) }, "groupings /v1/environments/main/groups" + malformed, nil},
		"populations":  {func(w *world) { w.add(staging.Populations, 0, "populations", "", `[[]]`) }, "assets /v1/environments/main/populations" + malformed, nil},
		"gateways":     {func(w *world) { w.add(staging.Gateways, 0, "gateways", "", `[{"id":5}]`) }, "serviceAccounts /v1/environments/main/gateways" + malformed, nil},
		"roles":        {func(w *world) { w.add(staging.Roles, 0, "roles", "", `[{}]`) }, "privileges /v1/environments/main/roles" + malformed, nil},
		"children":     {func(w *world) { w.add(staging.Memberships, 0, "groups", "group:leads", `[{}]`) }, "groupingAssociations /v1/environments/main/groups" + malformed, nil},
		"environments": {func(w *world) { w.add(staging.Environments, 0, "/v1/environments/#main", "", `{"name":"x"}`) }, "assets /v1/environments/main" + malformed, nil},
		"assignment without a scope": {func(w *world) {
			w.add(staging.RoleAssignments, 0, "x/roleAssignments", "user:bob", `[{"role":{"id":"#reader"},"scope":{"type":"POPULATION","id":"oops"}}]`)
		}, roles + malformed, nil},
		"assignment without a role": {func(w *world) {
			w.add(staging.RoleAssignments, 0, "x/roleAssignments", "user:bob", `[{"scope":{"type":"ENVIRONMENT","id":"#main"}}]`)
		}, roles + malformed, nil},
		"groups with ids of another form":     {control(`{"group":{"type":"ANY_GROUP","groups":[{"id":"x"},{}]}}`), app + malformed + " (1 more)", nil},
		"one group with an id of another one": {control(`{"group":{"type":"ANY_GROUP","groups":[{"id":"x"},{"id":"#staff"}]}}`), app + malformed, []string{"group:staff privilege:app-access application:shop"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, want := tiny(), tinyHoldings()
			tt.change(w)
			if strings.HasPrefix(tt.line, "permissions") {
				want = want.with("assets", "application:shop").with("permissions", tt.also...)
			}
			check(t, w, want, tt.line)
		})
	}
}

// An item keeps what can be decoded of it, and the warning names the rest. An
// application whose conditions can't be decoded is not open to everyone.
func TestFieldsOfAnotherType(t *testing.T) {
	t.Parallel()
	w := tiny()
	w.add(staging.Users, 1, "users", "population:people", `[`+person("ann", `,"title":{}`)+`,{"id":"#bob","username":"bob","enabled":"maybe"},`+
		person("cy", `,"lastSignOn":{"at":[]}`)+`,`+person("dan", "")+`]`)
	w.add(staging.Users, -1, "users", "population:people", `[`+person("eve", `,"title":{}`)+`]`) // not what counts
	w.add(staging.Groups, 1, "groups", "", `[{"id":"#staff","name":"staff","directMemberCounts":{"users":"five"}},{"id":"#leads","name":"leads"}]`)
	w.add(staging.Populations, 1, "populations", "", `[{"id":"#people","name":"People","userCount":"many"}]`)
	w.add(staging.Environments, 1, "/v1/environments/#main", "", `{"id":"#main","name":"Main","description":[]}`)
	w.add(staging.Roles, 1, "/v1/organizations/#org", "", `{"id":"#org","name":[]}`).Environment = pingone.ID{}
	w.add(staging.Roles, 1, "/v1/roles", "", `[{"id":"#reader","name":"Identity Data Read Only","permissions":7}]`).Environment = pingone.ID{}
	w.add(staging.Gateways, 1, "gateways", "", `[{"id":"#gate","name":"Gate","enabled":0}]`)
	w.add(staging.Applications, -1, "applications", "", `[{"id":"#wiki","name":"old","accessControl":7},{"id":"#desk","accessControl":[]}]`)
	w.add(staging.Applications, 1, "applications", "", `[{"id":"#shop","name":"shop","enabled":true,"accessControl":{"group":{"groups":"all"}}},
		{"id":"#desk","name":"desk","enabled":true},{"id":"#closed","name":"closed","enabled":false,"accessControl":7}]`)
	w.add(staging.RoleAssignments, 1, "x/roleAssignments", "user:bob", `[{"id":"#given","role":{"id":"#reader"},"scope":{"type":"POPULATION","id":"#people"},"inheritanceType":[]},
		{"id":"#other","role":{"id":7},"scope":{"type":"POPULATION","id":"#people"}}]`)
	w.add(staging.RoleAssignments, 1, "x/roleAssignments", "user:cy", `[{"role":{"id":"#reader"},"scope":{"type":"POPULATION","id":"#people"}}]`)
	w.role("gateway:gate", "reader", "POPULATION:people", "")
	bodies := check(t, w, tinyHoldings().with("assets", "application:shop", "application:desk", "application:closed").
		with("serviceAccounts", "gateway:gate").
		with("accountAssociations", "user:bob role:reader@POPULATION:people", "user:cy role:reader@POPULATION:people", "gateway:gate role:reader@POPULATION:people").
		with("permissions", "all-users:main privilege:app-access application:desk"),
		"accountAssociations /v1/environments/main/x/roleAssignments: malformed: no id, or another shape",
		"enabled_absent gateway:gate", "enabled_absent user:bob",
		"field_left_out application:closed accessControl",
		"field_left_out application:shop accessControl",
		"field_left_out environment:main description", "field_left_out gateway:gate enabled", "field_left_out group:staff directMemberCounts",
		"field_left_out organization:org name", "field_left_out population:people userCount", "field_left_out privilege:role:reader permissions",
		"field_left_out role-assignment:given inheritanceType", "field_left_out role-assignment:other role",
		"field_left_out user:ann title", "field_left_out user:bob enabled", "field_left_out user:cy lastSignOn",
		"permissions application:shop: malformed: no id, or another shape",
	)
	for _, want := range []string{`"originId":"ann","name":"ann","status":"Enabled"`, `"originId":"bob","name":"bob","status":"Unknown"`, `"originId":"cy","name":"cy","status":"Enabled"`} {
		if !strings.Contains(strings.Join(bodies[authomize.Users], "\n"), want) {
			t.Errorf("no user with %s in %q", want, bodies[authomize.Users])
		}
	}
}

// A reply that can't be used at all ends what needs it, with its path.
func TestBadReplies(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(w *world) *staging.Reply
		want   error
	}{
		"another shape":            {func(w *world) *staging.Reply { return w.add(staging.Groups, 0, "groups", "", `7`) }, pingone.ErrBadPage},
		"role assignments of none": {func(w *world) *staging.Reply { return w.add(staging.RoleAssignments, 0, "groups", "", `[]`) }, staging.ErrCorrupt},
		"members of none":          {func(w *world) *staging.Reply { return w.add(staging.Memberships, 0, "groups", "", `[]`) }, staging.ErrCorrupt},
		"of no environment": {func(w *world) *staging.Reply {
			r := w.add(staging.Groups, 0, "groups", "", `[]`)
			r.Environment = pingone.ID{}
			return r
		}, staging.ErrCorrupt},
	} {
		w := tiny()
		path := tt.change(w).Path
		if _, err := records.Load(t.Context(), w.snapshots(t), w.options); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := tiny()
	x := w.load(t)
	cancel()
	for _, kind := range []authomize.Kind{authomize.Users, "others"} {
		var errs int
		for _, err := range x.Stream(ctx, kind, nil) {
			if err != nil {
				errs++
			}
		}
		if errs != 1 {
			t.Errorf("%s: %d errors, want 1", kind, errs)
		}
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	const left = ""
	own := func(w *world, hour int, user, body string) *staging.Reply {
		return w.add(staging.Devices, hour, "users/#"+user+"/devices", "user:"+user, body)
	}
	explored := func(w *world, hour int, entries string) {
		w.add(staging.Devices, hour, "dataExplorations/#x/entries", "", entries)
	}
	active := func(user string) string { return `{"userId":"#` + user + `","deviceStatus":"ACTIVE"}` }
	tests := map[string]struct {
		off    bool
		change func(w *world)
		want   [5]string // of ann, bob (who may not), cy, dan, eve
		lines  []string
	}{
		"not asked for: allowed is enough": {off: true, change: func(w *world) { own(w, 0, "ann", `[]`) }, want: [5]string{"yes", "no", "yes", "yes", "yes"}},
		"explored, and asked one by one": {
			change: func(w *world) {
				explored(w, 0, "["+active("ann")+","+active("bob")+`,{"userId":"#cy","deviceStatus":"ACTIVATION_REQUIRED"},{"userId":"#cy"}]`)
				explored(w, 0, "["+active("ghost")+`,{"userId":"#cy"}]`)
				own(w, 0, "dan", `[]`)
				own(w, 0, "eve", `[{"id":"#d","status":"ACTIVATION_REQUIRED"},{"id":"#e","status":"active"}]`)
			},
			want: [5]string{"yes", "no", "no", "no", "yes"},
		},
		"of two readings the later": {
			change: func(w *world) {
				explored(w, 1, "["+active("ann")+","+active("cy")+`,{"userId":"#dan"},`+active("eve")+`]`)
				own(w, 0, "ann", `[]`)
				own(w, 2, "cy", `[]`)
				own(w, 0, "dan", `[{"id":"#d","status":"ACTIVE"}]`)
				own(w, 2, "eve", `[{"id":"#d","status":"ACTIVE"}]`)
			},
			want: [5]string{"yes", "no", "no", "no", "yes"},
		},
		"lists that were not read, or not whole": {
			change: func(w *world) {
				own(w, 0, "ann", `{}`).Carried = staging.Refused
				own(w, 0, "cy", `{"_embedded":{"devices":["text"]}}`)
				own(w, 0, "dan", `7`)
				own(w, 0, "eve", `{"_links":{"next":{"href":"x"}},"_embedded":{"devices":[{"status":"ACTIVE"}]}}`)
				own(w, 0, "eve", `{"_links":{"next":{"href":"x"}},"_embedded":{"devices":[]}}`)
				explored(w, 0, `7`)
			},
			want:  [5]string{left, "no", left, left, "yes"},
			lines: []string{"mfa_devices_not_read user:ann", "mfa_devices_not_read user:cy", "mfa_devices_not_read user:dan"},
		},
	}
	people := []string{"ann", "bob", "cy", "dan", "eve"}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := tiny()
			w.replies[staging.Users] = nil
			for _, name := range people {
				w.add(staging.Users, 0, "users", "", "["+person(name, fmt.Sprintf(`,"mfaEnabled":%t`, name != "bob"))+"]")
			}
			w.options.Devices = !tt.off
			if tt.change != nil {
				tt.change(w)
			}
			bodies := check(t, w, tinyHoldings(), tt.lines...)
			var got [5]string
			for i, name := range people {
				at := slices.IndexFunc(bodies[authomize.Users], func(b string) bool { return strings.Contains(b, "user:"+name) })
				for text, has := range map[string]string{`"hasMFA":true`: "yes", `"hasMFA":false`: "no"} {
					if strings.Contains(bodies[authomize.Users][at], text) {
						got[i] = has
					}
				}
			}
			if got != tt.want {
				t.Errorf("hasMFA %q, want %q", got, tt.want)
			}
		})
	}
}

// Custom roles name permissions by id alone. Whichever role comes first, the
// description of another is the name; what a role lists twice counts once, and
// what has no id, as in 2022, has no grant.
func TestRolePermissions(t *testing.T) {
	t.Parallel()
	w := tiny()
	w.options.RolePermissions = true
	w.add(staging.Roles, 0, "roles", "", `[
		{"id":"#custom","name":"Viewer","type":"CUSTOM","permissions":[{"id":"dir:read:user"},{"id":"dir:read:user"},{"id":"dir:read:group"},{"id":"dir:read: group"},{"classifier":"user"}]},
		{"id":"#viewer","name":"Other","permissions":[{"id":"dir:read:user","description":"Read users"},{"id":"roles:create:role","description":"Create roles"}]}]`)
	bodies := check(t, w, tinyHoldings().
		with("privileges", "privilege:role:custom", "privilege:role:viewer",
			"privilege:permission:dir:read:user", "privilege:permission:dir:read:group", "privilege:permission:roles:create:role").
		with("privilegeGrants", "privilege:role:custom privilege:permission:dir:read:user", "privilege:role:custom privilege:permission:dir:read:group",
			"privilege:role:viewer privilege:permission:dir:read:user", "privilege:role:viewer privilege:permission:roles:create:role"),
		"privilegeGrants privilege:role:custom: permission of the role has no id (1 more)", "role_permission_unreadable privilege:role:custom")
	want := `4294967295 {"uniqueId":"privilege:permission:dir:read:user","originId":"dir:read:user","originName":"Read users","privilegeType":"Metadata Read"}`
	if !slices.Contains(bodies[authomize.Privileges], want) {
		t.Errorf("no %s in %q", want, bodies[authomize.Privileges])
	}
	if records.IsVirtual(records.RolePermissions) || records.IsVirtual(1) {
		t.Error("role permissions count as a virtual grouping")
	}
}

func TestServiceAccountsAsUsers(t *testing.T) {
	t.Parallel()
	w := tiny()
	w.options.ServiceAccountsAsUsers = true
	bodies := check(t, w, tinyHoldings())
	want := []string{`1 {"uniqueId":"client:sync","originId":"sync","name":"sync","status":"Enabled","isExternal":false,"tags":["service-account","CLIENT_CREDENTIALS"]}`}
	if diff := cmp.Diff(want, bodies[authomize.ServiceAccounts]); diff != "" {
		t.Errorf("service accounts (-want +got):\n%s", diff)
	}
}

// Who owns an application holds the built-in role on just that one, by himself.
func TestOwner(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, holder, role, scope, want string }{
		{"a user", "user:bob", "owner", "APPLICATION:sync", `"owner":"user:bob",`},
		{"of two the lower id, which is ann's", "user:eve", "owner", "APPLICATION:sync", `"owner":"user:ann",`},
		{"on another application", "user:bob", "owner", "APPLICATION:wiki", ""},
		{"on the environment", "user:bob", "owner", "ENVIRONMENT:main", ""},
		{"by another role", "user:bob", "envadmin", "APPLICATION:sync", ""},
		{"by a custom role of that name", "user:bob", "custom", "APPLICATION:sync", ""},
		{"a group", "group:leads", "owner", "APPLICATION:sync", ""},
		{"a user who is not there", "user:nobody", "owner", "APPLICATION:sync", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := tiny()
			w.add(staging.Roles, 0, "/v1/roles", "", `[{"id":"#owner","name":"application owner"},{"id":"#custom","name":"Application Owner","type":"CUSTOM"}]`)
			w.role(tt.holder, tt.role, tt.scope, "")
			if tt.holder == "user:eve" {
				w.role("user:ann", tt.role, tt.scope, "")
			}
			_, _, bodies := collect(t, w, w.load(t))
			want := []string{`1 {"uniqueId":"client:sync","originId":"sync","type":"ApplicationPrincipal","name":"sync","status":"Enabled",` + tt.want + `"tags":["CLIENT_CREDENTIALS"]}`}
			if diff := cmp.Diff(want, bodies[authomize.ServiceAccounts]); diff != "" {
				t.Errorf("service accounts (-want +got):\n%s", diff)
			}
		})
	}
}

// Roles within applications stand among roles, and are none of administrators.
func TestApplicationRoles(t *testing.T) {
	t.Parallel()
	w := tiny()
	w.add(staging.Roles, 0, "applicationRoles", "", `{"_embedded":{"roles":[{"id":"#approver","name":"Approver"},{"id":"#auditor","name":"Auditor"}]}}`)
	holders := func(hour int, role, body string) *staging.Reply {
		return w.add(staging.ApplicationRoles, hour, "applicationRoles/#"+role+"/assignments", "applicationrole:"+role, `{"_embedded":{"assignments":`+body+`}}`)
	}
	holders(0, "approver", `[{"id":"#a1","role":{"id":"#approver"},"subject":{"id":"#bob"}},{"id":"#a2","subject":{"id":"#ann"}},{"id":"#a3","subject":{"id":"#bob"}},
		{"id":"#a4","subject":{"id":"#nobody"}},{"id":"#a5","subject":{"id":"#cy"}},7]`)
	holders(0, "auditor", `[]`)
	w.isGone(staging.ApplicationRoles, "applicationrole:approver", "cy")
	check(t, w, tinyHoldings().
		with("privileges", "privilege:app-role:approver", "privilege:app-role:auditor").
		with("groupings", "app-role:approver").
		with("permissions", "app-role:approver privilege:app-role:approver environment:main").
		with("accountAssociations", "user:ann app-role:approver", "user:bob app-role:approver"),
		"accountAssociations app-role:approver: malformed: no id, or another shape",
		"accountAssociations user:nobody app-role:approver: user is not in this run")
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	w := tiny()
	w.add(staging.Environments, 0, "/v1/environments", "", `[{"id":"#side","name":"Side","status":"DELETE_PENDING"}]`).Environment = pingone.ID{}
	never := w.add(staging.Environments, 0, "/v1/environments/#lost", "", `{}`)
	never.Environment, never.Carried = w.id("lost"), staging.Refused
	w.role("user:ann", "reader", "ENVIRONMENT:nowhere", "")
	x := w.load(t)
	want := []records.Environment{
		{ID: id("main"), Name: "Main", Read: true},
		{ID: id("side"), Name: "Side", Read: true},
		{ID: id("lost")},
		{ID: id("nowhere")},
	}
	if diff := cmp.Diff(want, x.Environments()); diff != "" {
		t.Errorf("environments (-want +got):\n%s", diff)
	}
	if x.Organization().Name != "Tiny" {
		t.Errorf("organization %+v", x.Organization())
	}
	for item := range x.Stream(t.Context(), authomize.Groupings, nil) {
		if x.EnvironmentOf(item.Tag) != id("main") || records.IsVirtual(item.Tag) != strings.HasPrefix(item.Record.Key(), "all-users") {
			t.Errorf("%s has tag %d", item.Record.Key(), item.Tag)
		}
	}
	if !x.EnvironmentOf(0).IsZero() || !x.EnvironmentOf(records.RolePermissions).IsZero() {
		t.Error("what belongs to no environment has one")
	}
}

// Many of one reason hide no other one; findings survive as JSON and add up.
func TestFindings(t *testing.T) {
	t.Parallel()
	w := tiny()
	var strangers []string
	for i := range 1200 {
		strangers = append(strangers, fmt.Sprintf("stranger-%d", i))
	}
	w.members("group", "leads", strangers...)
	w.add(staging.Memberships, 0, "users", "group:leads", `[{"id":""},{"id":""}]`)
	var users []string
	for i := range 120 {
		users = append(users, person(fmt.Sprintf("odd-%d", i), `,"email":"x"`))
	}
	w.add(staging.Users, 0, "users", "", "["+strings.Join(users, ",")+"]")
	sum := new(records.Findings)
	x := w.load(t)
	for _, kind := range append(authomize.Kinds, authomize.Users) {
		var f, copied records.Findings
		for range x.Stream(t.Context(), kind, &f) {
		}
		data, err := json.Marshal(f)
		if err != nil || json.Unmarshal(data, &copied) != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f, copied); diff != "" {
			t.Errorf("as JSON (-before +after):\n%s", diff)
		}
		sum.Add(&copied)
	}
	var got []string
	for _, q := range sum.Quarantined {
		got = append(got, fmt.Sprintf("%s: %d, %d lines", q.Reason, q.Count, len(q.Lines)))
	}
	for _, warned := range sum.Warnings {
		got = append(got, fmt.Sprintf("%s: %d, %d ids", warned.Code, warned.Count, len(warned.IDs)))
	}
	want := []string{"malformed: no id, or another shape: 2, 1 lines", "user is not in this run: 1200, 1000 lines", "email_malformed: 240, 100 ids"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
