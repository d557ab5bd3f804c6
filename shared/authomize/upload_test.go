package authomize_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

func TestUploadBatchesByCount(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxItems, u.Concurrency = 3, 1
	var done []authomize.BatchDone
	u.OnBatch = func(b authomize.BatchDone) { done = append(done, b) }
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
		Posted: 7, Accepted: 7, Batches: 3, Bytes: bytes, AcceptedByTag: map[uint32]int64{1: 7}, FirstAcceptedAt: start,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{3, 3, 1}, sizes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(userKeys(7), keys[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
	var spans []string
	var sum authomize.Result
	for _, b := range done {
		spans = append(spans, fmt.Sprintf("%s %d+%d", b.Kind, b.First, b.Count))
		sum.Add(b.Result)
	}
	if diff := cmp.Diff([]string{"users 0+3", "users 3+3", "users 6+1"}, spans); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(got, sum); diff != "" {
		t.Errorf("sum of batches: %s", diff)
	}
}

func TestUploadBatchesByBytes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	one := authomize.User{UniqueID: "user:a", Title: strings.Repeat("é", 500)}
	size := len(`{"data":[{"uniqueId":"user:a","title":"","isExternal":false}]}`) + 1000
	u.MaxBytes, u.Concurrency = 2*size-len(`{"data":[]}`)+len(","), 1
	var records []authomize.Record
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		one.UniqueID = "user:" + id
		records = append(records, one)
	}
	if _, err := u.Upload(t.Context(), authomize.Users, stream(records...)); err != nil {
		t.Fatal(err)
	}
	want := []authomizetest.PostLog{
		{Kind: authomize.Users, Items: 2, Bytes: u.MaxBytes, Status: 200},
		{Kind: authomize.Users, Items: 2, Bytes: u.MaxBytes, Status: 200},
		{Kind: authomize.Users, Items: 1, Bytes: size, Status: 200},
	}
	if diff := cmp.Diff(want, s.Posts()); diff != "" {
		t.Error(diff)
	}
}

func TestUploadDefaultLimits(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxItems, u.MaxBytes = 1_000_000, 5_000_000
	n := 25_000
	records := make([]authomize.Record, n)
	for i := range records {
		records[i] = &authomize.PrivilegeGrant{SourceID: fmt.Sprint(i), TargetID: "p"}
	}
	got, err := u.Upload(t.Context(), authomize.PrivilegeGrants, stream(records...))
	if err != nil {
		t.Fatal(err)
	}
	if got.Posted != int64(n) || got.Batches != 3 || got.QuarantinedByReason["reference refused: source"] != int64(n) || len(got.Quarantined) != 1000 {
		t.Errorf("got %d posted, %d batches, held %v, listed %d", got.Posted, got.Batches, got.QuarantinedByReason, len(got.Quarantined))
	}
}

func TestUploadNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.OnBatch = func(b authomize.BatchDone) { t.Errorf("batch %+v", b) }
	got, err := u.Upload(t.Context(), authomize.Users, stream())
	if diff := cmp.Diff(authomize.Result{}, got); err != nil || diff != "" {
		t.Errorf("err %v, %s", err, diff)
	}
	if got := s.Requests(); got != nil {
		t.Errorf("requests %v; want none", got)
	}
}

