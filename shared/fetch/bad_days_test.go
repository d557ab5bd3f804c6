package fetch_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// smallPages is the number of calls that a collection of the small
// organization costs on a good day.
var smallPages = map[staging.Collection]int{
	staging.Users:       4,
	staging.Groups:      2,
	staging.Memberships: 2 + 4 + 1 + 1, // groups, and members and children of the three that have any
	// groups, applications, gateways, users; then each of the 4+1+1+7 principals.
	staging.RoleAssignments: 2 + 1 + 1 + 4 + 13,
}

// Trouble that passes costs the calls it broke, and nothing else.
func TestTroubleThatPasses(t *testing.T) {
	t.Parallel()
	status := func(from, times, code int) pingonetest.Fault {
		return pingonetest.Fault{Match: usersPath, From: from, Times: times, Status: code, Code: "PASSES"}
	}
	spoilt := func(kind pingonetest.FaultKind) []pingonetest.Fault {
		return []pingonetest.Fault{{Match: usersPath, From: 2, Times: 3, Do: kind}}
	}
	tests := []struct {
		name   string
		faults []pingonetest.Fault
		extra  int // calls
		throttled,
		tokens int
	}{
		{name: "a good day", tokens: 1},
		{name: "429 storm", faults: []pingonetest.Fault{status(2, 17, 429)}, extra: 17, throttled: 17, tokens: 1},
		{name: "429 at the first request", faults: []pingonetest.Fault{status(1, 9, 429)}, extra: 9, throttled: 9, tokens: 1},
		{name: "burst of 500, 502 and 503", faults: []pingonetest.Fault{status(3, 2, 500), status(5, 2, 502), status(7, 1, 503)}, extra: 5, tokens: 1},
		{name: "bursts on several pages", faults: []pingonetest.Fault{status(1, 5, 503), status(7, 5, 500), status(13, 5, 502)}, extra: 15, tokens: 1},
		{name: "408", faults: []pingonetest.Fault{status(2, 2, 408)}, extra: 2, tokens: 1},
		{name: "each first try is 403", faults: []pingonetest.Fault{status(1, 1, 403), status(3, 1, 403), status(5, 1, 403), status(7, 1, 403)}, extra: 4, tokens: 1},
		{name: "403 and then 503", faults: []pingonetest.Fault{status(2, 1, 403), status(3, 5, 503)}, extra: 6, tokens: 1},
		{name: "connection reset before the reply", faults: spoilt(pingonetest.FaultReset), extra: 3, tokens: 1},
		{name: "connection broken in mid-body", faults: spoilt(pingonetest.FaultResetBody), extra: 3, tokens: 1},
		{name: "truncated JSON", faults: spoilt(pingonetest.FaultTruncate), extra: 3, tokens: 1},
		{name: "HTML with status 200", faults: spoilt(pingonetest.FaultHTML), extra: 3, tokens: 1},
		{name: "token expired in mid-page", faults: []pingonetest.Fault{{Match: usersPath, From: 3, Do: pingonetest.FaultToken}}, extra: 1, tokens: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t, pingonetest.WithFaults(tt.faults...))
			r.mustRead(staging.Users)
			r.wantStaged(staging.Users, modelEdges(o, staging.Users))
			if got, want := r.fake.Calls(usersPath), smallPages[staging.Users]+tt.extra; got != want {
				t.Errorf("%d calls, want %d", got, want)
			}
			if got := r.snapshot(staging.Users).Complete.Throttled; got != int64(tt.throttled) {
				t.Errorf("complete.json counts %d throttled, want %d", got, tt.throttled)
			}
			if got := r.fake.Calls("/as/token"); got != tt.tokens {
				t.Errorf("%d tokens, want %d", got, tt.tokens)
			}
		})
	}
}

// The first request of every list of every collection is refused, as PingOne
// does under load: nothing is unread, nobody is gone.
func TestEachFirstTryIsForbidden(t *testing.T) {
	t.Parallel()
	for _, c := range []staging.Collection{staging.Memberships, staging.RoleAssignments} {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			faults := 0
			once := func(match, query string) {
				faults++
				r.fake.Inject(pingonetest.Fault{Match: match, Query: query, Do: pingonetest.FaultStatus, Status: 403, Code: "ACCESS_FAILED"})
			}
			env := "/v1/environments/" + smallEnv.String()
			once(env+"/groups", "limit=")
			switch c {
			case staging.Memberships:
				once(env+"/users", smallEveryone.String())
				once(env+"/users", smallPair.String())
				once(env+"/groups", smallParent.String())
			default:
				once(env+"/users", "")
				once(env+"/applications", "")
				once(env+"/gateways", "")
				for i := range smallUsers {
					once(env+"/users/"+smallUser(i).String()+"/roleAssignments", "")
				}
				for _, g := range []pingone.ID{smallEveryone, smallPair, smallParent, smallEmpty} {
					once(env+"/groups/"+g.String()+"/roleAssignments", "")
				}
				once(env+"/applications/"+smallWorker.String()+"/roleAssignments", "")
				once(env+"/gateways/"+smallGateway.String()+"/roleAssignments", "")
			}
			r.mustRead(c)
			r.wantStaged(c, modelEdges(o, c))
			if got, want := r.fake.Calls("/v1/**"), smallPages[c]+faults; got != want {
				t.Errorf("%d calls, want %d", got, want)
			}
		})
	}
}

