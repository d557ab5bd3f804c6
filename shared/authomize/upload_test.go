package authomize_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

func TestUploadBatchesByCount(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxItems = 3
	var spans []string
	var sum authomize.Result
	u.OnBatch = func(b authomize.BatchDone) {
		spans = append(spans, fmt.Sprintf("%s %d+%d", b.Kind, b.First, b.Count))
		sum.Add(b.Result)
	}
	got, err := u.Upload(t.Context(), authomize.Users, stream(users(7)...))
	if err != nil {
		t.Fatal(err)
	}
	var bytes int64
	var sizes []int
	for _, p := range s.Posts() {
		bytes += int64(p.Bytes)
		sizes = append(sizes, p.Items)
	}
	want := authomize.Result{
		Posted: 7, Accepted: 7, Batches: 3, Bytes: bytes, AcceptedByTag: map[uint32]int64{1: 7}, FirstAcceptedAt: start, FirstSentAt: start, FirstDate: start,
	}
	if diff := cmp.Diff([]authomize.Result{want, want}, []authomize.Result{got, sum}); diff != "" {
		t.Error("result, sum of batches:", diff)
	}
	if diff := cmp.Diff([]int{3, 3, 1}, sizes) + cmp.Diff([]string{"users 0+3", "users 3+3", "users 6+1"}, spans); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(userKeys(7), s.Held(s.AppID, authomize.Users)); diff != "" {
		t.Error(diff)
	}
	if got, err := u.Upload(t.Context(), authomize.Users, stream()); err != nil || len(s.Posts()) != 3 || len(spans) != 3 {
		t.Errorf("got %+v, %v; want that nothing is posted", got, err)
	}
}

// Two records fill 900,000 bytes to the last; one that alone is larger is
// quarantined, alone in its batch as well.
func TestUploadBatchesByBytes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	var done []authomize.BatchDone
	u.OnBatch = func(b authomize.BatchDone) { done = append(done, b) }
	half := (900_000 - len(`{"data":[,]}`)) / 2
	record := func(id string, bytes int) authomize.Record {
		title := bytes - len(`{"uniqueId":"user:a","title":"","isExternal":false}`)
		return authomize.User{UniqueID: "user:" + id, Title: strings.Repeat("é", title/2) + strings.Repeat("e", title%2)}
	}
	big := record("x", 900_000)
	got, err := u.Upload(t.Context(), authomize.Users, stream(record("a", half), record("b", half), big, record("c", half), record("d", half), record("e", half)))
	if err != nil {
		t.Fatal(err)
	}
	want := []authomizetest.PostLog{
		{Kind: authomize.Users, Items: 2, Bytes: 900_000, Status: 200},
		{Kind: authomize.Users, Items: 2, Bytes: 900_000, Status: 200},
		{Kind: authomize.Users, Items: 1, Bytes: half + len(`{"data":[]}`), Status: 200},
	}
	if diff := cmp.Diff(want, s.Posts()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]authomize.Quarantined{held("user:x", "too_large")}, got.Quarantined); diff != "" {
		t.Error(diff)
	}
	done = nil
	if _, err := u.Upload(t.Context(), authomize.Users, stream(big)); err != nil || len(done) != 1 || done[0].Count != 1 || done[0].Result.QuarantinedTotal != 1 || len(s.Posts()) != 3 {
		t.Errorf("%v, batches %+v, %d posts; want one batch that is not posted", err, done, len(s.Posts()))
	}
}

func TestUploadDefaultLimits(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxItems = 1_000_000
	n := 25_000
	records := make([]authomize.Record, n)
	for i := range records {
		records[i] = &authomize.PrivilegeGrant{SourceID: fmt.Sprint(i), TargetID: "p"}
	}
	got, err := u.Upload(t.Context(), authomize.PrivilegeGrants, stream(records...))
	if err != nil || got.Posted != int64(n) || got.Batches != 3 || got.QuarantinedByReason["reference refused: source"] != int64(n) || len(got.Quarantined) != n {
		t.Errorf("%v, got %d posted, %d batches, held %v, listed %d", err, got.Posted, got.Batches, got.QuarantinedByReason, len(got.Quarantined))
	}
}

