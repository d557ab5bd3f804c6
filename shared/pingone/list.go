package pingone

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
)

// PageSize is asked for where there is paging: the most that /users and
// /groups take. Pages may come shorter all the same.
const PageSize = 1000

const pageLimit = "limit=1000"

// A List is a collection of PingOne, as it is asked for.
type List struct {
	Path  string `json:"path"`           // from /v1/ on
	Query string `json:"query,omitzero"` // encoded, "" for none
	Key   string `json:"key,omitzero"`   // its name under _embedded; "" for a single resource
}

func (l List) first() string {
	if l.Query == "" {
		return l.Path
	}
	return l.Path + "?" + l.Query
}

// Environments lists those that the worker application may read.
func Environments() List {
	return List{Path: "/v1/environments", Query: pageLimit, Key: "environments"}
}

// EnvironmentPath is the path of one environment.
func EnvironmentPath(env ID) string { return "/v1/environments/" + env.String() }

// ItemPath is the path of one item of an environment's collection: users,
// groups, populations, applications, gateways or roles.
func ItemPath(env ID, collection string, id ID) string {
	return EnvironmentPath(env) + "/" + collection + "/" + id.String()
}

// OrganizationPath is the path of one organization.
func OrganizationPath(org ID) string { return "/v1/organizations/" + org.String() }

// AdminConfigOf is how the administrators of an environment sign on, a single
// resource. It takes admin:read:config.
func AdminConfigOf(env ID) List { return List{Path: EnvironmentPath(env) + adminConfig} }

const adminConfig = "/adminConfig"

// IsAdminConfig tells its path.
func IsAdminConfig(path string) bool { return strings.HasSuffix(path, adminConfig) }

// Populations lists an environment's populations.
func Populations(env ID) List { return paged(env, "populations") }

// UsersOf lists an environment's users.
func UsersOf(env ID) List { return paged(env, "users") }

// UsersIn lists the users of a population.
func UsersIn(env, population ID) List {
	return UsersOf(env).filtered(fmt.Sprintf(`population.id eq "%s"`, population))
}

// GroupsOf lists an environment's groups.
func GroupsOf(env ID) List { return paged(env, "groups") }

// Members lists the users that are direct members of a group.
func Members(env, group ID) List { return UsersOf(env).filtered(directMembersOf(group)) }

// AllMembers lists the users that are members of a group in any way: direct,
// by a dynamic filter, or by a group within it.
func AllMembers(env, group ID) List {
	return UsersOf(env).filtered(fmt.Sprintf(`memberOfGroups[id eq "%s"]`, group))
}

// Children lists the groups that are direct members of a group.
func Children(env, group ID) List { return GroupsOf(env).filtered(directMembersOf(group)) }

// UserGroups lists the groups that a user is a member of, indirectly too: its
// items are of type GroupMembership.
func UserGroups(env, user ID) List { return memberOf(env, UserPrincipal, user) }

// GroupParents lists the groups that hold a group, as UserGroups does.
func GroupParents(env, group ID) List { return memberOf(env, GroupPrincipal, group) }

func memberOf(env ID, p Principal, id ID) List {
	return List{Path: ItemPath(env, string(p), id) + "/" + memberOfGroups, Query: pageLimit, Key: "groupMemberships"}
}

// directMembersOf names the type: without it indirect members would be mixed in.
func directMembersOf(group ID) string {
	return fmt.Sprintf(`memberOfGroups[id eq "%s" and type eq "DIRECT"]`, group)
}

// BuiltInRoles lists the roles that every organization has. Not paged.
func BuiltInRoles() List { return List{Path: "/v1/roles", Key: "roles"} }

// RolesOf lists an environment's roles, custom ones included. Not paged.
func RolesOf(env ID) List { return unpaged(env, "roles") }

// ApplicationsOf lists an environment's applications. Not paged.
func ApplicationsOf(env ID) List { return unpaged(env, "applications") }

// GatewaysOf lists an environment's gateways. Not paged.
func GatewaysOf(env ID) List { return unpaged(env, "gateways") }

