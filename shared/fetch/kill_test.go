package fetch_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

var errFault = errors.New("fault")

// badDay is a run in which every step has something to do: lists that are
// refused, short, and lost more than they have pages, leavers, and items and
// ties that are asked for.
func badDay(t testing.TB) *rig {
	r := newRig(t, small(), pingonetest.AllowViolations(), pingonetest.WithPageMax(8))
	r.sync()
	r.org.RemoveUser(env, user(3))
	r.org.RemoveMember(env, staff, user(4))
	r.org.RemoveApplication(env, portal)
	r.org.Unnest(env, id("group everyone"), staff)
	r.org.Unassign(env, adminHolds, assignment(r.org, adminHolds))
	r.org.AddMember(env, staff, user(34))
	r.fake.Inject(
		lose(usersPath, -1, user(5), user(6)), lose(usersPath, -1, user(25)), lose("/v1/environments/*/gateways", -1, bridge),
		status("/v1/environments/*/roles", 403, -1), status(groupsPath+"/*/roleAssignments", 403, -1),
	)
	return r
}

func assignment(o *pingonetest.Organization, p pingonetest.Principal) (id [16]byte) {
	o.Read(func() { id = o.Environment(env).RoleAssignments[p][0].ID })
	return id
}

// readOn is one invocation on a store that fails, which commits after
// everything that it stages.
func (r *rig) readOn(run staging.RunID, c staging.Collection, fault stagingtest.Fault) (fetch.Result, int, error) {
	faulty := stagingtest.NewFaulty(r.store, fault)
	o := r.options().CommittingEvery(time.Nanosecond)
	o.Store, o.Holder = faulty, "this"
	result, err := fetch.Run(r.t.Context(), run, c, o)
	return result, faulty.Operations(), err
}

// copyOf is a store with the same objects.
func copyOf(t testing.TB, store staging.Store) staging.Store {
	t.Helper()
	twin := &stagingtest.Memory{}
	keys, err := store.(*stagingtest.Memory).List(t.Context(), "") //nolint:forcetypeassert // a rig's
	for _, key := range keys {
		var o staging.Object
		if o, err = store.Get(t.Context(), key); err == nil {
			_, err = twin.Put(t.Context(), key, o.Data, staging.Always)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return twin
}

// An invocation is killed at operations on the store, before and after they
// took effect, and the next one goes on: the collection ends as if nothing had
// been.
func TestKilledAtEveryStoreOperation(t *testing.T) {
	t.Parallel()
	for i, of := range collection.All[:len(collection.All)-1] {
		t.Run(string(of.Name), func(t *testing.T) {
			t.Parallel()
			r := badDay(t)
			run := r.open()
			for _, input := range collection.All[:i] {
				r.read(run, input.Name)
			}
			before := r.store
			r.store = copyOf(t, before)
			result, operations, err := r.readOn(run, of.Name, stagingtest.Fault{})
			if err != nil || !result.Complete {
				t.Fatalf("%+v, %v", result, err)
			}
			want := r.loadOne(run, of)
			for n := 1; n <= operations; n += 1 + n/16 { // each of the first, then some
				for _, applied := range []bool{false, true} {
					r.store = copyOf(t, before)
					r.killed(run, of, stagingtest.Fault{N: n, Err: errFault, Applied: applied, Dead: true}, want)
				}
			}
		})
	}
}

// killed reads a collection by two invocations, of which the first is killed.
func (r *rig) killed(run staging.RunID, of *collection.Collection, fault stagingtest.Fault, want *snapshots) {
	r.t.Helper()
	result, _, err := r.readOn(run, of.Name, fault)
	if err != nil && !errors.Is(err, errFault) || err != nil == result.Complete {
		r.t.Errorf("killed at %d: got %+v, %v", fault.N, result, err)
	}
	if result, _, err := r.readOn(run, of.Name, stagingtest.Fault{}); err != nil || !result.Complete {
		r.t.Fatalf("after the kill at %d: %+v, %v", fault.N, result, err)
	}
	got := r.loadOne(run, of)
	if diff := cmp.Diff(want.held, got.held); diff != "" {
		r.t.Errorf("killed at %d: held (-want +got):\n%s", fault.N, diff)
	}
	a, b := want.complete[of.Name], got.complete[of.Name]
	if diff := cmp.Diff(a.Gone, b.Gone, cmpopts.SortSlices(func(x, y staging.Gone) bool { return x.ID.Compare(y.ID) < 0 })); diff != "" {
		r.t.Errorf("killed at %d: gone (-want +got):\n%s", fault.N, diff)
	}
	sums := cmpopts.IgnoreFields(staging.CarriedLists{}, "CorrelationID", "Keys")
	if diff := cmp.Diff(a.Carried, b.Carried, sums); diff != "" {
		r.t.Errorf("killed at %d: carried (-want +got):\n%s", fault.N, diff)
	}
}