// awkward is a record that no JSON can be made of.
type awkward struct {
	authomize.User
	Bad chan int `json:"bad"`
}

// Control characters other than tab and line feed, and bytes that are no UTF-8,
// are no part of what is posted; what only looks like one is.
func TestUploadTexts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	records := []authomize.Record{awkward{User: *user(0), Bad: make(chan int)}}
	want := map[string]string{}
	for text, clean := range map[string]string{
		"a\x00\x01b\x1f\x7fc\u0085": "abc", "a\b\f\rb": "ab", "a\tb\nc": "a\tb\nc", `a\u0001\b"/c`: `a\u0001\b"/c`, `\\\r` + "\r": `\\\r`,
		"«é» \u200b": "«é» \u200b", "Jos\xe9": "Jos\uFFFD",
	} {
		u := user(len(records))
		u.Name, want[u.UniqueID] = text, clean
		records = append(records, u)
	}
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(records...))
	if diff := cmp.Diff([]authomize.Quarantined{held("user:0000", "not encodable")}, got.Quarantined); err != nil || diff != "" {
		t.Error(err, diff)
	}
	names := map[string]string{}
	for _, u := range authomizetest.Get[authomize.User](s) {
		names[u.UniqueID] = u.Name
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestUploadDuplicates(t *testing.T) {
	t.Parallel()
	s := serve(t)
	later := user(0)
	later.Name = "Ada Lovelace"
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(user(0), user(1), later))
	if err != nil || got.Duplicates != 1 || got.Posted != 2 || got.Accepted != 2 {
		t.Errorf("got %+v, %v; want 1 duplicate, 2 posted and accepted", got, err)
	}
	if diff := cmp.Diff([]authomize.User{*later, *user(1)}, authomizetest.Get[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
}

func TestUploadTags(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{From: 2, Times: 1, Do: authomizetest.AcceptFewer(1)}))
	u := uploader(t, s)
	u.MaxItems = 3
	got, err := u.Upload(t.Context(), authomize.Users, func(yield func(authomize.Item, error) bool) {
		for i, tag := range []uint32{0, 5, 5, 5, 5, 9} {
			_ = yield(authomize.Item{Record: user(i), Tag: tag}, nil)
		}
	})
	if err != nil || got.Shortfall != 1 || got.Accepted != 5 || got.Posted != 6 || got.QuarantinedTotal != 0 {
		t.Errorf("got %+v, %v; want a shortfall of 1 in 6", got, err)
	}
	if diff := cmp.Diff(map[uint32]int64{0: 1, 5: 3, 9: 0}, got.AcceptedByTag); diff != "" {
		t.Error(diff)
	}
}

func TestUploadSourceError(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxItems = 1
	broke := errors.New("source broke")
	got, err := u.Upload(t.Context(), authomize.Users, func(yield func(authomize.Item, error) bool) {
		_ = yield(authomize.Item{Record: user(0)}, nil) && yield(authomize.Item{Record: user(1)}, nil) && yield(authomize.Item{}, broke)
	})
	if !errors.Is(err, broke) || got.Posted > 1 {
		t.Errorf("got %+v, err %v; want the source's error and at most the first posted", got, err)
	}
	if _, err := u.Upload(t.Context(), authomize.Groupings, stream(user(0))); err == nil {
		t.Error("a user was posted among groupings")
	}
}

// gate is a Poster that lets nobody pass until four are there.
type gate struct{ inside sync.WaitGroup }

func (g *gate) Post(_ context.Context, _ authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	g.inside.Done()
	g.inside.Wait()
	return authomize.Receipt{Accepted: len(items), AcceptedAt: start}, nil
}

func TestUploadConcurrency(t *testing.T) {
	t.Parallel()
	g := &gate{}
	g.inside.Add(4)
	u := &authomize.Uploader{Client: g, MaxItems: 1, Now: fixed}
	if got, err := u.Upload(t.Context(), authomize.Users, stream(users(4)...)); err != nil || got.Accepted != 4 {
		t.Errorf("got %+v, err %v", got, err)
	}
}

