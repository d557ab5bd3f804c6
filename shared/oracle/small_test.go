package oracle

import (
	"fmt"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

func id(names ...any) pingone.ID {
	var texts []string
	for _, n := range names {
		texts = append(texts, fmt.Sprint(n))
	}
	return pingonetest.StableID(texts...)
}

// The environments of small. The worker application lives in home.
var home, workforce, shop = id("home"), id("workforce"), id("shop")

// small is an organization with a bit of everything that ties hang on: three
// environments, groups that are nested, dynamic, of a population, or hold roles,
// role holders of each kind, and applications with each kind of condition.
func small() *pingonetest.Organization {
	o := pingonetest.NewOrganization("oracle")
	for _, env := range []pingone.ID{home, workforce, shop} {
		o.AddEnvironment(pingonetest.Environment{ID: env, Name: "Environment " + env.String()[:4], Type: "PRODUCTION", Region: "EU"})
	}
	people(o, home, 1, 4)
	people(o, workforce, 3, 15)
	people(o, shop, 1, 5)
	o.AddRole(workforce, pingonetest.Role{ID: id("role"), Name: "Reader", Permissions: []pingonetest.Permission{{ID: "dir:read:user"}}})
	smallGroups(o)
	smallApplications(o)
	o.AddWorker(home)
	smallRights(o)
	inherit(o)
	return o
}

// people adds populations with users, numbered from 0.
func people(o *pingonetest.Organization, env pingone.ID, populations, users int) {
	for p := range populations {
		o.AddPopulation(env, pingonetest.Population{ID: id(env, "population", p), Name: fmt.Sprint("Population ", p), Default: p == 0})
	}
	for u := range users {
		addUser(o, env, id(env, "user", u), id(env, "population", u%populations))
	}
}

func addUser(o *pingonetest.Organization, env, user, population pingone.ID) {
	name := "u" + user.String()[:8] + "@example.com"
	o.AddUser(env, pingonetest.User{ID: user, Population: population, Username: name, Email: name, Given: "Given", Family: "Family", MFAEnabled: user[0]%2 == 0})
	if user[0]%4 == 0 {
		o.AddDevice(env, user, pingonetest.Device{Type: "TOTP", Status: "ACTIVE"})
	}
}

func smallGroups(o *pingonetest.Organization) {
	group := func(env pingone.ID, name string, g pingonetest.Group) {
		g.ID, g.Name = id(env, "group", name), name
		o.AddGroup(env, g)
	}
	group(workforce, "all", pingonetest.Group{Members: []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}})
	group(workforce, "some", pingonetest.Group{Members: []int32{1, 3, 5, 7}})
	group(workforce, "few", pingonetest.Group{Members: []int32{11}})
	group(workforce, "empty", pingonetest.Group{})
	group(workforce, "dynamic", pingonetest.Group{UserFilter: `title eq "x"`, Members: []int32{14}, Dynamic: []int32{0, 4, 8, 9, 12, 13}})
	group(workforce, "by filter", pingonetest.Group{UserFilter: `title eq "y"`, Dynamic: []int32{2}})
	group(workforce, "of population", pingonetest.Group{Population: id(workforce, "population", 1), Members: []int32{1, 4, 7}})
	group(workforce, "help desk", pingonetest.Group{Members: []int32{5, 6}})
	group(shop, "sellers", pingonetest.Group{Members: []int32{0, 1, 2}})
	group(shop, "inner", pingonetest.Group{Members: []int32{3}})
	group(home, "admins", pingonetest.Group{Members: []int32{0, 1}})
	o.Nest(workforce, id(workforce, "group", "all"), id(workforce, "group", "some"))
	o.Nest(workforce, id(workforce, "group", "some"), id(workforce, "group", "few"))
	o.Nest(workforce, id(workforce, "group", "dynamic"), id(workforce, "group", "few"))
	o.Nest(shop, id(shop, "group", "sellers"), id(shop, "group", "inner"))
}

