package stagingtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
)

const racers = 32

// Run checks what the doc of staging.Store promises. newStore returns an empty
// store, which is used by one test only.
func Run(t *testing.T, newStore func(testing.TB) staging.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, staging.Store)
	}{
		{"get returns what was put", testRoundTrip},
		{"a missing object is ErrNotFound", testNotFound},
		{"conditions decide who may write", testConditions},
		{"one of many writers creates an object", testCreateRace},
		{"no update is lost among many writers", testUpdateRace},
		{"list returns sorted keys below a prefix", testList},
		{"odd keys are refused", testKeys},
		{"a big object comes back whole", testBig},
		{"data is not kept and belongs to the caller", testAliasing},
		{"an ended context ends operations", testContext},
		{"the place can be shown", testString},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newStore(t))
		})
	}
}

func put(t *testing.T, s staging.Store, key, data string, cond staging.Condition) string {
	t.Helper()
	version, err := s.Put(t.Context(), key, []byte(data), cond)
	if err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	if version == "" {
		t.Fatalf("put %s: no version", key)
	}
	return version
}

func get(t *testing.T, s staging.Store, key string) staging.Object {
	t.Helper()
	object, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	return object
}

func testRoundTrip(t *testing.T, s staging.Store) {
	first := put(t, s, "runs/a/b.json", "one", staging.Always)
	want := staging.Object{Data: []byte("one"), Version: first}
	if diff := cmp.Diff(want, get(t, s, "runs/a/b.json")); diff != "" {
		t.Errorf("after the first put (-want +got):\n%s", diff)
	}
	second := put(t, s, "runs/a/b.json", "two", staging.Always)
	if first == second {
		t.Errorf("version %s did not change with the data", first)
	}
	want = staging.Object{Data: []byte("two"), Version: second}
	if diff := cmp.Diff(want, get(t, s, "runs/a/b.json")); diff != "" {
		t.Errorf("after the second put (-want +got):\n%s", diff)
	}
	put(t, s, "empty", "", staging.IfAbsent)
	if got := get(t, s, "empty"); len(got.Data) != 0 {
		t.Errorf("got %d bytes of an empty object", len(got.Data))
	}
}

func testNotFound(t *testing.T, s staging.Store) {
	put(t, s, "runs/a/b", "x", staging.Always)
	for _, key := range []string{"runs/a/c", "runs/a", "runs/a/b/c", "b"} {
		if _, err := s.Get(t.Context(), key); !errors.Is(err, staging.ErrNotFound) {
			t.Errorf("get %s: got error %v, want ErrNotFound", key, err)
		}
	}
}

func testConditions(t *testing.T, s staging.Store) {
	refused := func(what string, data string, cond staging.Condition) {
		t.Helper()
		if _, err := s.Put(t.Context(), "k/1", []byte(data), cond); !errors.Is(err, staging.ErrConflict) {
			t.Errorf("%s: got error %v, want ErrConflict", what, err)
		}
	}
	refused("a version of nothing", "zero", staging.IfVersion("none"))
	first := put(t, s, "k/1", "one", staging.IfAbsent)
	refused("absent, where there is one", "two", staging.IfAbsent)
	refused("no version", "two", staging.IfVersion(""))
	refused("a foreign version", "two", staging.IfVersion(`"0123456789abcdef0123456789abcdef"`))
	if got := get(t, s, "k/1"); string(got.Data) != "one" || got.Version != first {
		t.Errorf("refused puts changed the object to %q", got.Data)
	}
	second := put(t, s, "k/1", "two", staging.IfVersion(first))
	refused("the version before", "three", staging.IfVersion(first))
	put(t, s, "k/1", "three", staging.IfVersion(second))
	if got := get(t, s, "k/1"); string(got.Data) != "three" {
		t.Errorf("got %q, want three", got.Data)
	}
}

func testCreateRace(t *testing.T, s staging.Store) {
	race(t, s, "race/create", staging.IfAbsent)
}

func testUpdateRace(t *testing.T, s staging.Store) {
	version := put(t, s, "race/update", "first", staging.Always)
	race(t, s, "race/update", staging.IfVersion(version))

	put(t, s, "race/count", "0", staging.Always)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 4 {
				increment(t, s, "race/count")
			}
		})
	}
	group.Wait()
	if got := get(t, s, "race/count"); string(got.Data) != "16" {
		t.Errorf("got a count of %s, want 16", got.Data)
	}
}