func TestUploadCancelled(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: authomizetest.Delay(time.Hour)}))
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("margin reached")
	u := &authomize.Uploader{Client: client(t, s), MaxItems: 1, Now: fixed}
	_, err := u.Upload(ctx, authomize.Users, func(yield func(authomize.Item, error) bool) {
		_ = yield(authomize.Item{Record: user(0)}, nil) && yield(authomize.Item{Record: user(1)}, nil)
		cancel(cause)
		_ = yield(authomize.Item{Record: user(2)}, nil)
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v; want the cause", err)
	}
}

// What fails for the moment is sent again, the same, and is no record's fault.
func TestUploadSameAgain(t *testing.T) {
	t.Parallel()
	json := func(status int, body string) authomizetest.Action {
		return authomizetest.Answer(status, "application/json", body)
	}
	for name, tt := range map[string]struct {
		do  authomizetest.Action
		err error
	}{
		"no receipt":      {authomizetest.NotJSON(), authomize.ErrBadReceipt},
		"busy (case 11)":  {json(409, `{"detail":"Another ingestion of this app is being processed"}`), authomize.ErrConflict},
		"bytes (case 03)": {json(422, `{"detail":[{"type":"json_invalid","loc":["body",47],"msg":"JSON decode error","input":{},"ctx":{"error":"Expecting value"}}]}`), authomize.ErrInvalid},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Times: 5, Do: tt.do}))
			began := time.Now()
			got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(60)...))
			if err != nil || got.Posted != 60 || got.Batches != 1 || got.Refused != 0 || len(s.Posts()) != 6 || time.Since(began) != 31*time.Second {
				t.Errorf("%s: got %+v, err %v, %d posts in %s; want 60 records in the sixth post", name, got, err, len(s.Posts()), time.Since(began))
			}
			s.AddFaults(authomizetest.Fault{Do: tt.do})
			got, err = uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(60)...))
			if !errors.Is(err, tt.err) || got.QuarantinedTotal != 0 || len(s.Posts()) != 12 {
				t.Errorf("%s: got %v after %d posts; want %v after 12", name, err, len(s.Posts()), tt.err)
			}
		})
	}
}

func TestUploadTimestamps(t *testing.T) {
	t.Parallel()
	at := []time.Duration{5, 3, 9, 7}
	clock := func() time.Time {
		d := at[0]
		at = at[1:]
		return start.Add(d * time.Second)
	}
	s := serve(t, authomizetest.WithClock(clock), authomizetest.WithClocks(authomizetest.Clocks{Accepted: time.Hour, Date: -time.Minute}),
		authomizetest.WithFaults(authomizetest.Fault{From: 4, Do: authomizetest.NoTimestamp()}))
	u := uploader(t, s)
	u.MaxItems = 1
	got, err := u.Upload(t.Context(), authomize.Users, stream(users(4)...))
	if err != nil || !got.FirstAcceptedAt.Equal(start.Add(time.Hour+3*time.Second)) || got.MissingTimestamp != 1 ||
		!got.FirstDate.Equal(start.Add(-57*time.Second)) || !got.FirstSentAt.Equal(start) {
		t.Errorf("got %+v, err %v; want the earliest of three times and of four dates, and one without", got, err)
	}
}

func TestResultIsBounded(t *testing.T) {
	t.Parallel()
	part := authomize.Result{
		QuarantinedTotal: 70_000, QuarantinedByReason: map[string]int64{"r": 70_000}, Quarantined: slices.Repeat([]authomize.Quarantined{{Reason: "r"}}, 70_000),
		Warnings: map[string]authomize.Warning{"email": {Records: 700, Keys: slices.Repeat([]string{"k"}, 70)}},
	}
	var sum authomize.Result
	for range 3 {
		sum.Add(part)
	}
	w := sum.Warnings["email"]
	if sum.QuarantinedTotal != 210_000 || sum.QuarantinedByReason["r"] != 210_000 || len(sum.Quarantined) != 100_000 || w.Records != 2100 || len(w.Keys) != 100 {
		t.Errorf("got %d, %v, %d listed; %d warned of, %d listed", sum.QuarantinedTotal, sum.QuarantinedByReason, len(sum.Quarantined), w.Records, len(w.Keys))
	}
	if part.QuarantinedByReason["r"] != 70_000 || part.Warnings["email"].Records != 700 {
		t.Error("a sum shares something with its parts")
	}
}
