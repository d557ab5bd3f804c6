package transform_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
)

var errBroken = errors.New("the store is broken")

// A broken store can't read what begins with prefix.
type broken struct {
	staging.Store
	prefix string
}

func (b *broken) Get(ctx context.Context, key string) (staging.Object, error) {
	if strings.HasPrefix(key, b.prefix) {
		return staging.Object{}, errBroken
	}
	return b.Store.Get(ctx, key)
}

// copyOf copies what a store holds.
func copyOf(t *testing.T, from staging.Store) *stagingtest.Memory {
	t.Helper()
	keys, err := from.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	to := &stagingtest.Memory{}
	for _, k := range keys {
		o, err := from.Get(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Put(t.Context(), k, o.Data, staging.Always); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// forget undoes the transform of a run in the store.
func (r *rig) forget(run staging.RunID) {
	r.t.Helper()
	for key := range r.state() {
		r.delete(key)
	}
	for _, key := range []string{staging.ReportKey(run), staging.ReportPageKey(run), staging.ClaimKey(run)} {
		r.delete(key)
	}
}

// TestKilledAnywhere kills a transform at every operation of its store, before
// it takes effect and after. Whoever comes next, once the claim has expired,
// ends the run as if nothing had been.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	base, _ := newTinyRig(t)
	base.fetch(run1)
	base.mustTransform(run1) // so that the next runs know whom to ask for
	base.org.RemoveUser(id("main"), id("eve"))
	removeLeads(base.org)
	base.fetch(run2)
	base.fetch(run3)
	base.forget(run1)

	// at returns a rig of its own, with run1 posted and the clock at day2.
	at := func(t *testing.T) (*rig, *clock) {
		c := &clock{at: day1}
		r := *base
		r.t, r.store, r.app, r.seen = t, copyOf(t, base.store), authomizetest.New(t, authomizetest.WithClock(c.now)), 0
		r.settings.MaxShrinkPercent = 100
		r.wantState(r.mustTransform(run1), report.Done, true)
		r.wantHeld(tinyHoldings())
		c.set(day2)
		return &r, c
	}
	counting, c := at(t)
	var ops []string // each operation of a transform that nobody kills
	f := stagingtest.NewFaulty(counting.store, stagingtest.Fault{Match: func(op, _ string) bool {
		ops = append(ops, op)
		return true
	}})
	o := counting.options()
	o.Store = f
	counting.wantState(counting.run(run2, o), report.Done, true)
	c.set(day3)
	counting.wantState(counting.mustTransform(run3), report.Done, true)
	want, bodies := counting.held(), counting.bodies()
	known := knownIDs(t, counting.store)

	for n, op := range ops {
		for _, applied := range []bool{false, true} {
			if applied && op != "put" {
				continue // it is the same to read and die, or to die
			}
			t.Run(fmt.Sprintf("%d %s %t", n+1, op, applied), func(t *testing.T) {
				t.Parallel()
				r, c := at(t)
				o := r.options()
				o.Holder = "victim"
				o.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{N: n + 1, Err: errKilled, Applied: applied, Dead: true})
				if got, err := transform.Run(t.Context(), run2, o); !errors.Is(err, errKilled) {
					// A report that can't be read is as good as none; so is a release that comes too late.
					t.Logf("the victim ends with %+v, %v", got, err)
				}
				r.expire(run2)
				r.wantState(r.mustTransform(run2), report.Done, true)
				r.wantGone(run2, "user:eve", "group:leads")
				r.wantHeld(want)
				wantRightSweeps(t, r)

				if op != "put" {
					return // it left nothing behind
				}
				c.set(day3)
				r.wantState(r.mustTransform(run3), report.Done, true)
				r.wantGone(run3)
				r.wantHeld(want)
				if diff := cmp.Diff(bodies, r.bodies()); diff != "" {
					t.Errorf("bodies (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(known, knownIDs(t, r.store)); diff != "" {
					t.Errorf("known ids (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// expire lets the claim of a run expire, if there is one.
func (r *rig) expire(run staging.RunID) {
	r.t.Helper()
	if _, err := r.store.Get(r.t.Context(), staging.ClaimKey(run)); err == nil {
		r.put(staging.ClaimKey(run), `{"holder":"victim","until":"2020-01-01T00:00:00Z"}`)
	}
}

// wantRightSweeps checks that all sweeps of day2 together deleted what was
// gone, each up to the same moment.
func wantRightSweeps(t *testing.T, r *rig) {
	t.Helper()
	deleted := map[authomize.Kind]int{}
	for _, s := range r.app.Sweeps()[1:] {
		if !s.ModifiedBefore.Equal(day2.Add(-60e9)) {
			t.Errorf("swept before %v", s.ModifiedBefore)
		}
		for kind, n := range s.Deleted {
			deleted[kind] += n
		}
	}
	want := map[authomize.Kind]int{
		authomize.Users: 1, authomize.Groupings: 1, authomize.GroupingAssociations: 1, authomize.AccountAssociations: 3, authomize.Permissions: 1,
	}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("swept (-want +got):\n%s", diff)
	}
}

// knownIDs are the lists that state/transform.json names.
func knownIDs(t *testing.T, store staging.Store) map[string][]string {
	t.Helper()
	object, err := store.Get(t.Context(), "state/transform.json")
	if err != nil {
		t.Fatal(err)
	}
	known, _ := decoded(t, object.Data)["known"].(map[string]any)
	out := map[string][]string{}
	for kind, name := range known {
		list, err := store.Get(t.Context(), fmt.Sprint(name))
		if err != nil {
			t.Fatal(err)
		}
		out[kind] = slices.Sorted(slices.Values(strings.Fields(unzipped(t, list.Data))))
	}
	return out
}
