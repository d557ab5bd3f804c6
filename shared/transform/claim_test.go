package transform_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
)

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fetch(run1)
	const many = 12
	results, errs := make([]transform.Result, many), make([]error, many)
	var wg sync.WaitGroup
	for i := range many {
		o := r.options()
		o.Holder = fmt.Sprintf("holder %d", i)
		wg.Go(func() { results[i], errs[i] = transform.Run(t.Context(), run1, o) })
	}
	wg.Wait()
	done := 0
	for i, got := range results {
		switch {
		case errs[i] != nil:
			t.Errorf("holder %d: %v", i, errs[i])
		case got.State == report.Done && got.Swept:
			done++
		case got.State != report.Waiting || got.Swept || len(got.Posted) != 0 || len(got.Missing) != 0:
			t.Errorf("holder %d: %+v", i, got)
		}
	}
	if done == 0 {
		t.Error("nobody is done")
	}
	r.wantPosts(tinyPosts...)
	r.wantSweeps("23 09:29:00")
	r.wantHeld(tinyHoldings())
}

func TestOthersWait(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	o.Holder = "first"
	o.Client = &hooked{Authomize: o.Client, before: func(kind string) {
		got, err := r.transform(run1)
		if err != nil || got.State != report.Waiting {
			t.Errorf("while %s are posted: %+v, %v", kind, got, err)
		}
	}}
	want := r.run(run1, o)
	r.wantState(want, report.Done, true)
	r.wantPosts(tinyPosts...)

	// A redelivered event gets the same answer and does nothing.
	before := r.report(run1)
	if diff := cmp.Diff(want, r.mustTransform(run1), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(transform.Result{}, "Report")); diff != "" {
		t.Errorf("recorded answer (-first +second):\n%s", diff)
	}
	r.wantPosts()
	r.wantSweeps("23 09:29:00")
	if diff := cmp.Diff(before, r.report(run1)); diff != "" {
		t.Errorf("report (-before +after):\n%s", diff)
	}

	o = r.options()
	o.Again = true
	r.wantState(r.run(run1, o), report.Done, true)
	r.wantPosts(tinyPosts...)
	r.wantSweeps("23 09:29:00", "23 09:29:00")
	r.wantHeld(tinyHoldings())
}

func TestRecordedAnswerIsOfTheSameApp(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fetch(run1)
	r.mustTransform(run1)
	r.posts()
	r.settings.AppID = "other"
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantPosts(tinyPosts...)
}

func TestHeldAnswerIsRecorded(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fake.Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED")
	r.fetch(run1)
	want := r.mustTransform(run1)
	if want.State != report.Held || len(want.Held) == 0 {
		t.Fatalf("got %+v", want)
	}
	r.posts()
	if diff := cmp.Diff(want, r.mustTransform(run1), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(transform.Result{}, "Report")); diff != "" {
		t.Errorf("recorded answer (-first +second):\n%s", diff)
	}
	r.wantPosts()
}

func TestClaimOfTheDead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, claim string
		want        report.State
		err         error
	}{
		{"not yet expired", `{"holder":"dead","until":"2099-01-01T00:00:00Z"}`, report.Waiting, nil},
		{"expired", `{"holder":"dead","until":"2020-01-01T00:00:00Z"}`, report.Done, nil},
		{"released", `{"holder":"","until":"2099-01-01T00:00:00Z"}`, report.Done, nil},
		{"our own, of an earlier try", `{"holder":"test","until":"2099-01-01T00:00:00Z"}`, report.Done, nil},
		{"damaged", `{"holder":`, "", staging.ErrCorrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := newTinyRig(t)
			r.fetch(run1)
			r.put(staging.ClaimKey(run1), tt.claim)
			got, err := r.transform(run1)
			if got.State != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %+v, %v; want %s, %v", got, err, tt.want, tt.err)
			}
			if tt.want == report.Done {
				r.wantPosts(tinyPosts...)
				r.wantHeld(tinyHoldings())
			} else {
				r.wantPosts()
				r.wantSweeps()
			}
		})
	}
}

