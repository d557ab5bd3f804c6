package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// wantMembers compares the memberships that Authomize holds beside those of
// tiny, as "user group", with want. Each must have been posted once.
func (r *rig) wantMembers(want ...string) {
	r.t.Helper()
	of := tinyHoldings()["accountAssociations"]
	var got []string
	for _, key := range r.held()["accountAssociations"] {
		if !slices.Contains(of, key) {
			got = append(got, strings.NewReplacer("user:", "", "group:", "").Replace(key))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		r.t.Errorf("members of dynamic groups (-want +got):\n%s", d)
	}
	if posted := fmt.Sprint("accountAssociations ", len(of)+len(want)); !slices.Contains(r.posts(), posted) {
		r.t.Errorf("want %q once each", posted)
	}
}

// filtered is a group whose filter these users match, by their index in tiny.
func filtered(name string, byHand, byFilter []int32, children ...pingone.ID) pingonetest.Group {
	return pingonetest.Group{ID: id(name), Name: name, UserFilter: `title eq "x"`, Members: byHand, Dynamic: byFilter, Children: children}
}

// However PingOne counts members by a filter, and whatever it counts at all,
// they are posted, and indirect ones are not.
func TestDynamicMembersArePosted(t *testing.T) {
	t.Parallel()
	const ann, bob, cy, dan, eve = 0, 1, 2, 3, 4
	users := func(of ...int32) []int32 { return of }
	tests := map[string]struct {
		groups []pingonetest.Group
		want   []string
	}{
		"alone":       {[]pingonetest.Group{filtered("temps", nil, users(bob, cy))}, []string{"bob temps", "cy temps"}},
		"and by hand": {[]pingonetest.Group{filtered("temps", users(ann, bob), users(bob, cy))}, []string{"ann temps", "bob temps", "cy temps"}},
		"holds a group": {
			[]pingonetest.Group{filtered("temps", nil, users(bob, cy), id("leads"))},
			[]string{"bob temps", "cy temps"},
		},
		"holds a group with one of its members by hand": {
			[]pingonetest.Group{filtered("temps", users(ann), users(bob, cy), id("leads"))},
			[]string{"ann temps", "bob temps", "cy temps"},
		},
		"holds a dynamic group": {
			[]pingonetest.Group{filtered("ring", nil, users(dan)), filtered("temps", nil, users(bob, cy), id("ring"))},
			[]string{"bob temps", "cy temps", "dan ring"},
		},
		"three deep": {
			[]pingonetest.Group{
				filtered("ring", users(eve), users(dan)), {ID: id("lost"), Name: "lost", Members: users(cy), Children: []pingone.ID{id("ring")}},
				filtered("temps", nil, users(bob), id("lost")),
			},
			[]string{"bob temps", "cy lost", "dan ring", "eve ring"},
		},
		"a circle of groups": {
			[]pingonetest.Group{
				{ID: id("ring"), Name: "ring", Members: users(dan), Children: []pingone.ID{id("temps")}},
				filtered("temps", nil, users(bob, cy), id("ring")),
			},
			[]string{"bob temps", "cy temps", "dan ring"},
		},
		"holds itself": {[]pingonetest.Group{filtered("temps", users(ann), users(bob, cy), id("temps"))}, []string{"ann temps", "bob temps", "cy temps"}},
	}
	notDirect := pingonetest.DynamicNotDirect()
	ways := map[string][]pingonetest.Option{
		"direct":                      nil,
		"direct, nothing counted":     {pingonetest.WithoutUserCounts(), pingonetest.WithoutGroupCounts()},
		"not direct":                  {notDirect},
		"not direct, no group counts": {notDirect, pingonetest.WithoutGroupCounts()},
		"not direct, nothing counted": {notDirect, pingonetest.WithoutUserCounts(), pingonetest.WithoutGroupCounts()},
	}
	for name, tt := range tests {
		for way, opts := range ways {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				org := tiny()
				r := newRig(t, org)
				for _, g := range tt.groups {
					org.AddGroup(id("main"), g)
				}
				r.fake = pingonetest.New(t, org, opts...)
				r.fetch(run1)
				r.wantState(r.mustTransform(run1), report.Done, true)
				r.wantMembers(tt.want...)
			})
		}
	}
}

// A member who is put in by hand after planning does not hide those by the
// filter, and a run that finds fewer duplicates than the one before is no run
// that shrank.
func TestMemberPutInByHandMeanwhile(t *testing.T) {
	t.Parallel()
	org := tiny()
	r := newRig(t, org)
	org.AddGroup(id("main"), filtered("temps", nil, []int32{1, 2}))
	r.fake = pingonetest.New(t, org, pingonetest.DynamicNotDirect(), pingonetest.WithFaults(pingonetest.Fault{
		Match: "/v1/environments/*/users", Query: id("temps").String(), Do: pingonetest.FaultCall,
		Call: func(o *pingonetest.Organization) { o.AddMember(id("main"), id("temps"), id("eve")) },
	}))
	for _, run := range []staging.RunID{run1, run2} {
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Done, true)
		r.wantMembers("bob temps", "cy temps", "eve temps")
	}
}

// Two dynamic groups that hold each other have the same members in any way:
// whose filter let them in is not to be told, and nobody is lost.
func TestCircleOfDynamicGroups(t *testing.T) {
	t.Parallel()
	org := tiny()
	r := newRig(t, org)
	org.AddGroup(id("main"), filtered("ring", nil, []int32{3}, id("temps")))
	org.AddGroup(id("main"), filtered("temps", nil, []int32{1, 2}, id("ring")))
	r.fake = pingonetest.New(t, org, pingonetest.DynamicNotDirect())
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantMembers("bob ring", "bob temps", "cy ring", "cy temps", "dan ring", "dan temps")
}