// Retry-After is obeyed, in seconds and as a date, and the rest follows.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, asDate := range map[string]bool{"seconds": false, "date": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t, pingonetest.WithFaults(pingonetest.Fault{
				Match: usersPath, From: 2, Status: 429, Code: "REQUEST_LIMITED", RetryAfter: time.Second, RetryAfterDate: asDate,
			}))
			r.mustRead(staging.Users)
			r.wantStaged(staging.Users, modelEdges(o, staging.Users))
			if got := r.fake.Calls(usersPath); got != 5 {
				t.Errorf("%d calls, want 5", got)
			}
		})
	}
}

// Trouble that lasts is an error of the invocation and nothing else: what was
// read before stays, nothing is unread, and the next invocation goes on.
func TestTroubleThatLasts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		fault   pingonetest.Fault
		maxBody int64
		want    error // nil: any
		status  int   // of a pingone.Error, 0: none
		calls   int   // of the first invocation
	}{
		{name: "503", fault: pingonetest.Fault{Times: 6, Status: 503}, status: 503, calls: 2 + 6},
		{name: "501", fault: pingonetest.Fault{Times: 6, Status: 501}, status: 501, calls: 2 + 6},
		{name: "429", fault: pingonetest.Fault{Times: 18, Status: 429}, want: pingone.ErrThrottled, status: 429, calls: 2 + 18},
		{name: "401 with every token", fault: pingonetest.Fault{Times: 2, Do: pingonetest.FaultToken}, want: pingone.ErrUnauthorized, status: 401, calls: 2 + 2},
		{name: "connection reset", fault: pingonetest.Fault{Times: 6, Do: pingonetest.FaultResetBody}, calls: 2 + 6},
		{name: "truncated JSON", fault: pingonetest.Fault{Times: 6, Do: pingonetest.FaultTruncate}, calls: 2 + 6},
		{name: "HTML with status 200", fault: pingonetest.Fault{Times: 6, Do: pingonetest.FaultHTML}, calls: 2 + 6},
		{name: "oversized JSON", fault: pingonetest.Fault{Do: pingonetest.FaultOversize, Bytes: 128 << 10}, maxBody: 64 << 10, want: transport.ErrBodyTooLarge, calls: 2 + 1},
		{name: "link to another host", fault: pingonetest.Fault{Do: pingonetest.FaultForeignNext}, want: pingone.ErrBadLink, calls: 2 + 1},
		{name: "redirect to another host", fault: pingonetest.Fault{Do: pingonetest.FaultRedirect}, status: 302, calls: 2 + 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var strangers atomic.Int64
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { strangers.Add(1) }))
			t.Cleanup(elsewhere.Close)
			r, o := smallRig(t)
			r.maxBody = tt.maxBody
			tt.fault.Match, tt.fault.From, tt.fault.Target = usersPath, 3, elsewhere.URL
			r.fake.Inject(tt.fault)

			result, err := r.read(staging.Users)
			var answer *pingone.Error
			status := 0
			if errors.As(err, &answer) {
				status = answer.Status
			}
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || status != tt.status {
				t.Errorf("got %v of status %d, want %v of %d", err, status, tt.want, tt.status)
			}
			if result.Complete || result.Unread != 0 || result.Records != 4 {
				t.Errorf("got %+v, want two pages, nothing unread, not complete", result)
			}
			if got := r.fake.Calls(usersPath); got != tt.calls {
				t.Errorf("%d calls, want %d", got, tt.calls)
			}
			if n := strangers.Load(); n > 0 {
				t.Errorf("another host got %d requests", n)
			}
			r.fake.ResetLog()
			r.mustRead(staging.Users)
			if asked := r.asked(usersPath); len(asked) != 2 || slices.Contains(asked, "limit=1000") {
				t.Errorf("the next invocation asked for %q, want the third and the fourth page", asked)
			}
			r.wantStaged(staging.Users, modelEdges(o, staging.Users))
		})
	}
}

// asked are the queries of the requests for a path pattern, in order.
func (r *rig) asked(pattern string) []string {
	var queries []string
	for _, q := range r.fake.Requests() {
		if ok, _ := path.Match(pattern, q.Path); ok {
			queries = append(queries, q.Query)
		}
	}
	return queries
}

