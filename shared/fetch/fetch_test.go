package fetch_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// All nine at the same time, as the schedule starts them.
func TestAllCollectionsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, pingonetest.Demo())
	results := make(map[staging.Collection]fetch.Result)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, c := range staging.Collections {
		wg.Go(func() {
			result, err := r.read(c)
			if err != nil {
				t.Errorf("%s: %v", c, err)
			}
			mu.Lock()
			defer mu.Unlock()
			results[c] = result
		})
	}
	wg.Wait()
	for _, c := range staging.Collections {
		got := results[c]
		if !got.Complete || got.Unread != 0 || got.Collection != c || got.Run != run {
			t.Errorf("%s: got %+v, want complete with nothing unread", c, got)
		}
		if len(r.edges(c)) == 0 {
			t.Errorf("%s: nothing staged", c)
		}
	}
	if n := results[staging.Users].Records; n != 5000 {
		t.Errorf("users: got %d records, want 5000", n)
	}
	if n := results[staging.Groups].Records; n != 120 {
		t.Errorf("groups: got %d records, want 120", n)
	}
}

// lowerBound is what must be asked for at least: each full page once, and one
// page for each list that has any member.
func lowerBound(org *pingonetest.Organization) (users, groups, memberships int) {
	pages := func(n int) int { return max(1, (n+999)/1000) }
	for _, env := range org.Environments {
		users += pages(env.UserCount()) + 1 // and the head count
		groups += pages(len(env.Groups))
		memberships += pages(len(env.Groups)) // to find the parents
		for _, g := range env.Groups {
			if n := len(env.DirectMembers(g.ID, true)); n > 0 || g.UserFilter != "" {
				memberships += pages(n)
			}
			if n := len(g.Children); n > 0 {
				memberships += pages(n)
			}
		}
	}
	return users, groups, memberships
}

func TestCallCounts(t *testing.T) {
	t.Parallel()
	org := pingonetest.Demo()
	r := newRig(t, org)
	for _, env := range org.Environments {
		r.envs = append(r.envs, env.ID)
	}
	users, groups, memberships := lowerBound(org)
	memberships++ // one dynamic group is counted again, so that none is asked twice
	want := map[staging.Collection]int{staging.Users: users, staging.Groups: groups, staging.Memberships: memberships}
	for c, calls := range want {
		r.fake.ResetLog()
		r.mustRead(c)
		if got := r.fake.Calls("/v1/**"); got != calls {
			t.Errorf("%s: %d calls, want %d", c, got, calls)
		}
		if got := r.snapshot(c).Complete.Calls; got != int64(calls) {
			t.Errorf("%s: %d calls in complete.json, want %d", c, got, calls)
		}
	}
}

func TestRefusedSliceIsUnreadAndTheRunGoesOn(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	tests := []struct {
		name   string
		deny   string
		status int
		code   string
		c      staging.Collection
		want   []staging.Unread
	}{
		{
			name: "a whole collection of one environment", c: staging.Gateways,
			deny: "/v1/environments/" + ids.Workforce.String() + "/gateways", status: 403, code: "ACCESS_FAILED",
			want: []staging.Unread{{Environment: ids.Workforce, Path: "/v1/environments/" + ids.Workforce.String() + "/gateways", Status: 403, Code: "ACCESS_FAILED"}},
		},
		{
			name: "parents that can't be listed", c: staging.Memberships,
			deny: "/v1/environments/" + ids.Customers.String() + "/groups", status: 403, code: "ACCESS_FAILED",
			want: []staging.Unread{{Environment: ids.Customers, Path: "/v1/environments/" + ids.Customers.String() + "/groups", Status: 403, Code: "ACCESS_FAILED"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pingonetest.Demo(), pingonetest.WithDeny(tt.deny, tt.status, tt.code))
			if got := r.mustRead(tt.c); !got.Complete || got.Unread != len(tt.want) {
				t.Errorf("got %+v, want complete with %d unread", got, len(tt.want))
			}
			got := r.snapshot(tt.c).Complete.Unread
			for i := range got {
				got[i].Message, got[i].CorrelationID = "", ""
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("unread (-want +got):\n%s", d)
			}
		})
	}
}

