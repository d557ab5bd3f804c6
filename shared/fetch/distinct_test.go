package fetch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// inPlaceOf shows one thing where another one is.
func inPlaceOf(hidden, shown pingone.ID) func(string) string {
	return func(body string) string { return strings.ReplaceAll(body, hidden.String(), shown.String()) }
}

func (r *rig) wantShort(want ...staging.Short) {
	r.t.Helper()
	if d := cmp.Diff(want, r.snapshot(staging.Memberships).Complete.Short); d != "" {
		r.t.Errorf("short (-want +got):\n%s", d)
	}
}

func shortGroup(group pingone.ID, list string, expected, read int) staging.Short {
	return staging.Short{Environment: smallEnv, Parent: staging.Parent{Kind: "group", ID: group}, List: list, Expected: expected, Read: read}
}

// A member who is shown twice, on one page or on two, does not stand for the one
// who is missing. Neither does an item without an id.
func TestMemberShownTwiceHidesNobody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, list    string
		group         pingone.ID
		hidden, shown pingone.ID
		want          staging.Short
	}{
		{"on one page", "users", smallPair, smallUser(5), smallUser(2), shortGroup(smallPair, "users", 2, 1)},
		{"on two pages", "users", smallEveryone, smallUser(3), smallUser(0), shortGroup(smallEveryone, "users", smallUsers, smallUsers-1)},
		{"a group within a group", "groups", smallParent, smallPair, smallEveryone, shortGroup(smallParent, "groups", 2, 1)},
		{"no id", "users", smallPair, smallUser(5), pingone.ID{}, shortGroup(smallPair, "users", 2, 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			r.fake.Inject(pingonetest.Fault{
				Match: "/v1/environments/*/" + tt.list, Query: `id eq "` + tt.group.String(), Times: -1,
				Do: pingonetest.FaultEdit, Edit: inPlaceOf(tt.hidden, tt.shown),
			})
			result := r.mustRead(staging.Memberships)
			r.wantShort(tt.want)
			if want := smallUsers + 2 + 2; result.Records != want {
				t.Errorf("%d records, want %d, each time that one is shown", result.Records, want)
			}
		})
	}
}

// Who is shown twice and hides nobody makes no list short.
func TestMemberShownTwiceBesideAllOthers(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: smallPair.String(), Do: pingonetest.FaultEdit, Edit: firstTwice})
	r.mustRead(staging.Memberships)
	r.wantShort()
}

// firstTwice shows the first item of a page once more.
func firstTwice(body string) string {
	var page map[string]any
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		return err.Error()
	}
	lists, _ := page["_embedded"].(map[string]any)
	for name, list := range lists {
		items, _ := list.([]any)
		lists[name] = append(items, items[0])
		page["size"], page["count"] = len(items)+1, len(items)+1
	}
	text, err := json.Marshal(page)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// An invocation that goes on inside a list knows whom the pages before have shown.
func TestMemberShownTwiceOverInvocations(t *testing.T) {
	t.Parallel()
	const pages = (smallUsers + 1) / 2
	for n := 2; n <= pages; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			r.fake.Inject(pingonetest.Fault{
				Match: usersPath, Query: smallEveryone.String(), From: pages + 1, // the last page, after the one that was cut off
				Do: pingonetest.FaultEdit, Edit: inPlaceOf(smallUser(smallUsers-1), smallUser(0)),
			})
			r.readUntil(staging.Memberships, usersPath, smallEveryone.String(), n, r.options())
			r.mustRead(staging.Memberships)
			r.wantShort(shortGroup(smallEveryone, "users", smallUsers, smallUsers-1))
		})
	}
}

// A list that begins again counts from there, also over invocations: who was
// seen before may have left since.
func TestMemberSeenBeforeTheListBeganAgain(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 5, 6, 7} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			r, _ := smallRig(t)
			fault := pingonetest.Fault{Match: usersPath, Query: smallEveryone.String()}
			lost, edited := fault, fault
			lost.From, lost.Do = 3, pingonetest.FaultCursor
			edited.From, edited.Do, edited.Edit = 4, pingonetest.FaultEdit, inPlaceOf(smallUser(0), smallUser(1)) // the first page, again
			r.fake.Inject(lost, edited)
			if n > 0 {
				r.readUntil(staging.Memberships, usersPath, smallEveryone.String(), n, r.options())
			}
			r.mustRead(staging.Memberships)
			r.wantShort(shortGroup(smallEveryone, "users", smallUsers, smallUsers-1))
		})
	}
}

// A direct member of a dynamic group who is shown twice is no proof that those
// by its filter are among the direct ones.
func TestDynamicMemberShownTwiceProvesNothing(t *testing.T) {
	t.Parallel()
	r := dynamicRig(t, pingonetest.DynamicNotDirect())
	r.fake.Inject(pingonetest.Fault{Match: usersPath, Query: dynamicBoth.String(), Do: pingonetest.FaultEdit, Edit: firstTwice})
	r.mustRead(staging.Memberships)
	wider := 0
	for _, s := range r.snapshot(staging.Memberships).Manifest.Slices {
		if s.Parent == staging.GroupAny {
			wider = s.Asked
		}
	}
	if wider != 3 {
		t.Errorf("%d groups were asked twice, want 3", wider)
	}
}
