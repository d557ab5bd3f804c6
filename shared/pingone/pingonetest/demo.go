package pingonetest

import (
	"math/rand/v2"
	"time"

	"pingone-authomize/shared/pingone"
)

// Demo is an organization with a bit of everything, the same each time: three
// environments, 5,000 users in four populations, 120 groups, roles in every
// scope, applications of every kind, and data that is awkward to map. DemoIDs
// names what tests ask for.
func Demo() *Organization {
	o := NewOrganization("Example Demo")
	o.Limits = map[string]int{"rlgConfigRpm": 600, "rlgDirAccessRps": 100, "rlgAuditRps": 10, "rlgAnalyticsRpm": 600}
	o.quiet = true
	defer func() { o.quiet = false }()
	ids := DemoIDs()
	o.ID, o.Client = ids.Organization, ids.Connector
	b := &demo{
		o: o, ids: ids, random: rand.New(rand.NewPCG(1, 2)),
		epoch: time.Date(2024, 1, 8, 9, 0, 0, 0, time.UTC),
	}
	b.environments()
	b.people()
	b.groups()
	b.roles()
	b.applications()
	b.gateways()
	b.assignments()
	b.devices()
	b.applicationRoles()
	return o
}

// demo builds the demo organization.
type demo struct {
	o      *Organization
	ids    IDs
	random *rand.Rand
	epoch  time.Time
}

// IDs are those of the demo organization that tests and examples name.
type IDs struct {
	Organization pingone.ID

	Administrators, Workforce, Customers pingone.ID // environments
	// Unreadable is an environment that only a scope speaks of.
	Unreadable pingone.ID

	Admins, Employees, Contractors pingone.ID // populations
	Shoppers                       pingone.ID // its name is over 64 runes

	// Users of Workforce, each with one awkward thing.
	NoName, EmptyName, BadEmail, NoEmail               pingone.ID
	UnknownLifecycle, UnknownStatus, UnknownProvider   pingone.ID
	Emoji, RightToLeft, NeverSignedOn                  pingone.ID
	Locked, Disabled, Unverified, External, CustomData pingone.ID
	// OrganizationAdmin and Multi are users of Administrators: one holds the
	// whole organization, the other roles in many scopes.
	OrganizationAdmin, Multi pingone.ID

	// Groups of Workforce.
	Everyone                           pingone.ID // 2,500 members
	Level1, Level2, Level3             pingone.ID // each holds the next
	CycleA, CycleB, Self               pingone.ID // nesting that leads back
	Dynamic                            pingone.ID // 1,200 by filter, 3 by hand
	DynamicOnly                        pingone.ID // none by hand
	ExternalLDAP, ExternalIDP          pingone.ID
	Empty, LongDescription             pingone.ID
	NewsEmployees, NewsContractors     pingone.ID // the same name twice
	Finance, Engineering, Approvers    pingone.ID
	PlatformAdmins                     pingone.ID // of Administrators; holds roles
	ServiceDesk                        pingone.ID // holds a role on Employees
	PasswordRole, ReadRole, ConfigRole pingone.ID // custom roles of Workforce
	AdminsRole                         pingone.ID // custom role of Administrators
	UnlistedRole                       pingone.ID // in no list of roles

	Connector pingone.ID // worker application of Administrators: what a Server's credentials belong to
	// Approver is a role within an application, of Workforce.
	Approver pingone.ID
	// Provisioner is a client of Administrators that may reset their passwords.
	Provisioner pingone.ID
	// Applications of Workforce; the name says what it is for.
	AppAnyGroup, AppAllOfOne, AppAllOfSeveral, AppAdmins, AppAdminsAndGroup pingone.ID
	AppOpen, AppDisabled, AppUnknownType, AppWorker, AppService             pingone.ID

	GatewayFederate, GatewayLDAP pingone.ID // only the first holds a role
}

