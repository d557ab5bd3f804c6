package staging_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

func TestStageAndFinish(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	env, other := id(environment), id(group)
	edit := func(m *staging.Manifest, message string) {
		m.Previous, m.AnsweredAt, m.Phase, m.Carry, m.Asked = "20261122T090000Z", run.Time(), staging.PhaseAsk, 8, 9
		m.Progress = staging.Progress{Lists: []staging.Stretch{{To: 1, Is: staging.Whole}, {To: 3}, {To: 4, Is: staging.Deferred}}, Open: []staging.OpenList{{List: 2, Next: "/v1/next", Pages: 4}}}
		m.Gone = []staging.Gone{{Environment: env, ID: env, By: staging.WitnessFeed}, {Parent: &staging.Parent{Kind: "group", ID: env}, ID: other, By: staging.WitnessRights}}
		m.Rights = []staging.Rights{{At: run.Time(), Read: true, Held: []staging.Right{{Role: env, ScopeType: "ENVIRONMENT", Scope: env}}}}
		m.Marks, m.NeverRead = []staging.Mark{{Environment: env, Through: run.Time()}}, []staging.NeverRead{{Environment: env, Lists: 5}}
		m.Carried = []staging.CarriedLists{{Environment: env, Reason: staging.Failed, List: "users", Lists: 1, Records: 2, Oldest: run.Time(), Message: message, Keys: []string{"/v1/x"}}}
		m.Calls, m.Retries, m.Throttled, m.ElapsedMs = 2, 3, 4, 5
	}
	edit(w.Manifest(), "no\xff right")
	stage(t, w, 1, 2)

	w = open(t, s, staging.Users)
	stage(t, w, 3)
	finish(t, w)
	wantReplies(t, s, staging.Users, 1, 2, 3)

	snapshot := load(t, s, staging.Users)
	m := snapshot.Manifest
	want := &staging.Manifest{
		Version: 2, Sums: staging.Sums{Run: run, Collection: staging.Users, StartedAt: run.Time().Add(time.Second), Pages: 3, Records: 3},
		UpdatedAt: run.Time().Add(2 * time.Second), Parts: m.Parts, Complete: true,
	}
	edit(want, "no\ufffd right")
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if len(m.Parts) != 2 || m.Parts[0].Name != "part-000001.jsonl.gz" || m.Parts[0].Replies != 2 || m.Parts[1].Replies != 1 {
		t.Fatalf("got parts %+v", m.Parts)
	}
	wantComplete := &staging.Complete{
		Sums: want.Sums, Parts: 2, RawBytes: m.Parts[0].RawBytes + m.Parts[1].RawBytes, Bytes: m.Parts[0].Bytes + m.Parts[1].Bytes,
		CompletedAt: m.UpdatedAt, ManifestSHA256: snapshot.Complete.ManifestSHA256,
	}
	if diff := cmp.Diff(wantComplete, snapshot.Complete); diff != "" {
		t.Errorf("complete.json (-want +got):\n%s", diff)
	}
	if !snapshot.IsGone(env) || snapshot.IsGone(other) {
		t.Error("gone are not the items that are gone, or a tie is taken for one")
	}
}

func TestManifestNames(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	stage(t, open(t, s, staging.Roles))
	object, err := s.Get(t.Context(), key(staging.Roles, "manifest.json"))
	want := `{"version":2,"run":"20261123T090000Z","collection":"roles","startedAt":"2026-11-23T09:00:01Z","pages":0,"records":0,` +
		`"calls":0,"retries":0,"throttled":0,"elapsedMs":0,"updatedAt":"2026-11-23T09:00:02Z",` +
		`"phase":"read","progress":{},"parts":[],"complete":false}`
	if diff := cmp.Diff(want, string(object.Data)); diff != "" || err != nil {
		t.Errorf("error %v, manifest (-want +got):\n%s", err, diff)
	}
}

func TestCompleteIsFinal(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	stage(t, w, 1)
	finish(t, w)
	for _, w := range []*staging.Writer{w, open(t, s, staging.Users)} {
		for what, err := range map[string]error{
			"append": w.Append(reply(2), 1), "commit": w.Commit(t.Context()), "plan": w.WritePlan(t.Context(), lists(1)),
		} {
			if err == nil {
				t.Errorf("%s succeeded", what)
			}
		}
		finish(t, w)
	}
	wantReplies(t, s, staging.Users, 1)
	put(t, s, staging.CompleteKey(run, staging.Users), `{}`)
	wantError(t, "finish, with a complete.json of another", open(t, s, staging.Users).Finish(t.Context()), staging.ErrConflict)
}

func TestTwoWritersNeverMix(t *testing.T) {
	t.Parallel()
	for _, base := range [][]int{nil, {1}} { // committed before both began
		s := new(stagingtest.Memory)
		if base != nil {
			stage(t, open(t, s, staging.Users), base...)
		}
		first, second := open(t, s, staging.Users), open(t, s, staging.Users)
		if err := first.Append(reply(10), 1); err != nil {
			t.Fatal(err)
		}
		stage(t, second, 20)
		if err := first.Finish(t.Context()); !errors.Is(err, staging.ErrConflict) || !strings.Contains(err.Error(), "another invocation is at work") {
			t.Errorf("the loser's commit: got error %v", err)
		}
		wantError(t, "the loser's next append", first.Append(reply(12), 1), staging.ErrConflict)
		wantError(t, "the loser's finish", first.Finish(t.Context()), staging.ErrConflict)
		stage(t, second, 21)
		finish(t, second)
		wantReplies(t, s, staging.Users, append(base, 20, 21)...)
	}
}

