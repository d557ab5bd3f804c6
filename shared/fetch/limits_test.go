package fetch_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// readUntil is one invocation whose time is up while PingOne is busy with a
// request: the nth of those that match. It says which requests were answered.
func (r *rig) readUntil(c staging.Collection, path, query string, n int, options fetch.Options) (fetch.Result, []string) {
	r.t.Helper()
	return r.readUntilIn(run, c, path, query, n, options)
}

func (r *rig) readUntilIn(run staging.RunID, c staging.Collection, path, query string, n int, options fetch.Options) (fetch.Result, []string) {
	r.t.Helper()
	r.fake.ResetLog()
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	left := make(chan struct{})
	r.fake.Inject(pingonetest.Fault{Match: path, Query: query, From: n, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		cancel()
		<-left // so that the answer can't come first
	}})
	result, err := fetch.Run(ctx, run, c, options)
	answered := r.answered()
	close(left)
	if err != nil {
		r.t.Errorf("out of time at request %d of %s: %v, want no error", n, path, err)
	}
	if result.Complete {
		r.t.Errorf("got %+v, want not complete", result)
	}
	return result, answered
}

// answered are the pages that PingOne has sent, in order.
func (r *rig) answered() []string {
	var pages []string
	for _, q := range r.fake.Requests() {
		if q.Status == 200 && q.Path != "/as/token" {
			pages = append(pages, q.Path+"?"+q.Query)
		}
	}
	return pages
}

// wantNothingTwice finds pages that were asked for although they were staged.
func (r *rig) wantNothingTwice(before []string) {
	r.t.Helper()
	for _, page := range r.answered() {
		if slices.Contains(before, page) {
			r.t.Errorf("asked for again: %s", page)
		}
	}
}

// Time is up at any page: what was read is kept, and the next invocation
// asks for the rest only.
func TestOutOfTimeWhilePaging(t *testing.T) {
	t.Parallel()
	for n := 2; n <= smallPages[staging.Users]; n++ {
		r, o := smallRig(t)
		result, before := r.readUntil(staging.Users, usersPath, "", n, r.options())
		want := fetch.Result{Run: run, Collection: staging.Users, Pages: n - 1, Records: 2 * (n - 1), Progressed: true}
		if d := cmp.Diff(want, result); d != "" {
			t.Errorf("out of time at page %d (-want +got):\n%s", n, d)
		}
		r.fake.ResetLog()
		if result := r.mustRead(staging.Users); !result.Complete || !result.Progressed {
			t.Errorf("the next invocation: got %+v, want complete and progressed", result)
		}
		r.wantNothingTwice(before)
		r.wantStaged(staging.Users, modelEdges(o, staging.Users))
		if got := r.snapshot(staging.Users).Complete.Calls; got != int64(smallPages[staging.Users]+1+1) {
			t.Errorf("complete.json counts %d calls, want each page once, the one that was cut off and the head count", got)
		}
	}
}

// A large group goes on inside its pages, however often time is up.
func TestOutOfTimeInsideAGroup(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	options := r.options()
	options.PerSecond = 0 // one worker, and this group comes first
	var before []string
	for pages := 1; pages < 4; pages++ { // each invocation gets one page further
		result, answered := r.readUntil(staging.Memberships, usersPath, smallEveryone.String(), 2, options)
		want := fetch.Result{Run: run, Collection: staging.Memberships, Pages: pages, Records: 2 * pages, Progressed: true}
		if d := cmp.Diff(want, result); d != "" {
			t.Errorf("after page %d (-want +got):\n%s", pages, d)
		}
		for _, page := range answered {
			if slices.Contains(before, page) {
				t.Errorf("asked for again: %s", page)
			}
		}
		before = append(before, answered...)
	}
	r.fake.ResetLog()
	r.mustRead(staging.Memberships)
	r.wantNothingTwice(before)
	r.wantStaged(staging.Memberships, modelEdges(o, staging.Memberships))
}

// Role assignments go on where they were, and the users that were asked are
// not asked again.
func TestOutOfTimeBetweenUsers(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	asked := "/v1/environments/*/users/*/roleAssignments"
	options := r.options()
	options.PerSecond = 0 // one worker
	result, before := r.readUntil(staging.RoleAssignments, asked, "", 4, options)
	// Four groups, an application, a gateway and three users, who hold none.
	if want := (fetch.Result{Run: run, Collection: staging.RoleAssignments, Pages: 9, Records: 3, Progressed: true}); result != want {
		t.Errorf("got %+v, want %+v", result, want)
	}
	r.fake.ResetLog()
	r.mustRead(staging.RoleAssignments)
	r.wantNothingTwice(before)
	r.wantStaged(staging.RoleAssignments, modelEdges(o, staging.RoleAssignments))
}

// An invocation that commits nothing says so, whether it began or went on.
func TestNoProgress(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	result, _ := r.readUntil(staging.Users, usersPath, "", 1, r.options())
	if d := cmp.Diff(fetch.Result{Run: run, Collection: staging.Users}, result); d != "" {
		t.Errorf("out of time while planning (-want +got):\n%s", d)
	}
	if keys, err := r.store.List(t.Context(), ""); err != nil || len(keys) > 0 {
		t.Errorf("it wrote %v (%v)", keys, err)
	}
	r.readUntil(staging.Users, usersPath, "", 3, r.options())
	for range 2 {
		result, _ = r.readUntil(staging.Users, usersPath, "", 1, r.options())
		if d := cmp.Diff(fetch.Result{Run: run, Collection: staging.Users, Pages: 2, Records: 4}, result); d != "" {
			t.Errorf("out of time while going on (-want +got):\n%s", d)
		}
	}
	r.mustRead(staging.Users)
	r.wantStaged(staging.Users, modelEdges(o, staging.Users))
	if result := r.mustRead(staging.Users); !result.Complete || result.Progressed {
		t.Errorf("once complete: got %+v, want complete without progress", result)
	}
}

// A pause that would outlast the deadline is not begun: what was read is
// committed at once.
func TestRetryAfterBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pingonetest.Fault{
		"throttled":       {Status: 429, RetryAfter: time.Hour},
		"throttled, date": {Status: 429, RetryAfter: time.Hour, RetryAfterDate: true},
		"unavailable":     {Status: 503, RetryAfter: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			fault.Match, fault.From = usersPath, 3
			r.fake.Inject(fault)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			result, err := fetch.Run(ctx, run, staging.Users, r.options())
			want := fetch.Result{Run: run, Collection: staging.Users, Pages: 2, Records: 4, Progressed: true}
			if d := cmp.Diff(want, result); err != nil || d != "" {
				t.Errorf("%v, (-want +got):\n%s", err, d)
			}
			r.mustRead(staging.Users)
			r.wantStaged(staging.Users, modelEdges(o, staging.Users))
		})
	}
}

// The clock is set back between two invocations of one run: it goes on.
func TestClockSetBackInMidRun(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 12)
	r.kill(4)
	r.ahead.Add(-int64(30 * 24 * time.Hour))
	r.resume()
	r.wantRight("the resumed run")
	r.ahead.Add(int64(30 * 24 * time.Hour))
	r.assign(5, "Help Desk Admin")
	r.run()
	r.wantRight("the run after")
}

// A run that has no time at all fails before it writes.
func TestNoTimeAtAll(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := fetch.Run(ctx, run, staging.Users, r.options())
	if result.Complete || result.Progressed || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", result, err)
	}
	if n := r.fake.Calls("/**"); n > 0 {
		t.Errorf("%d requests, want none", n)
	}
}
