package fetch_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// What smallRig's organization has: seven users on four pages, and four
// groups on two, so that everything has a middle.
const (
	smallUsers = 7
	usersPath  = "/v1/environments/*/users"
	groupsPath = "/v1/environments/*/groups"
)

var (
	smallEnv      = pingonetest.StableID("small")
	smallEveryone = pingonetest.StableID("small", "everyone") // all seven users
	smallPair     = pingonetest.StableID("small", "pair")     // two users
	smallParent   = pingonetest.StableID("small", "parent")   // the two groups above
	smallEmpty    = pingonetest.StableID("small", "empty")
	smallWorker   = pingonetest.StableID("small", "worker")
	smallGateway  = pingonetest.StableID("small", "gateway")
)

func smallUser(i int) pingone.ID { return pingonetest.StableID("small", "user", fmt.Sprint(i)) }

func addSmallUser(o *pingonetest.Organization, i int) {
	o.AddUser(smallEnv, pingonetest.User{ID: smallUser(i), Population: pingonetest.StableID("small", "population"), Username: fmt.Sprint("u", i)})
}

// smallRig reads an organization of one environment in pages of two.
func smallRig(t testing.TB, opts ...pingonetest.Option) (*rig, *pingonetest.Organization) {
	o := pingonetest.NewOrganization("small")
	o.AddEnvironment(pingonetest.Environment{ID: smallEnv, Name: "Small"})
	o.AddPopulation(smallEnv, pingonetest.Population{ID: pingonetest.StableID("small", "population"), Name: "All"})
	var all []int32
	for i := range smallUsers {
		addSmallUser(o, i)
		all = append(all, int32(i))
	}
	o.AddGroup(smallEnv, pingonetest.Group{ID: smallEveryone, Name: "Everyone", Members: all})
	o.AddGroup(smallEnv, pingonetest.Group{ID: smallPair, Name: "Pair", Members: []int32{2, 5}})
	o.AddGroup(smallEnv, pingonetest.Group{ID: smallParent, Name: "Parent", Children: []pingone.ID{smallEveryone, smallPair}})
	o.AddGroup(smallEnv, pingonetest.Group{ID: smallEmpty, Name: "Empty"})
	o.AddApplication(smallEnv, pingonetest.Application{ID: smallWorker, Name: "Worker", Type: "WORKER", Protocol: "OPENID_CONNECT"})
	o.AddGateway(smallEnv, pingonetest.Gateway{ID: smallGateway, Name: "Gateway", Type: "LDAP"})
	for _, p := range []pingonetest.Principal{
		{Kind: pingonetest.UserPrincipal, ID: smallUser(1)}, {Kind: pingonetest.UserPrincipal, ID: smallUser(4)},
		{Kind: pingonetest.GroupPrincipal, ID: smallPair},
		{Kind: pingonetest.ApplicationPrincipal, ID: smallWorker}, {Kind: pingonetest.GatewayPrincipal, ID: smallGateway},
	} {
		o.Assign(smallEnv, p, pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: smallEnv})
	}
	r := newRig(t, o, append([]pingonetest.Option{pingonetest.WithPageMax(2)}, opts...)...)
	r.envs = []pingone.ID{smallEnv}
	return r, o
}

// modelEdges are what edges gives for a collection that was read right.
func modelEdges(o *pingonetest.Organization, c staging.Collection) []string {
	env := o.Environments[0]
	var all []string
	add := func(parent string, id pingone.ID) { all = append(all, fmt.Sprint(parent, " ", id)) }
	kinds := map[any]string{
		pingonetest.UserPrincipal: "user", pingonetest.GroupPrincipal: "group",
		pingonetest.ApplicationPrincipal: "application", pingonetest.GatewayPrincipal: "gateway",
	}
	o.Read(func() {
		switch c {
		case staging.Users:
			for i := range env.Users {
				if id := env.Users[i].ID; env.User(id) != nil {
					add("-", id)
				}
			}
		case staging.Groups:
			for _, g := range env.Groups {
				add("-", g.ID)
			}
		case staging.Memberships:
			for _, g := range env.Groups {
				for _, id := range env.DirectMembers(g.ID, true) {
					add(fmt.Sprintf("group:%s/users", g.ID), id)
				}
				for _, id := range g.Children {
					add(fmt.Sprintf("group:%s/groups", g.ID), id)
				}
			}
		case staging.RoleAssignments:
			for p, held := range env.RoleAssignments {
				for _, a := range held {
					add(fmt.Sprintf("%s:%s/roleAssignments", kinds[p.Kind], p.ID), a.ID)
				}
			}
		}
	})
	slices.Sort(all)
	return all
}

// wantStaged compares what is staged, each record as often as it is there,
// with what should be, and complete.json's sums with that. Nothing may be
// unread, gone or short.
func (r *rig) wantStaged(c staging.Collection, want []string) {
	r.t.Helper()
	got := r.edges(c)
	if d := cmp.Diff(want, got); d != "" {
		r.t.Errorf("%s staged (-want +got):\n%s", c, d)
	}
	s := r.snapshot(c)
	if s.Complete.Records != len(got) {
		r.t.Errorf("%s: complete.json counts %d records, and %d are staged", c, s.Complete.Records, len(got))
	}
	pages := 0
	for _, err := range s.Replies(r.t.Context()) {
		if err != nil {
			r.t.Fatal(err)
		}
		pages++
	}
	if s.Complete.Pages != pages {
		r.t.Errorf("%s: complete.json counts %d pages, and %d are staged", c, s.Complete.Pages, pages)
	}
	if s.Complete.Unread != nil || s.Complete.Gone != 0 || s.Complete.Short != nil {
		r.t.Errorf("%s: unread %+v, %d gone, short %+v; want none", c, s.Complete.Unread, s.Complete.Gone, s.Complete.Short)
	}
}
