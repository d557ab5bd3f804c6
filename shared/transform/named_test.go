package transform_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A list that changes while it is read may miss one of its own. What others
// name, and an earlier run was told of, is not gone.
func TestMissedButNamed(t *testing.T) {
	t.Parallel()
	const again = ", though an earlier run was told of it: the next run settles it"
	tests := []struct {
		name  string
		list  staging.Collection
		lacks string // the resource that the list misses
		want  []string
	}{
		{"group with members", staging.Groups, "staff", []string{"groups: group:staff is named by memberships and was not in the list of groups" + again}},
		{"group that holds a role", staging.Groups, "temps", []string{"groups: group:temps is named by roleassignments and was not in the list of groups" + again}},
		{"group that an application names", staging.Groups, "ring", []string{
			"groups: group:ring is named by applications and was not in the list of groups, though an earlier run was told of it: if it was deleted, take it out of the access control of applications, or approve the sweep",
		}},
		{"group in a group", staging.Groups, "lost", []string{"groups: group:lost is named by memberships and was not in the list of groups" + again}},
		{"application", staging.Applications, "sync", []string{
			"applications: application:sync is named by roleassignments and was not in the list of applications" + again,
			"applications: client:sync is named by roleassignments and was not in the list of applications" + again,
		}},
		{"gateway", staging.Gateways, "gate", []string{"gateways: gateway:gate is named by roleassignments and was not in the list of gateways" + again}},
		{"population", staging.Populations, "others", []string{"populations: population:others is named by users and was not in the list of populations" + again}},
		{"user that holds a role", staging.Users, "fay", []string{
			"users: 0 of 1 users of population Others were read",
			"users: user:fay is a member of a group and was not in the list of users",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := tiny()
			main := id("main")
			o.AddPopulation(main, pingonetest.Population{ID: id("others"), Name: "Others"})
			o.AddUser(main, pingonetest.User{ID: id("fay"), Population: id("others"), Username: "fay"})
			for _, name := range []string{"temps", "ring", "lost"} {
				o.AddGroup(main, pingonetest.Group{ID: id(name), Name: name})
			}
			o.Nest(main, id("staff"), id("lost"))
			o.Assign(main, group("temps"), role("reader", "ENVIRONMENT", "main"))
			o.AddApplication(main, app("shop", "", "ALL_GROUPS", "ring", "leads"))
			o.Assign(main, user("fay"), role("reader", "ENVIRONMENT", "main"))
			o.AddGateway(main, pingonetest.Gateway{ID: id("gate"), Name: "Gate", Type: "PING_FEDERATE"})
			o.Assign(main, pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: id("gate")}, role("reader", "ENVIRONMENT", "main"))
			c := &clock{at: day1}
			r := newRig(t, o, authomizetest.WithClock(c.now))
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			before := r.held()
			r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
				if collection == tt.list {
					body = without(t, body, id(tt.lacks).String())
				}
				return []string{body}
			})
			want := append(slices.Clone(tt.want), fmt.Sprintf("%[1]s: 1 %[1]s of environment main that an earlier run was told of were not read, and PingOne was not asked for them one by one", tt.list))
			r.wantState(r.mustTransform(run2), report.Held, false, want...)
			if diff := cmp.Diff(before, r.held()); diff != "" {
				t.Errorf("Authomize holds (-before +after):\n%s", diff)
			}
		})
	}
}

// without takes the resource of an id out of a page.
func without(t *testing.T, body, id string) string {
	t.Helper()
	page := decoded(t, []byte(body))
	lists, _ := page["_embedded"].(map[string]any)
	for key, list := range lists {
		var left []any
		for _, resource := range list.([]any) {
			if resource.(map[string]any)["id"] != id {
				left = append(left, resource)
			}
		}
		lists[key] = left
	}
	return encoded(t, page)
}

// What is named by a reading of this run holds the sweep for this run. What is
// only named by one that was kept from an earlier run was deleted since.
func TestNamedByWhatWasKept(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		r, c := newTinyRig(t)
		r.settings.MaxShrinkPercent = 100
		r.org.AddGroup(id("main"), pingonetest.Group{ID: id("temps"), Name: "Temps"})
		inherited := role("reader", "ENVIRONMENT", "main")
		inherited.Group = id("temps")
		r.org.Assign(id("main"), user("bob"), inherited)
		r.firstRun(c)
		r.restage(run1, run2, func(m *staging.Manifest) {
			if kept && m.Collection == staging.RoleAssignments {
				m.StartedAt = m.StartedAt.Add(time.Hour)
			}
			if m.Collection == staging.Groups {
				m.Proven = []pingone.ID{id("temps")}
			}
		}, func(collection staging.Collection, _, body string) []string {
			if collection == staging.Groups {
				body = without(t, body, id("temps").String())
			}
			return []string{body}
		})
		if got := r.mustTransform(run2); kept {
			r.wantState(got, report.Done, true)
			r.wantGone(run2, "group:temps", "role:reader@ENVIRONMENT:main")
		} else {
			r.wantState(got, report.Held, false, "groups: group:temps is named by roleassignments")
		}
	}
}

// A group that was deleted while it was read holds one run.
func TestDeletedWhileItWasRead(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.org.AddGroup(id("main"), pingonetest.Group{ID: id("temps"), Name: "Temps", Members: []int32{1}})
	r.firstRun(c)
	r.fetch(run2, staging.Memberships)
	r.org.RemoveGroup(id("main"), id("temps"))
	for _, collection := range staging.Collections {
		if collection != staging.Memberships {
			r.fetch(run2, collection)
		}
	}
	r.wantState(r.mustTransform(run2), report.Held, false, "groups: group:temps is named by memberships")
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantHeld(tinyHoldings())
}

// A list that changed while it was read missed a group that nothing named:
// under SWEEP=report that run is good, and settles the group. A later run
// names the group (it has a member by now), and its list misses it again: that
// is new evidence, and the first sweep must not delete what Authomize still
// holds.
func TestSettledButNamedByThisRun(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.org.AddGroup(id("main"), pingonetest.Group{ID: id("temps"), Name: "Temps"})
	r.settings.Sweep = config.SweepReport
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, false)
	c.set(day2)
	proven := func(m *staging.Manifest) {
		if m.Collection == staging.Groups {
			m.Proven = []pingone.ID{id("temps")}
		}
	}
	missed := func(collection staging.Collection, _, body string) []string {
		if collection == staging.Groups {
			body = without(t, body, id("temps").String())
		}
		return []string{body}
	}
	r.restage(run1, run2, proven, missed)
	r.wantState(r.mustTransform(run2), report.Done, false)

	r.org.Assign(id("main"), group("temps"), role("reader", "ENVIRONMENT", "main"))
	r.org.AddMember(id("main"), id("temps"), id("bob"))
	c.set(day3)
	r.fetch(run3)
	r.restage(run3, run4, proven, missed)
	r.settings.Sweep = config.SweepApply
	got := r.mustTransform(run4)
	if got.State != report.Held {
		t.Errorf("got %s, swept %t, sweeps %+v; want held: group:temps exists, has a member and holds a role in this very run", got.State, got.Swept, r.app.Sweeps())
	}
	r.wantSweeps()
}
