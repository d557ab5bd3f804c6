package transform_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

func TestUnknownRun(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	for _, tt := range []struct {
		run  staging.RunID
		want string
	}{
		{run1, "run 20261123T090000Z: nothing is staged under memory: unknown run"},
		{"yesterday", `run "yesterday" is not a time`},
	} {
		got, err := r.transform(tt.run)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %+v, %v; want %s", got, err, tt.want)
		}
	}
	if keys, _ := r.store.List(t.Context(), ""); len(keys) != 0 {
		t.Errorf("left %v", keys)
	}
	if n := len(r.app.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestWaitingForCollections(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	for i, c := range staging.Collections {
		r.fetch(run1, c)
		if i == len(staging.Collections)-1 {
			break
		}
		got := r.mustTransform(run1)
		want := transform.Result{Run: run1, State: report.Waiting, Posted: map[string]int64{}, Missing: staging.Collections[i+1:]}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", c, diff)
		}
	}
	if n := len(r.app.Requests()); n != 0 {
		t.Errorf("%d requests while waiting", n)
	}
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantPosts(tinyPosts...)
}

// Staged data that is damaged fails the run, whatever was posted before that
// was seen; nothing is swept.
func TestDamagedRun(t *testing.T) {
	t.Parallel()
	flip := func(r *rig, key string) {
		o, err := r.store.Get(r.t.Context(), key)
		if err != nil {
			r.t.Fatal(err)
		}
		o.Data[len(o.Data)/2] ^= 0x20
		r.put(key, string(o.Data))
	}
	cut := func(r *rig, key string) {
		o, err := r.store.Get(r.t.Context(), key)
		if err != nil {
			r.t.Fatal(err)
		}
		r.put(key, string(o.Data[:len(o.Data)/2]))
	}
	damages := []struct {
		name string
		do   func(r *rig, c staging.Collection)
	}{
		{"part with a flipped bit", func(r *rig, c staging.Collection) { flip(r, staging.PartKey(run2, c, 1)) }},
		{"part cut off", func(r *rig, c staging.Collection) { cut(r, staging.PartKey(run2, c, 1)) }},
		{"part missing", func(r *rig, c staging.Collection) { r.delete(staging.PartKey(run2, c, 1)) }},
		{"part of another run", func(r *rig, c staging.Collection) {
			o, err := r.store.Get(r.t.Context(), staging.PartKey(run1, c, 1))
			if err != nil {
				r.t.Fatal(err)
			}
			r.put(staging.PartKey(run2, c, 1), string(o.Data))
		}},
		{"manifest cut off", func(r *rig, c staging.Collection) { cut(r, staging.ManifestKey(run2, c)) }},
		{"manifest missing", func(r *rig, c staging.Collection) { r.delete(staging.ManifestKey(run2, c)) }},
		{"manifest of another run", func(r *rig, c staging.Collection) {
			o, err := r.store.Get(r.t.Context(), staging.ManifestKey(run1, c))
			if err != nil {
				r.t.Fatal(err)
			}
			r.put(staging.ManifestKey(run2, c), string(o.Data))
		}},
		{"complete.json cut off", func(r *rig, c staging.Collection) { cut(r, staging.CompleteKey(run2, c)) }},
		{"complete.json empty", func(r *rig, c staging.Collection) { r.put(staging.CompleteKey(run2, c), "{}") }},
	}
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			sound := r.store
			for _, collection := range staging.Collections {
				r.store = copyOf(t, sound)
				d.do(r, collection)
				got := r.mustTransform(run2)
				if got.State != report.Failed || got.Swept || got.Error == "" {
					t.Errorf("%s: got %+v", collection, got)
				}
				r.wantSweeps("23 09:29:00")
			}
			r.wantHeld(tinyHoldings())
			r.store = sound
			r.wantState(r.mustTransform(run2), report.Done, true)
			r.wantHeld(tinyHoldings().without("user:eve"))
		})
	}
}

