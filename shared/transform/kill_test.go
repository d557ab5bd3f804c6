package transform_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
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

// beforeRun2 fetches three runs, with less in the second and third. It returns
// what makes a rig of its own, with run1 posted and the clock at day2.
func beforeRun2(t *testing.T) func(t *testing.T) (*rig, *clock) {
	t.Helper()
	base, _ := newTinyRig(t)
	base.fetch(run1)
	base.mustTransform(run1) // so that the next runs know whom to ask for
	base.org.RemoveUser(id("main"), id("eve"))
	removeLeads(base.org)
	base.fetch(run2)
	base.fetch(run3)
	base.forget(run1)

	return func(t *testing.T) (*rig, *clock) {
		t.Helper()
		c := &clock{at: day1}
		r := *base
		r.t, r.store, r.app, r.seen = t, copyOf(t, base.store), authomizetest.New(t, authomizetest.WithClock(c.now)), 0
		r.settings.MaxShrinkPercent = 100
		r.wantState(r.mustTransform(run1), report.Done, true)
		r.wantHeld(tinyHoldings())
		c.set(day2)
		return &r, c
	}
}

// TestKilledAnywhere kills a transform at every operation of its store, before
// it takes effect and after. Whoever comes next, once the claim has expired,
// ends the run as if nothing had been.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	at := beforeRun2(t)
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

// A mortal Authomize hears nothing more of a transform whose store is dead.
type mortal struct {
	transform.Authomize
	isDead func() bool
}

func (m *mortal) Post(ctx context.Context, kind authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	if m.isDead() {
		return authomize.Receipt{}, errKilled
	}
	return m.Authomize.Post(ctx, kind, items)
}

func (m *mortal) Sweep(ctx context.Context, before time.Time) (authomize.SweepReceipt, error) {
	if m.isDead() {
		return authomize.SweepReceipt{}, errKilled
	}
	return m.Authomize.Sweep(ctx, before)
}

// dieAt makes the options of a transform that dies at the nth write of a key,
// before it takes effect or after.
func (r *rig) dieAt(key string, n int, applied bool) (transform.Options, *stagingtest.Faulty) {
	o := r.options()
	o.Holder = "victim"
	store := stagingtest.NewFaulty(r.store, stagingtest.Fault{
		N: n, Err: errKilled, Applied: applied, Dead: true,
		Match: func(op, at string) bool { return op == "put" && (key == "" || at == key) },
	})
	o.Store = store
	o.Client = &mortal{Authomize: o.Client, isDead: func() bool { return n > 0 && store.Operations() >= n }}
	return o, store
}