func TestUploadTooLargeRecord(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxBytes = 600
	big := user(1)
	big.Title = strings.Repeat("x", 600)
	got, err := u.Upload(t.Context(), authomize.Users, stream(user(0), big, user(2)))
	if err != nil {
		t.Fatal(err)
	}
	want := []authomize.Quarantined{{Kind: authomize.Users, Key: "user:0001", Tag: 1, Reason: "too_large"}}
	if diff := cmp.Diff(want, got.Quarantined); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(userKeys(3, 1), keys[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
	// A batch of nothing but such records is reported, and not posted.
	before := len(s.Requests())
	var done []authomize.BatchDone
	u.OnBatch = func(b authomize.BatchDone) { done = append(done, b) }
	if _, err := u.Upload(t.Context(), authomize.Users, stream(big)); err != nil {
		t.Fatal(err)
	}
	if len(done) != 1 || done[0].Count != 1 || done[0].Result.QuarantinedTotal != 1 || len(s.Requests()) != before {
		t.Errorf("batches %+v, %d requests; want one batch without request", done, len(s.Requests())-before)
	}
}

// awkward is a record that no JSON can be made of.
type awkward struct {
	authomize.User
	Bad chan int `json:"bad"`
}

func TestUploadUnencodableRecord(t *testing.T) {
	t.Parallel()
	s := serve(t)
	broken := awkward{User: *user(1), Bad: make(chan int)}
	latin := user(2)
	latin.Name = "Jos\xe9"
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(user(0), broken, latin))
	if err != nil {
		t.Fatal(err)
	}
	want := []authomize.Quarantined{{Kind: authomize.Users, Key: "user:0001", Tag: 1, Reason: "not encodable"}}
	if diff := cmp.Diff(want, got.Quarantined); diff != "" {
		t.Error(diff)
	}
	held := authomizetest.Get[authomize.User](s)
	if len(held) != 2 || held[1].Name != "Jos\uFFFD" {
		t.Errorf("fake holds %d users; want 2, the second with a replaced byte", len(held))
	}
}

func TestUploadDuplicates(t *testing.T) {
	t.Parallel()
	s := serve(t)
	later := user(0)
	later.Name = "Ada Lovelace"
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(user(0), user(1), later))
	if err != nil {
		t.Fatal(err)
	}
	if got.Duplicates != 1 || got.Posted != 2 || got.Accepted != 2 {
		t.Errorf("got %+v; want 1 duplicate, 2 posted and accepted", got)
	}
	if diff := cmp.Diff([]authomize.User{*later, *user(1)}, authomizetest.Get[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
}

func TestUploadOneKeyForEver(t *testing.T) {
	t.Parallel()
	s := serve(t)
	u := uploader(t, s)
	u.MaxBytes = 2000
	records := make([]authomize.Record, 5000)
	for i := range records {
		records[i] = user(7)
	}
	got, err := u.Upload(t.Context(), authomize.Users, stream(records...))
	if err != nil || got.Posted+got.Duplicates != 5000 || got.Posted != got.Batches || s.Count(authomize.Users) != 1 {
		t.Errorf("got %+v, err %v", got, err)
	}
}

func TestUploadTags(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{From: 2, Times: 1, Do: authomizetest.AcceptFewer(1)}))
	u := uploader(t, s)
	u.MaxItems, u.Concurrency = 3, 1
	got, err := u.Upload(t.Context(), authomize.Users, func(yield func(authomize.Item, error) bool) {
		for i, tag := range []uint32{0, 5, 5, 5, 5, 9} {
			if !yield(authomize.Item{Record: user(i), Tag: tag}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Shortfall != 1 || got.Accepted != 5 || got.Posted != 6 {
		t.Errorf("got %+v; want a shortfall of 1 in 6", got)
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
	got, err := u.Upload(t.Context(), authomize.Users, func(yield func(authomize.Item, error) bool) {
		_ = yield(authomize.Item{Record: user(0)}, nil) && yield(authomize.Item{Record: user(1)}, nil) && yield(authomize.Item{}, errSource)
	})
	if !errors.Is(err, errSource) || got.Posted > 1 {
		t.Errorf("got %+v, err %v; want errSource and at most the first posted", got, err)
	}
	if _, err := u.Upload(t.Context(), authomize.Groupings, stream(user(0))); err == nil {
		t.Error("a user was posted among groupings")
	}
}

// gate is a Poster that counts how many are in flight.
type gate struct {
	mu       sync.Mutex
	now, max int
	posted   int
	all      chan struct{} // closed once want are in flight
	want     int
}

func (g *gate) Post(_ context.Context, _ authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	g.mu.Lock()
	g.now++
	g.max = max(g.max, g.now)
	if g.now == g.want {
		close(g.all)
	}
	g.mu.Unlock()
	<-g.all
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now--
	g.posted += len(items)
	return authomize.Receipt{Accepted: len(items), AcceptedAt: start}, nil
}

func TestUploadConcurrency(t *testing.T) {
	t.Parallel()
	g := &gate{all: make(chan struct{}), want: 4}
	u := &authomize.Uploader{Client: g, MaxItems: 1}
	got, err := u.Upload(t.Context(), authomize.Users, stream(users(4)...))
	if err != nil || g.max != 4 || g.posted != 4 || got.Accepted != 4 {
		t.Errorf("got %+v, err %v, %d in flight at most; want 4", got, err, g.max)
	}
}

func TestUploadFatal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   authomizetest.Action
		want error
	}{
		{"401", authomizetest.Status(401), authomize.ErrUnauthorized},
		{"403", authomizetest.Status(403), authomize.ErrUnauthorized},
		{"404", authomizetest.Status(404), authomize.ErrNoApp},
		{"429 after all retries", authomizetest.Throttle("1"), authomize.ErrThrottled},
		{"503 after all retries", authomizetest.Status(503), authomize.ErrServer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, authomizetest.WithFaults(authomizetest.Fault{From: 2, Times: 1, Do: tt.do}))
			u := uploader(t, s)
			u.MaxItems, u.Concurrency = 2, 1
			got, err := u.Upload(t.Context(), authomize.Users, stream(users(6)...))
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v; want %v", err, tt.want)
			}
			if got.Posted != 2 || got.Batches != 1 || len(s.Posts()) != 2 {
				t.Errorf("got %+v, %d posts; want the first batch posted and the second refused", got, len(s.Posts()))
			}
			if diff := cmp.Diff(userKeys(2), keys[authomize.User](s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUploadCancelled(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: authomizetest.Delay(time.Hour)}))
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("margin reached")
	u := uploader(t, s)
	u.MaxItems = 1
	_, err := u.Upload(ctx, authomize.Users, func(yield func(authomize.Item, error) bool) {
		_ = yield(authomize.Item{Record: user(0)}, nil) && yield(authomize.Item{Record: user(1)}, nil)
		cancel(cause)
		_ = yield(authomize.Item{Record: user(2)}, nil)
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v; want the cause", err)
	}
}

func TestUploadReceiptThatIsNone(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Times: 2, Do: authomizetest.NotJSON()}))
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(3)...))
	if err != nil || got.Posted != 3 || got.Batches != 1 || s.Count(authomize.Users) != 3 || len(s.Posts()) != 3 {
		t.Errorf("got %+v, err %v, %d posts; want 3 records in the third post", got, err, len(s.Posts()))
	}
	s.AddFaults(authomizetest.Fault{Do: authomizetest.NotJSON()})
	_, err = uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(3)...))
	if !errors.Is(err, authomize.ErrBadReceipt) || len(s.Posts()) != 6 {
		t.Errorf("got %v after %d posts; want ErrBadReceipt after 6", err, len(s.Posts()))
	}
}

