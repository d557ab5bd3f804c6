package staging_test

import (
	"errors"
	"fmt"
	"testing"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const things = 7

// fetch does what a fetch function does: it plans, reads one reply for each
// task from where the manifest says, commits after each two, and finishes.
func fetch(t testing.TB, s staging.Store) error {
	w, err := staging.Open(t.Context(), s, run, staging.Users, staging.WithClock(clock()))
	if err != nil {
		return err
	}
	m := w.Manifest()
	if m.Complete {
		return w.Finish(t.Context())
	}
	if len(m.Plan) == 0 {
		if err := writePlan(t, w, tasks(things)); err != nil {
			return err
		}
	}
	n := 0
	for _, err := range w.Plan(t.Context()) {
		if err != nil {
			return err
		}
		if n++; n <= m.Progress.Before {
			continue
		}
		if err := w.Append(reply(n), 1); err != nil {
			return err
		}
		m.Progress.Before = n
		if n%2 == 0 {
			if err := w.Commit(t.Context()); err != nil {
				return err
			}
		}
	}
	return w.Finish(t.Context())
}

// Each operation of a whole run fails once, in each way, and the next
// invocation goes on. Whatever happened, each reply is there once.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	count := stagingtest.NewFaulty(new(stagingtest.Memory), stagingtest.Fault{})
	if err := fetch(t, count); err != nil {
		t.Fatal(err)
	}
	operations := count.Operations()
	if operations < 10 {
		t.Fatalf("only %d operations", operations)
	}
	errFault := errors.New("fault")
	for n := 1; n <= operations; n++ {
		for _, applied := range []bool{false, true} {
			for _, dead := range []bool{false, true} {
				t.Run(fmt.Sprintf("operation %d applied %t dead %t", n, applied, dead), func(t *testing.T) {
					t.Parallel()
					s := new(stagingtest.Memory)
					faulty := stagingtest.NewFaulty(s, stagingtest.Fault{N: n, Err: errFault, Applied: applied, Dead: dead})
					if err := fetch(t, faulty); err != nil && !errors.Is(err, errFault) {
						t.Fatalf("unexpected error: %v", err)
					}
					if err := fetch(t, s); err != nil {
						t.Fatalf("the next invocation: %v", err)
					}
					wantReplies(t, s, staging.Users, 1, 2, 3, 4, 5, 6, 7)
				})
			}
		}
	}
}

// The same, with two invocations dying in turn, at one of three pairs of operations.
func TestKilledTwice(t *testing.T) {
	t.Parallel()
	errFault := errors.New("fault")
	for first := 1; first <= 16; first++ {
		for next := 1 + first%3; next <= 16; next += 3 {
			s := new(stagingtest.Memory)
			for _, n := range []int{first, next} {
				fault := stagingtest.Fault{N: n, Err: errFault, Applied: (first+next)%2 == 0, Dead: true}
				if err := fetch(t, stagingtest.NewFaulty(s, fault)); err != nil && !errors.Is(err, errFault) {
					t.Fatalf("killed at %d and %d: %v", first, next, err)
				}
			}
			if err := fetch(t, s); err != nil {
				t.Fatalf("killed at %d and %d, the next invocation: %v", first, next, err)
			}
			wantReplies(t, s, staging.Users, 1, 2, 3, 4, 5, 6, 7)
		}
	}
}
