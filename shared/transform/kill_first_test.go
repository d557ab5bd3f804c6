package transform_test

import (
	"fmt"
	"testing"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
)

// The first run of all, killed at any operation of its store, ends as if
// nothing had been: what it left behind is no memory that was lost.
func TestFirstRunKilledAnywhere(t *testing.T) {
	t.Parallel()
	base, _ := newTinyRig(t)
	base.fetch(run1)
	at := func(t *testing.T) *rig {
		other, _ := newTinyRig(t)
		r := *base
		r.t, r.store, r.app = t, copyOf(t, base.store), other.app
		return &r
	}
	ops := 0
	counting := at(t)
	o := counting.options()
	o.Store = stagingtest.NewFaulty(counting.store, stagingtest.Fault{Match: func(string, string) bool { ops++; return true }})
	counting.wantState(counting.run(run1, o), report.Done, true)

	for n := 1; n <= ops; n++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d %t", n, applied), func(t *testing.T) {
				t.Parallel()
				r := at(t)
				o := r.options()
				o.Holder = "victim"
				o.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{N: n, Err: errKilled, Applied: applied, Dead: true})
				if got, err := transform.Run(t.Context(), run1, o); err == nil && got.State != report.Done {
					t.Errorf("the victim ends with %+v", got)
				}
				r.expire(run1)
				r.wantState(r.mustTransform(run1), report.Done, true)
				r.wantHeld(tinyHoldings())
			})
		}
	}
}
