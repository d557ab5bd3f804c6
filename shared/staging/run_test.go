package staging_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// A root opens a run, goes on with it while transform has not ended it, and
// then opens the next one.
func TestOpenRun(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	wantError(t, "current", second(staging.Current(t.Context(), s)), staging.ErrNoRun)
	want := staging.Run{Environments: []pingone.ID{id(environment)}, Only: []pingone.ID{id(environment)}, DryRun: true, OpenedBy: "a person"}
	q := staging.OpenRequest{At: run, Run: want}
	want.Version, want.Run, want.OpenedAt = 1, run, run.Time().Add(time.Minute)
	wantOpen := func(after time.Duration, want staging.Run) {
		t.Helper()
		got, err := staging.OpenRun(t.Context(), s, q, run.Time().Add(after))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("after %s: error %v, run (-want +got):\n%s", after, err, diff)
		}
		if got, err = staging.Current(t.Context(), s); err != nil || !cmp.Equal(want, got) {
			t.Errorf("after %s: open is %+v, error %v", after, got, err)
		}
	}
	wantOpen(time.Minute, want)
	wantOpen(time.Hour, want)

	const next staging.RunID = "20261123T120000Z"
	q.At = next
	for _, report := range []string{`{"state":"waiting"}`, `{`} {
		put(t, s, staging.ReportKey(run), report)
		wantOpen(3*time.Hour, want)
	}
	put(t, s, staging.ReportKey(run), `{"state":"failed"}`)
	want.Run, want.After, want.OpenedAt = next, run, run.Time().Add(3*time.Hour)
	wantOpen(3*time.Hour, want)
	for r, want := range map[staging.RunID]bool{run: false, next: true} {
		if got, err := staging.IsOpen(t.Context(), s, r); err != nil || got != want {
			t.Errorf("%s is open: %t, error %v", r, got, err)
		}
	}
	put(t, s, staging.ReportKey(next), `{"state":"done"}`)
	const left staging.RunID = "20261123T130000Z"
	q.At = left
	put(t, s, staging.LeaseKey(left, ""), `{}`)
	want.Run, want.After, want.OpenedAt = left, next, run.Time().Add(4*time.Hour)
	wantOpen(4*time.Hour, want)

	q.At = run
	put(t, s, staging.ReportKey(left), `{"state":"done"}`)
	wantError(t, "a closed run", second(staging.OpenRun(t.Context(), s, q, next.Time())), staging.ErrClosed)
	q.At = "today"
	if err := second(staging.OpenRun(t.Context(), s, q, next.Time())); err == nil || errors.Is(err, staging.ErrClosed) {
		t.Errorf("a malformed run: got error %v", err)
	}
}

// A run is idle from its last write on, and what is damaged dates nothing.
func TestIdleRun(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	wantRun := func(after time.Duration, want staging.RunID) {
		t.Helper()
		got, err := staging.OpenRun(t.Context(), s, staging.OpenRequest{}, run.Time().Add(after))
		if err != nil || got.Run != want {
			t.Errorf("after %s: got run %s, error %v; want %s", after, got.Run, err, want)
		}
	}
	wantRun(0, run)
	wantRun(6*time.Hour-1, run)
	stage(t, open(t, s, staging.Devices), 1) // two seconds later
	wantRun(6*time.Hour+2*time.Second-1, run)
	put(t, s, staging.TransformKey(run), `{"updatedAt":"2026-11-23T10:00:00Z"}`)
	put(t, s, key(staging.Users, "manifest.json"), `{`)
	wantRun(7*time.Hour-1, run)
	wantRun(7*time.Hour, "20261123T160000Z")
}

// However many roots there are at once, and whatever they were asked for, they
// all read one run.
func TestRootsAtOnce(t *testing.T) {
	t.Parallel()
	for _, apart := range []time.Duration{0, time.Second} { // what they ask for
		synctest.Test(t, func(t *testing.T) {
			s := new(stagingtest.Memory)
			got := make([]staging.Run, 16)
			var group sync.WaitGroup
			for n := range got {
				group.Go(func() {
					var err error
					if got[n], err = openAt(t, s, staging.RunAt(run.Time().Add(time.Duration(n)*apart))); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			current, err := staging.Current(t.Context(), s)
			for _, r := range got {
				if err != nil || !cmp.Equal(current, r) {
					t.Errorf("a root reads %+v, open is %+v, error %v", r, current, err)
				}
			}
		})
	}
}

// A root that dies beside another leaves what that one has written.
func TestRootDiesBesideAnother(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	isOpening := func(op, key string) bool { return op == "put" && key == staging.OpenKey }
	dying := stagingtest.NewFaulty(s, stagingtest.Fault{N: 1, Err: errFault, Dead: true, Match: isOpening})
	first := stagingtest.NewFaulty(s, stagingtest.Fault{Match: func(op, key string) bool {
		if isOpening(op, key) {
			q := staging.OpenRequest{At: run, Run: staging.Run{OpenedBy: "another"}}
			wantError(t, "the other", second(staging.OpenRun(t.Context(), dying, q, run.Time().Add(time.Second))), errFault)
		}
		return false
	}})
	got, err := openAt(t, first, run)
	if current, currentErr := staging.Current(t.Context(), s); err != nil || currentErr != nil || !cmp.Equal(current, got) {
		t.Errorf("a root reads %+v, open is %+v, errors %v, %v", got, current, err, currentErr)
	}
}

// What is gone or damaged is told, and does not stop the root for good.
func TestDamagedRun(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	put(t, s, staging.OpenKey, `{"run":"`+string(run)+`"}`)
	wantError(t, "current", second(staging.Current(t.Context(), s)), staging.ErrNoRun)
	put(t, s, staging.RunKey(run), `{"version":3,"run":"`+string(run)+`"}`)
	wantError(t, "current", second(staging.Current(t.Context(), s)), staging.ErrCorrupt)
	got, err := openAt(t, s, "")
	if err != nil || got.Run != "20261123T090001Z" {
		t.Errorf("got run %s, error %v", got.Run, err)
	}
	put(t, s, staging.OpenKey, `{"run":"today"}`)
	wantError(t, "open.json", second(openAt(t, s, "")), staging.ErrCorrupt)
}

func TestStates(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	wantError(t, "states", second(staging.States(t.Context(), s, run)), staging.ErrUnknownRun)
	if _, err := openAt(t, s, run); err != nil {
		t.Fatal(err)
	}
	stage(t, open(t, s, staging.Groups), 1)
	finish(t, open(t, s, staging.Devices))
	got, err := staging.States(t.Context(), s, run)
	for _, c := range staging.Collections {
		if complete, ok := got[c]; err != nil || !ok || complete != (c == staging.Devices) {
			t.Errorf("got %v, error %v", got, err)
		}
	}
	wantError(t, "a store that fails", second(staging.States(t.Context(), stagingtest.NewFaulty(s, stagingtest.Fault{N: 3, Err: errFault}), run)), errFault)
}
