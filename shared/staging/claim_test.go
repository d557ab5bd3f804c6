package staging_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const ttl = 15 * time.Minute

// at returns a clock that stands still, so much after the run began.
func at(d time.Duration) func() time.Time {
	return func() time.Time { return run.Time().Add(d) }
}

func claim(t testing.TB, s staging.Store, holder string, now func() time.Time) *staging.Held {
	t.Helper()
	held, err := staging.Claim(t.Context(), s, run, holder, ttl, now)
	if err != nil {
		t.Fatalf("claim by %s: %v", holder, err)
	}
	return held
}

func wantClaimed(t testing.TB, err error, holder string, until time.Duration) {
	t.Helper()
	var claimed *staging.ClaimedError
	if !errors.Is(err, staging.ErrClaimed) || !errors.As(err, &claimed) {
		t.Fatalf("got error %v, want ErrClaimed", err)
	}
	if claimed.Holder != holder || !claimed.Until.Equal(run.Time().Add(until)) || !strings.Contains(err.Error(), holder) {
		t.Errorf("got %+v, want %s until %s", claimed, holder, until)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	first := claim(t, s, "a", at(0))
	if want := run.Time().Add(ttl); !first.Until().Equal(want) {
		t.Errorf("held until %s, want %s", first.Until(), want)
	}
	_, err := staging.Claim(t.Context(), s, run, "b", ttl, at(ttl-1))
	wantClaimed(t, err, "a", ttl)

	again := claim(t, s, "a", at(time.Minute))
	_, err = staging.Claim(t.Context(), s, run, "b", ttl, at(ttl))
	wantClaimed(t, err, "a", ttl+time.Minute)
	if err := first.Renew(t.Context()); err != nil { // it holds by its name
		t.Errorf("renew: %v", err)
	}

	second := claim(t, s, "b", at(2*ttl))
	wantClaimed(t, again.Renew(t.Context()), "b", 3*ttl)
	if err := again.Release(t.Context()); err != nil {
		t.Errorf("release of what was lost: %v", err)
	}
	_, err = staging.Claim(t.Context(), s, run, "a", ttl, at(2*ttl))
	wantClaimed(t, err, "b", 3*ttl)

	if err := second.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim(t, s, "a", at(2*ttl))
	if err := second.Renew(t.Context()); !errors.Is(err, staging.ErrClaimed) {
		t.Errorf("got error %v, want ErrClaimed", err)
	}
}

func TestRenewAfterRelease(t *testing.T) {
	t.Parallel()
	held := claim(t, new(stagingtest.Memory), "a", at(0))
	if err := held.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantError(t, "renew", held.Renew(t.Context()), staging.ErrClaimed)
}

func TestRenewAfterALostAnswer(t *testing.T) {
	t.Parallel()
	errLost := errors.New("lost")
	s := new(stagingtest.Memory)
	held := claim(t, stagingtest.NewFaulty(s, stagingtest.Fault{N: 3, Err: errLost, Applied: true}), "a", at(0))
	wantError(t, "first renew", held.Renew(t.Context()), errLost)
	if err := held.Renew(t.Context()); err != nil {
		t.Errorf("second renew: %v", err)
	}
	if err := held.Release(t.Context()); err != nil {
		t.Errorf("release: %v", err)
	}
	claim(t, s, "b", at(0))
}

// A renewal of the holder's own may come in between while the claim is given
// back: it must not stay claimed.
func TestReleaseDespiteAConflict(t *testing.T) {
	t.Parallel()
	s := &stagingtest.Memory{}
	f := stagingtest.NewFaulty(s, stagingtest.Fault{N: 2, Err: staging.ErrConflict, Match: func(op, _ string) bool { return op == "put" }})
	if err := claim(t, f, "a", at(0)).Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	claim(t, s, "b", at(0))
}

func TestClaimRace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		stale bool
	}{{"of a fresh run", false}, {"of an expired claim", true}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := new(stagingtest.Memory)
			if test.stale {
				claim(t, s, "old", at(-2*ttl))
			}
			var winners atomic.Int64
			var group sync.WaitGroup
			for i := range 32 {
				group.Go(func() {
					_, err := staging.Claim(t.Context(), s, run, fmt.Sprint("holder ", i), ttl, at(0))
					switch {
					case err == nil:
						winners.Add(1)
					case !errors.Is(err, staging.ErrClaimed):
						t.Errorf("claim: %v", err)
					}
				})
			}
			group.Wait()
			if winners.Load() != 1 {
				t.Errorf("%d won, want 1", winners.Load())
			}
		})
	}
}

func TestClaimRefuses(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	for _, err := range []error{
		second(staging.Claim(t.Context(), s, "x", "a", ttl, at(0))),
		second(staging.Claim(t.Context(), s, run, "", ttl, at(0))),
		second(staging.Claim(t.Context(), s, run, "a", 0, at(0))),
	} {
		if err == nil {
			t.Error("a claim without run, holder or ttl was taken")
		}
	}
	if _, err := s.Put(t.Context(), staging.ClaimKey(run), []byte("{"), staging.Always); err != nil {
		t.Fatal(err)
	}
	wantError(t, "claim", second(staging.Claim(t.Context(), s, run, "a", ttl, at(0))), staging.ErrCorrupt)
}

func second[T any](_ T, err error) error { return err }

// The claims on a run and on each of its collections are apart.
func TestClaimOfACollection(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	claim(t, s, "transform", at(0))
	of := func(c staging.Collection, holder string, now func() time.Time) error {
		return second(staging.ClaimCollection(t.Context(), s, run, c, holder, ttl, now))
	}
	for _, c := range []staging.Collection{staging.Users, staging.Groups} {
		if err := of(c, "a", at(0)); err != nil {
			t.Fatal(err)
		}
	}
	err := of(staging.Users, "b", at(time.Minute))
	wantClaimed(t, err, "a", ttl)
	if want := "users of run " + string(run) + " is claimed by a until "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %q, want %q…", err, want)
	}
	if err := of(staging.Users, "b", at(ttl)); err != nil {
		t.Errorf("claim of what has expired: %v", err)
	}
	if err := of("secrets", "a", at(0)); err == nil {
		t.Error("a claim on no collection was taken")
	}
	wantError(t, "states", second(staging.States(t.Context(), s, run)), staging.ErrUnknownRun) // nothing is staged
}
