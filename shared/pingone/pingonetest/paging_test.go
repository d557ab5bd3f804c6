package pingonetest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

func TestPaging(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	tests := []struct {
		name    string
		options []pingonetest.Option
		path    string
		array   string
		sizes   []int
	}{
		{"users by 1000", nil, inEnv(ids.Workforce, "/users?limit=1000"), "users", []int{1000, 1000, 1000, 450}},
		{"users without a limit", nil, inEnv(ids.Customers, "/users"), "users", []int{1000, 500}},
		{"exact multiple has no empty last page", nil, inEnv(ids.Administrators, "/users?limit=25"), "users", []int{25, 25}},
		{"short pages", []pingonetest.Option{pingonetest.WithPageMax(40)}, inEnv(ids.Administrators, "/users?limit=1000"), "users", []int{40, 10}},
		{"groups", nil, inEnv(ids.Workforce, "/groups?limit=50"), "groups", []int{50, 46}},
		{"populations", nil, inEnv(ids.Workforce, "/populations?limit=1"), "populations", []int{1, 1}},
		{"environments", nil, "/v1/environments?limit=2", "environments", []int{2, 1}},
		{"members", nil, inEnv(ids.Workforce, "/users?limit=1000&"+byMember(ids.Everyone, true)), "users", []int{1000, 1000, 500}},
		{"a population", nil, inEnv(ids.Workforce, "/users?limit=500&filter=population.id+eq+%22"+ids.Contractors.String()+"%22"), "users", []int{500, 150}},
		{"applications drop the limit", nil, inEnv(ids.Workforce, "/applications?limit=1"), "applications", []int{18}},
		{"roles drop the limit", nil, "/v1/roles?limit=1", "roles", []int{13}},
		{"custom roles", nil, inEnv(ids.Workforce, `/roles?filter=type+eq+%22CUSTOM%22`), "roles", []int{3}},
		{"roles of an environment", nil, inEnv(ids.Workforce, "/roles"), "roles", []int{16}},
		{"devices", []pingonetest.Option{pingonetest.WithPageMax(1)}, inEnv(ids.Administrators, "/users/"+twoDevices(t).String()+"/devices"), "devices", []int{1, 1}},
		{"no devices", nil, inEnv(ids.Workforce, "/users/"+ids.NoName.String()+"/devices"), "devices", []int{0}},
		{"gateways", nil, inEnv(ids.Workforce, "/gateways"), "gateways", []int{3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, pingonetest.New(t, shared(), tt.options...))
			got, sizes := c.all(tt.path, tt.array)
			if diff := cmp.Diff(tt.sizes, sizes); diff != "" {
				t.Errorf("sizes of pages (-want +got):\n%s", diff)
			}
			seen := map[pingone.ID]bool{}
			for _, id := range got {
				if id.IsZero() || seen[id] {
					t.Errorf("id %s is absent or twice", id)
				}
				seen[id] = true
			}
		})
	}
}

// twoDevices is a user of Administrators who has two.
func twoDevices(t *testing.T) pingone.ID {
	t.Helper()
	for user, devices := range shared().Environment(pingonetest.DemoIDs().Administrators).Devices {
		if len(devices) == 2 {
			return user
		}
	}
	t.Fatal("nobody has two devices")
	return pingone.ID{}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	n := func(n int) *int { return &n }
	tests := []struct {
		name        string
		options     []pingonetest.Option
		path        string
		count, size *int
	}{
		{"right", nil, "/users?limit=20", n(50), n(20)},
		{"absent", []pingonetest.Option{pingonetest.WithCount(pingonetest.CountMissing)}, "/users?limit=20", nil, n(20)},
		{"wrong", []pingonetest.Option{pingonetest.WithCount(pingonetest.CountWrong)}, "/users?limit=20", n(107), n(20)},
		{"no size", []pingonetest.Option{pingonetest.WithoutSize()}, "/users?limit=20", n(50), nil},
		{"applications never count", nil, "/applications", nil, n(5)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newClient(t, pingonetest.New(t, shared(), tt.options...)).page(inEnv(ids.Administrators, tt.path))
			if diff := cmp.Diff([]*int{tt.count, tt.size}, []*int{p.Count, p.Size}); diff != "" {
				t.Errorf("count and size (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	work := org.Environment(ids.Workforce)
	tests := []struct {
		name  string
		path  string
		array string
		want  []pingone.ID
	}{
		{"direct members leave nested ones out", "/users?" + byMember(ids.Level1, true), "users", work.DirectMembers(ids.Level1, true)},
		{"no type mixes nested ones in", "/users?" + byMember(ids.Level1, false), "users", work.AllMembers(ids.Level1)},
		{"a cycle ends", "/users?" + byMember(ids.CycleA, false), "users", work.AllMembers(ids.CycleB)},
		{"dynamic members are direct", "/users?limit=500&" + byMember(ids.Dynamic, true), "users", work.DirectMembers(ids.Dynamic, true)},
		{"children", "/groups?" + byMember(ids.Level1, true), "groups", []pingone.ID{ids.Level2}},
		{"descendants", "/groups?" + byMember(ids.Level1, false), "groups", []pingone.ID{ids.Level2, ids.Level3}},
		{"a group in itself", "/groups?" + byMember(ids.Self, true), "groups", []pingone.ID{ids.Self}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, _ := newClient(t, pingonetest.New(t, org)).all(inEnv(ids.Workforce, tt.path), tt.array)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
		})
	}
	if n := len(work.DirectMembers(ids.Dynamic, true)); n != 1203 {
		t.Errorf("the dynamic group has %d members, want 1203", n)
	}
	if n := len(work.AllMembers(ids.Level1)); n != 27 {
		t.Errorf("the nested groups have %d members, want 27", n)
	}
}

func TestUserRemovedBetweenPages(t *testing.T) {
	t.Parallel()
	org, ids := pingonetest.Demo(), pingonetest.DemoIDs()
	victim := org.Environment(ids.Administrators).Users[30].ID
	c := newClient(t, pingonetest.New(t, org))
	c.s.Inject(pingonetest.Fault{
		Match: "/v1/environments/*/users", From: 2, Do: pingonetest.FaultCall,
		Call: func(o *pingonetest.Organization) { o.RemoveUser(ids.Administrators, victim) },
	})
	got, sizes := c.all(inEnv(ids.Administrators, "/users?limit=25"), "users")
	if diff := cmp.Diff([]int{25, 24}, sizes); diff != "" {
		t.Errorf("sizes of pages (-want +got):\n%s", diff)
	}
	for _, id := range got {
		if id == victim {
			t.Error("the removed user is still listed")
		}
	}
	if r := c.get(inEnv(ids.Administrators, "/users/"+victim.String())); r.status != http.StatusNotFound {
		t.Errorf("the removed user answers %d, want 404", r.status)
	}
}
