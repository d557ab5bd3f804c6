package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A cutting base ends the invocation's time instead of sending the nth request
// of some.
type cutting struct {
	base http.RoundTripper
	of   func(*http.Request) bool
	n    int // 0: none
	end  context.CancelFunc
}

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.of(r) {
		if c.n--; c.n == 0 {
			c.end()
			return nil, context.Cause(r.Context())
		}
	}
	return c.base.RoundTrip(r)
}

func isPost(r *http.Request) bool { return r.Method == http.MethodPost }

// A transform function that runs out of time invokes itself once, and the chain
// ends with every kind posted once, and one sweep. One that gets nowhere fails,
// and invokes nobody; one that comes after the end does nothing.
func TestTransformContinuesItself(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	next := fmt.Sprintf(`{"run":"%s","continuation":1}`, observedRun)
	after := func(n int) []string {
		return []string{fmt.Sprintf(`%s Event {"run":"%s","continuation":%d}`, ownARN, observedRun, n)}
	}
	steps := []struct {
		name, payload string
		cut           int // at this request
		asked         []string
		err           error
		state         report.State
		ended         int // runs, so far
	}{
		{name: "out of time before anything is posted", payload: completed, cut: 1, err: errNoProgress, state: report.Waiting},
		{name: "out of time at the third kind", payload: completed, cut: 3, asked: after(1), state: report.Waiting},
		{name: "gets no further", payload: next, cut: 1, err: errNoProgress, state: report.Waiting},
		{name: "two kinds further", payload: next, cut: 3, asked: after(2), state: report.Waiting},
		{name: "goes on to the end", payload: next, state: report.Done, ended: 1},
		{name: "delivered twice", payload: next, state: report.Done, ended: 1},
	}
	for _, s := range steps {
		ctx, cancel := context.WithCancel(inLambda(t.Context()))
		api := &lambdaAPI{}
		f := w.transformer()
		f.lambda, f.Base = api, &cutting{base: f.Base, of: isPost, n: s.cut, end: cancel}
		got, err := f.handle(ctx, json.RawMessage(s.payload))
		cancel()
		if got.State != s.state || got.Unfinished != (s.state == report.Waiting) || !errors.Is(err, s.err) {
			t.Errorf("%s: got %+v, %v; want %s, %v", s.name, got, err, s.state, s.err)
		}
		if d := cmp.Diff(s.asked, api.asked); d != "" {
			t.Errorf("%s: invoked (-want +got):\n%s", s.name, d)
		}
		sweeps, announced := len(w.app.Sweeps()), 0
		for _, kind := range w.events.types {
			if kind == observe.RunFinishedType {
				announced++
			}
		}
		if sweeps != s.ended || announced != s.ended {
			t.Errorf("%s: %d sweeps, and the run's end was announced %d times; want %d", s.name, sweeps, announced, s.ended)
		}
	}
	var kinds []authomize.Kind
	for _, p := range w.app.Posts() {
		kinds = append(kinds, p.Kind)
	}
	if !slices.Equal(kinds, slices.Compact(slices.Clone(kinds))) || len(kinds) < 5 {
		t.Errorf("posted %v, want each kind once", kinds)
	}
}

var errSeen = errors.New("seen")

// A dated store notes until when it is first asked, and ends the work there.
type dated struct {
	staging.Store
	until time.Time
}

func (d *dated) note(ctx context.Context) error {
	if end, ok := ctx.Deadline(); ok && d.until.IsZero() {
		d.until = end
	}
	return errSeen
}

func (d *dated) Get(ctx context.Context, _ string) (staging.Object, error) {
	return staging.Object{}, d.note(ctx)
}

func (d *dated) List(ctx context.Context, _ string) ([]string, error) { return nil, d.note(ctx) }

func (d *dated) Folders(ctx context.Context, _ string) ([]string, error) { return nil, d.note(ctx) }

// Half a minute of an invocation is left to commit in, by either kind of
// function.
func TestWorkEndsBeforeTheInvocationDoes(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]func(*watched, context.Context) error{
		"fetch": func(w *watched, ctx context.Context) error {
			_, err := w.fetcher(staging.Users).handle(ctx, json.RawMessage(`{}`))
			return err
		},
		"transform": func(w *watched, ctx context.Context) error {
			_, err := w.transformer().handle(ctx, json.RawMessage(completed))
			return err
		},
	} {
		w, store := newWatched(t, nil), &dated{}
		w.store = store
		end := time.Now().Add(15 * time.Minute)
		ctx, cancel := context.WithDeadline(inLambda(t.Context()), end)
		if err := handle(w, ctx); !errors.Is(err, errSeen) {
			t.Errorf("%s: got %v, want the store's error", name, err)
		}
		cancel()
		if left := end.Sub(store.until); left != 30*time.Second {
			t.Errorf("%s: %s are left, want 30 s", name, left)
		}
	}
}
