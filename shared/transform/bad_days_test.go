package transform_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

// A badDay is a second run with trouble in it. Run 1 was swept, and eve was
// deleted in PingOne since: on any day that ends well she is swept, and only
// she; on one that doesn't, nobody is.
type badDay struct {
	*rig
	source  secret.Source
	store   staging.Store // that the fetch functions see
	maxBody int64
	clock   func() time.Time // of the fetch functions; nil: time.Now
	run     staging.RunID
	failed  int // invocations
}

func newBadDay(t *testing.T, opts ...pingonetest.Option) *badDay {
	t.Helper()
	r, c := newTinyRig(t)
	r.fake = pingonetest.New(t, r.org, append(opts, pingonetest.WithPageMax(2))...)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fake.ResetLog()
	return &badDay{rig: r, source: r.credentials(), store: r.store, run: run2}
}

// mostInvocations are Lambda's first one and its two retries.
const mostInvocations = 3

// read stages a collection of the run as Lambda would, with retries.
func (d *badDay) read(ctx context.Context, c staging.Collection) error {
	var err error
	for range mostInvocations {
		var result fetch.Result
		if result, err = d.invoke(ctx, c); err == nil && result.Complete {
			return nil
		}
		if err == nil {
			err = errors.New("not complete")
		}
		d.failed++
	}
	return err
}

// invoke is one invocation, paced as in AWS.
func (d *badDay) invoke(ctx context.Context, c staging.Collection) (fetch.Result, error) {
	base, err := url.Parse(d.fake.URL)
	if err != nil {
		return fetch.Result{}, err
	}
	const perSecond = 10_000
	tokens := pingone.NewTokens(d.source, transport.Options{Retry: quick})
	stats, policy := &transport.Stats{}, quick
	policy.MaxBody = d.maxBody
	h := pingone.NewHTTP(tokens, pingone.Pacing(perSecond, transport.Options{Stats: stats, Retry: policy}))
	defer h.CloseIdleConnections()
	client := pingone.New(base, h)
	if d.clock != nil {
		client = client.WithClock(d.clock)
	}
	return fetch.Run(ctx, d.run, c, fetch.Options{
		Store: d.store, Client: client, Stats: stats, All: true, PerSecond: perSecond, Now: d.clock,
		Roles: fetch.RoleOptions{MaxAge: 7 * 24 * time.Hour, Refresh: 2},
	})
}

func (d *badDay) readAll() {
	d.t.Helper()
	for _, c := range staging.Collections {
		if err := d.read(d.t.Context(), c); err != nil {
			d.t.Fatalf("read %s: %v", c, err)
		}
	}
}

// wantGoodEnd transforms, and eve is swept and nobody else.
func (d *badDay) wantGoodEnd(change func(holdings) holdings) {
	d.t.Helper()
	want := tinyHoldings().without("user:eve").with("accountAssociations")
	if change != nil {
		want = change(want)
	}
	d.wantState(d.mustTransform(run2), report.Done, true)
	d.wantHeld(want)
	if got := len(d.app.Sweeps()); got != 2 {
		d.t.Fatalf("%d sweeps, want 2", got)
	}
	deleted := d.app.Sweeps()[1].Deleted
	gone := map[string]int{}
	for kind, n := range deleted {
		gone[string(kind)] = n
	}
	for kind, before := range tinyHoldings() {
		lost := 0
		for _, key := range before {
			if !slices.Contains(want[kind], key) {
				lost++
			}
		}
		if gone[kind] != lost {
			d.t.Errorf("%d %s were swept, want %d", gone[kind], kind, lost)
		}
	}
	d.wantGone(run2, "user:eve")
}

// wantBadEnd transforms, and nobody is swept, with a reason that begins so.
func (d *badDay) wantBadEnd(reason string) {
	d.t.Helper()
	got := d.mustTransform(run2)
	if got.State != report.Held || got.Swept {
		d.t.Errorf("state %s, swept %t, want held", got.State, got.Swept)
	}
	if !slices.ContainsFunc(got.Held, func(r string) bool { return strings.HasPrefix(named(r), reason) }) {
		d.t.Errorf("held for %q, want a reason that begins with %q", namedAll(got.Held), reason)
	}
	d.wantHeld(tinyHoldings())
	if got := len(d.app.Sweeps()); got != 1 {
		d.t.Errorf("%d sweeps, want that of the first run only", got)
	}
}

const (
	tinyUsers  = "/v1/environments/*/users"
	everything = "/v1/**"
)

