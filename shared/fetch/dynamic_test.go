package fetch_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

var (
	dynamicEnv   = pingonetest.StableID("dynamic")
	dynamicPlain = pingonetest.StableID("dynamic", "plain")  // 0 and 1 by hand
	dynamicOnly  = pingonetest.StableID("dynamic", "only")   // 2 to 5 by its filter
	dynamicBoth  = pingonetest.StableID("dynamic", "both")   // 0 and 6 by hand, 3 to 7 by its filter
	dynamicHolds = pingonetest.StableID("dynamic", "holder") // 8 by its filter, and holds plain
)

func dynamicUser(i int) pingone.ID { return pingonetest.StableID("dynamic", "user", fmt.Sprint(i)) }

// dynamicRig has ten users and three dynamic groups.
func dynamicRig(t testing.TB, opts ...pingonetest.Option) *rig {
	o := pingonetest.NewOrganization("dynamic")
	o.AddEnvironment(pingonetest.Environment{ID: dynamicEnv, Name: "Dynamic"})
	population := pingonetest.StableID("dynamic", "population")
	o.AddPopulation(dynamicEnv, pingonetest.Population{ID: population, Name: "All"})
	for i := range 10 {
		o.AddUser(dynamicEnv, pingonetest.User{ID: dynamicUser(i), Population: population, Username: fmt.Sprint("u", i)})
	}
	const filter = `title eq "x"`
	for _, g := range []pingonetest.Group{
		{ID: dynamicPlain, Name: "Plain", Members: []int32{0, 1}},
		{ID: dynamicOnly, Name: "Only", UserFilter: filter, Dynamic: []int32{2, 3, 4, 5}},
		{ID: dynamicBoth, Name: "Both", UserFilter: filter, Members: []int32{0, 6}, Dynamic: []int32{3, 4, 5, 7}},
		{ID: dynamicHolds, Name: "Holder", UserFilter: filter, Dynamic: []int32{8}, Children: []pingone.ID{dynamicPlain}},
	} {
		o.AddGroup(dynamicEnv, g)
	}
	r := newRig(t, o, opts...)
	r.envs = []pingone.ID{dynamicEnv}
	return r
}

// membersOf are "kind:group/users user" for each member, sorted.
func membersOf(kind string, group pingone.ID, users ...int) []string {
	var all []string
	for _, i := range users {
		all = append(all, fmt.Sprintf("%s:%s/users %s", kind, group, dynamicUser(i)))
	}
	return all
}

// Dynamic groups are asked for their members in any way, under a kind of
// parent of their own, unless the tenant is proven to count all as direct.
func TestDynamicMembers(t *testing.T) {
	t.Parallel()
	notDirect := pingonetest.DynamicNotDirect()
	child := []string{fmt.Sprintf("group:%s/groups %s", dynamicHolds, dynamicPlain)}
	plain := membersOf("group", dynamicPlain, 0, 1)
	byFilter := slices.Concat(child, plain, membersOf("group", dynamicOnly, 2, 3, 4, 5), membersOf("group", dynamicBoth, 0, 3, 4, 5, 6, 7), membersOf("group", dynamicHolds, 8))
	byHand := slices.Concat(child, plain, membersOf("group", dynamicBoth, 0, 6))
	anyWay := slices.Concat(membersOf("groupAny", dynamicOnly, 2, 3, 4, 5), membersOf("groupAny", dynamicBoth, 0, 3, 4, 5, 6, 7), membersOf("groupAny", dynamicHolds, 0, 1, 8))
	const groups, direct, children, wider = 1, 4, 1, 3
	tests := []struct {
		name  string
		opts  []pingonetest.Option
		want  []string
		calls int
	}{
		{"direct", nil, byFilter, groups + direct + children + 1},
		{"direct, groups not counted", []pingonetest.Option{pingonetest.WithoutGroupCounts()}, byFilter, groups + direct + 4 + 1},
		{"direct, users not counted", []pingonetest.Option{pingonetest.WithoutUserCounts()}, slices.Concat(byFilter, anyWay), groups + direct + children + wider},
		{"not direct", []pingonetest.Option{notDirect}, slices.Concat(byHand, anyWay), groups + direct + children + wider},
		{"not direct, groups not counted", []pingonetest.Option{notDirect, pingonetest.WithoutGroupCounts()}, slices.Concat(byHand, anyWay), groups + direct + 4 + wider},
		{
			"not direct, nothing counted",
			[]pingonetest.Option{notDirect, pingonetest.WithoutGroupCounts(), pingonetest.WithoutUserCounts()},
			slices.Concat(byHand, anyWay), groups + direct + 4 + wider,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := dynamicRig(t, tt.opts...)
			r.mustRead(staging.Memberships)
			slices.Sort(tt.want)
			r.wantStaged(staging.Memberships, tt.want)
			if got := r.fake.Calls("/v1/**"); got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
		})
	}
}

