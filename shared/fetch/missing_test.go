package fetch_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// knowAs makes things of an environment known from an earlier run, under
// uniqueIds that begin with the prefix.
func (r *rig) knowAs(list, prefix string, env pingone.ID, ids ...pingone.ID) {
	r.t.Helper()
	lines := make([]string, len(ids))
	for i, id := range ids {
		lines[i] = staging.Known{ID: prefix + id.String(), Environment: env, Run: "20261122T090000Z"}.Line()
	}
	slices.Sort(lines)
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	_, _ = zip.Write([]byte(strings.Join(lines, "")))
	if err := zip.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.put("state/known/"+list+"-00.gz", buf.String())
	r.put(staging.MemoryKey, fmt.Sprintf(`{"swept":{"run":"20261122T090000Z"},"known":{%q:"state/known/%s-00.gz"}}`, list, list))
}

func thing(name string) pingone.ID { return pingonetest.StableID("missing", name) }

// missingRig is an organization with one of each list beside one that the list
// loses, and one that is known and gone.
func missingRig(t *testing.T) *rig {
	t.Helper()
	o := pingonetest.NewOrganization("Missing")
	env := thing("env")
	o.AddEnvironment(pingonetest.Environment{ID: env, Name: "Main", Type: "PRODUCTION", Region: "EU"})
	o.AddPopulation(env, pingonetest.Population{ID: thing("people"), Name: "People"})
	o.AddPopulation(env, pingonetest.Population{ID: thing("lost"), Name: "Lost"})
	o.AddUser(env, pingonetest.User{ID: thing("ann"), Population: thing("people"), Username: "ann"})
	o.AddGroup(env, pingonetest.Group{ID: thing("staff"), Name: "Staff", Members: []int32{0}})
	o.AddGroup(env, pingonetest.Group{ID: thing("lost"), Name: "Lost", Members: []int32{0}, Children: []pingone.ID{thing("staff")}})
	for _, name := range []string{"here", "lost"} {
		o.AddApplication(env, pingonetest.Application{ID: thing(name), Name: name, Type: "WORKER", Protocol: "OPENID_CONNECT"})
		o.AddGateway(env, pingonetest.Gateway{ID: thing(name), Name: name, Type: "LDAP"})
	}
	r := newRig(t, o)
	r.org = o
	return r
}

// lose lets a list be without the one that is called lost.
func (r *rig) lose(list string) {
	r.fake.Inject(pingonetest.Fault{Match: "/v1/environments/*/" + list, Times: -1, Do: pingonetest.FaultLose, Lose: thing("lost")})
}

var missingLists = []struct {
	collection   staging.Collection
	list, prefix string
}{
	{staging.Groups, "groupings", "group:"},
	{staging.Populations, "populations", "population:"},
	{staging.Applications, "applications", "application:"},
	{staging.Gateways, "serviceAccounts", "gateway:"},
}

// What a list lost is asked for and staged; what PingOne does not have is
// proven to be gone; nothing else is asked for.
func TestListIsProven(t *testing.T) {
	t.Parallel()
	for _, tt := range missingLists {
		t.Run(string(tt.collection), func(t *testing.T) {
			t.Parallel()
			r := missingRig(t)
			r.knowAs(tt.list, tt.prefix, thing("env"), thing("lost"), thing("gone"), thing("here"), thing("staff"), thing("people"))
			r.lose(string(tt.collection))
			there := map[staging.Collection]string{staging.Groups: "staff", staging.Populations: "people", staging.Applications: "here", staging.Gateways: "here"}[tt.collection]
			got := r.mustRead(tt.collection)
			want := fetch.Result{Run: got.Run, Collection: tt.collection, Pages: 2, Records: 2, Complete: true, Progressed: true}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			snap := r.snapshot(tt.collection)
			proven := slices.SortedFunc(slices.Values(snap.Manifest.Proven), pingone.ID.Compare)
			var gone []pingone.ID
			for _, name := range []string{"gone", "here", "staff", "people"} {
				if name != there {
					gone = append(gone, thing(name))
				}
			}
			slices.SortFunc(gone, pingone.ID.Compare)
			if diff := cmp.Diff(gone, proven); diff != "" {
				t.Errorf("proven to be gone (-want +got):\n%s", diff)
			}
			if n := r.fake.Calls("/v1/environments/*/" + string(tt.collection) + "/*"); n != 4 {
				t.Errorf("%d were asked for, want 4", n)
			}
		})
	}
}