func TestBadDaysOfPingOne(t *testing.T) {
	t.Parallel()
	burst := func(from, times, status int) pingonetest.Fault {
		return pingonetest.Fault{Match: everything, From: from, Times: times, Status: status, Code: "PASSES"}
	}
	spoilt := func(do pingonetest.FaultKind) []pingonetest.Fault {
		return []pingonetest.Fault{{Match: tinyUsers, From: 2, Times: 2, Do: do}, {Match: "/v1/environments/*/applications/*/roleAssignments", Times: 2, Do: do}}
	}
	once := func(do pingonetest.FaultKind) []pingonetest.Fault {
		return []pingonetest.Fault{{Match: tinyUsers, From: 2, Do: do, Bytes: 128 << 10}}
	}
	var forbidden []pingonetest.Fault
	for _, list := range []string{
		"/v1/environments", "/v1/environments/*/populations", tinyUsers, "/v1/environments/*/groups", "/v1/roles", "/v1/environments/*/roles",
		"/v1/environments/*/applications", "/v1/environments/*/gateways", "/v1/environments/*/users/*/roleAssignments",
		"/v1/environments/*/groups/*/roleAssignments", "/v1/environments/*/applications/*/roleAssignments",
	} {
		forbidden = append(forbidden, pingonetest.Fault{Match: list, Status: 403, Code: "ACCESS_FAILED"})
	}
	for _, tt := range []struct {
		name    string
		faults  []pingonetest.Fault
		maxBody int64
		failed  int    // invocations
		held    string // "": it ends well
	}{
		{name: "none"},
		{name: "429 storm", faults: []pingonetest.Fault{burst(2, 12, 429), burst(20, 9, 429)}},
		{name: "429 with Retry-After", faults: []pingonetest.Fault{{Match: tinyUsers, From: 2, Status: 429, Code: "REQUEST_LIMITED", RetryAfter: time.Second}}},
		{name: "429 storm with Retry-After", faults: []pingonetest.Fault{
			{Match: everything, From: 2, Times: 2, Status: 429, Code: "REQUEST_LIMITED", RetryAfter: time.Second},
			{Match: everything, From: 20, Times: 2, Status: 429, Code: "REQUEST_LIMITED", RetryAfter: time.Second, RetryAfterDate: true},
		}},
		{name: "500, 502 and 503", faults: []pingonetest.Fault{burst(3, 3, 500), burst(9, 3, 502), burst(15, 4, 503)}},
		{name: "the first answer of every list is 403", faults: forbidden},
		{name: "connection reset", faults: spoilt(pingonetest.FaultReset)},
		{name: "connection reset in mid-body", faults: spoilt(pingonetest.FaultResetBody)},
		{name: "stalls in mid-body", faults: once(pingonetest.FaultStall)},
		{name: "truncated JSON", faults: spoilt(pingonetest.FaultTruncate)},
		{name: "HTML with status 200", faults: spoilt(pingonetest.FaultHTML)},
		{name: "oversized JSON", faults: once(pingonetest.FaultOversize), maxBody: 64 << 10, failed: 1},
		{name: "expired token in mid-page", faults: once(pingonetest.FaultToken)},
		{name: "repeated cursor", faults: once(pingonetest.FaultLoopNext), failed: 1},
		{name: "link to another host", faults: once(pingonetest.FaultForeignNext), failed: 1},
		{name: "redirect to another host", faults: once(pingonetest.FaultRedirect), failed: 1},
		{name: "cursor became invalid", faults: once(pingonetest.FaultCursor)},
		{name: "cursor became invalid twice", faults: []pingonetest.Fault{{Match: tinyUsers, From: 2, Times: 9, Do: pingonetest.FaultCursor}}, held: "users: /v1/environments/main/users could not be read (400 "},
		{name: "503 that outlasts an invocation", faults: []pingonetest.Fault{{Match: tinyUsers, From: 2, Times: 6, Status: 503}}, failed: 1},
		{name: "no right any more", faults: []pingonetest.Fault{{Match: "/v1/environments/*/gateways", Times: -1, Status: 403, Code: "ACCESS_FAILED"}}, held: "gateways: /v1/environments/main/gateways could not be read (403 ACCESS_FAILED)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newBadDay(t)
			d.maxBody = tt.maxBody
			d.fake.Inject(tt.faults...)
			d.readAll()
			if d.failed != tt.failed {
				t.Errorf("%d invocations failed, want %d", d.failed, tt.failed)
			}
			if tt.held != "" {
				d.wantBadEnd(tt.held)
				return
			}
			d.wantGoodEnd(nil)
		})
	}
}

