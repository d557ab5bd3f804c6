package mapping

import (
	"cmp"
	"slices"
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
	{"", applicationOwner, authomize.MetadataUpdate},
	{"", "Help Desk Admin", authomize.DataUpdate},
	{"", "Authorize Gateway Policy Evaluator", authomize.DataRead},
	{"", "DaVinci Admin Read Only", authomize.MetadataRead},
	{"", "PingFederate Auditor", authomize.MetadataRead},
}

// builtInOf tells a built-in role by its id, else by its name where that is not
// public; nil is another role.
func builtInOf(role pingone.ID, name string) *builtIn {
	id := role.String()
	for i := range builtIns {
		if b := &builtIns[i]; b.id != "" && b.id == id || b.id == "" && strings.EqualFold(b.name, name) {
			return b
		}
	}
	return nil
}

// applicationOwner is the role of those who own an application. Its id is not
// public.
const applicationOwner = "Application Owner"

// GivesOwnership tells whether holders of the role in the scope of an
// application own it: PingOne has no other owner of an AI agent (Ping's page on
// managing AI agents). A custom role of that name does not.
func GivesOwnership(r *pingone.Role) bool {
	return strings.EqualFold(clean(r.Name), applicationOwner) && !isCustom(r)
}

func isCustom(r *pingone.Role) bool { return strings.EqualFold(clean(r.Type), "CUSTOM") }

// PrivilegeOf maps a role to the privilege that holding it gives.
//
// Built-in roles have a fixed type. They are told by name only where the role is
// not a custom one, which may bear any name. Every other role is judged by its
// permissions: Administrative if one of them changes roles, role assignments,
// passwords or secrets, else Metadata Write if one of them changes anything,
// else Metadata Read.
//
// A role without permissions is Administrative: either the reply left them
// out or we don't understand it, and a role that looks harmless without
// proof is the worse mistake in a review.
func PrivilegeOf(r *pingone.Role) (authomize.Privilege, []Warning) {
	name := clean(r.Name)
	if isCustom(r) {
		name = ""
	}
	var privilegeType authomize.PrivilegeType
	var ws []Warning
	if b := builtInOf(r.ID, name); b != nil {
		privilegeType = b.privilegeType
	} else {
		privilegeType, ws = permissionsType(r.Permissions)
	}
	return rolePrivilege(r.ID, r.Name, privilegeType), ws
}

// UnknownRole maps a role that an assignment names and no list held, such as
// a custom role of an environment that can't be read. Its id is its name. It
// counts as Administrative, since nothing says that it is harmless. A
// built-in role with a public id is told by it: it gets its name and type,
// and no warning.
func UnknownRole(role pingone.ID) (authomize.Privilege, []Warning) {
	if b := builtInOf(role, ""); b != nil {
		return rolePrivilege(role, b.name, b.privilegeType), nil
	}
	return rolePrivilege(role, "", authomize.Administrative), []Warning{WarnUnknownRole}
}

func rolePrivilege(role pingone.ID, name string, privilegeType authomize.PrivilegeType) authomize.Privilege {
	unique := RolePrivilegeID(role)
	return authomize.Privilege{
		UniqueID:      unique,
		OriginID:      originOf(unique),
		OriginName:    nameOr(name, role),
		PrivilegeType: privilegeType,
	}
}

// RoleGrouping maps a role within a scope to the grouping of its holders. It
// is for assignments that exist: an empty grouping with rights is a finding
// in the product. The name reads like `Environment Admin (environment
// Workforce)`; ids take the place of names that are absent.
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

// readVerbs are the actions that change nothing. Any other one counts as a
// change, those included that PingOne may invent: there are some thirty by
// now (set, reset, generate, promote, invoke, …).
var readVerbs = []string{
	"read", "retrieve", "get", "list", "view", "search", "check", "test", "validate",
}

// rightsEndings are the ends of the names of resources whose change is a
// change of rights: whoever can change them can give themselves, or take
// over, any right. Singular; userRoleAssignments, groupRoleAssignments,
// applicationRoleAssignments and gatewayRoleAssignments are among them,
// userPassword is, passwordPolicy is not.
var rightsEndings = []string{"role", "roleassignment", "password", "secret"}

// PrivilegeOfPermission maps a permission of a role, which many roles may list,
// to the privilege to do that one thing. It is named by the description, which
// PingOne gives with its built-in roles only, else by the id. Its type is the
// one that a role of this permission alone would have. [PermissionID] must not
// be "".
func PrivilegeOfPermission(p *pingone.RolePermission) (authomize.Privilege, []Warning) {
	privilegeType, ws := permissionsType([]pingone.RolePermission{*p})
	id := PermissionID(p)
	return authomize.Privilege{
		UniqueID:      permissionPrivilegeID(p),
		OriginID:      id,
		OriginName:    cmp.Or(clean(p.Description), id),
		PrivilegeType: privilegeType,
	}, ws
}

// PermissionGrant maps that a role has a permission: the role's privilege
// contains the permission's. [PermissionID] must not be "".
func PermissionGrant(role pingone.ID, p *pingone.RolePermission) authomize.PrivilegeGrant {
	return authomize.PrivilegeGrant{SourceID: RolePrivilegeID(role), TargetID: permissionPrivilegeID(p)}
}

// permissionsType classifies a role by its permissions.
func permissionsType(permissions []pingone.RolePermission) (authomize.PrivilegeType, []Warning) {
	if len(permissions) == 0 {
		return authomize.Administrative, []Warning{WarnNoPermissions}
	}
	var ws []Warning
	administers, writes := false, false
	for _, p := range permissions {
		action, resource := actionAndResource(p)
		if action == "" || resource == "" {
			ws = []Warning{WarnUnreadablePermission} // once a role
		}
		if !isRead(action) {
			writes = true
			administers = administers || resource == "" || isAboutRights(resource)
		}
	}
	switch {
	case administers:
		return authomize.Administrative, ws
	case writes:
		return authomize.MetadataWrite, ws
	default:
		return authomize.MetadataRead, ws
	}
}

// actionAndResource reads both forms of a permission: the id
// category:action:resource, and the older classifier (the resource) with a
// description that begins with the action. What can't be read is "".
func actionAndResource(p pingone.RolePermission) (action, resource string) {
	if _, rest, ok := strings.Cut(p.ID, ":"); ok {
		if action, resource, ok = strings.Cut(rest, ":"); ok {
			return clean(action), clean(resource)
		}
	}
	return clean(p.Description), clean(p.Classifier)
}

// isRead tells whether an action changes nothing. In a description the first
// word says what is done, and so does the one after "or": `Read or list
// forms` reads, `Read a credential type or issue a credential` does not.
func isRead(action string) bool {
	words := strings.Fields(strings.ToLower(action))
	if len(words) == 0 || !isReadVerb(words[0]) {
		return false
	}
	for i, word := range words[1:] { // the word after words[1+i] is words[2+i]
		if word == "or" && i+2 < len(words) && !isReadVerb(words[i+2]) {
			return false
		}
	}
	return true
}

func isReadVerb(word string) bool {
	return slices.Contains(readVerbs, word) || slices.Contains(readVerbs, strings.TrimSuffix(word, "s"))
}

func isAboutRights(resource string) bool {
	resource = strings.TrimSuffix(strings.ToLower(resource), "s")
	return slices.ContainsFunc(rightsEndings, func(end string) bool {
		return strings.HasSuffix(resource, end)
	})
}
