package pingonetest

import "pingone-authomize/shared/pingone"

// roles adds custom roles: one that writes passwords, one that only reads and
// one that writes configuration in Workforce, and one of Administrators.
func (b *demo) roles() {
	role := func(env, id pingone.ID, name, scope string, permissions ...string) {
		r := Role{
			ID: id, Name: name, Description: "Custom role " + name, ApplicableTo: []string{scope},
			CanBeAssignedBy: []pingone.ID{RoleID("Environment Admin")},
		}
		for _, p := range permissions {
			r.Permissions = append(r.Permissions, Permission{ID: p})
		}
		b.o.AddRole(env, r)
	}
	role(b.ids.Workforce, b.ids.PasswordRole, "Password Setter", "POPULATION", "dir:read:user", "dir:update:userPassword")
	role(b.ids.Workforce, b.ids.ReadRole, "Directory Viewer", "ENVIRONMENT", "dir:read:user", "dir:read:group", "orgmgt:read:environment")
	role(b.ids.Workforce, b.ids.ConfigRole, "Application Editor", "ENVIRONMENT", "applications:read:application", "applications:update:application")
	role(b.ids.Administrators, b.ids.AdminsRole, "Audit Reader", "ORGANIZATION", "audit_reporting:read:activity")
}

// assignments gives roles in every scope to users, groups, worker
// applications and gateways.
func (b *demo) assignments() {
	id := b.ids
	built := func(name, scopeType string, scope pingone.ID) RoleAssignment {
		return RoleAssignment{Role: RoleID(name), ScopeType: scopeType, Scope: scope}
	}
	custom := func(role pingone.ID, scopeType string, scope pingone.ID) RoleAssignment {
		return RoleAssignment{Role: role, ScopeType: scopeType, Scope: scope, ReadOnly: true}
	}
	admins := func(kind PrincipalKind, p pingone.ID, list ...RoleAssignment) {
		b.assign(id.Administrators, Principal{kind, p}, list...)
	}
	workforce := func(kind PrincipalKind, p pingone.ID, list ...RoleAssignment) {
		b.assign(id.Workforce, Principal{kind, p}, list...)
	}

	admins(UserPrincipal, id.OrganizationAdmin,
		built("Organization Admin", "ORGANIZATION", id.Organization),
		built("Environment Admin", "ENVIRONMENT", id.Administrators))
	admins(UserPrincipal, id.Multi,
		built("Environment Admin", "environment", id.Workforce),
		built("Identity Data Admin", "POPULATION", id.Employees),
		built("Identity Data Admin", "POPULATION", id.Contractors),
		built("Application Owner", "APPLICATION", id.AppOpen),
		built("Application Owner", "APPLICATION", id.AppUnknownType),
		built("Help Desk Admin", "GROUP", id.Everyone),
		built("Configuration Read Only", "ENVIRONMENT", id.Unreadable),
		custom(id.UnlistedRole, "ENVIRONMENT", id.Customers),
		custom(id.AdminsRole, "ORGANIZATION", id.Organization))
	platform := []RoleAssignment{
		built("Environment Admin", "ENVIRONMENT", id.Customers),
		built("Custom Roles Admin", "ENVIRONMENT", id.Workforce),
	}
	admins(GroupPrincipal, id.PlatformAdmins, platform...)
	b.inherit(id.Administrators, id.PlatformAdmins, platform)
	for _, env := range []pingone.ID{id.Administrators, id.Workforce, id.Customers} {
		admins(ApplicationPrincipal, id.Connector,
			built("Identity Data Read Only", "ENVIRONMENT", env), built("Configuration Read Only", "ENVIRONMENT", env))
	}

	admins(ApplicationPrincipal, id.Provisioner, built("Identity Data Admin", "ENVIRONMENT", id.Administrators))

	workforce(UserPrincipal, id.Emoji, custom(id.ReadRole, "ENVIRONMENT", id.Workforce))
	workforce(UserPrincipal, id.Locked, built("Client Application Developer", "ENVIRONMENT", id.Workforce))
	workforce(UserPrincipal, id.CustomData, custom(id.ConfigRole, "ENVIRONMENT", id.Workforce))
	desk := []RoleAssignment{
		built("Help Desk Admin", "POPULATION", id.Employees),
		custom(id.PasswordRole, "POPULATION", id.Employees),
	}
	workforce(GroupPrincipal, id.ServiceDesk, desk...)
	b.inherit(id.Workforce, id.ServiceDesk, desk)
	workforce(ApplicationPrincipal, id.AppWorker,
		built("DaVinci Admin", "ENVIRONMENT", id.Workforce), custom(id.ConfigRole, "APPLICATION", id.AppAnyGroup))
	workforce(GatewayPrincipal, id.GatewayFederate, built("Identity Data Read Only", "ENVIRONMENT", id.Workforce))
}

func (b *demo) assign(env pingone.ID, p Principal, list ...RoleAssignment) {
	for _, a := range list {
		b.o.Assign(env, p, a)
	}
}

// inherit shows a group's roles on its members too, as PingOne may do.
func (b *demo) inherit(env, group pingone.ID, held []RoleAssignment) {
	for _, user := range b.o.Environment(env).DirectMembers(group, true) {
		for _, a := range held {
			a.Group = group
			b.o.Assign(env, Principal{UserPrincipal, user}, a)
		}
	}
}

// applicationRoles are of an application that PingOne Authorize protects: one with
// holders, and one that nobody holds.
func (b *demo) applicationRoles() {
	id := b.ids
	b.o.AddApplicationRole(id.Workforce, ApplicationRole{
		ID: id.Approver, Name: "Invoice Approver", Description: "May approve invoices", Holders: []pingone.ID{id.Emoji, id.Locked, id.CustomData},
	})
	b.o.AddApplicationRole(id.Workforce, ApplicationRole{ID: StableID("demo", "application role auditor"), Name: "Invoice Auditor"})
}
