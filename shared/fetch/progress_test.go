package fetch

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
)

// Ranges hold what a set holds, in as few pairs as there are rows.
func TestRanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var r ranges
	set := map[int]bool{}
	for range 5000 {
		task := random.IntN(60)
		if random.IntN(2) == 0 {
			r.add(task)
			set[task] = true
		} else {
			r.remove(task)
			delete(set, task)
		}
		var want ranges
		for i := range 60 {
			if r.has(i) != set[i] {
				t.Fatalf("%v: has %d is %t", r, i, r.has(i))
			}
			switch n := len(want); {
			case !set[i]:
			case n > 0 && want[n-1].To == i:
				want[n-1].To++
			default:
				want = append(want, staging.Range{From: i, To: i + 1})
			}
		}
		if !slices.Equal(want, r) {
			t.Fatalf("got %v, want %v", r, want)
		}
	}
}

// What is put off is finished for now, keeps its place, and is gone from the
// list once it is finished.
func TestPutOff(t *testing.T) {
	t.Parallel()
	p := newProgress(staging.Progress{Before: 2, Open: []staging.OpenTask{{Task: 3, Next: "/v1/next", Pages: 1, Records: 5}}})
	p.putOff(2)
	p.putOff(3)
	want := staging.Progress{Before: 4, Open: []staging.OpenTask{{Task: 3, Next: "/v1/next", Pages: 1, Records: 5}}, Again: []staging.Range{{From: 2, To: 4}}}
	if d := cmp.Diff(want, p.save()); d != "" {
		t.Errorf("put off (-want +got):\n%s", d)
	}
	p = newProgress(p.save())
	p.finish(3)
	if d := cmp.Diff(staging.Progress{Before: 4, Again: []staging.Range{{From: 2, To: 3}}}, p.save()); d != "" {
		t.Errorf("finished (-want +got):\n%s", d)
	}
	p.finish(2)
	if d := cmp.Diff(staging.Progress{Before: 4}, p.save()); d != "" || p.finished() != 4 {
		t.Errorf("all finished: %d (-want +got):\n%s", p.finished(), d)
	}
}
