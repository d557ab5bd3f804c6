package transform_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// One invocation for each kind: what is posted is not posted again, and the
// last one sweeps, with the cut-off of the first.
func TestGoesOnWhereItEnded(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run2)
	before := len(r.app.Posts())
	invocations := 0
	for result := (transform.Result{}); result.State != report.Done; invocations++ {
		ctx, cancel := context.WithCancel(t.Context())
		o := r.options()
		posts := 0
		o.Client = &hooked{Authomize: o.Client, before: func(string) {
			if posts++; posts == 2 {
				cancel()
			}
		}}
		var err error
		result, err = transform.Run(ctx, run2, o)
		if err != nil || invocations > 20 {
			t.Fatalf("invocation %d: %+v, %v", invocations, result, err)
		}
		if result.Unfinished && !result.Progressed {
			t.Errorf("invocation %d made no progress", invocations)
		}
	}
	var kinds []authomize.Kind
	for _, p := range r.app.Posts()[before:] {
		kinds = append(kinds, p.Kind)
	}
	once := slices.Compact(slices.Clone(kinds))
	if !slices.Equal(kinds, once) || invocations < 5 {
		t.Errorf("posted %v in %d invocations, want each kind once, in many", kinds, invocations)
	}
	r.wantHeld(tinyHoldings().without("user:eve"))
	rep, err := report.Load(t.Context(), r.store, run2)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range rep.Kinds {
		if k.Posted != k.Mapped || k.Accepted != k.Mapped {
			t.Errorf("%s: mapped %d, posted %d, accepted %d, want the same over all invocations", k.Kind, k.Mapped, k.Posted, k.Accepted)
		}
	}
}

// A place in other records, or in another app, is not gone on from.
func TestPlaceOfOtherRecordsIsIgnored(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fetch(run1)
	r.put(staging.RunPrefix(run1)+"transform/place.json", `{"version":1,"appId":"other","input":"x","kind":9,"offset":100}`)
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantPosts(tinyPosts...)
	r.wantHeld(tinyHoldings())
}

// An invocation that can't keep its place is an error, and costs a second
// posting, no more.
func TestPlaceThatCannotBeKept(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.fetch(run1)
	ctx, cancel := context.WithCancel(t.Context())
	o := r.options()
	o.Client = &hooked{Authomize: o.Client, before: func(kind string) {
		if kind == "groupings" {
			cancel()
		}
	}}
	broken := errors.New("no place")
	o.Store = &refusing{Store: r.store, key: staging.RunPrefix(run1) + "transform/place.json", err: broken}
	if _, err := transform.Run(ctx, run1, o); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantHeld(tinyHoldings())
}

// refusing is a store that does not take one key.
type refusing struct {
	staging.Store
	key string
	err error
}

func (s *refusing) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if key == s.key {
		return "", s.err
	}
	return s.Store.Put(ctx, key, data, cond)
}
