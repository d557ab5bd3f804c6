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
		users += pages(env.UserCount())
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

// A right that is missing is missing for every child: three answers settle it.
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
	if asked := r.fake.Calls("/v1/environments/*/users/*/roleAssignments"); asked > 2*40 {
		t.Errorf("asked %d times; each refusal is tried twice, and few should be in flight", asked)
	}
}

func TestChildThatVanishedIsGoneNotUnread(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	r := newRig(t, pingonetest.Demo())
	r.envs = []pingone.ID{ids.Workforce}
	r.fake.Inject(pingonetest.Fault{
		Match: "/v1/environments/*/users", Query: ids.Finance.String(), Times: -1,
		Do: pingonetest.FaultStatus, Status: 404, Code: "NOT_FOUND",
	})
	got := r.mustRead(staging.Memberships)
	complete := r.snapshot(staging.Memberships).Complete
	if !got.Complete || got.Unread != 0 || complete.Gone != 1 {
		t.Errorf("got %+v with %d gone, want 1 gone and nothing unread", got, complete.Gone)
	}
}

// 404 to everything is no proof that nobody holds a role.
func TestMostlyGoneIsUnread(t *testing.T) {
	t.Parallel()
	r := newRig(t, pingonetest.Demo(), pingonetest.WithDeny("/v1/environments/*/groups/*/roleAssignments", 404, "NOT_FOUND"))
	r.envs = []pingone.ID{pingonetest.DemoIDs().Workforce}
	r.mustRead(staging.RoleAssignments)
	unread := r.snapshot(staging.RoleAssignments).Complete.Unread
	if len(unread) != 1 || unread[0].Status != 404 || unread[0].Code != "MOST_GONE" {
		t.Errorf("unread: got %+v, want one entry MOST_GONE", unread)
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

// Where a tenant does not count members by a filter as direct, they are found
// all the same. Only a group that holds other groups is asked for its direct
// members alone: the wider question would mix in theirs.
func TestDynamicMembersAreFoundEitherWay(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	for name, opts := range map[string][]pingonetest.Option{
		"dynamic members are direct":     nil,
		"dynamic members are not direct": {pingonetest.DynamicNotDirect()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			org := pingonetest.Demo()
			r := newRig(t, org, opts...)
			r.envs = []pingone.ID{ids.Workforce}
			r.mustRead(staging.Memberships)
			edges := slices.Compact(r.edges(staging.Memberships))
			for _, group := range []pingone.ID{ids.Dynamic, ids.DynamicOnly} {
				got := 0
				for _, e := range edges {
					if strings.HasPrefix(e, "group:"+group.String()+"/users ") {
						got++
					}
				}
				byFilter := group == ids.DynamicOnly || len(opts) == 0
				if want := len(org.Environment(ids.Workforce).DirectMembers(group, byFilter)); got != want {
					t.Errorf("group %s: got %d members, want %d", group, got, want)
				}
			}
		})
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
	// One page to tell that it is large, one of populations, and the pages.
	if calls := r.fake.Calls("/v1/**"); calls != 1+1+12+10+1 {
		t.Errorf("%d calls, want 25", calls)
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

// A user who moves to a population that was read already, from one that was
// not, is in neither list. Only the sum tells.
func TestUserWhoMovesBetweenPopulationsIsMissed(t *testing.T) {
	t.Parallel()
	org := pingonetest.NewOrganization("moving")
	env := pingonetest.StableID("moving", "env")
	org.AddEnvironment(pingonetest.Environment{ID: env, Name: "Moving"})
	from, to := pingonetest.StableID("moving", "from"), pingonetest.StableID("moving", "to")
	for population, n := range map[pingone.ID]int{from: 20_001, to: 10} {
		org.AddPopulation(env, pingonetest.Population{ID: population, Name: population.String()})
		for i := range n {
			org.AddUser(env, pingonetest.User{ID: pingonetest.StableID(population.String(), fmt.Sprint(i)), Population: population, Username: fmt.Sprint(population, i)})
		}
	}
	r := newRig(t, org)
	r.envs = []pingone.ID{env}
	// At the last page of the large one, the small one has long been read.
	last := pingonetest.StableID(from.String(), fmt.Sprint(20_000))
	r.fake.Inject(pingonetest.Fault{Match: "/v1/environments/*/users", Query: from.String(), From: 21, Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
		o.UpdateUser(env, last, func(u *pingonetest.User) { u.Population = to })
	}})
	r.mustRead(staging.Users)
	want := []staging.Short{{Environment: env, Parent: staging.Parent{Kind: "environment", ID: env}, List: "users", Expected: 20_011, Read: 20_010}}
	if d := cmp.Diff(want, r.snapshot(staging.Users).Complete.Short); d != "" {
		t.Errorf("short (-want +got):\n%s", d)
	}
}
