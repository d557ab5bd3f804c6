package mapping

import (
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// ApplicationRoleID is the uniqueId of the grouping of those who hold a role
// within a customer's application.
func ApplicationRoleID(role pingone.ID) string { return "app-role:" + role.String() }

// ApplicationRolePrivilegeID is the uniqueId of such a role's privilege.
func ApplicationRolePrivilegeID(role pingone.ID) string { return "privilege:app-role:" + role.String() }

// ApplicationRolePrivilege maps a role within an application to the privilege that
// holding it gives. What it allows the application alone knows: its type is that
// of the older enum, as for signing on.
func ApplicationRolePrivilege(r *pingone.ApplicationRole) authomize.Privilege {
	unique := ApplicationRolePrivilegeID(r.ID)
	return authomize.Privilege{UniqueID: unique, OriginID: originOf(unique), OriginName: nameOr(r.Name, r.ID), Type: "Use"}
}

// ApplicationRoleGrouping maps it to the grouping of its holders. The description
// is cut to 256 runes.
func ApplicationRoleGrouping(r *pingone.ApplicationRole) authomize.Grouping {
	unique := ApplicationRoleID(r.ID)
	return authomize.Grouping{
		UniqueID: unique, OriginID: originOf(unique), Name: nameOr(r.Name, r.ID), OriginType: "PingOne Application Role",
		Type: authomize.Group, IsRole: true, AlternativeName: cut(r.Description, authomize.MaxAlternativeRunes),
	}
}

// ApplicationRolePermission lets its holders use the privilege in the environment:
// PingOne's list does not say which application a role is of.
func ApplicationRolePermission(environment, role pingone.ID) authomize.Permission {
	return authomize.Permission{
		SourceUniqueID: ApplicationRoleID(role), SourceType: authomize.FromGrouping, PrivilegeID: ApplicationRolePrivilegeID(role),
		AssetID: EnvironmentID(environment), IsRole: true,
	}
}