// A right that is missing is missing for every child: few answers settle it.
func TestHopelessSliceIsNotAskedForever(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	r := newRig(t, pingonetest.Demo(), pingonetest.WithDeny("/v1/environments/*/users/*/roleAssignments", 403, "ACCESS_FAILED"))
	r.envs = []pingone.ID{ids.Workforce}
	r.mustRead(staging.RoleAssignments)
	unread := r.snapshot(staging.RoleAssignments).Complete.Unread
	if len(unread) != 1 || unread[0].Status != 403 || unread[0].Parent == nil || unread[0].Parent.Kind != "user" {
		t.Fatalf("unread: got %+v, want one entry of 403 for users", unread)
	}
	var users int
	for _, s := range r.snapshot(staging.RoleAssignments).Manifest.Slices {
		if s.Parent == "user" {
			users = s.Asked
			if s.Refused != s.Asked {
				t.Errorf("slice %+v: want all refused", s)
			}
		}
	}
	if unread[0].Skipped != users-1 {
		t.Errorf("got %d skipped, want %d: every user but the named one", unread[0].Skipped, users-1)
	}
	if asked := r.fake.Calls("/v1/environments/*/users/*/roleAssignments"); asked > 2*(48+3+5) {
		t.Errorf("asked %d times; each refusal is tried twice, and few should be in flight", asked)
	}
}

// A child's 404 is no proof that its parent was deleted: the parent is asked
// for, once, and only its own 404 counts.
func TestNotFoundIsGoneOnlyIfTheParentIs(t *testing.T) {
	t.Parallel()
	const all = "/v1/environments/*"
	env := "/v1/environments/" + smallEnv.String()
	tests := []struct {
		name         string
		c            staging.Collection
		child, query string
		parent       string // path of the parent
		kind         string
		id           pingone.ID
		lost         int // records that can't be read
	}{
		{"members", staging.Memberships, all + "/users", smallPair.String(), env + "/groups/" + smallPair.String(), "group", smallPair, 2},
		{"groups in a group", staging.Memberships, all + "/groups", smallParent.String(), env + "/groups/" + smallParent.String(), "group", smallParent, 2},
		{"roles of a user", staging.RoleAssignments, all + "/users/" + smallUser(4).String() + "/roleAssignments", "", env + "/users/" + smallUser(4).String(), "user", smallUser(4), 1},
		{"roles of a group", staging.RoleAssignments, all + "/groups/" + smallPair.String() + "/roleAssignments", "", env + "/groups/" + smallPair.String(), "group", smallPair, 1},
		{"roles of an application", staging.RoleAssignments, all + "/applications/*/roleAssignments", "", env + "/applications/" + smallWorker.String(), "application", smallWorker, 1},
		{"roles of a gateway", staging.RoleAssignments, all + "/gateways/*/roleAssignments", "", env + "/gateways/" + smallGateway.String(), "gateway", smallGateway, 1},
	}
	for _, tt := range tests {
		for status, says := range map[int]string{
			200: "the " + tt.kind + " is still there",
			403: "whether the " + tt.kind + " is still there is not to be known (403 ODD)",
			404: "",
		} {
			t.Run(fmt.Sprintf("%s, parent %d", tt.name, status), func(t *testing.T) {
				t.Parallel()
				r, o := smallRig(t)
				r.fake.Inject(pingonetest.Fault{Match: tt.child, Query: tt.query, Status: 404, Code: "NOT_FOUND"})
				if status != 200 {
					r.fake.Deny(tt.parent, status, "ODD")
				}
				r.mustRead(tt.c)
				s := r.snapshot(tt.c)
				var want []staging.Unread
				if status != 404 {
					path := strings.NewReplacer("*/roleAssignments", tt.id.String()+"/roleAssignments", all, env).Replace(tt.child)
					want = []staging.Unread{{
						Environment: smallEnv, Path: path, Parent: &staging.Parent{Kind: tt.kind, ID: tt.id},
						Status: 404, Code: "NOT_FOUND", Message: says,
					}}
				}
				if d := cmp.Diff(want, s.Complete.Unread, anyCorrelation()); d != "" {
					t.Errorf("unread (-want +got):\n%s", d)
				}
				if want := map[bool]int{true: 1}[status == 404]; s.Complete.Gone != want {
					t.Errorf("%d gone, want %d", s.Complete.Gone, want)
				}
				if got, want := len(r.edges(tt.c)), len(modelEdges(o, tt.c))-tt.lost; got != want {
					t.Errorf("%d records staged, want %d", got, want)
				}
				tries := map[int]int{200: 1, 403: 2, 404: 1}
				if got := r.fake.Calls(tt.parent); got != tries[status] {
					t.Errorf("the parent was asked for %d times, want %d", got, tries[status])
				}
				if got, want := r.fake.Calls("/v1/**"), smallPages[tt.c]+tries[status]; got != want {
					t.Errorf("%d calls, want %d", got, want)
				}
			})
		}
	}
}

