package mapping

import (
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// An AccessKind says how to find those who may use an application.
type AccessKind string

// The kinds of access. "Admins" are the users who hold an administrator role,
// directly or by a group.
const (
	AccessNobody            AccessKind = "nobody"               // disabled: no permission
	AccessUnreadable        AccessKind = "unreadable"           // conditions of which nothing could be read: no permission
	AccessEveryone          AccessKind = "everyone"             // AllUsersGrouping
	AccessGroups            AccessKind = "groups"               // each of Groups, one permission a group
	AccessAllGroups         AccessKind = "all-groups"           // users in all Groups, two or more: AppAccessGrouping
	AccessAdmins            AccessKind = "admins"               // AdminsGrouping
	AccessAdminsInAnyGroup  AccessKind = "admins-in-any-group"  // admins in one of Groups: AppAccessGrouping
	AccessAdminsInAllGroups AccessKind = "admins-in-all-groups" // admins in all Groups, two or more: AppAccessGrouping
)

// Access is who may use an application. Membership of Groups includes that by
// nesting. Groups holds each group once, in PingOne's order, and is empty for
// kinds that don't name groups.
type Access struct {
	Kind   AccessKind
	Groups []pingone.ID
	// Malformed counts ids of groups and whole conditions that could not be
	// read. Unless it is 0, Authomize may hold permissions that are right and
	// that can't be told from this.
	Malformed int
}

// UnreadableAccess is an access control that is there and can't be decoded:
// AccessOf makes AccessUnreadable of it.
func UnreadableAccess() pingone.AccessControl {
	return pingone.AccessControl{Group: new(pingone.GroupCondition)}
}

// AccessOf reads who may use an application. hiddenFromAppPortal plays no
// part: it hides a tile and denies nothing.
//
// Where a condition is new, more access is shown rather than less: a group
// condition of a new type counts as ANY_GROUP; one with an empty list and a
// role condition of a new type count as no condition. ALL_GROUPS with one
// group is the same as ANY_GROUP.
//
// Malformed are a group condition without a list, a role condition without a
// type, and a group without a usable id, which is left out: where no group is
// left the application is AccessUnreadable, and not open to everyone.
func AccessOf(a *pingone.Application) (Access, []Warning) {
	if a.Enabled != nil && !*a.Enabled {
		return Access{Kind: AccessNobody}, nil
	}
	access, all, ws := groupCondition(a.AccessControl.Group)
	admins := false
	if role := a.AccessControl.Role; role != nil {
		conditionType := clean(role.Type)
		admins = strings.EqualFold(conditionType, "ADMIN_USERS_ONLY")
		switch {
		case conditionType == "":
			access.Malformed++
		case !admins:
			ws = append(ws, WarnUnknownRoleCondition)
		}
	}
	access.Kind = accessKind(admins, len(access.Groups), all)
	if access.Malformed > 0 && len(access.Groups) == 0 {
		access.Kind = AccessUnreadable
	}
	return access, ws
}

func accessKind(admins bool, groups int, all bool) AccessKind {
	all = all && groups > 1
	switch {
	case groups == 0 && admins:
		return AccessAdmins
	case groups == 0:
		return AccessEveryone
	case all && admins:
		return AccessAdminsInAllGroups
	case admins:
		return AccessAdminsInAnyGroup
	case all:
		return AccessAllGroups
	default:
		return AccessGroups
	}
}

// groupCondition reads the groups of a condition, and whether users must be in all
// of them.
func groupCondition(c *pingone.GroupCondition) (access Access, all bool, ws []Warning) {
	switch {
	case c == nil:
		return Access{}, false, nil
	case c.Groups == nil:
		return Access{Malformed: 1}, false, nil
	}
	conditionType := clean(c.Type)
	all = strings.EqualFold(conditionType, "ALL_GROUPS")
	if !all && !strings.EqualFold(conditionType, "ANY_GROUP") {
		ws = append(ws, WarnUnknownAccessType)
	}
	if len(c.Groups) == 0 {
		ws = append(ws, WarnEmptyGroupCondition)
	}
	seen := make(map[pingone.ID]bool, len(c.Groups))
	for _, g := range c.Groups {
		switch {
		case g.ID.IsZero():
			access.Malformed++
		case !seen[g.ID]:
			seen[g.ID] = true
			access.Groups = append(access.Groups, g.ID)
		}
	}
	return access, all, ws
}

// AccessPermission lets the members of a grouping use an application.
func AccessPermission(groupingID string, application pingone.ID) authomize.Permission {
	return authomize.Permission{
		SourceUniqueID: groupingID,
		SourceType:     authomize.FromGrouping,
		PrivilegeID:    AppAccessPrivilegeID,
		AssetID:        ApplicationID(application),
	}
}

// AppAccessPrivilege is the one privilege to sign on to an application. It is
// ours and has no originId. Its type is of the older enum: the newer one
// knows no use, only reads and writes.
func AppAccessPrivilege() authomize.Privilege {
	return authomize.Privilege{UniqueID: AppAccessPrivilegeID, OriginName: "Use application", Type: "Use"}
}

// AllUsersGrouping is the grouping of all users of an environment, who may
// use every application without access control.
func AllUsersGrouping(environment pingone.ID, name string) authomize.Grouping {
	return virtual(AllUsersID(environment), "PingOne All Users", "All users (environment "+nameOr(name, environment)+")")
}

// AdminsGrouping is the grouping of the users of an environment who hold an
// administrator role, directly or by a group.
func AdminsGrouping(environment pingone.ID, name string) authomize.Grouping {
	return virtual(AdminsID(environment), "PingOne Administrators", "Administrators (environment "+nameOr(name, environment)+")")
}

// AppAccessGrouping is the grouping of the users who pass all conditions of
// an application, where one permission a group would overstate access.
func AppAccessGrouping(application pingone.ID, name string) authomize.Grouping {
	return virtual(AppAccessID(application), "PingOne Application Access", "Access (application "+nameOr(name, application)+")")
}

func virtual(unique, originType, name string) authomize.Grouping {
	return authomize.Grouping{
		UniqueID:   unique,
		OriginID:   originOf(unique),
		Name:       name,
		OriginType: originType,
		Type:       authomize.VirtualGroup,
	}
}
