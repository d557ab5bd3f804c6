package mapping

import (
	"encoding/hex"
	"strings"

	"pingone-authomize/shared/pingone"
)

// The kinds that uniqueIds begin with. Once shipped they never change: another
// id for the same thing is a mass delete and a mass create in Authomize.
const (
	userKind          = "user:"
	clientKind        = "client:"
	gatewayKind       = "gateway:"
	groupKind         = "group:"
	roleKind          = "role:"
	rolePrivilegeKind = "privilege:role:"
	permissionKind    = "privilege:permission:"
	environmentKind   = "environment:"
	populationKind    = "population:"
	applicationKind   = "application:"
	appAccessKind     = "app-access:"
	allUsersKind      = "all-users:"
	adminsKind        = "admins:"
	scopeKind         = "scope:"
)

// AppAccessPrivilegeID is the uniqueId of the one privilege to use an
// application; see AppAccessPrivilege.
const AppAccessPrivilegeID = "privilege:app-access"

// UserID is the uniqueId of a user.
func UserID(user pingone.ID) string { return kindID(userKind, user) }

// ClientID is the uniqueId of the service account that an application acts as.
func ClientID(application pingone.ID) string { return kindID(clientKind, application) }

// GatewayID is the uniqueId of the service account that a gateway acts as.
func GatewayID(gateway pingone.ID) string { return kindID(gatewayKind, gateway) }

// GroupID is the uniqueId of a group's grouping.
func GroupID(group pingone.ID) string { return kindID(groupKind, group) }

// EnvironmentID is the uniqueId of an environment's asset.
func EnvironmentID(environment pingone.ID) string { return kindID(environmentKind, environment) }

// PopulationID is the uniqueId of a population's asset.
func PopulationID(population pingone.ID) string { return kindID(populationKind, population) }

// ApplicationID is the uniqueId of an application's asset.
func ApplicationID(application pingone.ID) string { return kindID(applicationKind, application) }

// AppAccessID is the uniqueId of the grouping of those who pass all conditions
// of an application; see AppAccessGrouping.
func AppAccessID(application pingone.ID) string { return kindID(appAccessKind, application) }

// AllUsersID is the uniqueId of the grouping of all users of an environment;
// see AllUsersGrouping.
func AllUsersID(environment pingone.ID) string { return kindID(allUsersKind, environment) }

// AdminsID is the uniqueId of the grouping of an environment's administrators;
// see AdminsGrouping.
func AdminsID(environment pingone.ID) string { return kindID(adminsKind, environment) }

// RolePrivilegeID is the uniqueId of a role's privilege.
func RolePrivilegeID(role pingone.ID) string { return kindID(rolePrivilegeKind, role) }

// PermissionPrivilegeID is the uniqueId of a role permission's privilege. It
// is made from [PermissionID], which must not be "".
func PermissionPrivilegeID(p *pingone.RolePermission) string {
	return permissionKind + PermissionID(p)
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

// RoleGroupingID is the uniqueId of the grouping of those who hold a role in
// a scope: role:<roleId>@<SCOPE>:<scopeId>.
func RoleGroupingID(role pingone.ID, s Scope) string {
	var buf [128]byte
	b := append(buf[:0], roleKind...)
	b = appendID(b, role)
	b = append(b, '@')
	b = append(b, s.Type...)
	b = append(b, ':')
	return string(appendID(b, s.ID))
}

func kindID(kind string, id pingone.ID) string {
	var buf [64]byte
	return string(appendID(append(buf[:0], kind...), id))
}

// ids returns uniqueId and originId, which share their memory.
func ids(kind string, id pingone.ID) (unique, origin string) {
	unique = kindID(kind, id)
	return unique, unique[len(kind):]
}

// appendID appends what id.String returns, without a string in between.
func appendID(b []byte, id pingone.ID) []byte {
	if id.IsZero() {
		return b
	}
	b = append(hex.AppendEncode(b, id[0:4]), '-')
	b = append(hex.AppendEncode(b, id[4:6]), '-')
	b = append(hex.AppendEncode(b, id[6:8]), '-')
	b = append(hex.AppendEncode(b, id[8:10]), '-')
	return hex.AppendEncode(b, id[10:16])
}
