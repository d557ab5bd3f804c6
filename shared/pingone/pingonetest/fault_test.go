package pingonetest_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

const anyUsers = "/v1/environments/*/users"

func TestFaults(t *testing.T) {
	t.Parallel()
	path := inEnv(pingonetest.DemoIDs().Administrators, "/users?limit=10")
	for name, tt := range map[string]struct {
		fault   pingonetest.Fault
		status  int // 0: no reply
		broken  bool
		isJSON  bool
		next    string // where it matters
		ownNext bool   // it is the request's own address
	}{
		"status":        {fault: pingonetest.Fault{Do: pingonetest.FaultStatus, Status: 503, Code: "SERVICE_UNAVAILABLE", RetryAfter: 7 * time.Second}, status: 503, isJSON: true},
		"reset":         {fault: pingonetest.Fault{Do: pingonetest.FaultReset}, broken: true},
		"reset in body": {fault: pingonetest.Fault{Do: pingonetest.FaultResetBody}, status: 200, broken: true},
		"truncated":     {fault: pingonetest.Fault{Do: pingonetest.FaultTruncate}, status: 200},
		"HTML":          {fault: pingonetest.Fault{Do: pingonetest.FaultHTML}, status: 200},
		"foreign next":  {fault: pingonetest.Fault{Do: pingonetest.FaultForeignNext}, status: 200, isJSON: true, next: "https://pingone.invalid" + path},
		"loop":          {fault: pingonetest.Fault{Do: pingonetest.FaultLoopNext}, status: 200, isJSON: true, ownNext: true},
		"edited":        {fault: pingonetest.Fault{Do: pingonetest.FaultEdit, Edit: func(string) string { return "7" }}, status: 200, isJSON: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, pingonetest.New(t, shared()))
			tt.fault.Match = anyUsers
			c.s.Inject(tt.fault)
			r := c.get(path)
			if r.status != tt.status || (r.err != nil) != tt.broken || json.Valid(r.body) != tt.isJSON {
				t.Errorf("got %d, %v, %s", r.status, r.err, r.body)
			}
			if tt.status == 503 && (r.code(t)[0] != tt.fault.Code || r.header.Get("Retry-After") != "7") {
				t.Errorf("got %s, Retry-After %q", r.body, r.header.Get("Retry-After"))
			}
			if tt.ownNext {
				tt.next = c.s.URL + path
			}
			var p page
			if _ = json.Unmarshal(r.body, &p); tt.next != "" && p.Links.Next.Href != tt.next {
				t.Errorf("next link %q, want %q", p.Links.Next.Href, tt.next)
			}
			if r := c.get(path); r.status != 200 || r.err != nil || !json.Valid(r.body) {
				t.Errorf("afterwards: %d, %v", r.status, r.err)
			}
		})
	}
}

func TestFaultSchedule(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	c := newClient(t, pingonetest.New(t, shared()))
	c.s.Inject(
		pingonetest.Fault{Match: anyUsers, Query: `id eq "` + ids.Finance.String(), From: 2, Times: 2, Do: pingonetest.FaultStatus, Status: 500},
		pingonetest.Fault{Match: "/v1/roles", Times: -1, Do: pingonetest.FaultStatus, Status: 502},
	)
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
	s := pingonetest.New(t, shared())
	s.Inject(pingonetest.Fault{Match: anyUsers, From: 2, Do: pingonetest.FaultToken})
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

// What is lost is lost from lists of every kind, and the counts follow where they
// should.
func TestLosing(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	e := org.Environment(ids.Workforce)
	members := e.DirectMembers(ids.Finance, true)
	worker := e.RoleAssignments[pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: ids.AppWorker}]
	w := func(rest string) string { return inEnv(ids.Workforce, rest) }
	lose := func(id pingone.ID) pingonetest.Fault {
		return pingonetest.Fault{Do: pingonetest.FaultLose, LoseIf: func(lost pingone.ID) bool { return lost == id }, Filtered: true, Times: -1}
	}
	counted := lose(members[0])
	counted.KeepCount = true
	unfiltered := lose(members[0])
	unfiltered.Filtered = false
	several := pingonetest.Fault{Do: pingonetest.FaultLose, Filtered: true, Times: -1, LoseIf: func(id pingone.ID) bool { return slices.Contains(members[:3], id) }}
	tests := []struct {
		name, path, key    string
		fault              pingonetest.Fault
		shown, size, count int // less than there are
	}{
		{"member", w("/users?" + byMember(ids.Finance, true)), "users", lose(members[0]), 1, 1, 1},
		{"member, still counted", w("/users?" + byMember(ids.Finance, true)), "users", counted, 1, 1, 0},
		{"three members", w("/users?" + byMember(ids.Finance, false)), "users", several, 3, 3, 3},
		{"not from a filtered list", w("/users?" + byMember(ids.Finance, true)), "users", unfiltered, 0, 0, 0},
		{"user", w("/users?limit=1000"), "users", unfiltered, 1, 1, 1},
		{"child group", w("/groups?" + byMember(ids.Level1, true)), "groups", lose(ids.Level2), 1, 1, 1},
		{"membership", w("/users/" + members[0].String() + "/memberOfGroups"), "groupMemberships", lose(ids.Finance), 1, 1, 1},
		{"role assignment", w("/applications/" + ids.AppWorker.String() + "/roleAssignments"), "roleAssignments", lose(worker[0].ID), 1, 1, 1},
		{"role", w("/roles"), "roles", lose(ids.ReadRole), 1, 1, 1},
		{"population", w("/populations"), "populations", lose(ids.Contractors), 1, 1, 1},
		{"environment", "/v1/environments", "environments", lose(ids.Customers), 1, 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pingonetest.New(t, org)
			c := newClient(t, s)
			numbers := func() []int {
				p := c.page(tt.path)
				return []int{len(p.Embedded[tt.key]), *p.Size, *p.Count}
			}
			before := numbers()
			s.Inject(tt.fault)
			want := []int{before[0] - tt.shown, before[1] - tt.size, before[2] - tt.count}
			if diff := cmp.Diff(want, numbers()); diff != "" {
				t.Errorf("shown, size, count (-want +got):\n%s", diff)
			}
		})
	}
}
