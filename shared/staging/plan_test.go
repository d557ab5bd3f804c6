package staging_test

import (
	"bytes"
	"slices"
	"testing"

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
			if err := w.WritePlan(t.Context(), slices.Values(test.tasks)); err != nil {
				t.Fatal(err)
			}
			if err := w.WritePlan(t.Context(), slices.Values(test.tasks)); err == nil {
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

func TestPlanOfADeadWriterIsNotMixedIn(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	if err := open(t, s, staging.Memberships).WritePlan(t.Context(), slices.Values(mebibytes(9))); err != nil {
		t.Fatal(err)
	}
	w := open(t, s, staging.Memberships)
	if got, err := plan(t, w); err != nil || got != nil {
		t.Errorf("got %d tasks without a plan, error %v", len(got), err)
	}
	own := [][]byte{[]byte("a"), []byte("b")}
	if err := w.WritePlan(t.Context(), slices.Values(own)); err != nil {
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
		if err := w.WritePlan(t.Context(), slices.Values([][]byte{[]byte(task)})); err == nil {
			t.Errorf("task %q was written", task)
		}
	}
}

func TestCorruptPlan(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Memberships)
	if err := w.WritePlan(t.Context(), tasks(3)); err != nil {
		t.Fatal(err)
	}
	stage(t, w)
	if _, err := s.Put(t.Context(), staging.PlanKey(run, staging.Memberships, 1), []byte("x"), staging.Always); err != nil {
		t.Fatal(err)
	}
	_, err := plan(t, open(t, s, staging.Memberships))
	wantError(t, "plan", err, staging.ErrCorrupt)
}
