package fetch_test

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

// a slowPingOne has groups of so many members each, and takes its time. It
// lives in memory, so that time can be a test's.
type slowPingOne struct {
	latency time.Duration
	members []int

	mu     sync.Mutex
	asked  []time.Time // paced requests
	first  []string    // the ids of groups, in the order of their first page
	flying int
	most   int // requests in flight
}

func slowGroup(i int) string { return pingonetest.StableID("slow", fmt.Sprint(i)).String() }

func (s *slowPingOne) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"access_token":"t","token_type":"Bearer","expires_in":3600}`
	if r.URL.Path != "/as/token" {
		s.mu.Lock()
		s.asked = append(s.asked, time.Now())
		s.flying++
		s.most = max(s.most, s.flying)
		body = s.page(r.URL)
		s.mu.Unlock()
		time.Sleep(s.latency)
		s.mu.Lock()
		s.flying--
		s.mu.Unlock()
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)),
	}, nil
}

// page is one of groups, or of the members of one, a thousand a page.
func (s *slowPingOne) page(u *url.URL) string {
	var items []string
	if strings.HasSuffix(u.Path, "/groups") {
		for i, n := range s.members {
			items = append(items, fmt.Sprintf(`{"id":%q,"name":"g","directMemberCounts":{"users":%d,"groups":0}}`, slowGroup(i), n))
		}
		return `{"_embedded":{"groups":[` + strings.Join(items, ",") + `]}}`
	}
	at := 0
	_, _ = fmt.Sscan(u.Query().Get("cursor"), &at) // none is 0
	i := 0
	for !strings.Contains(u.Query().Get("filter"), slowGroup(i)) {
		i++
	}
	if at == 0 {
		s.first = append(s.first, slowGroup(i))
	}
	for n := at; n < min(at+1000, s.members[i]); n++ {
		items = append(items, fmt.Sprintf(`{"id":%q}`, pingonetest.StableID(fmt.Sprint(n)).String()))
	}
	next := ""
	if at+1000 < s.members[i] {
		q := u.Query()
		q.Set("cursor", fmt.Sprint(at+1000))
		next = fmt.Sprintf(`"_links":{"next":{"href":%q}},`, u.Path+"?"+q.Encode())
	}
	return `{` + next + `"_embedded":{"users":[` + strings.Join(items, ",") + `]}}`
}

func (s *slowPingOne) options(t *testing.T, perSecond float64) fetch.Options {
	t.Helper()
	base, err := url.Parse("https://api.pingone.example")
	if err != nil {
		t.Fatal(err)
	}
	credentials := fixed{ClientID: "c", ClientSecret: secret.NewValue("s"), TokenEndpoint: "https://auth.pingone.example/as/token", AuthMethod: secret.Basic}
	stats := &transport.Stats{}
	client := pingone.NewHTTP(pingone.NewTokens(credentials, transport.Options{Base: s}), pingone.Pacing(perSecond, transport.Options{Base: s, Stats: stats}))
	return fetch.Options{
		Store: &stagingtest.Memory{}, Client: pingone.New(base, client), Stats: stats,
		Environments: []pingone.ID{pingonetest.StableID("slow")}, PerSecond: perSecond,
	}
}

func (s *slowPingOne) read(t *testing.T, perSecond float64) {
	t.Helper()
	result, err := fetch.Run(t.Context(), run, staging.Memberships, s.options(t, perSecond))
	if err != nil || !result.Complete {
		t.Fatalf("got %+v, %v", result, err)
	}
}

// The pace is kept, to the millisecond, however long a page takes, until the
// pages in flight are as many as the memory allows.
func TestPaceIsKept(t *testing.T) {
	t.Parallel()
	tests := []struct {
		perSecond float64
		latency   time.Duration
		want      time.Duration // between two requests
		most      int           // in flight
	}{
		{10, 200 * time.Millisecond, 100 * time.Millisecond, 2},
		{10, time.Second, 100 * time.Millisecond, 10},
		{10, 1500 * time.Millisecond, 100 * time.Millisecond, 15},
		{3, time.Second, time.Second / 3, 3},
		{40, time.Second, 25 * time.Millisecond, 40},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.perSecond, " a second at ", tt.latency), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &slowPingOne{latency: tt.latency, members: make([]int, 200)}
				for i := range s.members {
					s.members[i] = 1
				}
				s.read(t, tt.perSecond)
				if len(s.asked) != 1+200 {
					t.Fatalf("%d calls, want 201", len(s.asked))
				}
				tasks := s.asked[1:] // behind the list of groups
				took := tasks[len(tasks)-1].Sub(tasks[0])
				if want := time.Duration(len(tasks)-1) * tt.want; (took - want).Abs() > time.Millisecond {
					t.Errorf("200 requests began within %s, want %s", took, want)
				}
				if s.most < tt.most || s.most > tt.most+1 {
					t.Errorf("%d requests in flight, want %d", s.most, tt.most)
				}
			})
		})
	}
}

// Beyond that the memory counts.
func TestPagesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowPingOne{latency: time.Second, members: make([]int, 200)}
		for i := range s.members {
			s.members[i] = 1
		}
		s.read(t, 1000)
		if s.most != 48 {
			t.Errorf("%d requests in flight, want 48", s.most)
		}
	})
}

// A list of many pages begins before the short ones, wherever it stands.
func TestLongListsBeginFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slowPingOne{latency: 200 * time.Millisecond, members: make([]int, 100)}
		for i := range s.members {
			s.members[i] = 1
		}
		s.members[70], s.members[99] = 3000, 1001
		s.read(t, 10)
		for _, long := range []int{70, 99} {
			if !slices.Contains(s.first[:16], slowGroup(long)) { // the first of each worker
				t.Errorf("list %d did not begin first", long)
			}
		}
		if len(s.first) != 100 || len(s.asked) != 1+98+3+2 {
			t.Errorf("%d lists in %d calls, want 100 in 104", len(s.first), len(s.asked))
		}
		took := s.asked[len(s.asked)-1].Sub(s.asked[1]).Seconds()
		if math.Abs(took-10.2) > 0.001 {
			t.Errorf("all began within %.3f s, want 10.2", took)
		}
	})
}
