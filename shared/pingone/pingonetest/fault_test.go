package pingonetest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
)

const anyUsers = "/v1/environments/*/users"

func TestFaults(t *testing.T) {
	t.Parallel()
	path := inEnv(pingonetest.DemoIDs().Administrators, "/users?limit=10")
	tests := []struct {
		name  string
		fault pingonetest.Fault
		check func(t *testing.T, c *client, r reply)
	}{
		{"status with seconds", pingonetest.Fault{Do: pingonetest.FaultStatus, Status: 503, Code: "SERVICE_UNAVAILABLE", RetryAfter: 7 * time.Second},
			func(t *testing.T, _ *client, r reply) {
				if r.status != 503 || r.code(t)[0] != "SERVICE_UNAVAILABLE" || r.header.Get("Retry-After") != "7" {
					t.Errorf("got %d %s, Retry-After %q", r.status, r.body, r.header.Get("Retry-After"))
				}
			}},
		{"status with a date", pingonetest.Fault{Do: pingonetest.FaultStatus, Status: 429, Code: "REQUEST_LIMITED", RetryAfter: time.Minute, RetryAfterDate: true},
			func(t *testing.T, _ *client, r reply) {
				if _, err := http.ParseTime(r.header.Get("Retry-After")); err != nil || r.status != 429 {
					t.Errorf("got %d, Retry-After %q", r.status, r.header.Get("Retry-After"))
				}
			}},
		{"reset", pingonetest.Fault{Do: pingonetest.FaultReset}, func(t *testing.T, _ *client, r reply) {
			if r.err == nil || r.status != 0 {
				t.Errorf("got %d, %v; want a broken connection", r.status, r.err)
			}
		}},
		{"reset in the body", pingonetest.Fault{Do: pingonetest.FaultResetBody}, func(t *testing.T, _ *client, r reply) {
			if r.err == nil || r.status != 200 {
				t.Errorf("got %d, %v; want a broken body", r.status, r.err)
			}
		}},
		{"stalls in the body", pingonetest.Fault{Do: pingonetest.FaultStall}, func(t *testing.T, _ *client, r reply) {
			if r.err == nil || r.status != 200 {
				t.Errorf("got %d, %v; want a body that does not end", r.status, r.err)
			}
		}},
		{"truncated", pingonetest.Fault{Do: pingonetest.FaultTruncate}, func(t *testing.T, _ *client, r reply) {
			if r.err != nil || r.status != 200 || json.Valid(r.body) {
				t.Errorf("got %d, %v; want half a body", r.status, r.err)
			}
		}},
		{"oversized", pingonetest.Fault{Do: pingonetest.FaultOversize, Bytes: 1 << 20}, func(t *testing.T, _ *client, r reply) {
			if len(r.body) < 1<<20 || !json.Valid(r.body) {
				t.Errorf("%d bytes, valid %t", len(r.body), json.Valid(r.body))
			}
		}},
		{"HTML", pingonetest.Fault{Do: pingonetest.FaultHTML}, func(t *testing.T, _ *client, r reply) {
			if r.status != 200 || !strings.HasPrefix(r.header.Get("Content-Type"), "text/html") {
				t.Errorf("got %d %s", r.status, r.header.Get("Content-Type"))
			}
		}},
		{"foreign next", pingonetest.Fault{Do: pingonetest.FaultForeignNext, Target: "https://elsewhere.example"}, nextIs("https://elsewhere.example" + path)},
		{"foreign next by default", pingonetest.Fault{Do: pingonetest.FaultForeignNext}, nextIs("https://pingone.invalid" + path)},
		{"loop", pingonetest.Fault{Do: pingonetest.FaultLoopNext}, func(t *testing.T, c *client, r reply) { nextIs(c.s.URL+path)(t, c, r) }},
		{"redirect", pingonetest.Fault{Do: pingonetest.FaultRedirect, Target: "https://elsewhere.example"}, func(t *testing.T, _ *client, r reply) {
			if r.status != 302 || r.header.Get("Location") != "https://elsewhere.example"+path {
				t.Errorf("got %d to %q", r.status, r.header.Get("Location"))
			}
		}},
		{"cursor", pingonetest.Fault{Do: pingonetest.FaultCursor}, func(t *testing.T, _ *client, r reply) {
			if r.status != 400 || r.code(t)[1] != "INVALID_VALUE" {
				t.Errorf("got %d %s", r.status, r.body)
			}
		}},
		{"delay", pingonetest.Fault{Do: pingonetest.FaultDelay, Delay: time.Millisecond}, func(t *testing.T, _ *client, r reply) {
			if r.status != 200 {
				t.Errorf("got %d", r.status)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.fault.Match = anyUsers
			c := newClient(t, pingonetest.New(t, shared(), pingonetest.WithFaults(tt.fault)))
			tt.check(t, c, c.get(path))
			if r := c.get(path); r.status != 200 || r.err != nil || !json.Valid(r.body) {
				t.Errorf("afterwards: %d, %v", r.status, r.err)
			}
		})
	}
}

func nextIs(want string) func(*testing.T, *client, reply) {
	return func(t *testing.T, _ *client, r reply) {
		t.Helper()
		var p page
		if err := json.Unmarshal(r.body, &p); err != nil || p.Links.Next.Href != want {
			t.Errorf("next link %q (%v), want %q", p.Links.Next.Href, err, want)
		}
	}
}

func TestFaultSchedule(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	c := newClient(t, pingonetest.New(t, shared(), pingonetest.WithFaults(
		pingonetest.Fault{Match: anyUsers, Query: `id eq "` + ids.Finance.String(), From: 2, Times: 2, Do: pingonetest.FaultStatus, Status: 500},
		pingonetest.Fault{Match: "/v1/roles", Times: -1, Do: pingonetest.FaultStatus, Status: 502},
	)))
	var got []int
	for range 4 {
		got = append(got, c.get(inEnv(ids.Workforce, "/users?"+byMember(ids.Finance, true))).status)
		got = append(got, c.get(inEnv(ids.Workforce, "/users?limit=1")).status)
		got = append(got, c.get("/v1/roles").status)
	}
	want := []int{200, 200, 502, 500, 200, 502, 500, 200, 502, 200, 200, 502}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestTokenFaults(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, shared(), pingonetest.WithFaults(pingonetest.Fault{Match: anyUsers, From: 2, Do: pingonetest.FaultToken}))
	c := newClient(t, s)
	path := inEnv(pingonetest.DemoIDs().Administrators, "/users?limit=25")
	next := c.page(path).Links.Next.Href
	got := []int{c.get(next).status, c.get(next).status}
	c.login()
	got = append(got, c.get(next).status)
	if diff := cmp.Diff([]int{401, 401, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	s.Inject(pingonetest.Fault{Match: "/as/token", Do: pingonetest.FaultStatus, Status: 503})
	if r := c.requestToken(s.URL+"/as/token", "grant_type=client_credentials", s.ClientID, s.ClientSecret); r.status != 503 {
		t.Errorf("token endpoint answers %d, want 503", r.status)
	}
}
