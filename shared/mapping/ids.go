package mapping

import (
	"strings"

	"pingone-authomize/shared/pingone"
)

// How uniqueIds are made never changes once shipped: another id for the same
// thing is a mass delete and a mass create in Authomize.

// AppAccessPrivilegeID is the uniqueId of the one privilege to use an
// application; see AppAccessPrivilege.
const AppAccessPrivilegeID = "privilege:app-access"

// UserID is the uniqueId of a user.
func UserID(user pingone.ID) string { return "user:" + user.String() }

// ClientID is the uniqueId of the service account that an application acts as.
func ClientID(application pingone.ID) string { return "client:" + application.String() }

// GatewayID is the uniqueId of the service account that a gateway acts as.
func GatewayID(gateway pingone.ID) string { return "gateway:" + gateway.String() }

// GroupID is the uniqueId of a group's grouping.
func GroupID(group pingone.ID) string { return "group:" + group.String() }

// EnvironmentID is the uniqueId of an environment's asset.
func EnvironmentID(environment pingone.ID) string { return "environment:" + environment.String() }

// PopulationID is the uniqueId of a population's asset.
func PopulationID(population pingone.ID) string { return "population:" + population.String() }

// ApplicationID is the uniqueId of an application's asset.
func ApplicationID(application pingone.ID) string { return "application:" + application.String() }

// AppAccessID is the uniqueId of AppAccessGrouping.
func AppAccessID(application pingone.ID) string { return "app-access:" + application.String() }

// AllUsersID is the uniqueId of AllUsersGrouping.
func AllUsersID(environment pingone.ID) string { return AllUsersPrefix + environment.String() }

// AllUsersPrefix begins every AllUsersID.
const AllUsersPrefix = "all-users:"

// AdminsID is the uniqueId of AdminsGrouping.
func AdminsID(environment pingone.ID) string { return "admins:" + environment.String() }

// RolePrivilegeID is the uniqueId of a role's privilege.
func RolePrivilegeID(role pingone.ID) string { return "privilege:role:" + role.String() }

// RoleGroupingID is the uniqueId of the grouping of those who hold a role in
// a scope: role:<roleId>@<SCOPE>:<scopeId>.
func RoleGroupingID(role pingone.ID, s Scope) string {
	return "role:" + role.String() + "@" + s.Type + ":" + s.ID.String()
}

// PermissionID is PingOne's id of a role's permission, such as dir:read:user:
// three words of letters, some with underscores, as far as PingOne's reference
// of permissions shows. Upper and lower case stay as they are. It is "" where it
// can't be told: replies of 2022 have none, and white space, control characters
// and what is not ASCII are in no id, and would break lists of ids.
func PermissionID(p *pingone.RolePermission) string {
	id := clean(p.ID)
	if strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

// permissionPrivilegeID is made from [PermissionID], which must not be "".
func permissionPrivilegeID(p *pingone.RolePermission) string {
	return "privilege:permission:" + PermissionID(p)
}

// originOf is the id at the end of a uniqueId of one id, whose memory it shares.
func originOf(unique string) string { return unique[strings.LastIndexByte(unique, ':')+1:] }

// A Scope is what a role assignment reaches: the organization, an
// environment, a population, an application, a group, or a thing of a newer
// type.
type Scope struct {
	Type string // upper-case
	ID   pingone.ID
}

const groupOrigin = "PingOne Group"
