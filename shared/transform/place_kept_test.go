package transform_test

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
)

// cutAt transforms run1 until this kind is to be posted.
func (r *rig) cutAt(kind authomize.Kind) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	o := r.options()
	o.Client = &hooked{Authomize: o.Client, before: func(at string) {
		if at == string(kind) {
			cancel()
		}
	}}
	if got, err := transform.Run(ctx, run1, o); err != nil || !got.Unfinished || !got.Progressed {
		r.t.Fatalf("cut off at %s: %+v, %v", kind, got, err)
	}
	r.posts()
}

// A place is gone on from in the same records, by the same program, to the same
// app at the same address, and else not: all is posted.
func TestPlaceOfAnotherInputIsIgnored(t *testing.T) {
	same := func(*rig) {}
	all, withFay := tinyPosts, slices.Clone(tinyPosts)
	withFay[0], withFay[7] = "users 6", "accountAssociations 14"
	tests := []struct {
		name   string
		change func(*rig)
		want   []string
	}{
		{"none", same, tinyPosts[2:]},
		{"another program", func(r *rig) { transform.OfProgram(r.t, "another") }, all},
		{"other records", func(r *rig) {
			keys, err := r.store.List(r.t.Context(), staging.RunPrefix(run1)+"users/")
			if err != nil {
				r.t.Fatal(err)
			}
			for _, k := range keys {
				r.delete(k)
			}
			r.org.AddUser(id("main"), person("fay"))
			r.fetch(run1, staging.Users)
		}, withFay},
		{"another app", func(r *rig) { r.settings.AppID = "other" }, all},
		{"another address", func(r *rig) { r.settings.AuthomizeURL = "https://elsewhere.example" }, all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := newTinyRig(t)
			r.fetch(run1)
			r.cutAt(authomize.Groupings)
			tt.change(r)
			r.wantState(r.mustTransform(run1), report.Done, true)
			r.wantPosts(tt.want...)
		})
	}
}

// An overtaken Authomize leaves the batch that begins with first open until all
// later ones are accepted, and then the time is up.
type overtaken struct {
	transform.Authomize
	kind   authomize.Kind
	first  []byte
	later  atomic.Int64 // those that are not yet accepted
	all    chan struct{}
	cancel context.CancelFunc
}

func (o *overtaken) Post(ctx context.Context, kind authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	if kind != o.kind {
		return o.Authomize.Post(ctx, kind, items)
	}
	if bytes.Equal(items[0], o.first) {
		<-o.all
		o.cancel()
		return authomize.Receipt{}, context.Cause(ctx)
	}
	receipt, err := o.Authomize.Post(ctx, kind, items)
	if o.later.Add(-1) == 0 {
		close(o.all)
	}
	return receipt, err
}

// A noting Authomize keeps the first record of a kind that is posted.
type noting struct {
	transform.Authomize
	kind  authomize.Kind
	first []byte
}

func (n *noting) Post(ctx context.Context, kind authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	if kind == n.kind && n.first == nil {
		n.first = bytes.Clone(items[0])
	}
	return n.Authomize.Post(ctx, kind, items)
}

// Batches that were accepted behind one that was not do not count: they are
// posted again, and none is left out.
func TestPlaceIsBeforeTheFirstOpenBatch(t *testing.T) {
	t.Parallel()
	const kind = authomize.AccountAssociations
	r, _ := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	n := &noting{Authomize: &stub{before: func(context.Context, authomize.Kind) {}}, kind: kind}
	o.Store, o.Client = copyOf(t, r.store), n
	r.run(run1, o)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o = r.options()
	o.MaxItems = 2 // seven batches
	open := &overtaken{Authomize: o.Client, kind: kind, first: n.first, all: make(chan struct{}), cancel: cancel}
	open.later.Store(6)
	o.Client = open
	if got, err := transform.Run(ctx, run1, o); err != nil || !got.Unfinished {
		t.Fatalf("got %+v, %v, want unfinished", got, err)
	}
	r.posts()
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantPosts("accountAssociations 13", "permissions 4")
	r.wantHeld(tinyHoldings())
}

// A long posting keeps its place each ten seconds, as soon as a batch ends.
func TestPlaceIsKeptEachTenSeconds(t *testing.T) {
	r, _ := newTinyRig(t)
	r.fetch(run1)
	o := r.options()
	o.MaxItems = 1
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var kept []time.Duration
		o := o
		o.Store = stagingtest.NewFaulty(r.store, stagingtest.Fault{Match: func(op, key string) bool {
			if op == "put" && key == staging.RunPrefix(run1)+"transform/place.json" {
				kept = append(kept, time.Since(began))
			}
			return false
		}})
		o.Client = &stub{before: func(context.Context, authomize.Kind) { time.Sleep(3 * time.Second) }}
		if got, err := transform.Run(t.Context(), run1, o); err != nil || got.State != report.Done {
			t.Fatalf("got %+v, %v", got, err)
		}
		// 14 rounds of up to four batches; the last time marks the end.
		want := []time.Duration{12 * time.Second, 24 * time.Second, 36 * time.Second, 42 * time.Second}
		if d := cmp.Diff(want, kept); d != "" {
			t.Errorf("the place was kept at (-want +got):\n%s", d)
		}
	})
}
