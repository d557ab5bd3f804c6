package staging_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// threeParts stages replies 1 to 6 in three parts.
func threeParts(t testing.TB, s staging.Store) {
	t.Helper()
	w := open(t, s, staging.Users)
	stage(t, w, 1, 2)
	stage(t, w, 3, 4)
	stage(t, w, 5, 6)
	finish(t, w)
}

func TestDamageIsNoticed(t *testing.T) {
	t.Parallel()
	part := staging.PartKey(run, staging.Users, 2)
	manifest := staging.ManifestKey(run, staging.Users)
	complete := staging.CompleteKey(run, staging.Users)
	tests := []struct {
		name   string
		key    string
		change func([]byte) []byte // nil: delete
		want   error
		read   int // replies before the error
		says   string
	}{
		{"nothing", part, func(b []byte) []byte { return b }, nil, 6, ""},
		{"a flipped bit in a part", part, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, staging.ErrCorrupt, 2, part},
		{"a cut part", part, func(b []byte) []byte { return b[:len(b)-1] }, staging.ErrCorrupt, 2, "SHA-256"},
		{"a missing part", part, nil, staging.ErrCorrupt, 2, part},
		{"a changed manifest", manifest, func(b []byte) []byte { return bytes.Replace(b, []byte(`"gone":0`), []byte(`"gone":1`), 1) }, staging.ErrCorrupt, 0, manifest},
		{"a manifest with a space", manifest, func(b []byte) []byte { return append(b, ' ') }, staging.ErrCorrupt, 0, manifest},
		{"a broken manifest", manifest, func(b []byte) []byte { return b[:len(b)-1] }, staging.ErrCorrupt, 0, manifest},
		{"a missing manifest", manifest, nil, staging.ErrCorrupt, 0, complete},
		{"a changed complete.json", complete, func(b []byte) []byte { return bytes.Replace(b, []byte(`"pages":6`), []byte(`"pages":7`), 1) }, staging.ErrCorrupt, 0, complete},
		{"a broken complete.json", complete, func([]byte) []byte { return nil }, staging.ErrCorrupt, 0, complete},
		{"a missing complete.json", complete, nil, staging.ErrIncomplete, 0, "users of run " + string(run)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := new(stagingtest.Memory)
			threeParts(t, s)
			object, err := s.Get(t.Context(), test.key)
			if err != nil {
				t.Fatal(err)
			}
			if test.change == nil {
				s.Delete(test.key)
			} else if _, err := s.Put(t.Context(), test.key, test.change(object.Data), staging.Always); err != nil {
				t.Fatal(err)
			}
			got, err := bodies(t, s, staging.Users)
			wantError(t, "read", err, test.want)
			if len(got) != test.read {
				t.Errorf("read %d replies, want %d", len(got), test.read)
			}
			if err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("error does not name %q: %v", test.says, err)
			}
		})
	}
}

// counting tells which parts are asked for.
type counting struct {
	staging.Store
	asked chan string
}

func (c counting) Get(ctx context.Context, key string) (staging.Object, error) {
	if strings.Contains(key, "part-") {
		c.asked <- key
	}
	return c.Store.Get(ctx, key)
}

func TestOnePartIsLoadedAhead(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	for n := range 5 {
		stage(t, w, n)
	}
	finish(t, w)
	asked := make(chan string, 10)
	snapshot, err := staging.Load(t.Context(), counting{s, asked}, run, staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range snapshot.Replies(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		<-asked // the part in hand
		<-asked // the next one, without being asked for a second reply
		break
	}
	if n := len(asked); n != 0 {
		t.Errorf("%d more parts were loaded", n)
	}
}

func TestRepliesStopWithContext(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	for n := range 20 {
		stage(t, w, n)
	}
	finish(t, w)
	snapshot, err := staging.Load(t.Context(), s, run, staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range snapshot.Replies(ctx) {
		cancel()
		last = err
	}
	wantError(t, "read", last, context.Canceled)
}

func TestStoreFailureEndsReplies(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	threeParts(t, s)
	errBroken := errors.New("broken")
	_, err := bodies(t, stagingtest.NewFaulty(s, stagingtest.Fault{N: 4, Err: errBroken}), staging.Users)
	wantError(t, "read", err, errBroken)
	if errors.Is(err, staging.ErrCorrupt) {
		t.Errorf("a store that fails was taken for damage: %v", err)
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	// What transform leaves does not make a run known.
	if _, err := staging.Claim(t.Context(), s, run, "me", 1, run.Time); err != nil {
		t.Fatal(err)
	}
	for _, r := range []staging.RunID{run, "20261123T090001Z"} {
		_, err := staging.States(t.Context(), s, r)
		wantError(t, "states", err, staging.ErrUnknownRun)
		_, err = staging.Missing(t.Context(), s, r)
		wantError(t, "missing", err, staging.ErrUnknownRun)
	}
	if _, err := staging.States(t.Context(), s, ".."); err == nil {
		t.Error("a malformed run has states")
	}

	want := map[staging.Collection]bool{}
	for i, c := range staging.Collections {
		stage(t, open(t, s, c), 1)
		if want[c] = i%2 == 0; want[c] {
			finish(t, open(t, s, c))
		}
	}
	got, err := staging.States(t.Context(), s, run)
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, error %v; want %v", got, err, want)
	}
	missing, err := staging.Missing(t.Context(), s, run)
	wantMissing := []staging.Collection{staging.Populations, staging.Groups, staging.Roles, staging.Applications}
	if diff := cmp.Diff(wantMissing, missing); diff != "" || err != nil {
		t.Errorf("error %v, missing (-want +got):\n%s", err, diff)
	}
	for _, c := range missing {
		finish(t, open(t, s, c))
	}
	if missing, err := staging.Missing(t.Context(), s, run); err != nil || missing != nil {
		t.Errorf("got %v, error %v; want none missing", missing, err)
	}
}
