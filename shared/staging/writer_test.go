package staging_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestStageAndFinish(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	env := id(t, environment)
	m := w.Manifest()
	m.Environments = []pingone.ID{env}
	m.Progress = staging.Progress{Before: 1, Done: []int{3}, Open: []staging.OpenTask{{Task: 2, Next: "/v1/next", Pages: 4}}}
	m.Unread = []staging.Unread{{Environment: env, Path: "/v1/x", Parent: &staging.Parent{Kind: "user", ID: env},
		Status: 403, Code: "ACCESS_FAILED", Message: "no\xff right", Skipped: 7}}
	m.Gone, m.Calls, m.Retries, m.Throttled, m.ElapsedMs = 1, 2, 3, 4, 5
	stage(t, w, 1, 2)

	w = open(t, s, staging.Users)
	stage(t, w, 3)
	finish(t, w)
	wantReplies(t, s, staging.Users, 1, 2, 3)

	snapshot, err := staging.Load(t.Context(), s, run, staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	m = snapshot.Manifest
	unread := []staging.Unread{{Environment: env, Path: "/v1/x", Parent: &staging.Parent{Kind: "user", ID: env},
		Status: 403, Code: "ACCESS_FAILED", Message: "no\ufffd right", Skipped: 7}}
	want := &staging.Manifest{
		Version: 1, Run: run, Collection: staging.Users, Environments: []pingone.ID{env},
		StartedAt: run.Time().Add(time.Second), UpdatedAt: run.Time().Add(2 * time.Second), Parts: m.Parts,
		Progress: staging.Progress{Before: 1, Done: []int{3}, Open: []staging.OpenTask{{Task: 2, Next: "/v1/next", Pages: 4}}},
		Unread:   unread, Gone: 1, Calls: 2, Retries: 3, Throttled: 4, ElapsedMs: 5, Pages: 3, Records: 3, Complete: true,
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if len(m.Parts) != 2 || m.Parts[0].Name != "part-000001.jsonl.gz" || m.Parts[0].Replies != 2 || m.Parts[1].Replies != 1 {
		t.Fatalf("got parts %+v", m.Parts)
	}
	wantComplete := &staging.Complete{
		Run: run, Collection: staging.Users, Environments: []pingone.ID{env}, Parts: 2, Pages: 3, Records: 3,
		RawBytes: m.Parts[0].RawBytes + m.Parts[1].RawBytes, Bytes: m.Parts[0].Bytes + m.Parts[1].Bytes,
		Unread: unread, Gone: 1, Calls: 2, Retries: 3, Throttled: 4, ElapsedMs: 5,
		StartedAt: m.StartedAt, CompletedAt: m.UpdatedAt, ManifestSHA256: snapshot.Complete.ManifestSHA256,
	}
	if diff := cmp.Diff(wantComplete, snapshot.Complete); diff != "" {
		t.Errorf("complete.json (-want +got):\n%s", diff)
	}
}

func TestEmptyCollection(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	finish(t, open(t, s, staging.Gateways))
	wantReplies(t, s, staging.Gateways)
}

func TestManifestNames(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	stage(t, open(t, s, staging.Roles))
	object, err := s.Get(t.Context(), staging.ManifestKey(run, staging.Roles))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"version":1,"run":"20261123T090000Z","collection":"roles","environments":[],` +
		`"startedAt":"2026-11-23T09:00:01Z","updatedAt":"2026-11-23T09:00:02Z","parts":[],"progress":{"before":0},` +
		`"gone":0,"calls":0,"retries":0,"throttled":0,"elapsedMs":0,"pages":0,"records":0,"complete":false}`
	if diff := cmp.Diff(want, string(object.Data)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestCompleteIsFinal(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	stage(t, w, 1)
	finish(t, w)
	for _, w := range []*staging.Writer{w, open(t, s, staging.Users)} {
		if err := w.Append(reply(2), 1); err == nil {
			t.Error("append to a complete collection succeeded")
		}
		if err := w.Commit(t.Context()); err == nil {
			t.Error("commit to a complete collection succeeded")
		}
		if err := writePlan(t, w, tasks(1)); err == nil {
			t.Error("a plan for a complete collection was written")
		}
		finish(t, w)
	}
	wantReplies(t, s, staging.Users, 1)
}

func TestFinishWithAnotherCompleteObject(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	if _, err := s.Put(t.Context(), staging.CompleteKey(run, staging.Users), []byte(`{}`), staging.Always); err != nil {
		t.Fatal(err)
	}
	wantError(t, "finish", open(t, s, staging.Users).Finish(t.Context()), staging.ErrConflict)
	_, err := staging.Load(t.Context(), s, run, staging.Users)
	wantError(t, "load", err, staging.ErrCorrupt)
}

func TestTwoWritersNeverMix(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		base bool // something was committed before both began
	}{{"from the start", false}, {"later on", true}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := new(stagingtest.Memory)
			var want []int
			if test.base {
				stage(t, open(t, s, staging.Users), 1)
				want = []int{1}
			}
			first, second := open(t, s, staging.Users), open(t, s, staging.Users)
			for _, n := range []int{10, 11} {
				if err := first.Append(reply(n), 1); err != nil {
					t.Fatal(err)
				}
			}
			stage(t, second, 20)
			err := first.Commit(t.Context())
			wantError(t, "the loser's commit", err, staging.ErrConflict)
			if err == nil || !strings.Contains(err.Error(), "another invocation is at work") {
				t.Errorf("error does not say what happened: %v", err)
			}
			wantError(t, "the loser's next append", first.Append(reply(12), 1), staging.ErrConflict)
			wantError(t, "the loser's finish", first.Finish(t.Context()), staging.ErrConflict)
			stage(t, second, 21)
			finish(t, second)
			wantReplies(t, s, staging.Users, append(want, 20, 21)...)
		})
	}
}

func TestPartsOfADeadWriterNeverAppear(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	for range 3 {
		errGone := errors.New("gone")
		dying := stagingtest.NewFaulty(s, stagingtest.Fault{N: 1, Err: errGone, Dead: true,
			Match: func(op, key string) bool { return op == "put" && strings.HasSuffix(key, "manifest.json") }})
		w := open(t, dying, staging.Users)
		if err := w.Append(reply(99), 1); err != nil {
			t.Fatal(err)
		}
		wantError(t, "commit", w.Commit(t.Context()), errGone)
	}
	w := open(t, s, staging.Users)
	stage(t, w, 1)
	stage(t, w, 2)
	finish(t, w)
	wantReplies(t, s, staging.Users, 1, 2)
	keys, err := s.List(t.Context(), staging.RunPrefix(run)+"users/part-")
	if err != nil || len(keys) != 5 {
		t.Errorf("got parts %v, error %v; want 5", keys, err)
	}
	m, err := staging.LoadManifest(t.Context(), s, run, staging.Users)
	if err != nil || m.Parts[0].Name != "part-000004.jsonl.gz" {
		t.Errorf("got parts %+v, error %v", m.Parts, err)
	}
}

func TestCommitAfterALostAnswer(t *testing.T) {
	t.Parallel()
	errLost := errors.New("503")
	s := new(stagingtest.Memory)
	faulty := stagingtest.NewFaulty(s, stagingtest.Fault{N: 2, Err: errLost, Applied: true,
		Match: func(op, key string) bool { return op == "put" && strings.HasSuffix(key, "manifest.json") }})
	w := open(t, faulty, staging.Users)
	stage(t, w, 1)
	stage(t, w, 2) // its answer is lost
	stage(t, w, 3)
	finish(t, w)
	wantReplies(t, s, staging.Users, 1, 2, 3)
}

func TestCommitWithEndedContextMayBeRepeated(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	if err := w.Append(reply(1), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "commit", w.Commit(ctx), context.Canceled)
	finish(t, w)
	wantReplies(t, s, staging.Users, 1)
}

func TestClockSetBack(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	stage(t, open(t, s, staging.Users), 1)
	w, err := staging.Open(t.Context(), s, run, staging.Users,
		staging.WithClock(func() time.Time { return run.Time().Add(-time.Hour) }))
	if err != nil {
		t.Fatal(err)
	}
	finish(t, w)
	snapshot, err := staging.Load(t.Context(), s, run, staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	if c := snapshot.Complete; c.CompletedAt.Before(c.StartedAt) {
		t.Errorf("started at %s and completed at %s", c.StartedAt, c.CompletedAt)
	}
}

func TestFull(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	r := reply(1)
	r.Body = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	appended := 0
	for ; !w.Full(); appended++ {
		if err := w.Append(r, 1); err != nil {
			t.Fatal(err)
		}
	}
	if appended != 4 {
		t.Errorf("full after %d replies of 1 MiB, want 4", appended)
	}
	if err := w.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w.Full() {
		t.Error("still full after commit")
	}
}

func TestOpenRefusesOddNames(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	if _, err := staging.Open(t.Context(), s, "../x", staging.Users); err == nil {
		t.Error("a malformed run was opened")
	}
	if _, err := staging.Open(t.Context(), s, run, "user"); err == nil {
		t.Error("an unknown collection was opened")
	}
}