func smallApplications(o *pingonetest.Organization) {
	group := func(name string) pingone.ID { return id(workforce, "group", name) }
	app := func(env pingone.ID, name string, a pingonetest.Application) {
		a.ID, a.Name, a.Protocol = id(env, "application", name), name, "OPENID_CONNECT"
		if a.Type == "" {
			a.Type = "WEB_APP"
		}
		o.AddApplication(env, a)
	}
	app(workforce, "open", pingonetest.Application{})
	app(workforce, "any", pingonetest.Application{AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{group("some"), group("dynamic")}})
	app(workforce, "both", pingonetest.Application{AccessType: "ALL_GROUPS", AccessGroups: []pingone.ID{group("all"), group("dynamic")}})
	app(workforce, "admins", pingonetest.Application{AccessRole: "ADMIN_USERS_ONLY"})
	app(workforce, "admins of", pingonetest.Application{AccessRole: "ADMIN_USERS_ONLY", AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{group("all")}})
	app(workforce, "robot", pingonetest.Application{Type: "WORKER", GrantTypes: []string{"CLIENT_CREDENTIALS"}})
	app(shop, "checkout", pingonetest.Application{})
	for _, env := range []pingone.ID{workforce, shop} {
		for n := range 2 {
			o.AddGateway(env, pingonetest.Gateway{ID: id(env, "gateway", n), Name: fmt.Sprint("Gateway ", n), Type: "PING_FEDERATE"})
		}
	}
}

func smallRights(o *pingonetest.Organization) {
	assign := func(env pingone.ID, kind pingonetest.PrincipalKind, holder pingone.ID, role, scopeType string, scope pingone.ID) {
		o.Assign(env, pingonetest.Principal{Kind: kind, ID: holder}, pingonetest.RoleAssignment{Role: pingonetest.RoleID(role), ScopeType: scopeType, Scope: scope})
	}
	assign(home, pingonetest.UserPrincipal, id(home, "user", 0), "Organization Admin", "ORGANIZATION", o.ID)
	assign(home, pingonetest.UserPrincipal, id(home, "user", 2), "Environment Admin", "ENVIRONMENT", workforce)
	assign(home, pingonetest.GroupPrincipal, id(home, "group", "admins"), "Environment Admin", "ENVIRONMENT", shop)
	assign(workforce, pingonetest.UserPrincipal, id(workforce, "user", 0), "Help Desk Admin", "POPULATION", id(workforce, "population", 1))
	assign(workforce, pingonetest.UserPrincipal, id(workforce, "user", 3), "Application Owner", "APPLICATION", id(workforce, "application", "any"))
	assign(workforce, pingonetest.UserPrincipal, id(workforce, "user", 3), "Identity Data Admin", "ENVIRONMENT", workforce)
	assign(workforce, pingonetest.GroupPrincipal, id(workforce, "group", "help desk"), "Help Desk Admin", "ENVIRONMENT", workforce)
	assign(workforce, pingonetest.ApplicationPrincipal, id(workforce, "application", "robot"), "Identity Data Read Only", "ENVIRONMENT", workforce)
	assign(workforce, pingonetest.GatewayPrincipal, id(workforce, "gateway", 0), "Identity Data Read Only", "ENVIRONMENT", workforce)
	assign(shop, pingonetest.UserPrincipal, id(shop, "user", 0), "Identity Data Admin", "ENVIRONMENT", shop)
	o.Assign(workforce, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: id(workforce, "user", 6)},
		pingonetest.RoleAssignment{Role: id("role"), ScopeType: "environment", Scope: workforce})
}

// inherit shows what the help desk holds on its members too, as PingOne does.
func inherit(o *pingonetest.Organization) {
	for _, u := range []int{5, 6} {
		o.Assign(workforce, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: id(workforce, "user", u)}, pingonetest.RoleAssignment{
			Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: workforce, Group: id(workforce, "group", "help desk"),
		})
	}
}
