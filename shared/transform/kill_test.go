package transform_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
)

// A mortal Authomize hears nothing more of a transform whose store is dead.
type mortal struct {
	transform.Authomize
	isDead func() bool
}

func (m *mortal) Post(ctx context.Context, kind authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	if m.isDead() {
		return authomize.Receipt{}, errKilled
	}
	return m.Authomize.Post(ctx, kind, items)
}

func (m *mortal) Sweep(ctx context.Context, before time.Time) (authomize.SweepReceipt, error) {
	if m.isDead() {
		return authomize.SweepReceipt{}, errKilled
	}
	return m.Authomize.Sweep(ctx, before)
}

// dieAt lets a transform die at the nth write, before it takes effect or after.
func (r *rig) dieAt(n int, applied bool, o *transform.Options) *stagingtest.Faulty {
	store := stagingtest.NewFaulty(r.store, stagingtest.Fault{
		N: n, Err: errKilled, Applied: applied, Dead: true, Match: func(op, _ string) bool { return op == "put" },
	})
	o.Holder, o.Store, o.SaveEvery, o.MaxItems = "victim", store, -1, 10
	o.Client = &mortal{Authomize: o.Client, isDead: func() bool { return n > 0 && store.Operations() >= n }}
	return store
}

// works are what is killed.
var works = []struct {
	name   string
	before bool // it is transformed before
	do     func(r *rig, run staging.RunID, o transform.Options) (transform.Result, error)
	swept  []string // of the users
}{
	{"a transform", false, func(r *rig, run staging.RunID, o transform.Options) (transform.Result, error) {
		return transform.Run(r.t.Context(), run, o)
	}, []string{"p001"}},
	{"a second pass", true, func(r *rig, run staging.RunID, o transform.Options) (transform.Result, error) {
		o.ByPerson = true
		return transform.Run(r.t.Context(), run, o)
	}, []string{"p001"}},
	{"an approval", true, func(r *rig, run staging.RunID, o transform.Options) (transform.Result, error) {
		return transform.Approve(r.t.Context(), run, leave, o)
	}, []string{"p001", "p002"}},
}

// TestKilledAtEveryWrite kills a transform at each write. Whoever comes next,
// once the lease has expired, ends the run as if nothing had been.
func TestKilledAtEveryWrite(t *testing.T) {
	for _, work := range works {
		writes := 1
		for n := 0; n <= writes; n++ {
			for _, applied := range []bool{false, true}[:min(n+1, 2)] {
				t.Run(fmt.Sprintf("%s, write %d, applied %t", work.name, n, applied), func(t *testing.T) {
					inBubble(t, func(t *testing.T, r *rig) {
						all := people(12)
						r.want(r.run(r.stage(world{users: all})), report.Done)
						run := r.stage(world{users: without(all, "p001", "p002"), carried: unproven("p002"), gone: []string{"p001"}})
						if work.before {
							r.want(r.run(run), report.Done)
							time.Sleep(time.Hour)
						}
						o := r.options()
						store := r.dieAt(n, applied, &o)
						began := time.Now()
						got, err := work.do(r, run, o)
						if n == 0 {
							if writes = store.Operations(); err != nil || got.State != report.Done || writes < 18 {
								t.Fatalf("%+v, %v, %d writes", got, err, writes)
							}
						}
						r.afterDeath(run, began, work.do, without(all, work.swept...))
					})
				})
			}
		}
	}
}

// afterDeath goes on as the hourly event does, and if the victim never began,
// as whoever asked for it would.
func (r *rig) afterDeath(run staging.RunID, began time.Time, do func(*rig, staging.RunID, transform.Options) (transform.Result, error), left []string) {
	r.t.Helper()
	time.Sleep(2 * time.Minute)
	r.want(r.run(run), report.Done)
	last, err := staging.ReadJSON[struct {
		Pass struct {
			Begun time.Time `json:"begun"`
		} `json:"pass"`
	}](r.t.Context(), r.store, staging.TransformKey(run))
	if err != nil || !r.report(run).StartedAt.Equal(last.Pass.Begun) {
		r.t.Errorf("the report is of %s, the last pass of %s (%v)", r.report(run).StartedAt, last.Pass.Begun, err)
	}
	if rep := r.report(run); rep.StartedAt.Before(began) {
		got, err := do(r, run, r.options())
		if err != nil {
			r.t.Fatal(err)
		}
		r.want(got, report.Done)
	}
	r.wantUsers(left...)
	for _, k := range r.report(run).Kinds {
		if k.Mapped != k.Posted || k.Mapped != k.Accepted {
			r.t.Errorf("%+v", k)
		}
	}
	deleted := map[string]bool{}
	for _, d := range r.app.Deleted() {
		if deleted[d.Key] {
			r.t.Errorf("%s was deleted twice", d.Key)
		}
		deleted[d.Key] = true
	}
	before := r.all()
	w := world{users: without(people(12), "p001", "p002"), carried: unproven("p002")}
	r.want(r.run(r.stage(w)), report.Done)
	r.wantHolds(before)
}
