package insight_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// A simulator plays an organization: identities that do one thing after another,
// each with what it holds, on users, groups and applications one by one. It knows
// nothing of classes, areas or graphs.
type simulator struct {
	*insight.World
	homes map[pingone.ID]bool
	least insight.Confidence
}

// An identity holds roles in scopes; "*" is a role of every permission.
type identity []insight.Class

var every = id("*")

func (i identity) key() string {
	var all []string
	for _, c := range i {
		all = append(all, fmt.Sprint(c))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

func newSimulator(w *insight.World, least insight.Confidence) *simulator {
	s := &simulator{World: w, homes: map[pingone.ID]bool{}, least: least}
	for at := range w.Users {
		s.noteHome(s.user(at), s.Homes[w.Users[at].Home].Environment)
	}
	for at := range w.Clients {
		s.noteHome(s.own(insight.Client, at), w.Clients[at].Environment)
	}
	for at := range w.Gateways {
		s.noteHome(s.own(insight.Gateway, at), w.Gateways[at].Environment)
	}
	return s
}

func (s *simulator) noteHome(i identity, environment pingone.ID) {
	for _, c := range i {
		if c.Scope.Type == "ORGANIZATION" && (c.Role == id(orgAdmin) || c.Role == id(envAdmin)) {
			s.homes[environment] = true
		}
	}
}

func (s *simulator) own(kind insight.Kind, at int) (i identity) {
	for _, h := range s.Holdings {
		if h.Kind == kind && int(h.Holder) == at {
			i = append(i, s.Classes[h.Class])
		}
	}
	return i
}

func (s *simulator) user(at int) identity {
	i := s.own(insight.User, at)
	for g := range s.Groups {
		if slices.Contains(s.Groups[g].Members, uint32(at)) {
			i = append(i, s.own(insight.Group, g)...)
		}
	}
	return i
}

func (s *simulator) role(d pingone.ID) *insight.RoleInfo {
	for i := range s.Roles {
		if s.Roles[i].ID == d {
			return &s.Roles[i]
		}
	}
	return &insight.RoleInfo{ID: d}
}

// environment is that of a scope, zero for the organization.
func (s *simulator) environment(on insight.Scope) pingone.ID {
	for _, p := range s.Populations {
		if p.ID == on.ID {
			return p.Environment
		}
	}
	for i := range s.Groups {
		if s.Groups[i].ID == on.ID {
			return s.Groups[i].Environment
		}
	}
	for _, c := range s.Clients {
		if c.ID == on.ID {
			return c.Environment
		}
	}
	if on.Type == "ENVIRONMENT" {
		return on.ID
	}
	return pingone.ID{}
}

// within tells whether a scope is in that of a class that counts there.
func (s *simulator) within(c insight.Class, on insight.Scope) bool {
	if r := s.role(c.Role); r.Custom && r.Environment != id("Administrators") && s.environment(on) != r.Environment {
		return false
	}
	switch c.Scope.Type {
	case "ORGANIZATION":
		return true
	case "ENVIRONMENT":
		return s.environment(on) == c.Scope.ID
	case "POPULATION":
		for i := range s.Groups {
			if on.Type == "GROUP" && s.Groups[i].ID == on.ID && s.Groups[i].Population == c.Scope.ID {
				return true
			}
		}
	}
	return c.Scope == on
}

// overUser tells whether a user is in the scope of a class.
func (s *simulator) overUser(c insight.Class, at int) bool {
	home := s.Homes[s.Users[at].Home]
	if c.Scope.Type == "GROUP" {
		for i := range s.Groups {
			if s.Groups[i].ID == c.Scope.ID {
				return s.within(c, c.Scope) && slices.Contains(s.Groups[i].Members, uint32(at))
			}
		}
	}
	return s.within(c, insight.Scope{Type: "POPULATION", ID: home.Population})
}

// may tells whether an identity has one of some permissions where the test says.
func (s *simulator) may(i identity, where func(insight.Class) bool, permissions ...string) bool {
	return slices.ContainsFunc(i, func(c insight.Class) bool {
		return where(c) && (c.Role == every || slices.ContainsFunc(s.role(c.Role).Permissions, func(p pingone.RolePermission) bool {
			return slices.Contains(permissions, p.ID)
		}))
	})
}

func (s *simulator) controls(i identity) bool {
	return slices.ContainsFunc(i, func(c insight.Class) bool {
		org := c.Scope.Type == "ORGANIZATION"
		return org && c.Role == id(orgAdmin) || c.Role == id(envAdmin) && (org || c.Scope.Type == "ENVIRONMENT" && s.homes[c.Scope.ID])
	})
}

// next are who an identity can be after one thing that it does.
func (s *simulator) next(i identity) (all []identity) {
	for at := range s.Users {
		if s.least <= insight.Likely && s.resets(i, at) || s.redirects(i, at) {
			all = append(all, s.user(at))
		}
	}
	for at := range s.Groups {
		if s.adds(i, at) {
			all = append(all, s.own(insight.Group, at))
		}
	}
	for at := range s.Clients {
		on := insight.Scope{Type: "APPLICATION", ID: s.Clients[at].ID}
		here := func(c insight.Class) bool { return s.within(c, on) }
		reads := s.may(i, here, "applications:read:secret") && s.Clients[at].ActsAlone && !s.Clients[at].Disabled && s.guardLets(i, at)
		if reads || s.least == insight.Untested && s.may(i, here, "applications:update:application") {
			all = append(all, s.own(insight.Client, at))
		}
	}
	for at := range s.Gateways {
		g := s.Gateways[at]
		here := func(c insight.Class) bool {
			federate := c.Role == every || s.role(c.Role).Name == "PingFederate Administrator"
			return federate && s.within(c, insight.Scope{Type: "ENVIRONMENT", ID: g.Environment})
		}
		if g.PingFederate && !g.Disabled && slices.ContainsFunc(i, here) {
			all = append(all, s.own(insight.Gateway, at))
		}
	}
	return append(append(all, s.assigns(i)...), s.edits(i)...)
}

func (s *simulator) resets(i identity, at int) bool {
	u := s.Users[at]
	over := func(c insight.Class) bool { return s.overUser(c, at) }
	for _, e := range s.Environments {
		if e.ID == s.Homes[u.Home].Environment && e.AdminConfig != nil && e.AdminConfig.Method == "EXTERNAL" {
			return false
		}
	}
	return s.may(i, over, "dir:reset:userPassword") && s.may(i, over, "mfa:delete:device") &&
		(!u.Disabled || s.may(i, over, "dir:update:userEnabled")) && (!u.Federated || s.may(i, over, "dir:update:userIdentityProvider"))
}

func (s *simulator) redirects(i identity, at int) bool {
	on := insight.Scope{Type: "ENVIRONMENT", ID: s.Homes[s.Users[at].Home].Environment}
	over := func(c insight.Class) bool { return s.within(c, on) }
	builtIn := func(c insight.Class) bool { return over(c) && (c.Role == id(orgAdmin) || c.Role == id(envAdmin)) }
	return !s.Users[at].Disabled && (s.may(i, over, "admin:update:config") || slices.ContainsFunc(i, builtIn))
}

func (s *simulator) adds(i identity, at int) bool {
	g := s.Groups[at]
	over := func(c insight.Class) bool {
		return c.Scope.Type != "GROUP" && s.within(c, insight.Scope{Type: "GROUP", ID: g.ID})
	}
	return !g.Dynamic && !g.Synced && s.may(i, over, "dir:create:groupMembership") && s.may(i, s.near(g.Environment), "dir:create:user", "dir:reset:userPassword")
}

// near tells whether a class counts for anything in an environment.
func (s *simulator) near(environment pingone.ID) func(insight.Class) bool {
	return func(c insight.Class) bool {
		on := c.Scope
		if on.Type == "ORGANIZATION" || on.Type == "ENVIRONMENT" {
			on = insight.Scope{Type: "ENVIRONMENT", ID: environment}
		}
		return s.environment(on) == environment && s.within(c, on)
	}
}

func (s *simulator) canAssign(by, given pingone.ID) bool {
	return slices.Contains(s.role(by).CanAssign, given) || slices.Contains(s.role(given).CanBeAssignedBy, by)
}

func (s *simulator) guardLets(i identity, at int) bool {
	for _, has := range s.own(insight.Client, at) {
		if !slices.ContainsFunc(s.parts(has.Scope), func(on insight.Scope) bool { return s.within(has, on) }) {
			return false // it counts nowhere, but it is assigned
		}
		ok := slices.ContainsFunc(i, func(c insight.Class) bool {
			return (c.Role == has.Role || s.canAssign(c.Role, has.Role)) && s.all(c, has)
		})
		if !ok {
			return false
		}
	}
	return true
}

// parts are a scope and all that is in it.
func (s *simulator) parts(of insight.Scope) (all []insight.Scope) {
	whole := insight.Class{Scope: of}
	for _, on := range s.scopes() {
		if on == of || of.Type == "ORGANIZATION" || on.Type != "ORGANIZATION" && s.within(whole, on) {
			all = append(all, on)
		}
	}
	return all
}

// all tells whether a class counts wherever another does.
func (s *simulator) all(c, other insight.Class) bool {
	for _, on := range s.parts(other.Scope) {
		if s.within(other, on) && (!s.within(c, on) || on.Type == "ORGANIZATION" && c.Scope.Type != on.Type) {
			return false
		}
	}
	return true
}

func (s *simulator) scopes() []insight.Scope {
	all := []insight.Scope{{Type: "ORGANIZATION", ID: s.Organization.ID}}
	for _, e := range s.Environments {
		all = append(all, insight.Scope{Type: "ENVIRONMENT", ID: e.ID})
	}
	for _, p := range s.Populations {
		all = append(all, insight.Scope{Type: "POPULATION", ID: p.ID})
	}
	for i := range s.Groups {
		all = append(all, insight.Scope{Type: "GROUP", ID: s.Groups[i].ID})
	}
	for _, c := range s.Clients {
		all = append(all, insight.Scope{Type: "APPLICATION", ID: c.ID})
	}
	return all
}

func (s *simulator) assigns(i identity) (all []identity) {
	for _, on := range s.scopes() {
		here := func(c insight.Class) bool {
			return s.within(c, on) && (on.Type != "ORGANIZATION" || c.Scope.Type == on.Type)
		}
		user := s.may(i, here, "permissions:update:userRoleAssignments")
		app := s.may(i, here, "permissions:update:applicationRoleAssignments") && s.may(i, here, "applications:read:secret")
		group := s.may(i, here, "permissions:update:groupRoleAssignments") && s.may(i, here, "dir:create:groupMembership") &&
			s.may(i, here, "dir:create:user", "dir:reset:userPassword")
		if !user && !app && !group {
			continue
		}
		for r := range s.Roles {
			given := insight.Class{Role: s.Roles[r].ID, Scope: on}
			if given.Role == id(orgAdmin) && on.Type != "ORGANIZATION" {
				continue
			}
			if slices.ContainsFunc(i, func(c insight.Class) bool { return here(c) && s.canAssign(c.Role, given.Role) }) {
				all = append(all, identity{given})
			}
		}
	}
	return all
}

func (s *simulator) edits(i identity) (all []identity) {
	if s.least > insight.Untested {
		return nil
	}
	for _, c := range i {
		r := s.role(c.Role)
		if !r.Custom || !s.may(i, s.near(r.Environment), "permissions:update:roles") {
			continue
		}
		for _, on := range s.parts(c.Scope) {
			if s.within(c, on) {
				all = append(all, identity{{Role: every, Scope: on}})
			}
		}
	}
	return all
}

// hops is the least number of things to do for an identity; -1: it can't.
func (s *simulator) hops(start identity) int {
	seen, now := map[string]bool{start.key(): true}, []identity{start}
	for n := 0; len(now) > 0; n++ {
		if slices.ContainsFunc(now, s.controls) {
			return n
		}
		next := map[string]identity{}
		for _, i := range now {
			for _, then := range s.next(i) {
				if key := then.key(); !seen[key] {
					seen[key], next[key] = true, then
				}
			}
		}
		now = slices.Collect(maps.Values(next))
	}
	return -1
}

// randomWorld is a small organization.
func randomWorld(r *rand.Rand) *insight.World {
	b := newRig()
	b.Populations = append(b.Populations, insight.PopulationInfo{ID: id("guests"), Name: "guests", Environment: id("Workforce")})
	b.Homes = append(b.Homes, insight.Home{Environment: id("Workforce"), Population: id("guests")})
	permissions := strings.Fields("dir:reset:userPassword mfa:delete:device dir:update:userEnabled dir:update:userIdentityProvider dir:create:user " +
		"dir:create:groupMembership permissions:update:userRoleAssignments permissions:update:groupRoleAssignments permissions:update:applicationRoleAssignments " +
		"applications:read:secret applications:update:application permissions:update:roles admin:update:config dir:read:user")
	environments := []string{"Administrators", "Workforce"}
	for i := range 4 {
		c := b.custom(fmt.Sprint("custom ", i), environments[r.IntN(2)], "")
		for _, p := range permissions {
			if r.IntN(4) == 0 {
				c.Permissions = append(c.Permissions, pingone.RolePermission{ID: p})
			}
		}
	}
	some := func() pingone.ID { return b.Roles[r.IntN(len(b.Roles))].ID }
	for i := range b.Roles {
		if r.IntN(4) == 0 {
			b.Roles[i].CanAssign = append(b.Roles[i].CanAssign, some())
		}
		if b.Roles[i].Custom && r.IntN(2) == 0 {
			b.Roles[i].CanBeAssignedBy = append(b.Roles[i].CanBeAssignedBy, some(), some())
		}
	}
	if r.IntN(8) == 0 {
		b.Environments[r.IntN(2)].AdminConfig = &insight.AdminConfig{Method: "EXTERNAL"}
	}
	for _, name := range []string{"Bob", "Eve", "Cid", "Dan"} {
		u := b.user(name, "Workforce")
		u.Home, u.Disabled, u.Federated = uint32(r.IntN(len(b.Homes))), r.IntN(6) == 0, r.IntN(6) == 0
	}
	for i := range 2 {
		g := b.group(fmt.Sprint("group ", i), environments[r.IntN(2)])
		g.Dynamic, g.Synced = r.IntN(8) == 0, r.IntN(8) == 0
		if g.Environment == id("Workforce") && r.IntN(2) == 0 {
			g.Population = id("guests")
		}
		for at := range b.Users {
			home := b.Homes[b.Users[at].Home]
			in := home.Environment == g.Environment && (g.Population.IsZero() || home.Population == g.Population)
			if in && r.IntN(3) == 0 {
				g.Members = append(g.Members, uint32(at))
			}
		}
		c := b.client(fmt.Sprint("client ", i), environments[r.IntN(2)])
		c.Disabled, c.ActsAlone = r.IntN(6) == 0, r.IntN(6) != 0
	}
	b.gateway("gateway", environments[r.IntN(2)]).PingFederate = r.IntN(3) > 0
	for range 4 + r.IntN(10) {
		who := []string{"Bob", "Eve", "Cid", "Dan", "group 0", "group 1", "client 0", "client 1", "gateway"}[r.IntN(9)]
		b.giveAny(r, who)
	}
	return &b.World
}

// giveAny assigns any role in any scope, that of Organization Admin seldom.
func (b *rig) giveAny(r *rand.Rand, who string) {
	s := newSimulator(&b.World, insight.Likely)
	scopes := s.scopes()
	on := scopes[r.IntN(len(scopes))]
	c := insight.Class{Role: b.Roles[r.IntN(len(b.Roles))].ID, Scope: on}
	if c.Role == id(orgAdmin) {
		c.Scope = scopes[0]
	}
	at := slices.Index(b.Classes, c)
	if at < 0 {
		at, b.Classes = len(b.Classes), append(b.Classes, c)
	}
	kind, holder := b.principal(who)
	b.Holdings = append(b.Holdings, insight.Holding{Kind: kind, Holder: holder, Class: uint32(at)})
}

func TestSimulatorAgrees(t *testing.T) {
	t.Parallel()
	paths, together := map[int]int{}, 0
	for seed := range uint64(2000) {
		w := randomWorld(rand.New(rand.NewPCG(seed, 1)))
		for _, least := range insight.Confidences {
			r, s := insight.Compute(w, least), newSimulator(w, least)
			surer := newSimulator(w, min(least+1, insight.Documented))
			for i, c := range w.Classes {
				got := 0
				at := slices.IndexFunc(r.Starts, func(s insight.Start) bool { return s.Class == i })
				want := s.hops(identity{c})
				if want > 0 != r.Marks[i].EscalationPathPossible {
					t.Fatalf("seed %d, %s, class %v: simulator finds %d hops, mark is %+v", seed, least, c, want, r.Marks[i])
				}
				if least < insight.Documented && surer.hops(identity{c}) > 0 {
					want = 0 // the path is one of a surer confidence
				}
				if at >= 0 && r.Starts[at].Path.Confidence == least {
					got = len(r.Starts[at].Path.Hops)
				}
				if at >= 0 && got != max(want, 0) {
					t.Fatalf("seed %d, %s, class %v: simulator finds %d hops, reach %d", seed, least, c, want, got)
				}
				paths[got]++
			}
			together += agreeOnPrincipals(t, seed, r, s)
		}
	}
	if paths[1] < 500 || paths[2] < 100 || paths[3] < 10 || together < 50 {
		t.Errorf("too little was compared: paths by hops %v, %d of two roles", paths, together)
	}
	t.Logf("paths by hops %v, %d of two roles", paths, together)
}

// agreeOnPrincipals compares who has a path, and who needs two roles for it.
func agreeOnPrincipals(t *testing.T, seed uint64, r *insight.Reach, s *simulator) (together int) {
	t.Helper()
	can := 0
	var both []pingone.ID
	ask := func(d pingone.ID, acts bool, i identity) {
		if !acts || s.controls(i) || s.hops(i) < 1 {
			return
		}
		can++
		if !slices.ContainsFunc(i, func(c insight.Class) bool { return s.hops(identity{c}) > 0 }) {
			both = append(both, d)
		}
	}
	for at, u := range s.Users {
		ask(u.ID, !u.Disabled, s.user(at))
	}
	for at, c := range s.Clients {
		ask(c.ID, !c.Disabled && c.ActsAlone, s.own(insight.Client, at))
	}
	for at, g := range s.Gateways {
		ask(g.ID, !g.Disabled, s.own(insight.Gateway, at))
	}
	var got []pingone.ID
	for _, start := range r.Together {
		got = append(got, start.Who.ID)
	}
	if r.Can.All() != can || !slices.Equal(got, both) {
		t.Fatalf("seed %d, %s: %d have a path, %v by two roles; the simulator finds %d, %v", seed, s.least, r.Can.All(), got, can, both)
	}
	return len(both)
}
