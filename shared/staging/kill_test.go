package staging_test

import (
	"errors"
	"fmt"
	"testing"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

var errFault = errors.New("fault")

// eachFault calls check with a store that fails at each operation of work, in
// each way, and with what is below it.
func eachFault(t *testing.T, work func(testing.TB, staging.Store) error, check func(testing.TB, *stagingtest.Memory, staging.Store)) {
	count := stagingtest.NewFaulty(new(stagingtest.Memory), stagingtest.Fault{})
	if err := work(t, count); err != nil {
		t.Fatal(err)
	}
	for i := range 4 * count.Operations() {
		fault := stagingtest.Fault{N: 1 + i/4, Err: errFault, Applied: i%2 == 1, Dead: i%4 > 1}
		t.Run(fmt.Sprintf("operation %d applied %t dead %t", fault.N, fault.Applied, fault.Dead), func(t *testing.T) {
			s := new(stagingtest.Memory)
			check(t, s, stagingtest.NewFaulty(s, fault))
		})
	}
}

// fetch plans, reads one reply for each list from where the manifest says,
// commits after each two, and finishes.
func fetch(t testing.TB, s staging.Store) error {
	w, err := staging.Open(t.Context(), s, run, staging.Users, staging.WithClock(clock()))
	if err != nil {
		return err
	}
	m := w.Manifest()
	if m.Plan == nil {
		err = w.WritePlan(t.Context(), lists(7))
	}
	all, planErr := texts(w.Plan(t.Context()))
	err = errors.Join(err, planErr)
	for n := m.Pages + 1; n <= len(all) && err == nil; n++ {
		err = w.Append(reply(n), 1)
		if n%2 == 0 && err == nil {
			err = w.Commit(t.Context())
		}
	}
	if err != nil {
		return err
	}
	return w.Finish(t.Context())
}

// Each operation of a whole run fails once, in each way, and the next
// invocation goes on. Whatever happened, each reply is there once.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	eachFault(t, fetch, func(t testing.TB, s *stagingtest.Memory, faulty staging.Store) {
		if err := fetch(t, faulty); err != nil && !errors.Is(err, errFault) {
			t.Fatalf("unexpected error: %v", err)
		}
		if err := fetch(t, s); err != nil {
			t.Fatalf("the next invocation: %v", err)
		}
		wantReplies(t, s, staging.Users, 1, 2, 3, 4, 5, 6, 7)
	})
}

// openAt asks the root to open a run that a schedule asked for.
func openAt(t testing.TB, s staging.Store, at staging.RunID) (staging.Run, error) {
	return staging.OpenRun(t.Context(), s, staging.OpenRequest{At: at, Run: staging.Run{OpenedBy: "schedule"}}, run.Time())
}

// A root may die between any two writes: the next one opens the same run, or,
// asked for a later one, that or the first.
func TestRootKilledAnywhere(t *testing.T) {
	t.Parallel()
	const later staging.RunID = "20261123T090005Z"
	root := func(t testing.TB, s staging.Store) error { return second(openAt(t, s, run)) }
	for _, next := range []staging.RunID{run, later, ""} {
		eachFault(t, root, func(t testing.TB, s *stagingtest.Memory, faulty staging.Store) {
			if err := root(t, faulty); err != nil && !errors.Is(err, errFault) {
				t.Fatalf("unexpected error: %v", err)
			}
			got, err := openAt(t, s, next)
			if err != nil {
				t.Fatalf("then %q: %v", next, err)
			}
			current, err := staging.Current(t.Context(), s)
			if err != nil || current.Run != got.Run || got.Run < run || got.Run > later || got.OpenedBy != "schedule" {
				t.Errorf("then %q: got run %+v, open is %+v, error %v", next, got, current, err)
			}
		})
	}
}
