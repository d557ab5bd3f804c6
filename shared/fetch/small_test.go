package fetch_test

import (
	"fmt"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// The parts of a small organization that tests name.
var (
	env          = id("environment")
	employees    = id("population employees")
	contractors  = id("population contractors")
	staff        = id("group staff")     // 20 members, holds a role
	engineers    = id("group engineers") // 3 members by hand, 10 by a filter
	robot        = id("application robot")
	portal       = id("application portal")
	bridge       = id("gateway bridge")
	customRole   = id("role custom")
	admin        = user(0)
	adminHolds   = pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: admin}
	onEnv        = pingonetest.RoleAssignment{Role: pingonetest.RoleID("Environment Admin"), ScopeType: "ENVIRONMENT", Scope: env}
	onEmployees  = pingonetest.RoleAssignment{Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "POPULATION", Scope: employees}
	usersInSmall = 40
)

func id(name string) pingone.ID { return pingonetest.StableID("small", name) }

func user(n int) pingone.ID { return id(fmt.Sprint("user ", n)) }

// small is an organization of one environment, where the worker application
// lives, with one of everything. Users below 30 are employees.
func small() *pingonetest.Organization {
	o := pingonetest.NewOrganization("Small")
	addSmall(o, env, "")
	o.AddWorker(env)
	return o
}

// addSmall fills an environment; suffix tells its ids from those of others.
func addSmall(o *pingonetest.Organization, e pingone.ID, suffix string) {
	id := func(name string) pingone.ID { return id(name + suffix) }
	o.AddEnvironment(pingonetest.Environment{ID: e, Name: "Workforce" + suffix, Type: "PRODUCTION", AdminConfig: &pingonetest.AdminConfig{}})
	o.AddPopulation(e, pingonetest.Population{ID: id("population employees"), Name: "Employees"})
	o.AddPopulation(e, pingonetest.Population{ID: id("population contractors"), Name: "Contractors"})
	for n := range usersInSmall {
		u := pingonetest.User{ID: id(fmt.Sprint("user ", n)), Username: fmt.Sprint("user", n, suffix), Population: id("population employees"), MFAEnabled: true}
		if n >= 30 {
			u.Population = id("population contractors")
		}
		o.AddUser(e, u)
	}
	o.AddGroup(e, pingonetest.Group{ID: id("group staff"), Name: "Staff", Members: span(0, 20)})
	o.AddGroup(e, pingonetest.Group{ID: id("group everyone"), Name: "Everyone", Children: []pingone.ID{id("group staff")}})
	o.AddGroup(e, pingonetest.Group{ID: id("group engineers"), Name: "Engineers", UserFilter: `title eq "Engineer"`, Members: span(0, 3), Dynamic: span(20, 30)})
	o.AddRole(e, pingonetest.Role{ID: id("role custom"), Name: "Reader"})
	o.AddApplication(e, pingonetest.Application{ID: id("application robot"), Name: "Robot", Type: "WORKER", Protocol: "OPENID_CONNECT", GrantTypes: []string{"CLIENT_CREDENTIALS"}})
	o.AddApplication(e, pingonetest.Application{ID: id("application portal"), Name: "Portal", Type: "WEB_APP", Protocol: "OPENID_CONNECT"})
	o.AddGateway(e, pingonetest.Gateway{ID: id("gateway bridge"), Name: "Bridge", Type: "LDAP"})
	for _, p := range []pingonetest.Principal{
		{Kind: pingonetest.UserPrincipal, ID: id("user 0")}, {Kind: pingonetest.GroupPrincipal, ID: id("group staff")},
		{Kind: pingonetest.ApplicationPrincipal, ID: id("application robot")},
	} {
		a := onEnv
		a.Scope = e
		o.Assign(e, p, a)
	}
}

func span(from, to int32) []int32 {
	var all []int32
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}