// TestKilledAtAnyPlace kills a transform at every place that it keeps, with
// batches under way. The next one posts what is behind the place that was
// kept, all of it, and nothing else.
func TestKilledAtAnyPlace(t *testing.T) {
	t.Parallel()
	at := beforeRun2(t)
	const key = "runs/" + string(run2) + "/transform/place.json"
	often := func(o transform.Options) transform.Options {
		o.SaveEvery, o.MaxItems = 1, 2
		return o
	}
	counting, _ := at(t)
	o, store := counting.dieAt(key, 0, false)
	counting.wantState(counting.run(run2, often(o)), report.Done, true)
	want, mapped := counting.bodies(), map[string]int64{}
	for _, k := range counting.report(run2).Kinds {
		mapped[k.Kind] = k.Mapped
	}
	if n := store.Operations(); n < 15 {
		t.Fatalf("%d places were kept, want many", n)
	}
	for n := range store.Operations() {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d %t", n+1, applied), func(t *testing.T) {
				t.Parallel()
				r, _ := at(t)
				o, _ := r.dieAt(key, n+1, applied)
				if got, err := transform.Run(t.Context(), run2, often(o)); err == nil && got.State != report.Done {
					t.Fatalf("the victim ends with %+v", got)
				}
				r.expire(run2)
				behind := r.behindThePlace(key, mapped)
				r.posts()
				r.wantState(r.mustTransform(run2), report.Done, true)
				items := map[string]int64{}
				for _, p := range r.posts() {
					var kind string
					var n int64
					if _, err := fmt.Sscanf(p, "%s %d", &kind, &n); err != nil {
						t.Fatal(err)
					}
					items[kind] += n
				}
				if diff := cmp.Diff(behind, items); diff != "" {
					t.Errorf("posted after the kill (-want +got):\n%s", diff)
				}
				for _, k := range r.report(run2).Kinds {
					if k.Posted != mapped[k.Kind] || k.Accepted != mapped[k.Kind] {
						t.Errorf("%s: %d posted and %d accepted, want %d", k.Kind, k.Posted, k.Accepted, mapped[k.Kind])
					}
				}
				wantRightSweeps(t, r)
				if diff := cmp.Diff(want, r.bodies()); diff != "" {
					t.Errorf("bodies (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// behindThePlace are how many records of each kind are still to be posted.
func (r *rig) behindThePlace(key string, mapped map[string]int64) map[string]int64 {
	r.t.Helper()
	left := map[string]int64{}
	for kind, n := range mapped {
		if n > 0 {
			left[kind] = n
		}
	}
	object, err := r.store.Get(r.t.Context(), key)
	if errors.Is(err, staging.ErrNotFound) {
		return left
	}
	var place struct {
		Kind     int   `json:"kind"`
		Offset   int64 `json:"offset"`
		Finished bool  `json:"finished"`
	}
	if err := errors.Join(err, json.Unmarshal(object.Data, &place)); err != nil {
		r.t.Fatal(err)
	}
	for i, kind := range authomize.Kinds {
		if n := left[string(kind)] - place.Offset; place.Finished || i < place.Kind || i == place.Kind && n == 0 {
			delete(left, string(kind))
		} else if i == place.Kind {
			left[string(kind)] = n
		}
	}
	return left
}

// TestApprovalKilledAnywhere kills an approval at every operation of its
// store. Approved again, all is as if nothing had been.
func TestApprovalKilledAnywhere(t *testing.T) {
	t.Parallel()
	atEnd := func(t *testing.T, r *rig) {
		t.Helper()
		rep := r.report(run2)
		if rep.State != report.Done || !rep.Sweep.Swept || rep.Sweep.ApprovedAt == nil {
			t.Errorf("report: %s, %+v", rep.State, rep.Sweep)
		}
		r.wantHeld(tinyHoldings().without("user:eve").without("user:dan"))
		var known []string
		for k, err := range staging.KnownOf(t.Context(), r.store, "99991231T235959Z", "users") {
			if err != nil {
				t.Fatal(err)
			}
			known = append(known, k.ID)
		}
		if diff := cmp.Diff([]string{"user:ann", "user:bob", "user:cy"}, namedAll(known)); diff != "" {
			t.Errorf("known users (-want +got):\n%s", diff)
		}
	}
	puts := 1
	for n := 0; n <= puts; n++ {
		for _, applied := range []bool{false, true} {
			r, c := holdRun2(t)
			posts := len(r.app.Posts())
			o, store := r.dieAt("", n, applied)
			o.Approve = true
			_, err := transform.Run(t.Context(), run2, o)
			if n == 0 {
				puts = store.Operations()
			} else if err == nil {
				t.Errorf("%d %t: the victim says that all is well", n, applied)
			}
			r.expire(run2)
			if r.report(run2).State == report.Held {
				if _, err := r.approve(run2); err != nil {
					t.Errorf("%d %t: approved again: %v", n, applied, err)
				}
			}
			atEnd(t, r)
			if len(r.app.Posts()) != posts {
				t.Errorf("%d %t: posted", n, applied)
			}
			c.set(day3)
			r.fetch(run3)
			r.wantState(r.mustTransform(run3), report.Done, true)
			r.wantGone(run3)
		}
	}
	if puts < 5 {
		t.Errorf("an approval that nobody kills writes %d times, want at least the claim, the state, the report twice and the claim again", puts)
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
