package staging_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func increment(n *int) error { *n++; return nil }

func TestUpdate(t *testing.T) {
	t.Parallel()
	errOwn := errors.New("own")
	isPut := func(op, _ string) bool { return op == "put" }
	tests := []struct {
		name   string
		fault  stagingtest.Fault
		change func(*int) error
		want   error
		count  int // before: 1
	}{
		{"is written", stagingtest.Fault{}, increment, nil, 2},
		{"unchanged", stagingtest.Fault{}, func(n *int) error { *n++; return staging.ErrUnchanged }, nil, 1},
		{"refused by the change", stagingtest.Fault{}, func(n *int) error { *n++; return errOwn }, errOwn, 1},
		{"its answer is lost", stagingtest.Fault{N: 1, Err: errFault, Applied: true, Match: isPut}, increment, nil, 2},
		{"it is lost", stagingtest.Fault{N: 1, Err: errFault, Match: isPut}, increment, errFault, 1},
		{"one conflict", stagingtest.Fault{N: 1, Err: staging.ErrConflict, Match: isPut}, increment, nil, 2},
		{"only conflicts", stagingtest.Fault{N: 1, Err: staging.ErrConflict, Match: isPut, Dead: true}, increment, staging.ErrConflict, 1},
		{"a key that is none", stagingtest.Fault{N: 1, Err: staging.ErrKey, Match: isPut}, increment, staging.ErrKey, 1},
		{"a store that can't be read", stagingtest.Fault{N: 1, Err: errFault}, increment, errFault, 1},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			s := new(stagingtest.Memory)
			put(t, s, "n", "1")
			wantError(t, test.name, staging.Update(t.Context(), stagingtest.NewFaulty(s, test.fault), "n", test.change), test.want)
			if n, err := staging.ReadJSON[int](t.Context(), s, "n"); n != test.count || err != nil {
				t.Errorf("%s: got %d, error %v; want %d", test.name, n, err, test.count)
			}
		})
	}
}

func TestUpdateStopsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := stagingtest.NewFaulty(new(stagingtest.Memory), stagingtest.Fault{N: 2, Err: staging.ErrConflict, Dead: true})
	wantError(t, "update", staging.Update(ctx, s, "n", func(*int) error { cancel(); return nil }), context.Canceled)
}

func TestDamagedJSON(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	wantError(t, "read", second(staging.ReadJSON[int](t.Context(), s, "n")), staging.ErrNotFound)
	put(t, s, "n", "{")
	wantError(t, "read", second(staging.ReadJSON[int](t.Context(), s, "n")), staging.ErrCorrupt)
	wantError(t, "update", staging.Update(t.Context(), s, "n", increment), staging.ErrCorrupt)
}
