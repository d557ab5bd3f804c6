package staging_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

const ttl = 15 * time.Minute

// at returns a clock that stands still, so much after the run began.
func at(d time.Duration) func() time.Time {
	return func() time.Time { return run.Time().Add(d) }
}

func acquire(t testing.TB, s staging.Store, holder string, now func() time.Time) *staging.Lease {
	t.Helper()
	l, err := staging.Acquire(t.Context(), s, staging.LeaseKey(run, ""), holder, ttl, now)
	if err != nil {
		t.Fatalf("acquire by %s: %v", holder, err)
	}
	return l
}

func TestLease(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	refused := func(holder string, after time.Duration, by string, until time.Duration) {
		t.Helper()
		err := second(staging.Acquire(t.Context(), s, staging.LeaseKey(run, ""), holder, ttl, at(after)))
		want := fmt.Sprintf("%s: %s, %q, until %s", staging.LeaseKey(run, ""), staging.ErrLeased, by, run.Time().Add(until).Format(time.RFC3339))
		if !errors.Is(err, staging.ErrLeased) || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
	acquire(t, s, "a", at(0))
	refused("b", ttl-1, "a", ttl)
	again := acquire(t, s, "a", at(time.Minute))
	refused("b", ttl, "a", ttl+time.Minute)
	other := acquire(t, s, "b", at(2*ttl))
	wantError(t, "release", again.Release(t.Context()), nil) // it is not a's any more
	refused("a", 2*ttl, "b", 3*ttl)
	wantError(t, "release", other.Release(t.Context()), nil)
	acquire(t, s, "a", at(2*ttl))
	if second(staging.Acquire(t.Context(), s, "k", "", ttl, at(0))) == nil || second(staging.Acquire(t.Context(), s, "k", "a", 0, at(0))) == nil {
		t.Error("a lease without holder or ttl was taken")
	}
}

func TestKeepRenewsUntilItIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stagingtest.Memory)
		l := acquire(t, s, "a", time.Now)
		held, stop := l.Keep(t.Context())
		time.Sleep(4 * ttl)
		err := second(staging.Acquire(t.Context(), s, staging.LeaseKey(run, ""), "b", ttl, time.Now))
		if held.Err() != nil || !errors.Is(err, staging.ErrLeased) {
			t.Errorf("after four times its ttl: %v, and another got %v", context.Cause(held), err)
		}
		stop()
		wantError(t, "release", l.Release(t.Context()), nil)
		for _, lost := range []string{`{"holder":""}`, `{"holder":"b","until":"2100-01-01T00:00:00Z"}`} {
			held, stop := acquire(t, s, "a", time.Now).Keep(t.Context())
			put(t, s, staging.LeaseKey(run, ""), lost)
			<-held.Done()
			stop()
			if err := context.Cause(held); !errors.Is(err, staging.ErrLeaseLost) || !errors.Is(err, staging.ErrLeased) {
				t.Errorf("got cause %v", err)
			}
		}
	})
}

func TestDamagedLeaseIsNobodys(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	if _, err := s.Put(t.Context(), "lease.json", []byte(`{"holder":"a","until`), staging.Always); err != nil {
		t.Fatal(err)
	}
	if _, err := staging.Acquire(t.Context(), s, "lease.json", "b", time.Minute, time.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := staging.Acquire(t.Context(), s, "lease.json", "c", time.Minute, time.Now); !errors.Is(err, staging.ErrLeased) {
		t.Errorf("got %v, want that b has it", err)
	}
}