func TestPartsOfADeadWriterNeverAppear(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	for range 3 {
		dying := stagingtest.NewFaulty(s, stagingtest.Fault{N: 1, Err: errFault, Dead: true,
			Match: func(op, key string) bool { return op == "put" && strings.HasSuffix(key, "manifest.json") }})
		w := open(t, dying, staging.Users)
		if err := w.Append(reply(99), 1); err != nil {
			t.Fatal(err)
		}
		wantError(t, "commit", w.Commit(t.Context()), errFault)
	}
	w := open(t, s, staging.Users)
	stage(t, w, 1)
	stage(t, w, 2)
	stage(t, open(t, s, staging.Users), 3)
	finish(t, open(t, s, staging.Users))
	wantReplies(t, s, staging.Users, 1, 2, 3)
	keys, err := s.List(t.Context(), staging.RunPrefix(run)+"users/part-")
	if first := load(t, s, staging.Users).Manifest.Parts[0].Name; err != nil || len(keys) != 6 || first != "part-000004.jsonl.gz" {
		t.Errorf("got parts %v, the first that counts is %s, error %v", keys, first, err)
	}
}

// A commit may be repeated, and a clock that was set back ends no run before it
// began.
func TestCommitWithEndedContext(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	stage(t, open(t, s, staging.Users))
	w, err := staging.Open(t.Context(), s, run, staging.Users, staging.WithClock(at(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(reply(1), 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, "commit", w.Commit(ctx), context.Canceled)
	finish(t, w)
	wantReplies(t, s, staging.Users, 1)
	if c := load(t, s, staging.Users).Complete; c.CompletedAt.Before(c.StartedAt) {
		t.Errorf("started at %s and completed at %s", c.StartedAt, c.CompletedAt)
	}
}

// A part is full at 4 MiB. Lines are as long as they come.
func TestFull(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	w := open(t, s, staging.Users)
	r := reply(1)
	for n, size := range []int{1 << 20, 1 << 20, 2 << 20, 9 << 20} {
		r.Body = []byte(`"` + strings.Repeat("x", size) + `"`)
		if err := w.Append(r, 1); err != nil || w.Full() != (n > 1) {
			t.Fatalf("after reply %d: full is %t, error %v", n+1, w.Full(), err)
		}
	}
	stage(t, w, 2)
	if w.Full() {
		t.Error("still full after commit")
	}
	finish(t, w)
	if got, err := texts(load(t, s, staging.Users).Replies(t.Context())); err != nil || len(got) != 5 || got[3] != string(r.Body) {
		t.Errorf("got %d replies, error %v", len(got), err)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 300_000} {
		s := new(stagingtest.Memory)
		w := open(t, s, staging.Memberships)
		failing := iter.Seq2[[]byte, error](func(yield func([]byte, error) bool) { yield(nil, errFault) })
		wantError(t, "lists that can't be made", w.WritePlan(t.Context(), failing), errFault)
		if err := w.WritePlan(t.Context(), lists(n)); err != nil {
			t.Fatal(err)
		}
		if err := w.WritePlan(t.Context(), lists(n)); err == nil {
			t.Error("a second plan was written")
		}
		if got, err := texts(open(t, s, staging.Memberships).Plan(t.Context())); err != nil || got != nil {
			t.Errorf("before Commit: got %d lists, error %v", len(got), err)
		}
		stage(t, w)
		w = open(t, s, staging.Memberships)
		want, _ := texts(lists(n))
		got, err := texts(w.Plan(t.Context()))
		if p := w.Manifest().Plan; err != nil || !slices.Equal(got, want) || p == nil || p.Lists != n || p.Name != "plan.jsonl.gz" {
			t.Errorf("got %d lists and %+v, error %v; want %d", len(got), p, err, n)
		}
	}
}

// What an invocation planned and did not commit stays, since another may be
// about to commit it; what was planned later counts.
func TestPlanOfADeadWriterIsNotMixedIn(t *testing.T) {
	t.Parallel()
	s := new(stagingtest.Memory)
	slow, w := open(t, s, staging.Memberships), open(t, s, staging.Memberships)
	for n, w := range []*staging.Writer{slow, open(t, s, staging.Memberships), w} {
		if err := w.WritePlan(t.Context(), lists(3-n)); err != nil {
			t.Fatal(err)
		}
	}
	stage(t, w)
	wantError(t, "the slow one's commit", slow.Commit(t.Context()), staging.ErrConflict)
	w = open(t, s, staging.Memberships)
	got, err := texts(w.Plan(t.Context()))
	if name := w.Manifest().Plan.Name; err != nil || !slices.Equal(got, []string{`{"list":0}`}) || name != "plan-000003.jsonl.gz" {
		t.Errorf("got %v of %s, error %v", got, name, err)
	}
}