// An invocation that is cut short gives its claim back, and says that it is
// unfinished.
func TestCancelled(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	for _, at := range []string{"users", "groupings", "permissions", "sweep"} {
		ctx, cancel := context.WithCancel(t.Context())
		o := r.options()
		o.Holder = "cut short at " + at
		o.Client = &hooked{Authomize: o.Client, before: func(kind string) {
			if kind == at {
				cancel()
			}
		}}
		if got, err := transform.Run(ctx, run2, o); err != nil || got.State != report.Waiting || !got.Unfinished || got.Swept {
			t.Errorf("at %s: got %+v, %v, want unfinished", at, got, err)
		}
	}
	r.wantHeld(tinyHoldings())
	r.wantSweeps("23 09:29:00")
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantHeld(tinyHoldings().without("user:eve"))
}

// A stub is an Authomize without a network, for a bubble of fake time.
type stub struct {
	before func(ctx context.Context, kind authomize.Kind)
	sweeps atomic.Int64
}

func (s *stub) Post(ctx context.Context, kind authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	s.before(ctx, kind)
	return authomize.Receipt{Accepted: len(items), AcceptedAt: time.Now()}, context.Cause(ctx)
}

func (s *stub) Sweep(context.Context, time.Time) (authomize.SweepReceipt, error) {
	s.sweeps.Add(1)
	return authomize.SweepReceipt{}, nil
}

// However long the work takes, nobody else begins it.
func TestClaimIsRenewed(t *testing.T) {
	r, _ := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	synctest.Test(t, func(t *testing.T) {
		other := o
		other.Holder = "other"
		s := &stub{before: func(ctx context.Context, kind authomize.Kind) {
			for range 20 {
				time.Sleep(10 * time.Second)
				if got, err := transform.Run(ctx, run1, other); err != nil || got.State != report.Waiting {
					t.Errorf("while %s are posted: %+v, %v", kind, got, err)
				}
			}
		}}
		o := o
		o.Client = s
		got, err := transform.Run(t.Context(), run1, o)
		if err != nil || got.State != report.Done || s.sweeps.Load() != 1 {
			t.Errorf("got %+v, %v, %d sweeps", got, err, s.sweeps.Load())
		}
	})
}

// Who has lost its claim stops, and leaves the sweep to the other one.
func TestClaimLost(t *testing.T) {
	r, _ := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	synctest.Test(t, func(t *testing.T) {
		theirs := `{"holder":"thief","until":"2099-01-01T00:00:00Z"}`
		s := &stub{before: func(ctx context.Context, kind authomize.Kind) {
			if kind != authomize.Assets {
				return
			}
			if _, err := r.store.Put(ctx, staging.ClaimKey(run1), []byte(theirs), staging.Always); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Minute)
		}}
		o := o
		o.Client = s
		got, err := transform.Run(t.Context(), run1, o)
		if !errors.Is(err, staging.ErrClaimed) || s.sweeps.Load() != 0 {
			t.Errorf("got %+v, %v, %d sweeps", got, err, s.sweeps.Load())
		}
		object, err := r.store.Get(t.Context(), staging.ClaimKey(run1))
		if err != nil || string(object.Data) != theirs {
			t.Errorf("the claim is now %s, %v", object.Data, err)
		}
		if _, err := report.Load(t.Context(), r.store, run1); !errors.Is(err, staging.ErrNotFound) {
			t.Errorf("a report was written: %v", err)
		}
	})
}

// A store that fails while a claim is renewed is a fault, and not the end of
// the time: nobody would hear of it.
func TestClaimThatCannotBeRenewed(t *testing.T) {
	r, _ := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	o.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{N: 2, Err: errBroken, Match: func(op, key string) bool {
		return op == "put" && key == staging.ClaimKey(run1)
	}})
	synctest.Test(t, func(t *testing.T) {
		s := &stub{before: func(_ context.Context, kind authomize.Kind) {
			if kind == authomize.Assets {
				time.Sleep(time.Minute)
			}
		}}
		o := o
		o.Client = s
		got, err := transform.Run(t.Context(), run1, o)
		if !errors.Is(err, errBroken) || got.Unfinished || s.sweeps.Load() != 0 {
			t.Errorf("got %+v, %v, %d sweeps, want the store's error", got, err, s.sweeps.Load())
		}
	})
}