// Trouble with the question for the parent decides nothing: the invocation
// fails, and the next one asks both again.
func TestParentThatCanNotBeAskedFor(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	r.fake.Inject(
		pingonetest.Fault{Match: usersPath, Query: smallPair.String(), Status: 404, Code: "NOT_FOUND"},
		pingonetest.Fault{Match: "/v1/environments/*/groups/*", Times: 6, Status: 503},
	)
	if result, err := r.read(staging.Memberships); err == nil || result.Complete {
		t.Fatalf("got %+v, %v; want an error", result, err)
	}
	r.mustRead(staging.Memberships)
	r.wantStaged(staging.Memberships, modelEdges(o, staging.Memberships))
}

// 404 to everything is no proof that nobody holds a role, whatever is said of
// the groups themselves.
func TestMostlyGoneIsUnread(t *testing.T) {
	t.Parallel()
	const groups = "/v1/environments/*/groups/*"
	for code, denied := range map[string][]string{
		"NOT_FOUND": {groups + "/roleAssignments"},
		"MOST_GONE": {groups + "/roleAssignments", groups},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, pingonetest.Demo())
			for _, path := range denied {
				r.fake.Deny(path, 404, "NOT_FOUND")
			}
			r.envs = []pingone.ID{pingonetest.DemoIDs().Workforce}
			r.mustRead(staging.RoleAssignments)
			unread := r.snapshot(staging.RoleAssignments).Complete.Unread
			if len(unread) != 1 || unread[0].Status != 404 || unread[0].Code != code {
				t.Errorf("unread: got %+v, want one entry %s", unread, code)
			}
		})
	}
}

// A list that came shorter than was said is short, unless PingOne says now
// that it is no longer than that, or that its parent is gone. A refusal says
// nothing.
func TestShortListIsCountedAgain(t *testing.T) {
	t.Parallel()
	short := []staging.Short{{Environment: smallEnv, Parent: staging.Parent{Kind: "group", ID: smallPair}, List: "users", Expected: 2, Read: 0}}
	for status, want := range map[int][]staging.Short{200: nil, 404: nil, 403: short, 400: short} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: smallPair.String(), Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
				o.RemoveMember(smallEnv, smallPair, smallUser(2))
				o.RemoveMember(smallEnv, smallPair, smallUser(5))
			}})
			if status != 200 {
				r.fake.Deny("/v1/environments/*/groups/*", status, "ODD")
			}
			r.mustRead(staging.Memberships)
			if d := cmp.Diff(want, r.snapshot(staging.Memberships).Complete.Short); d != "" {
				t.Errorf("short (-want +got):\n%s", d)
			}
		})
	}
}

func TestNoEnvironmentIsAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, pingonetest.NewOrganization("empty"))
	if _, err := r.read(staging.Users); !errors.Is(err, fetch.ErrNoEnvironment) {
		t.Errorf("got %v, want ErrNoEnvironment", err)
	}
}

// A cursor that PingOne no longer takes costs one fresh start, and no user is lost.
func TestLostCursorStartsAgainOnce(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	org := pingonetest.Demo()
	r := newRig(t, org)
	r.envs = []pingone.ID{ids.Workforce}
	r.fake.Inject(pingonetest.Fault{Match: "/v1/environments/*/users", From: 3, Do: pingonetest.FaultCursor})
	if got := r.mustRead(staging.Users); !got.Complete || got.Unread != 0 {
		t.Fatalf("got %+v, want complete with nothing unread", got)
	}
	edges := slices.Compact(r.edges(staging.Users))
	if want := org.Environment(ids.Workforce).UserCount(); len(edges) != want {
		t.Errorf("got %d different users, want %d", len(edges), want)
	}
}

// A large environment is read population by population, and the sum is right.
func TestLargeEnvironmentIsPartitioned(t *testing.T) {
	t.Parallel()
	org := pingonetest.NewOrganization("large")
	env := pingonetest.StableID("large", "env")
	org.AddEnvironment(pingonetest.Environment{ID: env, Name: "Large"})
	sizes := map[string]int{"a": 12_000, "b": 9_500, "c": 1, "empty": 0}
	for name, n := range sizes {
		population := pingonetest.StableID("large", "population", name)
		org.AddPopulation(env, pingonetest.Population{ID: population, Name: name})
		for i := range n {
			org.AddUser(env, pingonetest.User{ID: pingonetest.StableID("large", name, fmt.Sprint(i)), Population: population, Username: fmt.Sprint(name, i)})
		}
	}
	r := newRig(t, org)
	r.envs = []pingone.ID{env}
	got := r.mustRead(staging.Users)
	if got.Records != 21_501 || !got.Complete || got.Unread != 0 {
		t.Errorf("got %+v, want 21501 records", got)
	}
	if n := len(slices.Compact(r.edges(staging.Users))); n != 21_501 {
		t.Errorf("got %d different users, want 21501", n)
	}
	// One page to tell that it is large, one of populations, the pages, and at
	// the end populations once more and the head count.
	if calls := r.fake.Calls("/v1/**"); calls != 1+1+12+10+1+2 {
		t.Errorf("%d calls, want 27", calls)
	}
	if short := r.snapshot(staging.Users).Complete.Short; short != nil {
		t.Errorf("short: got %+v, want none", short)
	}
}

// What is said before is what it takes, where PingOne tells how long a list
// is; and nothing is written.
func TestEstimate(t *testing.T) {
	t.Parallel()
	org := pingonetest.Demo()
	r := newRig(t, org)
	for _, env := range org.Environments {
		r.envs = append(r.envs, env.ID)
	}
	for _, c := range staging.Collections {
		e, err := fetch.Plan(t.Context(), run, c, r.options())
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if keys, err := r.store.List(t.Context(), ""); err != nil || len(keys) > 0 {
			t.Fatalf("%s: the estimate wrote %v (%v)", c, keys, err)
		}
		r.fake.ResetLog()
		r.mustRead(c)
		took := int64(r.fake.Calls("/v1/**"))
		if said := e.Planned + e.Calls; said > took || said < took && !e.AtLeast {
			t.Errorf("%s: estimated %d + %d calls, took %d", c, e.Planned, e.Calls, took)
		}
		if want := time.Duration(float64(e.Planned+e.Calls) / fast * float64(time.Second)).Round(time.Second); e.Takes != want {
			t.Errorf("%s: estimated %s, want %s", c, e.Takes, want)
		}
		r.store = &stagingtest.Memory{}
	}
}
