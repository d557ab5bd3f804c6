package stagingtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
)

// Run checks what the doc of staging.Store promises. newStore returns an empty
// store, which is used by one test only.
func Run(t *testing.T, newStore func(testing.TB) staging.Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, staging.Store)
	}{
		{"get returns what was put", testRoundTrip},
		{"conditions decide who may write", testConditions},
		{"one of many writers wins", testRace},
		{"no update is lost among many writers", testUpdates},
		{"folders are those directly below a prefix", testFolders},
		{"odd keys are refused", testKeys},
		{"an ended context ends operations", testContext},
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
	if err != nil || version == "" {
		t.Fatalf("put %s: version %q, error %v", key, version, err)
	}
	return version
}

func wantObject(t *testing.T, s staging.Store, key, data, version string) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	if err != nil || string(got.Data) != data || got.Version != version {
		t.Errorf("%s: got %.99q at %s, error %v; want %.99q at %s", key, got.Data, got.Version, err, data, version)
	}
	copy(got.Data, "xxx") // they are the caller's
}

func testRoundTrip(t *testing.T, s staging.Store) {
	data := []byte("one")
	first, err := s.Put(t.Context(), "runs/a/b.json", data, staging.Always)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, "xxx") // they stay the caller's
	wantObject(t, s, "runs/a/b.json", "one", first)
	wantObject(t, s, "runs/a/b.json", "one", first)
	second := put(t, s, "runs/a/b.json", "two", staging.Always)
	wantObject(t, s, "runs/a/b.json", "two", second)
	if first == second {
		t.Errorf("version %s did not change with the data", first)
	}
	big := make([]byte, 8<<20)
	_, _ = rand.NewChaCha8([32]byte{}).Read(big)
	for key, data := range map[string]string{"empty": "", "big": string(big)} {
		wantObject(t, s, key, data, put(t, s, key, data, staging.IfAbsent))
	}
	for _, key := range []string{"runs/a/c", "runs/a", "runs/a/b.json/c", "b"} {
		if _, err := s.Get(t.Context(), key); !errors.Is(err, staging.ErrNotFound) {
			t.Errorf("get %s: got error %v, want ErrNotFound", key, err)
		}
	}
}

func testConditions(t *testing.T, s staging.Store) {
	refused := func(what string, cond staging.Condition) {
		t.Helper()
		if _, err := s.Put(t.Context(), "k/1", []byte("no"), cond); !errors.Is(err, staging.ErrConflict) {
			t.Errorf("%s: got error %v, want ErrConflict", what, err)
		}
	}
	refused("a version of nothing", staging.IfVersion("none"))
	refused("no version of nothing", staging.IfVersion(""))
	first := put(t, s, "k/1", "one", staging.IfAbsent)
	refused("absent, where there is one", staging.IfAbsent)
	refused("no version", staging.IfVersion(""))
	refused("a foreign version", staging.IfVersion(`"0123456789abcdef0123456789abcdef"`))
	wantObject(t, s, "k/1", "one", first)
	second := put(t, s, "k/1", "two", staging.IfVersion(first))
	refused("the version before", staging.IfVersion(first))
	wantObject(t, s, "k/1", "three", put(t, s, "k/1", "three", staging.IfVersion(second)))
}

// testRace lets many put different data at once and wants one to succeed.
func testRace(t *testing.T, s staging.Store) {
	version := put(t, s, "old", "first", staging.Always)
	for key, cond := range map[string]staging.Condition{"new": staging.IfAbsent, "old": staging.IfVersion(version)} {
		won := map[string]string{}
		var mu sync.Mutex
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				data := strconv.Itoa(i)
				version, err := s.Put(t.Context(), key, []byte(data), cond)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won[data] = version
				} else if !errors.Is(err, staging.ErrConflict) {
					t.Errorf("put %s: %v", key, err)
				}
			})
		}
		group.Wait()
		for data, version := range won {
			wantObject(t, s, key, data, version)
		}
		if len(won) != 1 {
			t.Errorf("%s: %v won, want one", key, won)
		}
	}
}

func testUpdates(t *testing.T, s staging.Store) {
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 4 {
				err := staging.Update(t.Context(), s, "race/count", func(n *int) error { *n++; return nil })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n, err := staging.ReadJSON[int](t.Context(), s, "race/count"); err != nil || n != 16 {
		t.Errorf("got a count of %d, error %v; want 16", n, err)
	}
}

func testFolders(t *testing.T, s staging.Store) {
	for _, key := range []string{"runs/2/m", "runs/1-x/m", "runs/1/n/o", "runs/1/m", "runs/1.json", "runs/10/m", "a"} {
		put(t, s, key, key, staging.IfAbsent)
	}
	// What was refused leaves no folder.
	if _, err := s.Put(t.Context(), "runs/3/m", nil, staging.IfVersion("none")); !errors.Is(err, staging.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
	for prefix, want := range map[string][]string{
		"": {"runs"}, "runs/": {"1", "1-x", "10", "2"}, "runs/1/": {"n"}, "runs/1/n/": nil, "runs/3/": nil, "runs/2/m/": nil, "none/at/all/": nil,
	} {
		got, err := s.Folders(t.Context(), prefix)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("folders of %q: error %v (-want +got):\n%s", prefix, err, diff)
		}
	}
}

func testKeys(t *testing.T, s staging.Store) {
	refused := func(op, key string, err error) {
		t.Helper()
		if !errors.Is(err, staging.ErrKey) {
			t.Errorf("%s %q: got error %v, want ErrKey", op, key, err)
		}
	}
	for _, key := range []string{
		"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "./a", "a/.b", ".lock",
		"a\\b", "a\x00b", "a\nb", strings.Repeat("k", 513),
	} {
		_, err := s.Get(t.Context(), key)
		refused("get", key, err)
		_, err = s.Put(t.Context(), key, nil, staging.Always)
		refused("put", key, err)
	}
	for _, prefix := range []string{"/", "/a", "a//", "../", "a/../", "a\\"} {
		_, err := s.Folders(t.Context(), prefix)
		refused("folders of", prefix, err)
	}
	_, err := s.Folders(t.Context(), "a")
	refused("folders of", "a", err)
}

func testContext(t *testing.T, s staging.Store) {
	version := put(t, s, "k", "one", staging.Always)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, getErr := s.Get(ctx, "k")
	_, putErr := s.Put(ctx, "k", []byte("two"), staging.Always)
	_, folderErr := s.Folders(ctx, "")
	for op, err := range map[string]error{"get": getErr, "put": putErr, "folders": folderErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want context.Canceled", op, err)
		}
	}
	wantObject(t, s, "k", "one", version)
}
