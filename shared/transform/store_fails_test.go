package transform_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
)

// S3 fails once, at each operation of a transform, before it takes effect and
// after: the transform gets over it, or says so and the next one ends the run.
// What is posted and swept is what a good day posts and sweeps.
func TestStoreFailsOnceAtEveryOperation(t *testing.T) {
	t.Parallel()
	at := beforeRun2(t)
	counting, _ := at(t)
	var ops []string
	o := counting.options()
	o.Store = stagingtest.NewFaulty(counting.store, stagingtest.Fault{Match: func(op, _ string) bool {
		ops = append(ops, op)
		return true
	}})
	counting.wantState(counting.run(run2, o), report.Done, true)
	want, bodies := counting.held(), counting.bodies()

	for name, fault := range map[string]error{"5xx": errors.New("503 SlowDown"), "conflict": staging.ErrConflict} {
		for n, op := range ops {
			for _, applied := range []bool{false, true} {
				if op != "put" && (applied || errors.Is(fault, staging.ErrConflict)) {
					continue // only writes have an effect, or are in conflict
				}
				t.Run(fmt.Sprintf("%s at %d %s %t", name, n+1, op, applied), func(t *testing.T) {
					t.Parallel()
					r, c := at(t)
					o := r.options()
					o.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{N: n + 1, Err: fault, Applied: applied})
					if got, err := transform.Run(t.Context(), run2, o); err == nil && (got.State != report.Done || !got.Swept) {
						t.Errorf("got %+v and no error", got)
					}
					r.wantState(r.mustTransform(run2), report.Done, true)
					r.wantGone(run2, "user:eve", "group:leads")
					r.wantHeld(want)
					if d := cmp.Diff(bodies, r.bodies()); d != "" {
						t.Errorf("bodies (-want +got):\n%s", d)
					}
					wantRightSweeps(t, r)
					if op != "put" {
						return // it left nothing behind
					}
					c.set(day3)
					r.wantState(r.mustTransform(run3), report.Done, true)
					r.wantGone(run3)
					r.wantHeld(want)
				})
			}
		}
	}
}