// Memory that is damaged fails the run with advice. After it was followed, the
// run is held if that took away what earlier ones posted, until a person
// approves.
func TestDamagedMemory(t *testing.T) {
	t.Parallel()
	known := func(r *rig) string {
		for key := range r.state() {
			if strings.HasPrefix(key, "state/known/users-") {
				return key
			}
		}
		r.t.Fatal("there is no list of known users")
		return ""
	}
	tests := []struct {
		name   string
		damage func(r *rig)
		want   string
		mend   string // what the advice is to move away
	}{
		{"no JSON", func(r *rig) { r.put("state/transform.json", `{"swept":`) }, "state/transform.json is damaged", "state/transform.json"},
		{"empty", func(r *rig) { r.put("state/transform.json", "") }, "state/transform.json is damaged", "state/transform.json"},
		{"nothing", func(r *rig) { r.put("state/transform.json", "null") }, "state/transform.json is damaged", "state/transform.json"},
		{"no lists", func(r *rig) { r.put("state/transform.json", "{}") }, "state/transform.json is damaged", "state/transform.json"},
		{"another shape", func(r *rig) { r.put("state/transform.json", `{"swept":7}`) }, "state/transform.json is damaged", "state/transform.json"},
		{"list is missing", func(r *rig) { r.delete(known(r)) }, "move state/transform.json away", "state/transform.json"},
		{"list is no gzip", func(r *rig) { r.put(known(r), "user:1") }, "move state/transform.json away", "state/transform.json"},
		{"list is cut off", func(r *rig) { key := known(r); r.put(key, r.state()[key][:40]) }, "move state/transform.json away", "state/transform.json"},
		{"descriptions are no JSON", func(r *rig) { r.put("state/known/descriptions.json", "{") }, "state/known/descriptions.json is damaged; move it away", "state/known/descriptions.json"},
		{"newest is no JSON", func(r *rig) { r.put("state/newest.json", "x") }, "state/newest.json is damaged; delete it", "state/newest.json"},
		{"newest is no run", func(r *rig) { r.put("state/newest.json", `{"run":"z"}`) }, "state/newest.json is damaged; delete it", "state/newest.json"},
		{"newest is nothing", func(r *rig) { r.put("state/newest.json", `{}`) }, "state/newest.json is damaged; delete it", "state/newest.json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			tt.damage(r)
			got := r.mustTransform(run2)
			r.wantState(got, report.Failed, false)
			if !strings.Contains(got.Error, tt.want) {
				t.Errorf("error %q, want %q", got.Error, tt.want)
			}
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")

			r.delete(tt.mend)
			if tt.mend == "state/transform.json" {
				r.wantState(r.mustTransform(run2), report.Held, false, "state/transform.json was lost, and with it what earlier runs posted")
				r.wantHeld(tinyHoldings())
				if got, err := r.approve(run2); err != nil || !got.Swept {
					t.Fatalf("approved: %+v, %v", got, err)
				}
			} else {
				r.wantState(r.mustTransform(run2), report.Done, true)
			}
			r.wantHeld(tinyHoldings().without("user:eve"))
			c.set(day3)
			r.fetch(run3)
			r.wantState(r.mustTransform(run3), report.Done, true)
			r.wantGone(run3)
		})
	}
}

// A report that can't be read is written again.
func TestDamagedReport(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fetch(run1)
	r.mustTransform(run1)
	r.posts()
	r.put(staging.ReportKey(run1), "{")
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantPosts(tinyPosts...)
}

// A store that is out of order makes an error, not a state.
func TestStoreOutOfOrder(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.fetch(run2)
	for _, prefix := range []string{"state/transform.json", "state/newest.json", "state/known/", "runs/" + string(run2) + "/users/part", "runs/" + string(run2) + "/roles/manifest"} {
		o := r.options()
		o.Store = &broken{Store: r.store, prefix: prefix}
		if got, err := transform.Run(t.Context(), run2, o); !errors.Is(err, errBroken) {
			t.Errorf("%s: got %+v, %v", prefix, got, err)
		}
	}
	r.wantSweeps("23 09:29:00")
	r.wantState(r.mustTransform(run2), report.Done, true)
}

// Who lost the memory can't miss anything. So every run is held, not the first
// alone, until a person approves one that saw all.
func TestLostMemoryHoldsUntilApproved(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.org.AddPopulation(id("main"), pingonetest.Population{ID: id("others"), Name: "Others"})
	r.org.AddUser(id("main"), pingonetest.User{ID: id("fay"), Population: id("others"), Username: "fay"})
	r.firstRun(c)
	held := r.held()
	r.delete("state/transform.json")
	r.org.HidePopulation(id("main"), id("others"))
	const lost = "state/transform.json was lost, and with it what earlier runs posted"
	for _, run := range []staging.RunID{run2, run3} {
		c.set(run.Time())
		r.fetch(run)
		r.wantState(r.mustTransform(run), report.Held, false, lost)
		r.wantHeld(held)
	}

	r.org.ShowPopulation(id("main"), id("others"))
	r.org.RemoveUser(id("main"), id("eve"))
	for i, want := range []string{"held", "done"} {
		run := staging.RunID(fmt.Sprintf("2026112%dT090000Z", 6+i))
		c.set(run.Time())
		r.fetch(run)
		if got := r.mustTransform(run); string(got.State) != want {
			t.Errorf("run %s: %+v, want %s", run, got, want)
		}
		if want == "held" {
			if got, err := r.approve(run); err != nil || !got.Swept {
				t.Errorf("approved: %+v, %v", got, err)
			}
		}
	}
	if slices.Contains(r.held()["users"], "user:"+id("eve").String()) || len(r.held()["users"]) != 5 {
		t.Errorf("Authomize holds %v, want all but eve", r.held()["users"])
	}
}
