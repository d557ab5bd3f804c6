package mapping

import (
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// A builtIn is a role that PingOne brings along.
type builtIn struct {
	id            string // the same in every organization; "" where not public
	name          string // as the API writes it
	privilegeType authomize.PrivilegeType
}

// builtIns lists the built-in roles whose privilege type is settled. Others
// (PingOne adds some every year) are judged by their permissions.
var builtIns = [...]builtIn{
	{"1813bc13-8d13-4e88-a825-d40bfe82777b", "Organization Admin", authomize.Administrative},
	{"29ddce68-cd7f-4b2a-b6fc-f7a19553b496", "Environment Admin", authomize.Administrative},
	{"0bd9c966-7664-4ac1-b059-0ff9293908e2", "Identity Data Admin", authomize.Administrative},
	{"6f770b08-793f-4393-b2aa-b1d1587a0324", "Custom Roles Admin", authomize.Administrative},
	{"b5057d0d-7281-47f6-9398-8a7e4cb71397", "Client Application Developer", authomize.MetadataWrite},
	{"ce00e15f-f845-4df1-abf3-fdc4ff4e176c", "Identity Data Read Only", authomize.DataRead},
	{"7aba580c-5ec7-4b26-987d-85f462767455", "Configuration Read Only", authomize.MetadataRead},
	{"", "PingFederate Administrator", authomize.Administrative},
	{"", "PingFederate User Administrator", authomize.Administrative},
	{"", "PingFederate Crypto Administrator", authomize.Administrative},
	{"", "Advanced Identity Cloud Super Admin", authomize.Administrative},
	{"", "Advanced Identity Cloud Tenant Admin", authomize.Administrative},
	{"", "DaVinci Admin", authomize.MetadataWrite},
	{"", "PingFederate Expression Administrator", authomize.MetadataWrite},
	{"", "Application Owner", authomize.MetadataUpdate},
	{"", "Help Desk Admin", authomize.DataUpdate},
	{"", "Authorize Gateway Policy Evaluator", authomize.DataRead},
	{"", "DaVinci Admin Read Only", authomize.MetadataRead},
	{"", "PingFederate Auditor", authomize.MetadataRead},
}

// PrivilegeOf maps a role, built-in or custom, to the privilege that holding
// it gives. Warnings: those of PrivilegeTypeOf.
func PrivilegeOf(r *pingone.Role) (authomize.Privilege, Warnings) {
	privilegeType, ws := PrivilegeTypeOf(r)
	return rolePrivilege(r.ID, nameOr(r.Name, r.ID), privilegeType), ws
}

// UnknownRole maps a role that an assignment names and no list held, such as
// a custom role of an environment that can't be read. Its id is its name. It
// counts as Administrative, since nothing says that it is harmless. A
// built-in role with a public id is known even so: it gets its name and type,
// and no warning. Warnings: WarnUnknownRole.
func UnknownRole(role pingone.ID) (authomize.Privilege, Warnings) {
	if b := builtInByID(role); b != nil {
		return rolePrivilege(role, b.name, b.privilegeType), 0
	}
	return rolePrivilege(role, role.String(), authomize.Administrative), unknownRole
}

func rolePrivilege(role pingone.ID, name string, privilegeType authomize.PrivilegeType) authomize.Privilege {
	unique, origin := ids(rolePrivilegeKind, role)
	return authomize.Privilege{
		UniqueID:      unique,
		OriginID:      origin,
		OriginName:    name,
		PrivilegeType: privilegeType,
	}
}

// PrivilegeTypeOf classifies a role.
//
// Built-in roles have a fixed type. They are told by id, and by name only
// where PingOne doesn't publish the id and the role is not a custom one: a
// custom role may bear any name. Every other role is judged by its
// permissions: Administrative if one of them changes roles, role assignments,
// passwords or secrets, else Metadata Write if one of them changes anything,
// else Metadata Read.
//
// A role without permissions is Administrative: either the reply left them
// out or we don't understand it, and a role that looks harmless without
// proof is the worse mistake in a review.
// Warnings: WarnNoPermissions, WarnUnreadablePermission.
func PrivilegeTypeOf(r *pingone.Role) (authomize.PrivilegeType, Warnings) {
	if b := builtInByID(r.ID); b != nil {
		return b.privilegeType, 0
	}
	if !strings.EqualFold(clean(r.Type), "CUSTOM") {
		if b := builtInByName(clean(r.Name)); b != nil {
			return b.privilegeType, 0
		}
	}
	return permissionsType(r.Permissions)
}

func builtInByID(id pingone.ID) *builtIn {
	text := id.String()
	for i := range builtIns {
		if builtIns[i].id != "" && builtIns[i].id == text {
			return &builtIns[i]
		}
	}
	return nil
}

func builtInByName(name string) *builtIn {
	for i := range builtIns {
		if builtIns[i].id == "" && strings.EqualFold(builtIns[i].name, name) {
			return &builtIns[i]
		}
	}
	return nil
}

// RoleGrouping maps a role within a scope to the grouping of its holders. It
// is for assignments that exist: an empty grouping with rights is a finding
// in the product. The name reads like `Environment Admin (environment
// Workforce)`; ids take the place of names that are not known.
func RoleGrouping(roleName string, role pingone.ID, s Scope, scopeName string) authomize.Grouping {
	return authomize.Grouping{
		UniqueID:   RoleGroupingID(role, s),
		OriginID:   role.String(),
		Name:       nameOr(roleName, role) + " (" + strings.ToLower(s.Type) + " " + nameOr(scopeName, s.ID) + ")",
		OriginType: "PingOne Role",
		Type:       authomize.Group,
		IsRole:     true,
	}
}

// RolePermission maps what the holders of a role within a scope may do: the
// role's privilege on the scope's asset, or on the whole app for the
// organization. There is one for each RoleGrouping.
func RolePermission(role pingone.ID, s Scope) authomize.Permission {
	return authomize.Permission{
		SourceUniqueID: RoleGroupingID(role, s),
		SourceType:     authomize.FromGrouping,
		PrivilegeID:    RolePrivilegeID(role),
		AssetID:        s.AssetID(),
		IsRole:         true,
	}
}
