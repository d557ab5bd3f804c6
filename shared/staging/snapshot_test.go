package staging_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// staged stages each reply from 1 to n in a part of its own.
func staged(t testing.TB, s staging.Store, n int) {
	t.Helper()
	w := open(t, s, staging.Users)
	for i := range n {
		stage(t, w, i+1)
	}
	finish(t, w)
}

func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	part, manifest := key(staging.Users, "part-000002.jsonl.gz"), key(staging.Users, "manifest.json")
	complete := staging.CompleteKey(run, staging.Users)
	replace := func(old, with string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(with), 1) }
	}
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	tests := []struct {
		name   string
		key    string
		change func([]byte) []byte // nil: delete
		want   error
		read   int // replies before the error
		says   string
	}{
		{"a flipped bit in a part", part, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, staging.ErrCorrupt, 1, part},
		{"no part", part, nil, staging.ErrCorrupt, 1, part},
		{"a changed manifest", manifest, replace(`"calls":0`, `"calls":1`), staging.ErrCorrupt, 0, complete},
		{"a manifest with a space", manifest, replace(`}]`, `} ]`), staging.ErrCorrupt, 0, complete},
		{"a manifest that is not complete", manifest, replace(`"complete":true`, `"complete":false`), staging.ErrCorrupt, 0, complete},
		{"a broken manifest", manifest, cut, staging.ErrCorrupt, 0, manifest},
		{"a manifest of another run", manifest, replace(string(run), "20261123T090001Z"), staging.ErrCorrupt, 0, "20261123T090001Z"},
		{"a manifest of another collection", manifest, replace(`"users"`, `"groups"`), staging.ErrCorrupt, 0, "groups"},
		{"a phase that nobody works on", manifest, replace(`"read"`, `"plan"`), staging.ErrCorrupt, 0, "plan"},
		{"another version", manifest, replace(`"version":2`, `"version":1,"plan":[]`), staging.ErrCorrupt, 0, "version 1, and this program reads 2, start another run"},
		{"no version", manifest, replace(`"version":2,`, ``), staging.ErrCorrupt, 0, "version 0"},
		{"no manifest", manifest, nil, staging.ErrCorrupt, 0, complete},
		{"a changed complete.json", complete, replace(`"pages":3`, `"pages":4`), staging.ErrCorrupt, 0, complete},
		{"a broken complete.json", complete, cut, staging.ErrCorrupt, 0, complete},
		{"no complete.json", complete, nil, staging.ErrIncomplete, 0, "users of run " + string(run)},
	}
	for _, test := range tests {
		s := new(stagingtest.Memory)
		staged(t, s, 3)
		object, err := s.Get(t.Context(), test.key)
		if err != nil {
			t.Fatal(err)
		}
		if test.change == nil {
			s.Delete(test.key)
		} else {
			put(t, s, test.key, string(test.change(object.Data)))
		}
		var got []string
		snapshot, err := staging.Load(t.Context(), s, run, staging.Users)
		if err == nil {
			got, err = texts(snapshot.Replies(t.Context()))
		}
		wantError(t, test.name, err, test.want)
		if len(got) != test.read || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: read %d replies, error %v; want %d, %q", test.name, len(got), err, test.read, test.says)
		}
	}
}

func TestOnePartIsLoadedAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stagingtest.Memory)
		staged(t, s, 5)
		counting := stagingtest.NewFaulty(s, stagingtest.Fault{Match: func(_, key string) bool { return strings.Contains(key, "part-") }})
		for _, err := range load(t, counting, staging.Users).Replies(t.Context()) {
			synctest.Wait()
			if n := counting.Operations(); n != 2 || err != nil {
				t.Errorf("%d parts were loaded, error %v; want the one in hand and the next", n, err)
			}
			break
		}
	})
}

func TestRepliesEndWithContextAndStore(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	staged(t, s, 20)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, last = range load(t, s, staging.Users).Replies(ctx) {
		cancel()
	}
	wantError(t, "an ended context", last, context.Canceled)
	faulty := stagingtest.NewFaulty(s, stagingtest.Fault{N: 5, Err: errFault})
	got, err := texts(load(t, faulty, staging.Users).Replies(t.Context()))
	if !errors.Is(err, errFault) || errors.Is(err, staging.ErrCorrupt) || len(got) != 2 {
		t.Errorf("a store that fails: got %d replies, error %v", len(got), err)
	}
}

func TestPrevious(t *testing.T) {
	t.Parallel()
	const oldest, damaged, foreign, begun, later staging.RunID = "20261118T090000Z", "20261119T090000Z", "20261120T090000Z", "20261121T090000Z", "20261124T090000Z"
	s := new(stagingtest.Memory)
	for _, r := range []staging.RunID{oldest, damaged, foreign, begun, run, later} {
		w, err := staging.Open(t.Context(), s, r, staging.Users)
		if err != nil {
			t.Fatal(err)
		}
		stage(t, w, 1)
		if r != begun {
			finish(t, w)
		}
	}
	manifest := staging.RunPrefix(foreign) + "users/manifest.json"
	put(t, s, staging.CompleteKey(damaged, staging.Users), `{`)
	put(t, s, manifest, `{"version":1}`)
	put(t, s, "runs/x/users/complete.json", `{`)

	previous := func(s staging.Store) (all []string, last error) {
		for snapshot, err := range staging.Previous(t.Context(), s, run, staging.Users) {
			if last = err; err == nil {
				all = append(all, string(snapshot.Complete.Run))
			} else if key, _, _ := strings.Cut(err.Error(), " "); errors.Is(err, staging.ErrCorrupt) {
				all = append(all, strings.TrimSuffix(key, ":"))
			}
		}
		return all, last
	}
	got, err := previous(s)
	want := []string{manifest, staging.CompleteKey(damaged, staging.Users), string(oldest)}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for n := 1; n <= 7; n++ {
		_, err := previous(stagingtest.NewFaulty(s, stagingtest.Fault{N: n, Err: errFault}))
		wantError(t, "a store that fails", err, errFault)
	}
	if runs, err := staging.Runs(t.Context(), s); err != nil || len(runs) != 6 || runs[0] != oldest || runs[5] != later {
		t.Errorf("got runs %v, error %v", runs, err)
	}
}