// A page that links to itself would never end; the next invocation goes on
// behind what is staged. The page is there twice, which is harmless.
func TestRepeatedCursor(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t, pingonetest.WithFaults(pingonetest.Fault{Match: usersPath, From: 2, Do: pingonetest.FaultLoopNext}))
	if _, err := r.read(staging.Users); !errors.Is(err, pingone.ErrPageLoop) {
		t.Errorf("got %v, want ErrPageLoop", err)
	}
	r.mustRead(staging.Users)
	if d := cmp.Diff(modelEdges(o, staging.Users), slices.Compact(r.edges(staging.Users))); d != "" {
		t.Errorf("users (-want +got):\n%s", d)
	}
	if got := r.fake.Calls(usersPath); got != 2+3 {
		t.Errorf("%d calls, want 5", got)
	}
}

// A cursor that is refused starts its list again, once; the second time the
// list is unread, and what was read of it stays.
func TestInvalidCursor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		c      staging.Collection
		path   string
		query  string
		from   []int
		calls  int
		unread []staging.Unread
		lost   int // records that can't be read
	}{
		{name: "once", c: staging.Users, path: usersPath, from: []int{3}, calls: 2 + 1 + 4 + 1},
		{name: "twice", c: staging.Users, path: usersPath, from: []int{3, 5}, calls: 2 + 1 + 1 + 1, lost: 3, unread: []staging.Unread{
			{Environment: smallEnv, Path: "/v1/environments/" + smallEnv.String() + "/users", Status: 400, Code: "INVALID_REQUEST"},
		}},
		{name: "once, of a group's members", c: staging.Memberships, path: usersPath, query: smallEveryone.String(), from: []int{4}, calls: 8 + 4},
		{
			name: "twice, of a group's members", c: staging.Memberships, path: usersPath, query: smallEveryone.String(), from: []int{2, 4}, calls: 2 + 1 + 1 + 4, lost: 5,
			unread: []staging.Unread{{
				Environment: smallEnv, Path: "/v1/environments/" + smallEnv.String() + "/users", Parent: &staging.Parent{Kind: "group", ID: smallEveryone},
				Status: 400, Code: "INVALID_REQUEST",
			}},
		},
		{name: "once, of the groups while planning", c: staging.Memberships, path: groupsPath, from: []int{2}, calls: 8 + 2},
		{name: "once, of the users while planning", c: staging.RoleAssignments, path: usersPath, from: []int{4}, calls: smallPages[staging.RoleAssignments] + 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			for _, from := range tt.from {
				r.fake.Inject(pingonetest.Fault{Match: tt.path, Query: tt.query, From: from, Do: pingonetest.FaultCursor})
			}
			if result := r.mustRead(tt.c); !result.Complete || result.Unread != len(tt.unread) {
				t.Errorf("got %+v, want complete with %d unread", result, len(tt.unread))
			}
			complete := r.snapshot(tt.c).Complete
			for i := range complete.Unread {
				complete.Unread[i].Message, complete.Unread[i].CorrelationID = "", ""
			}
			if d := cmp.Diff(tt.unread, complete.Unread); d != "" {
				t.Errorf("unread (-want +got):\n%s", d)
			}
			want, got := modelEdges(o, tt.c), slices.Compact(r.edges(tt.c))
			if tt.lost == 0 {
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("staged (-want +got):\n%s", d)
				}
			} else if len(got) != len(want)-tt.lost {
				t.Errorf("got %d records, want %d", len(got), len(want)-tt.lost)
			}
			if n := r.fake.Calls("/v1/**"); n != tt.calls {
				t.Errorf("%d calls, want %d", n, tt.calls)
			}
		})
	}
}

// rotating is a secret that can be replaced.
type rotating struct {
	current atomic.Pointer[secret.Credentials]
}

func (s *rotating) Credentials(context.Context) (secret.Credentials, error) {
	return *s.current.Load(), nil
}

// A secret that is rotated in mid-run is read again. Where the new one is not
// stored yet, that is an error, and the next invocation goes on.
func TestSecretRotatedInMidRun(t *testing.T) {
	t.Parallel()
	for name, stored := range map[string]bool{"already stored": true, "stored later": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			before, after := secret.Credentials(r.credentials(r.fake.ClientSecret)), secret.Credentials(r.credentials("rotated"))
			source := &rotating{}
			source.current.Store(&before)
			r.source = source
			r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
				r.fake.RotateSecret("rotated")
				if stored {
					source.current.Store(&after)
				}
			}}, pingonetest.Fault{Match: usersPath, From: 4, Do: pingonetest.FaultToken})
			_, err := r.read(staging.Users)
			if !stored {
				if !errors.Is(err, pingone.ErrCredentials) {
					t.Errorf("got %v, want ErrCredentials", err)
				}
				source.current.Store(&after)
				_, err = r.read(staging.Users)
			}
			if err != nil {
				t.Fatal(err)
			}
			r.wantStaged(staging.Users, modelEdges(o, staging.Users))
			if got := r.fake.Calls(usersPath); got != 5 {
				t.Errorf("%d calls, want 5", got)
			}
		})
	}
}