// race lets many put different data at once and wants one to succeed.
func race(t *testing.T, s staging.Store, key string, cond staging.Condition) {
	t.Helper()
	var winners, winner atomic.Int64
	var group sync.WaitGroup
	for i := range racers {
		group.Go(func() {
			_, err := s.Put(t.Context(), key, []byte(strconv.Itoa(i)), cond)
			switch {
			case err == nil:
				winners.Add(1)
				winner.Store(int64(i))
			case !errors.Is(err, staging.ErrConflict):
				t.Errorf("put %s: %v", key, err)
			}
		})
	}
	group.Wait()
	got := get(t, s, key)
	if winners.Load() != 1 || string(got.Data) != strconv.FormatInt(winner.Load(), 10) {
		t.Errorf("%d writers won, the last of them %d; the object holds %q", winners.Load(), winner.Load(), got.Data)
	}
}

// increment adds one to the number under key, as often as it takes.
func increment(t *testing.T, s staging.Store, key string) {
	for {
		object, err := s.Get(t.Context(), key)
		if err != nil {
			t.Errorf("get %s: %v", key, err)
			return
		}
		n, err := strconv.Atoi(string(object.Data))
		if err != nil {
			t.Errorf("%s: %v", key, err)
			return
		}
		_, err = s.Put(t.Context(), key, []byte(strconv.Itoa(n+1)), staging.IfVersion(object.Version))
		if errors.Is(err, staging.ErrConflict) {
			continue
		}
		if err != nil {
			t.Errorf("put %s: %v", key, err)
		}
		return
	}
}

func testList(t *testing.T, s staging.Store) {
	// "-" and "." sort before "/", which trips stores that walk folders.
	keys := []string{"a", "runs/1-x/m", "runs/1.json", "runs/1/m", "runs/1/n/o", "runs/10/m", "runs/2/m"}
	for _, i := range rand.Perm(len(keys)) {
		put(t, s, keys[i], keys[i], staging.IfAbsent)
	}
	for _, test := range []struct {
		prefix string
		want   []string
	}{
		{"", keys},
		{"runs/", keys[1:]},
		{"runs/1", keys[1:6]},
		{"runs/1/", keys[3:5]},
		{"runs/1/m", keys[3:4]},
		{"runs/3/", nil},
		{"none/at/all", nil},
	} {
		got, err := s.List(t.Context(), test.prefix)
		if err != nil {
			t.Errorf("list %q: %v", test.prefix, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("list %q (-want +got):\n%s", test.prefix, diff)
		}
	}
}

func testKeys(t *testing.T, s staging.Store) {
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "./a", "a/.b", ".lock",
		"a\\b", "a\x00b", "a\nb", strings.Repeat("k", 513),
	} {
		if _, err := s.Get(t.Context(), key); !errors.Is(err, staging.ErrKey) {
			t.Errorf("get %q: got error %v, want ErrKey", key, err)
		}
		if _, err := s.Put(t.Context(), key, nil, staging.Always); !errors.Is(err, staging.ErrKey) {
			t.Errorf("put %q: got error %v, want ErrKey", key, err)
		}
	}
	for _, prefix := range []string{"/", "/a", "a//", "../", "a/../", "a\\"} {
		if _, err := s.List(t.Context(), prefix); !errors.Is(err, staging.ErrKey) {
			t.Errorf("list %q: got error %v, want ErrKey", prefix, err)
		}
	}
}

func testBig(t *testing.T, s staging.Store) {
	data := make([]byte, 8<<20)
	fill := rand.NewChaCha8([32]byte{})
	_, _ = fill.Read(data)
	version, err := s.Put(t.Context(), "big/part-000001.jsonl.gz", data, staging.IfAbsent)
	if err != nil {
		t.Fatal(err)
	}
	got := get(t, s, "big/part-000001.jsonl.gz")
	if got.Version != version || !bytes.Equal(got.Data, data) {
		t.Errorf("got %d bytes of version %s, want the %d bytes of version %s", len(got.Data), got.Version, len(data), version)
	}
}

func testAliasing(t *testing.T, s staging.Store) {
	data := []byte("one")
	if _, err := s.Put(t.Context(), "k", data, staging.Always); err != nil {
		t.Fatal(err)
	}
	copy(data, "xxx")
	copy(get(t, s, "k").Data, "yyy")
	if got := get(t, s, "k"); string(got.Data) != "one" {
		t.Errorf("got %q, want what was put", got.Data)
	}
}

func testContext(t *testing.T, s staging.Store) {
	put(t, s, "k", "one", staging.Always)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := s.Get(ctx, "k")
	_, putErr := s.Put(ctx, "k", []byte("two"), staging.Always)
	_, listErr := s.List(ctx, "")
	for op, err := range map[string]error{"get": getErr, "put": putErr, "list": listErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want context.Canceled", op, err)
		}
	}
	if got := get(t, s, "k"); string(got.Data) != "one" {
		t.Errorf("got %q, want one", got.Data)
	}
}

func testString(t *testing.T, s staging.Store) {
	if s.String() == "" || s.String() != fmt.Sprint(s) {
		t.Errorf("got %q", s.String())
	}
}
