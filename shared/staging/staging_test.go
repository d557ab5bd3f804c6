package staging_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	stagingtest.Run(t, func(testing.TB) staging.Store {
		return stagingtest.NewFaulty(new(stagingtest.Memory), stagingtest.Fault{})
	})
}

// A clock moves on by a second whenever it is asked.
func clock() func() time.Time {
	now := run.Time()
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func id(s string) pingone.ID {
	parsed, _ := pingone.ParseID(s)
	return parsed
}

// reply returns the nth reply of a collection, told apart by its body.
func reply(n int) staging.Reply {
	return staging.Reply{Path: "/v1/things", FetchedAt: run.Time(), Body: fmt.Appendf(nil, `{"n":%d}`, n)}
}

// key names an object of a collection.
func key(c staging.Collection, name string) string {
	return staging.RunPrefix(run) + string(c) + "/" + name
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

// texts are those of what a sequence yields before it ends, perhaps with an error.
func texts[T ~[]byte | staging.Reply](all iter.Seq2[T, error]) (found []string, err error) {
	for one, err := range all {
		if err != nil {
			return found, err
		}
		switch one := any(one).(type) {
		case []byte:
			found = append(found, string(one))
		case staging.Reply:
			found = append(found, string(one.Body))
		}
	}
	return found, nil
}

func load(t testing.TB, s staging.Store, c staging.Collection) *staging.Snapshot {
	t.Helper()
	snapshot, err := staging.Load(t.Context(), s, run, c)
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

// wantReplies checks that a snapshot holds exactly these, in this order.
func wantReplies(t testing.TB, s staging.Store, c staging.Collection, numbers ...int) {
	t.Helper()
	var want []string
	for _, n := range numbers {
		want = append(want, string(reply(n).Body))
	}
	got, err := texts(load(t, s, c).Replies(t.Context()))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, error %v; want %v", got, err, want)
	}
}

func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func lists(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			if !yield(fmt.Appendf(nil, `{"list":%d}`, i), nil) {
				return
			}
		}
	}
}

func put(t testing.TB, s staging.Store, key, data string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, []byte(data), staging.Always); err != nil {
		t.Fatal(err)
	}
}

func second[T any](_ T, err error) error { return err }