// DemoIDs are the ids of Demo.
func DemoIDs() IDs {
	id := func(name string) pingone.ID { return StableID("demo", name) }
	return IDs{
		Organization:   id("organization"),
		Administrators: id("environment Administrators"), Workforce: id("environment Workforce"),
		Customers: id("environment Customers"), Unreadable: id("environment nobody reads"),
		Admins: id("population Admins"), Employees: id("population Employees"),
		Contractors: id("population Contractors"), Shoppers: id("population Shoppers"),

		NoName: id("user no name"), EmptyName: id("user empty name"), BadEmail: id("user bad e-mail"),
		NoEmail: id("user no e-mail"), UnknownLifecycle: id("user unknown lifecycle"),
		UnknownStatus: id("user unknown status"), UnknownProvider: id("user unknown provider"),
		Emoji: id("user emoji"), RightToLeft: id("user right to left"), NeverSignedOn: id("user never signed on"),
		Locked: id("user locked"), Disabled: id("user disabled"), Unverified: id("user unverified"),
		External: id("user external"), CustomData: id("user custom data"),
		OrganizationAdmin: id("user organization admin"), Multi: id("user multi"),

		Everyone: id("group everyone"), Level1: id("group level 1"), Level2: id("group level 2"),
		Level3: id("group level 3"), CycleA: id("group cycle A"), CycleB: id("group cycle B"),
		Self: id("group self"), Dynamic: id("group dynamic"), DynamicOnly: id("group dynamic only"),
		ExternalLDAP: id("group external LDAP"), ExternalIDP: id("group external IDP"),
		Empty: id("group empty"), LongDescription: id("group long description"),
		NewsEmployees: id("group news employees"), NewsContractors: id("group news contractors"),
		Finance: id("group finance"), Engineering: id("group engineering"), Approvers: id("group approvers"),
		PlatformAdmins: id("group platform admins"), ServiceDesk: id("group service desk"),
		PasswordRole: id("role password"), ReadRole: id("role read"), ConfigRole: id("role config"),
		AdminsRole: id("role admins"), UnlistedRole: id("role unlisted"),

		Connector:   id("application connector"),
		Provisioner: id("application provisioner"),
		Approver:    id("application role approver"),
		AppAnyGroup: id("application any group"), AppAllOfOne: id("application all of one"),
		AppAllOfSeveral: id("application all of several"), AppAdmins: id("application admins"),
		AppAdminsAndGroup: id("application admins and group"), AppOpen: id("application open"),
		AppDisabled: id("application disabled"), AppUnknownType: id("application unknown type"),
		AppWorker: id("application worker"), AppService: id("application service"),
		GatewayFederate: id("gateway federate"), GatewayLDAP: id("gateway LDAP"),
	}
}

func (b *demo) environments() {
	environment := func(id pingone.ID, name, kind, description string) {
		b.o.AddEnvironment(Environment{
			ID: id, Name: name, Type: kind, Region: "EU", Description: description,
			License: StableID("demo", "license"), CreatedAt: b.epoch, AdminConfig: &AdminConfig{Email: id == b.ids.Administrators},
		})
	}
	environment(b.ids.Administrators, "Administrators", "PRODUCTION", "Where those who run the organization sign on.")
	environment(b.ids.Workforce, "Workforce", "PRODUCTION", "Employees and contractors.")
	environment(b.ids.Customers, "Customers", "SANDBOX", "")

	population := func(env, id pingone.ID, name string, isDefault bool) {
		b.o.AddPopulation(env, Population{
			ID: id, Name: name, Description: "Population " + name, Default: isDefault,
			CreatedAt: b.epoch, UpdatedAt: b.epoch,
		})
	}
	population(b.ids.Administrators, b.ids.Admins, "Admins", true)
	population(b.ids.Workforce, b.ids.Employees, "Employees", true)
	population(b.ids.Workforce, b.ids.Contractors, "Contractors", false)
	population(b.ids.Customers, b.ids.Shoppers, "Customers of the shops, the club and the partner portals in Zürich and Genève", true)
}
