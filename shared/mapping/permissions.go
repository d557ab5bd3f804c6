package mapping

import (
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

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
// be "". Warnings: WarnUnreadablePermission.
func PrivilegeOfPermission(p *pingone.RolePermission) (authomize.Privilege, Warnings) {
	privilegeType, ws := permissionsType([]pingone.RolePermission{*p})
	unique := PermissionPrivilegeID(p)
	r := authomize.Privilege{
		UniqueID:      unique,
		OriginID:      unique[len(permissionKind):],
		OriginName:    clean(p.Description),
		PrivilegeType: privilegeType,
	}
	if r.OriginName == "" {
		r.OriginName = r.OriginID
	}
	return r, ws
}

// PermissionGrant maps that a role has a permission: the role's privilege
// contains the permission's. [PermissionID] must not be "".
func PermissionGrant(role pingone.ID, p *pingone.RolePermission) authomize.PrivilegeGrant {
	return authomize.PrivilegeGrant{SourceID: RolePrivilegeID(role), TargetID: PermissionPrivilegeID(p)}
}

// permissionsType classifies a role by its permissions.
func permissionsType(permissions []pingone.RolePermission) (authomize.PrivilegeType, Warnings) {
	if len(permissions) == 0 {
		return authomize.Administrative, noPermissions
	}
	var ws Warnings
	administers, writes := false, false
	for _, p := range permissions {
		action, resource := actionAndResource(p)
		if action == "" || resource == "" {
			ws |= unreadablePermission
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
