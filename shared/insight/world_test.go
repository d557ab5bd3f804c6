package insight_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// id makes a stable id of a name; built-in administrators have theirs.
func id(name string) pingone.ID {
	switch name {
	case "Organization Admin":
		return parse("1813bc13-8d13-4e88-a825-d40bfe82777b")
	case "Environment Admin":
		return parse("29ddce68-cd7f-4b2a-b6fc-f7a19553b496")
	case "":
		return pingone.ID{}
	}
	var d pingone.ID
	for i, c := range []byte(name) {
		d[i%16] = d[i%16]*31 + c
	}
	d[0] |= 1
	return d
}

func parse(text string) pingone.ID { d, _ := pingone.ParseID(text); return d }

// Roles of the tests, by what PingOne's of this name may do.
const (
	orgAdmin  = "Organization Admin"
	envAdmin  = "Environment Admin"
	dataAdmin = "Identity Data Admin"
	helpDesk  = "Help Desk Admin"
	reader    = "Configuration Read Only"
)

func role(name string, permissions string) insight.RoleInfo {
	r := insight.RoleInfo{ID: id(name), Name: name}
	for p := range strings.FieldsSeq(permissions) {
		r.Permissions = append(r.Permissions, pingone.RolePermission{ID: p})
	}
	return r
}

// A rig builds a world by names: things with the same name are the same.
type rig struct{ insight.World }

// newRig has two environments, Administrators and Workforce, each with a population
// of the same name, and Ada, who is Organization Admin and at home in the first.
func newRig() *rig {
	b := &rig{World: insight.World{Organization: insight.OrganizationInfo{ID: id("Acme"), Name: "Acme"}, Now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}}
	for _, e := range []string{"Administrators", "Workforce"} {
		b.Environments = append(b.Environments, insight.EnvironmentInfo{ID: id(e), Name: e, Read: true})
		b.Populations = append(b.Populations, insight.PopulationInfo{ID: id(e + " people"), Name: e + " people", Environment: id(e)})
		b.Homes = append(b.Homes, insight.Home{Environment: id(e), Population: id(e + " people")})
	}
	b.Roles = []insight.RoleInfo{
		role(orgAdmin, "orgmgt:create:environment"),
		role(envAdmin, "applications:update:application applications:read:secret permissions:update:applicationRoleAssignments permissions:update:roles"),
		role(dataAdmin, "dir:create:user dir:reset:userPassword mfa:delete:device dir:update:userEnabled dir:update:userIdentityProvider dir:create:groupMembership permissions:update:userRoleAssignments"),
		role(helpDesk, "dir:reset:userPassword mfa:delete:device dir:update:userAccount"),
		role(reader, "applications:read:secret dir:read:user"),
		role("PingFederate Administrator", "pingfederate:update:configuration"),
	}
	b.user("Ada", "Administrators")
	b.give("Ada", orgAdmin, "ORGANIZATION", "Acme")
	return b
}

func (b *rig) custom(name, environment, permissions string) *insight.RoleInfo {
	r := role(name, permissions)
	r.Custom, r.Environment = true, id(environment)
	b.Roles = append(b.Roles, r)
	return &b.Roles[len(b.Roles)-1]
}

func (b *rig) role(name string) *insight.RoleInfo {
	return &b.Roles[slices.IndexFunc(b.Roles, func(r insight.RoleInfo) bool { return r.ID == id(name) })]
}

func (b *rig) home(environment string) uint32 {
	for i, h := range b.Homes {
		if h.Environment == id(environment) {
			return uint32(i)
		}
	}
	panic("no home " + environment)
}

func (b *rig) user(name, environment string) *insight.UserInfo {
	b.Users = append(b.Users, insight.UserInfo{ID: id(name), Home: b.home(environment)})
	return &b.Users[len(b.Users)-1]
}

func (b *rig) group(name, environment string, members ...string) *insight.GroupInfo {
	g := insight.GroupInfo{ID: id(name), Name: name, Environment: id(environment)}
	for _, m := range members {
		_, at := b.principal(m)
		g.Members = append(g.Members, at)
	}
	b.Groups = append(b.Groups, g)
	return &b.Groups[len(b.Groups)-1]
}

func (b *rig) client(name, environment string) *insight.ClientInfo {
	b.Clients = append(b.Clients, insight.ClientInfo{ID: id(name), Name: name, Environment: id(environment), ActsAlone: true})
	return &b.Clients[len(b.Clients)-1]
}

func (b *rig) gateway(name, environment string) *insight.GatewayInfo {
	b.Gateways = append(b.Gateways, insight.GatewayInfo{ID: id(name), Name: name, Environment: id(environment), PingFederate: true})
	return &b.Gateways[len(b.Gateways)-1]
}

func (b *rig) principal(name string) (insight.Kind, uint32) {
	for i := range b.Users {
		if b.Users[i].ID == id(name) {
			return insight.User, uint32(i)
		}
	}
	for i := range b.Groups {
		if b.Groups[i].ID == id(name) {
			return insight.Group, uint32(i)
		}
	}
	for i := range b.Clients {
		if b.Clients[i].ID == id(name) {
			return insight.Client, uint32(i)
		}
	}
	for i := range b.Gateways {
		if b.Gateways[i].ID == id(name) {
			return insight.Gateway, uint32(i)
		}
	}
	panic("nobody is " + name)
}

// give assigns a role, and returns the class.
func (b *rig) give(who, roleName, scope, on string) int {
	c := insight.Class{Role: id(roleName), Scope: insight.Scope{Type: scope, ID: id(on)}}
	at := slices.Index(b.Classes, c)
	if at < 0 {
		at, b.Classes = len(b.Classes), append(b.Classes, c)
	}
	kind, holder := b.principal(who)
	b.Holdings = append(b.Holdings, insight.Holding{Kind: kind, Holder: holder, Class: uint32(at)})
	return at
}

// names are those of the world, and of all users.
func (b *rig) names() insight.Names {
	n := b.Names()
	for _, name := range []string{"Ada", "Bob", "Eve", "Cid", "Dan"} {
		n[id(name)] = name
	}
	return n
}

// sentences are the paths of all classes, and of those who need two roles.
func (b *rig) sentences(t *testing.T, least insight.Confidence) (all []string) {
	t.Helper()
	r := insight.Compute(&b.World, least)
	for _, s := range append(slices.Clone(r.Starts), r.Together...) {
		all = append(all, s.Path.Text(s.Who).String(b.names()))
	}
	return all
}