// Who can't be asked for is unread, the first with PingOne's words and the
// others as a number.
func TestListThatCannotBeProven(t *testing.T) {
	t.Parallel()
	for _, tt := range missingLists {
		t.Run(string(tt.collection), func(t *testing.T) {
			t.Parallel()
			r := missingRig(t)
			r.knowAs(tt.list, tt.prefix, thing("env"), thing("lost"), thing("gone"), thing("away"))
			r.lose(string(tt.collection))
			r.fake.Deny("/v1/environments/*/"+string(tt.collection)+"/*", 403, "ACCESS_FAILED")
			got := r.mustRead(tt.collection)
			u := r.snapshot(tt.collection).Complete.Unread
			if got.Unread != 1 || len(u) != 1 || u[0].Status != 403 || u[0].Skipped != 2 || !u[0].Missing || u[0].Environment != thing("env") {
				t.Errorf("result %+v, unread %+v; want one entry for all three", got, u)
			}
		})
	}
}

// A group that the list of groups lost keeps its members and its children; one
// that is gone costs one call and is no gap.
func TestMembersOfAGroupThatTheListLost(t *testing.T) {
	t.Parallel()
	r := missingRig(t)
	r.knowAs("groupings", "group:", thing("env"), thing("lost"), thing("gone"), thing("staff"))
	r.lose("groups")
	got := r.mustRead(staging.Memberships)
	if got.Unread != 0 || got.Records != 3 {
		t.Errorf("result %+v, want the two users and the child, and nothing unread", got)
	}
	if n := r.fake.Calls("/v1/environments/*/groups/*"); n != 2 {
		t.Errorf("%d groups were asked for, want lost and gone", n)
	}
}

func TestMembersOfAGroupThatCannotBeAskedFor(t *testing.T) {
	t.Parallel()
	r := missingRig(t)
	lost := make([]pingone.ID, 40)
	for i := range lost {
		lost[i] = thing(fmt.Sprint("lost ", i))
	}
	r.knowAs("groupings", "group:", thing("env"), lost...)
	r.fake.Deny("/v1/environments/*/groups/*", 403, "ACCESS_FAILED")
	o := r.options()
	o.PerSecond = 1 // few are asked for at once
	got, err := fetch.Run(t.Context(), run, staging.Memberships, o)
	if err != nil {
		t.Fatal(err)
	}
	u := r.snapshot(staging.Memberships).Complete.Unread
	if got.Unread != 1 || len(u) != 1 || u[0].Status != 403 || u[0].Skipped != 39 || !u[0].Missing {
		t.Errorf("result %+v, unread %+v; want one entry for all 40", got, u)
	}
	if n := r.fake.Calls("/v1/environments/*/groups/*"); n > 10 {
		t.Errorf("%d calls, want that it ends after a few refusals", n)
	}
}

// Asking is all or nothing while a plan is made, so what would take too long at
// the pace is for a person.
func TestTooManyGroupsForThePace(t *testing.T) {
	t.Parallel()
	r := missingRig(t)
	lost := make([]pingone.ID, 31)
	for i := range lost {
		lost[i] = thing(fmt.Sprint("lost ", i))
	}
	r.knowAs("groupings", "group:", thing("env"), lost...)
	o := r.options()
	o.PerSecond = 0.1
	if _, err := fetch.Run(t.Context(), run, staging.Memberships, o); err != nil {
		t.Fatal(err)
	}
	want := []staging.Unread{{
		Environment: thing("env"), Path: "/v1/environments/" + thing("env").String() + "/groups/{group}", Code: "MANY_MISSING", Skipped: 30, Missing: true,
		Message: "31 groups that earlier runs were told of are missing: too many to be asked for one by one",
	}}
	if d := cmp.Diff(want, r.snapshot(staging.Memberships).Complete.Unread); d != "" {
		t.Errorf("unread (-want +got):\n%s", d)
	}
	if n := r.fake.Calls("/v1/environments/*/groups/*"); n != 0 {
		t.Errorf("%d groups were asked for", n)
	}
}

// Roles of a principal that its list lost are asked for, and so are those of
// one that is gone, to make sure of it: that many are gone is no suspicion
// against the others.
func TestRolesOfWhoIsMissing(t *testing.T) {
	t.Parallel()
	r := missingRig(t)
	gone := []pingone.ID{thing("lost"), thing("gone 1"), thing("gone 2"), thing("gone 3"), thing("gone 4"), thing("gone 5")}
	r.knowAs("serviceAccounts", "gateway:", thing("env"), gone...)
	r.lose("gateways")
	got := r.mustRead(staging.RoleAssignments)
	if got.Unread != 0 || !got.Complete {
		t.Errorf("result %+v, want nothing unread", got)
	}
	if n := r.fake.Calls("/v1/environments/*/gateways/*/roleAssignments"); n != 7 {
		t.Errorf("%d gateways were asked for their roles, want all that are listed or known", n)
	}
}