// A member who was put in by hand after planning is more than was counted, and
// no proof that members by a filter are among the direct ones.
func TestDynamicMembersBesideOnePutInByHand(t *testing.T) {
	t.Parallel()
	r := dynamicRig(t, pingonetest.DynamicNotDirect())
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: dynamicOnly.String(), Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
		o.AddMember(dynamicEnv, dynamicOnly, dynamicUser(9))
	}})
	r.mustRead(staging.Memberships)
	want := slices.Concat([]string{fmt.Sprintf("group:%s/groups %s", dynamicHolds, dynamicPlain)},
		membersOf("group", dynamicPlain, 0, 1), membersOf("group", dynamicOnly, 9), membersOf("group", dynamicBoth, 0, 6),
		membersOf("groupAny", dynamicOnly, 2, 3, 4, 5, 9), membersOf("groupAny", dynamicBoth, 0, 3, 4, 5, 6, 7), membersOf("groupAny", dynamicHolds, 0, 1, 8))
	slices.Sort(want)
	r.wantStaged(staging.Memberships, want)
}

// What is not proven is asked: a group whose new count is refused proves
// nothing, and the next one may.
func TestDynamicMembersWhereACountIsRefused(t *testing.T) {
	t.Parallel()
	group := func(id pingone.ID) string { return "/v1/environments/*/groups/" + id.String() }
	for name, tt := range map[string]struct {
		denied []pingone.ID
		wider  int
	}{
		"of one": {[]pingone.ID{dynamicOnly}, 0},
		"of all": {[]pingone.ID{dynamicOnly, dynamicBoth, dynamicHolds}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := dynamicRig(t)
			for _, id := range tt.denied {
				r.fake.Deny(group(id), 403, "ACCESS_FAILED")
			}
			r.mustRead(staging.Memberships)
			wider := 0
			for _, s := range r.snapshot(staging.Memberships).Manifest.Slices {
				if s.Parent == staging.GroupAny {
					wider = s.Asked
				}
			}
			if wider != tt.wider {
				t.Errorf("%d groups were asked twice, want %d", wider, tt.wider)
			}
		})
	}
}

// A refused wider question is unread, as any.
func TestDynamicMembersWhoseWiderQuestionIsRefused(t *testing.T) {
	t.Parallel()
	r := dynamicRig(t, pingonetest.DynamicNotDirect())
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: `memberOfGroups[id eq "` + dynamicBoth.String() + `"]`, Times: -1, Status: 400, Code: "INVALID_FILTER"})
	r.mustRead(staging.Memberships)
	want := []staging.Unread{{
		Environment: dynamicEnv, Path: "/v1/environments/" + dynamicEnv.String() + "/users",
		Parent: &staging.Parent{Kind: staging.GroupAny, ID: dynamicBoth}, Status: 400, Code: "INVALID_FILTER",
	}}
	got := r.snapshot(staging.Memberships).Complete.Unread
	for i := range got {
		got[i].Message = ""
	}
	if d := cmp.Diff(want, got, anyCorrelation()); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
}

// The direct members of a dynamic group are short by themselves, however many
// it has in any way.
func TestDynamicGroupIsShort(t *testing.T) {
	t.Parallel()
	r := dynamicRig(t, pingonetest.DynamicNotDirect())
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: dynamicBoth.String(), Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
		o.RemoveMember(dynamicEnv, dynamicBoth, dynamicUser(6))
	}})
	r.fake.Deny("/v1/environments/*/groups/*", 403, "ACCESS_FAILED") // so that it stays short
	r.mustRead(staging.Memberships)
	want := []staging.Short{{Environment: dynamicEnv, Parent: staging.Parent{Kind: "group", ID: dynamicBoth}, List: "users", Expected: 2, Read: 1}}
	if d := cmp.Diff(want, r.snapshot(staging.Memberships).Complete.Short); d != "" {
		t.Errorf("short (-want +got):\n%s", d)
	}
}

// An invocation that ends within the second question goes on with its next page.
func TestDynamicMembersOverInvocations(t *testing.T) {
	t.Parallel()
	for from := 1; from <= 3; from++ {
		t.Run(fmt.Sprint(from), func(t *testing.T) {
			t.Parallel()
			r := dynamicRig(t, pingonetest.DynamicNotDirect(), pingonetest.WithPageMax(2))
			r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: `[id eq "` + dynamicBoth.String() + `"]`, From: from, Times: 6, Status: 503})
			if result, err := r.read(staging.Memberships); err == nil {
				t.Fatalf("got %+v, want an error", result)
			}
			r.mustRead(staging.Memberships)
			want := slices.Concat([]string{fmt.Sprintf("group:%s/groups %s", dynamicHolds, dynamicPlain)},
				membersOf("group", dynamicPlain, 0, 1), membersOf("group", dynamicBoth, 0, 6), membersOf("groupAny", dynamicOnly, 2, 3, 4, 5),
				membersOf("groupAny", dynamicBoth, 0, 3, 4, 5, 6, 7), membersOf("groupAny", dynamicHolds, 0, 1, 8))
			slices.Sort(want)
			r.wantStaged(staging.Memberships, want)
		})
	}
}
