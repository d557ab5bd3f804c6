package staging_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// mebibytes returns so many tasks of 1 MiB each.
func mebibytes(n int) [][]byte {
	var all [][]byte
	for i := range n {
		all = append(all, bytes.Repeat([]byte{byte('a' + i)}, 1<<20))
	}
	return all
}

func TestPlan(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		tasks   [][]byte
		objects int
	}{
		{"none", nil, 1},
		{"small ones", slices.Collect(tasks(1000)), 1},
		{"a full object", mebibytes(4), 1},
		{"two full objects and more", mebibytes(9), 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := new(stagingtest.Memory)
			w := open(t, s, staging.Memberships)
			if err := writePlan(t, w, slices.Values(test.tasks)); err != nil {
				t.Fatal(err)
			}
			if err := writePlan(t, w, slices.Values(test.tasks)); err == nil {
				t.Error("a second plan was written")
			}
			stage(t, w)
			w = open(t, s, staging.Memberships)
			if objects := len(w.Manifest().Plan); objects != test.objects {
				t.Errorf("got %d objects, want %d", objects, test.objects)
			}
			got, err := plan(t, w)
			same := func(a string, b []byte) bool { return a == string(b) }
			if err != nil || !slices.EqualFunc(got, test.tasks, same) {
				t.Fatalf("got %d tasks, error %v; want %d", len(got), err, len(test.tasks))
			}
		})
	}
}

// A plan is made by several writers, each of which goes on from what the one
// before committed.
func TestPlanIsMadeStepByStep(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	var want []string
	for step := range 3 {
		w := open(t, s, staging.Memberships)
		for i := range 5 {
			task := fmt.Sprintf("task %d of step %d", i, step)
			want = append(want, task)
			if err := w.AddTask(t.Context(), []byte(task)); err != nil {
				t.Fatal(err)
			}
		}
		draft, err := w.WriteDraft(t.Context(), []byte{byte(step)})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.KeepPlace(jsontext.Value(strconv.Quote(draft.Name))); err != nil {
			t.Fatal(err)
		}
		stage(t, w)
		if err := w.AddTask(t.Context(), []byte("not committed")); err != nil {
			t.Fatal(err)
		}
		if _, err := w.WriteDraft(t.Context(), []byte("nor this")); err != nil {
			t.Fatal(err)
		}
		w = open(t, s, staging.Memberships)
		m := w.Manifest()
		if place := fmt.Sprintf(`"draft-%06d.bin"`, 2*step+1); len(m.Plan) > 0 || m.Planning == nil || string(m.Planning.Place) != place {
			t.Fatalf("step %d: got %+v, want a plan that is not made yet, and place %s", step, m.Planning, place)
		}
		if data, err := w.ReadDraft(t.Context(), draft); err != nil || !bytes.Equal(data, []byte{byte(step)}) {
			t.Errorf("step %d: the draft holds %v, %v", step, data, err)
		}
		draft.SHA256 = draft.Name
		_, err = w.ReadDraft(t.Context(), draft)
		wantError(t, "another sum", err, staging.ErrCorrupt)
		draft.Name = "draft-000099.bin"
		_, err = w.ReadDraft(t.Context(), draft)
		wantError(t, "no such draft", err, staging.ErrCorrupt)
		got, err := plan(t, w)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("step %d: error %v, tasks (-want +got):\n%s", step, err, diff)
		}
	}
	w := open(t, s, staging.Memberships)
	if err := w.EndPlan(t.Context()); err != nil {
		t.Fatal(err)
	}
	stage(t, w)
	w = open(t, s, staging.Memberships)
	got, err := plan(t, w)
	if diff := cmp.Diff(want, got); diff != "" || err != nil || w.Manifest().Planning != nil {
		t.Errorf("error %v, %+v, tasks (-want +got):\n%s", err, w.Manifest().Planning, diff)
	}
	if err := w.AddTask(t.Context(), []byte("more")); err == nil {
		t.Error("a task was added to a plan that is made")
	}
}

func TestPlanOfADeadWriterIsNotMixedIn(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	if err := writePlan(t, open(t, s, staging.Memberships), slices.Values(mebibytes(9))); err != nil {
		t.Fatal(err)
	}
	w := open(t, s, staging.Memberships)
	if got, err := plan(t, w); err != nil || got != nil {
		t.Errorf("got %d tasks without a plan, error %v", len(got), err)
	}
	own := [][]byte{[]byte("a"), []byte("b")}
	if err := writePlan(t, w, slices.Values(own)); err != nil {
		t.Fatal(err)
	}
	stage(t, w)
	w = open(t, s, staging.Memberships)
	got, err := plan(t, w)
	if diff := cmp.Diff([]string{"a", "b"}, got); diff != "" || err != nil {
		t.Errorf("error %v, tasks (-want +got):\n%s", err, diff)
	}
	if name := w.Manifest().Plan[0].Name; name != "plan-000004.jsonl.gz" {
		t.Errorf("the plan is in %s", name)
	}
}

func TestPlanRefusesWhatIsNoLine(t *testing.T) {
	t.Parallel()
	for _, task := range []string{"", "a\nb", "\n"} {
		w := open(t, new(stagingtest.Memory), staging.Memberships)
		if err := writePlan(t, w, slices.Values([][]byte{[]byte(task)})); err == nil {
			t.Errorf("task %q was written", task)
		}
	}
}

func TestCorruptPlan(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Memberships)
	if err := writePlan(t, w, tasks(3)); err != nil {
		t.Fatal(err)
	}
	stage(t, w)
	if _, err := s.Put(t.Context(), staging.PlanKey(run, staging.Memberships, 1), []byte("x"), staging.Always); err != nil {
		t.Fatal(err)
	}
	_, err := plan(t, open(t, s, staging.Memberships))
	wantError(t, "plan", err, staging.ErrCorrupt)
}

// A plan that was made is extended once: all that is added then counts with
// one commit, or nothing does.
func TestPlanIsExtended(t *testing.T) {
	t.Parallel()
	for _, added := range []int{0, 2, 5} {
		s := new(stagingtest.Memory)
		w := open(t, s, staging.Users)
		if err := w.ExtendPlan(); err == nil {
			t.Error("there is no plan to extend")
		}
		if err := writePlan(t, w, tasks(3)); err != nil {
			t.Fatal(err)
		}
		stage(t, w)

		died := open(t, s, staging.Users)
		if err := died.ExtendPlan(); err != nil {
			t.Fatal(err)
		}
		for _, task := range mebibytes(5) { // more than one object
			if err := died.AddTask(t.Context(), task); err != nil {
				t.Fatal(err)
			}
		}
		if err := died.Commit(t.Context()); err == nil {
			t.Error("half of an extension was committed")
		}

		w = open(t, s, staging.Users)
		want, err := plan(t, w)
		if err != nil || len(want) != 3 {
			t.Fatalf("got %d tasks, error %v", len(want), err)
		}
		if err := w.ExtendPlan(); err != nil {
			t.Fatal(err)
		}
		for i := range added {
			want = append(want, fmt.Sprintf("more %d", i))
			if err := w.AddTask(t.Context(), []byte(want[len(want)-1])); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.EndPlan(t.Context()); err != nil {
			t.Fatal(err)
		}
		stage(t, w)
		w = open(t, s, staging.Users)
		got, err := plan(t, w)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%d added: error %v, tasks (-want +got):\n%s", added, err, diff)
		}
		if err := w.AddTask(t.Context(), []byte("more")); err == nil {
			t.Error("a task was added to a plan that is made")
		}
	}
}
