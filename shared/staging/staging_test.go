package staging_test

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A clock moves on by a second whenever it is asked.
func clock() func() time.Time {
	now := run.Time()
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func id(t testing.TB, s string) pingone.ID {
	t.Helper()
	parsed, ok := pingone.ParseID(s)
	if !ok {
		t.Fatalf("malformed id %q", s)
	}
	return parsed
}

// reply returns the nth reply of a collection, told apart by its body.
func reply(n int) staging.Reply {
	return staging.Reply{
		Path:      fmt.Sprintf("/v1/things?page=%d", n),
		FetchedAt: run.Time(),
		Body:      fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

func open(t testing.TB, s staging.Store, c staging.Collection) *staging.Writer {
	t.Helper()
	w, err := staging.Open(t.Context(), s, run, c, staging.WithClock(clock()))
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return w
}

// stage appends replies and commits them.
func stage(t testing.TB, w *staging.Writer, numbers ...int) {
	t.Helper()
	for _, n := range numbers {
		if err := w.Append(reply(n), 1); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatalf("commit: %v", err)
	}
}

func finish(t testing.TB, w *staging.Writer) {
	t.Helper()
	if err := w.Finish(t.Context()); err != nil {
		t.Fatalf("finish: %v", err)
	}
}

// bodies returns the bodies of all replies, or the error that ended them.
func bodies(t testing.TB, s staging.Store, c staging.Collection) ([]string, error) {
	t.Helper()
	snapshot, err := staging.Load(t.Context(), s, run, c)
	if err != nil {
		return nil, err
	}
	var all []string
	for r, err := range snapshot.Replies(t.Context()) {
		if err != nil {
			return all, err
		}
		all = append(all, string(r.Body))
	}
	return all, nil
}

// wantReplies checks that a snapshot holds exactly these, in this order.
func wantReplies(t testing.TB, s staging.Store, c staging.Collection, numbers ...int) {
	t.Helper()
	var want []string
	for _, n := range numbers {
		want = append(want, string(reply(n).Body))
	}
	got, err := bodies(t, s, c)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d replies %.200s, error %v; want %d %.200s", len(got), fmt.Sprint(got), err, len(want), fmt.Sprint(want))
	}
}

func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func tasks(n int) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := range n {
			if !yield(fmt.Appendf(nil, `{"task":%d}`, i)) {
				return
			}
		}
	}
}

// writePlan makes a whole plan.
func writePlan(t testing.TB, w *staging.Writer, tasks iter.Seq[[]byte]) error {
	t.Helper()
	for task := range tasks {
		if err := w.AddTask(t.Context(), task); err != nil {
			return err
		}
	}
	return w.EndPlan(t.Context())
}

// plan returns the tasks that a writer's manifest names.
func plan(t testing.TB, w *staging.Writer) ([]string, error) {
	t.Helper()
	var all []string
	for task, err := range w.Plan(t.Context()) {
		if err != nil {
			return all, err
		}
		all = append(all, string(bytes.Clone(task)))
	}
	return all, nil
}