// TotalIdentitiesKey names the head counts of an environment.
const TotalIdentitiesKey = "totalIdentities"

// TotalIdentities counts an environment's users on each of some days, in UTC.
// PingOne takes times in this filter, no bare days. Not paged.
func TotalIdentities(env ID, from, to time.Time) List {
	const day = time.DateOnly + "T00:00:00Z"
	return unpaged(env, TotalIdentitiesKey).filtered(fmt.Sprintf(`startDate eq "%s" and endDate eq "%s"`,
		from.UTC().Format(day), to.UTC().Format(day)))
}

// A Principal is a sort of thing that can hold roles, as in its path.
type Principal string

// The principals.
const (
	UserPrincipal        Principal = "users"
	GroupPrincipal       Principal = "groups"
	ApplicationPrincipal Principal = "applications"
	GatewayPrincipal     Principal = "gateways"
)

const (
	roleAssignments = "roleAssignments"
	memberOfGroups  = "memberOfGroups"
)

// RoleAssignmentsOf lists the roles that one principal holds. Not paged.
func RoleAssignmentsOf(env ID, p Principal, id ID) List {
	return List{Path: ItemPath(env, string(p), id) + "/" + roleAssignments, Key: roleAssignments}
}

// applicationRoles is what PingOne Authorize's roles within applications are
// called in paths.
const applicationRoles = "applicationRoles"

// ApplicationRolesOf lists the application roles of an environment (PingOne
// documentation, "Application roles").
func ApplicationRolesOf(env ID) List {
	return List{Path: EnvironmentPath(env) + "/" + applicationRoles, Key: "roles"}
}

// IsApplicationRoles tells their path, and that of one of them.
func IsApplicationRoles(path string) bool { return strings.Contains(path, "/"+applicationRoles) }

// AssignmentsKey names who holds an application role, in the path of the list.
const AssignmentsKey = "assignments"

// AssignmentsOf lists who holds an application role: items of type Assignment
// (PingOne documentation, "Application role assignments"; the names of this list
// and of the roles are those of the Go SDK's models for PingOne Authorize).
func AssignmentsOf(env, role ID) List {
	return List{Path: ItemPath(env, applicationRoles, role) + "/" + AssignmentsKey, Key: AssignmentsKey}
}

// EntriesKey names the rows of an exploration of MFA data in a page.
const EntriesKey = "entries"

// ExplorationsName is where data explorations are made, in their path.
const ExplorationsName = "dataExplorations"

// ListName is how a list is named in its replies: as its path ends, but for some.
func ListName(list string) string {
	switch name := path.Base(list); name {
	case applicationRoles:
		return "roles"
	case ExplorationsName:
		return EntriesKey
	default:
		return name
	}
}

// IsBySubject tells whether an item of a list is about its subject, whose id
// stands for it: an Assignment.
func IsBySubject(list string) bool { return path.Base(list) == AssignmentsKey }

// UserApplicationRoles lists the application roles of a user.
func UserApplicationRoles(env, user ID) List {
	return List{Path: ItemPath(env, string(UserPrincipal), user) + "/" + applicationRoles, Key: "roles"}
}

// DevicesKey names the devices of a user, in their path and in the reply.
const DevicesKey = "devices"

// DevicesOf lists the MFA devices of a user. Whether it is paged is not
// documented: no limit is sent, and a next link is followed (PingOne
// documentation, "MFA devices").
func DevicesOf(env, user ID) List {
	return List{Path: ItemPath(env, string(UserPrincipal), user) + "/" + DevicesKey, Key: DevicesKey}
}

func paged(env ID, name string) List {
	l := unpaged(env, name)
	l.Query = pageLimit
	return l
}

func unpaged(env ID, name string) List {
	return List{Path: EnvironmentPath(env) + "/" + name, Key: name}
}

// filtered adds a filter. Spaces become %20: a plus sign is a space to some
// decoders only.
func (l List) filtered(filter string) List {
	if l.Query != "" {
		l.Query += "&"
	}
	l.Query += "filter=" + strings.ReplaceAll(url.QueryEscape(filter), "+", "%20")
	return l
}