// The organization moves between the collections of a run.
func TestBadDaysOfMoving(t *testing.T) {
	t.Parallel()
	memberships := pingonetest.Fault{Match: "/v1/environments/*/groups", Query: "limit=", From: 2, Do: pingonetest.FaultCall} // groups reads them first
	for _, tt := range []struct {
		name   string
		move   func(*pingonetest.Organization)
		change func(holdings) holdings
	}{
		{name: "a user vanishes after users were read", move: func(o *pingonetest.Organization) { o.RemoveUser(id("main"), id("dan")) }, change: func(h holdings) holdings {
			return h.without("user:dan group:staff")
		}},
		{name: "a user appears after users were read", move: func(o *pingonetest.Organization) {
			o.AddUser(id("main"), person("fay"))
			o.AddMember(id("main"), id("staff"), id("fay"))
		}},
		{name: "an application vanishes", move: func(o *pingonetest.Organization) { o.RemoveApplication(id("main"), id("wiki")) }, change: func(h holdings) holdings {
			return h.without("application:wiki").without("all-users:main")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newBadDay(t)
			d.settings.MaxShrinkPercent = 100
			f := memberships
			f.Call = tt.move
			d.fake.Inject(f)
			d.readAll()
			got := d.mustTransform(run2)
			d.wantState(got, report.Done, true)
			want := tinyHoldings().without("user:eve")
			if tt.change != nil {
				want = tt.change(want)
			}
			d.wantHeld(want)
		})
	}
}

// The secret is rotated in mid-run: it is read again.
func TestBadDayOfRotation(t *testing.T) {
	t.Parallel()
	d := newBadDay(t)
	before := secret.Credentials(d.credentials())
	after := before
	after.ClientSecret = secret.NewValue("rotated")
	source := &rotating{}
	source.current.Store(&before)
	d.source = source
	d.fake.Inject(pingonetest.Fault{Match: tinyUsers, From: 2, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		d.fake.RotateSecret("rotated")
		source.current.Store(&after)
	}}, pingonetest.Fault{Match: tinyUsers, From: 3, Do: pingonetest.FaultToken})
	d.readAll()
	if d.failed != 0 {
		t.Errorf("%d invocations failed, want none", d.failed)
	}
	d.wantGoodEnd(nil)
}

type rotating struct {
	current atomic.Pointer[secret.Credentials]
}

func (s *rotating) Credentials(context.Context) (secret.Credentials, error) {
	return *s.current.Load(), nil
}

// slow is a store that takes its time.
type slow struct{ staging.Store }

func (s slow) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	time.Sleep(5 * time.Millisecond)
	return s.Store.Put(ctx, key, data, cond)
}

func TestBadDaysOfS3(t *testing.T) {
	t.Parallel()
	errS3 := errors.New("503 SlowDown")
	puts := func(op, _ string) bool { return op == "put" }
	for _, tt := range []struct {
		name   string
		store  func(staging.Store) staging.Store
		failed int // invocations at most
	}{
		{"slow", func(s staging.Store) staging.Store { return slow{s} }, 0},
		{"an error of a write", func(s staging.Store) staging.Store {
			return stagingtest.NewFaulty(s, stagingtest.Fault{N: 4, Err: errS3, Match: puts})
		}, 1},
		{"the answer to a write is lost", func(s staging.Store) staging.Store {
			return stagingtest.NewFaulty(s, stagingtest.Fault{N: 4, Err: errS3, Applied: true, Match: puts})
		}, 1},
		{"a conflict", func(s staging.Store) staging.Store {
			return stagingtest.NewFaulty(s, stagingtest.Fault{N: 4, Err: staging.ErrConflict, Match: puts})
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newBadDay(t)
			d.store = tt.store(d.rig.store)
			d.readAll()
			if d.failed > tt.failed {
				t.Errorf("%d invocations failed, want %d at most", d.failed, tt.failed)
			}
			d.wantGoodEnd(nil)
		})
	}
}

// Two invocations of every function at once read the same as one.
func TestBadDayOfTwoAtOnce(t *testing.T) {
	t.Parallel()
	d := newBadDay(t)
	for _, c := range staging.Collections {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _, _ = d.invoke(t.Context(), c) }) // one of them may lose
		}
		wg.Wait()
	}
	d.readAll()
	d.wantGoodEnd(nil)
}

// A function is killed at each write of a whole run, in turn, and called again.
func TestKilledAtEveryWriteOfARun(t *testing.T) {
	t.Parallel()
	puts := func(op, _ string) bool { return op == "put" }
	count := newBadDay(t)
	counted := stagingtest.NewFaulty(count.rig.store, stagingtest.Fault{Match: puts})
	count.store = counted
	count.readAll()
	total := counted.Operations()
	if total < 2*len(staging.Collections) {
		t.Fatalf("only %d writes in a run", total)
	}
	for n := 1; n <= total; n++ {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, applied %t", n, applied), func(t *testing.T) {
				t.Parallel()
				d := newBadDay(t)
				dead := stagingtest.NewFaulty(d.rig.store, stagingtest.Fault{N: n, Err: errKilled, Applied: applied, Dead: true, Match: puts})
				d.store = dead
				for _, c := range staging.Collections {
					if _, err := d.invoke(t.Context(), c); err != nil {
						break // the process is gone
					}
				}
				d.store = d.rig.store
				d.readAll()
				d.wantGoodEnd(nil)
			})
		}
	}
}