// A post that was applied, though it looks failed, is posted again by the next
// upload and changes nothing.
func TestUploadAgainAfterLostReply(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Times: 1, Do: authomizetest.CutAfter()}))
	u := uploader(t, s)
	got, err := u.Upload(t.Context(), authomize.Users, stream(users(3)...))
	if err == nil || got.Posted != 0 || s.Count(authomize.Users) != 3 {
		t.Errorf("got %+v, err %v, fake holds %d; want an error and 3 records", got, err, s.Count(authomize.Users))
	}
	got, err = u.Upload(t.Context(), authomize.Users, stream(users(3)...))
	if err != nil || got.Accepted != 3 {
		t.Errorf("got %+v, err %v; want 3 accepted", got, err)
	}
	if diff := cmp.Diff(userKeys(3), keys[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
}

func TestUploadTimestamps(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	at := []time.Duration{5, 3, 9, 7}
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		d := at[0]
		at = at[1:]
		return start.Add(d * time.Second)
	}
	s := serve(t, authomizetest.WithClock(clock), authomizetest.WithFaults(authomizetest.Fault{From: 4, Do: authomizetest.NoTimestamp()}))
	u := uploader(t, s)
	u.MaxItems, u.Concurrency = 1, 1
	got, err := u.Upload(t.Context(), authomize.Users, stream(users(4)...))
	if err != nil || !got.FirstAcceptedAt.Equal(start.Add(3*time.Second)) || got.MissingTimestamp != 1 {
		t.Errorf("got %+v, err %v; want the earliest of three times, and one missing", got, err)
	}
}

func TestResultKeepsAThousand(t *testing.T) {
	t.Parallel()
	var sum authomize.Result
	part := authomize.Result{QuarantinedTotal: 700, QuarantinedByReason: map[string]int64{"r": 700}, Quarantined: slices.Repeat([]authomize.Quarantined{{Reason: "r"}}, 700)}
	for range 3 {
		sum.Add(part)
	}
	sum.Add(authomize.Result{QuarantinedTotal: 1, QuarantinedByReason: map[string]int64{"another": 1}, Quarantined: []authomize.Quarantined{{Reason: "another"}}})
	if sum.QuarantinedTotal != 2101 || sum.QuarantinedByReason["r"] != 2100 || len(sum.Quarantined) != 1001 || sum.Quarantined[1000].Reason != "another" {
		t.Errorf("got %d held, %v, %d listed", sum.QuarantinedTotal, sum.QuarantinedByReason, len(sum.Quarantined))
	}
}
