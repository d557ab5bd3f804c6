package pingonetest

import "pingone-authomize/shared/pingone"

// Ids of built-in roles that are the same in every organization.
const (
	OrganizationAdmin          = "1813bc13-8d13-4e88-a825-d40bfe82777b"
	EnvironmentAdmin           = "29ddce68-cd7f-4b2a-b6fc-f7a19553b496"
	IdentityDataAdmin          = "0bd9c966-7664-4ac1-b059-0ff9293908e2"
	ClientApplicationDeveloper = "b5057d0d-7281-47f6-9398-8a7e4cb71397"
	IdentityDataReadOnly       = "ce00e15f-f845-4df1-abf3-fdc4ff4e176c"
	ConfigurationReadOnly      = "7aba580c-5ec7-4b26-987d-85f462767455"
	CustomRolesAdmin           = "6f770b08-793f-4393-b2aa-b1d1587a0324"
)

// RoleID is the id of a built-in role by its name. PingOne's own is used
// where it is public; others are made from the name.
func RoleID(name string) pingone.ID {
	public := map[string]string{
		"Organization Admin": OrganizationAdmin, "Environment Admin": EnvironmentAdmin,
		"Identity Data Admin": IdentityDataAdmin, "Client Application Developer": ClientApplicationDeveloper,
		"Identity Data Read Only": IdentityDataReadOnly, "Configuration Read Only": ConfigurationReadOnly,
		"Custom Roles Admin": CustomRolesAdmin,
	}
	if text, ok := public[name]; ok {
		id, _ := pingone.ParseID(text)
		return id
	}
	return StableID("role", name)
}

// BuiltInRoles are PingOne's roles with some of the permissions that each has.
func BuiltInRoles() []*Role {
	role := func(name string, scopes []string, permissions ...Permission) *Role {
		return &Role{ID: RoleID(name), Name: name, Description: name, ApplicableTo: scopes, Permissions: permissions}
	}
	var (
		organization = []string{"ORGANIZATION"}
		environment  = []string{"ENVIRONMENT"}
		wide         = []string{"ORGANIZATION", "ENVIRONMENT"}
		people       = []string{"POPULATION", "ENVIRONMENT"}

		readUsers    = Permission{"dir:read:user", "user", "Read users"}
		writeUsers   = Permission{"dir:update:user", "user", "Update users"}
		createUsers  = Permission{"dir:create:user", "user", "Create users"}
		devices      = Permission{"mfa:delete:device", "device", "Delete the devices of users"}
		members      = Permission{"dir:update:groupMembership", "groupMembership", "Update the members of groups"}
		passwords    = Permission{"dir:reset:userPassword", "userPassword", "Reset the password of a user"}
		assign       = Permission{"permissions:create:userRoleAssignments", "userRoleAssignments", "Give roles to users"}
		readApps     = Permission{"applications:read:application", "application", "Read applications"}
		writeApps    = Permission{"applications:update:application", "application", "Update applications"}
		readSecret   = Permission{"applications:read:secret", "secret", "Read the secret of an application"}
		environments = Permission{"orgmgt:update:environment", "environment", "Update environments"}
		readEnv      = Permission{"orgmgt:read:environment", "environment", "Read environments"}
		customRoles  = Permission{"permissions:create:customRole", "customRole", "Create custom roles"}
		flows        = Permission{"davinci:update:flow", "flow", "Update flows"}
		readFlows    = Permission{"davinci:read:flow", "flow", "Read flows"}
	)
	roles := []*Role{
		role("Organization Admin", organization, environments, readEnv, assign),
		role("Environment Admin", wide, environments, readEnv, assign, customRoles, writeApps, readSecret),
		role("Identity Data Admin", people, readUsers, writeUsers, createUsers, devices, members, passwords, assign),
		role("Client Application Developer", environment, readApps, writeApps, readSecret, readEnv),
		role("Identity Data Read Only", people, readUsers, readEnv),
		role("Configuration Read Only", []string{"ENVIRONMENT", "ORGANIZATION"}, readApps, readSecret, readEnv),
		role("Custom Roles Admin", environment, customRoles, readEnv),
		role("Help Desk Admin", people, readUsers, passwords),
		role("Application Owner", []string{"APPLICATION"}, readApps, writeApps),
		role("DaVinci Admin", environment, flows, readFlows),
		role("DaVinci Admin Read Only", environment, readFlows),
		role("PingFederate Administrator", environment, Permission{"pingfederate:update:administrator", "administrator", "Administer PingFederate"}),
		role("PingFederate Auditor", environment, Permission{"pingfederate:read:configuration", "configuration", "Read the configuration of PingFederate"}),
	}
	roles[1].CanAssign = []pingone.ID{RoleID("Identity Data Admin"), RoleID("Configuration Read Only"), RoleID("Custom Roles Admin")}
	roles[2].CanAssign = []pingone.ID{RoleID("Identity Data Read Only"), RoleID("Help Desk Admin")}
	return roles
}
