package functions_test

import (
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// privilegeTypes of the built-in roles, by the mapping's table.
var privilegeTypes = map[string]string{
	"Organization Admin": "Administrative", "Environment Admin": "Administrative", "Identity Data Admin": "Administrative",
	"Custom Roles Admin": "Administrative", "PingFederate Administrator": "Administrative",
	"Client Application Developer": "Metadata Write", "DaVinci Admin": "Metadata Write",
	"Application Owner": "Metadata Update", "Help Desk Admin": "Data Update", "Identity Data Read Only": "Data Read",
	"Configuration Read Only": "Metadata Read", "DaVinci Admin Read Only": "Metadata Read", "PingFederate Auditor": "Metadata Read",
}

func (o *oracle) roles() {
	for _, r := range o.org.Roles {
		o.role(r.ID, r.Name, privilegeTypes[r.Name])
	}
	for _, e := range o.org.Environments {
		for _, r := range e.CustomRoles {
			o.role(r.ID, r.Name, customType(r))
		}
	}
}

func (o *oracle) role(id pingone.ID, name, privilegeType string) {
	unique := "privilege:role:" + id.String()
	o.names[unique] = name
	o.add(authomize.Privileges, record{
		"uniqueId": unique, "originId": id.String(), "originName": name, "privilegeType": privilegeType,
	})
}

// customType judges a role by its permissions, category:action:resource.
func customType(r *pingonetest.Role) string {
	worst := "Metadata Read"
	for _, p := range r.Permissions {
		parts := strings.Split(p.ID, ":")
		if parts[1] == "read" {
			continue
		}
		for _, right := range []string{"role", "roleassignment", "password", "secret"} {
			if strings.HasSuffix(strings.TrimSuffix(strings.ToLower(parts[2]), "s"), right) {
				return "Administrative"
			}
		}
		worst = "Metadata Write"
	}
	return worst
}

// assignments are roles in scopes and who holds them.
func (o *oracle) assignments(e *pingonetest.Environment) {
	for principal, held := range e.RoleAssignments {
		for _, a := range held {
			if !a.Group.IsZero() {
				continue // the group's, who holds it by itself
			}
			role := o.scopedRole(a)
			switch id := principal.ID.String(); principal.Kind {
			case pingonetest.UserPrincipal:
				o.join(authomize.AccountAssociations, "user:"+id, role)
			case pingonetest.GroupPrincipal:
				o.join(authomize.GroupingAssociations, "group:"+id, role)
			case pingonetest.ApplicationPrincipal:
				o.join(authomize.AccountAssociations, "client:"+id, role)
			case pingonetest.GatewayPrincipal:
				o.join(authomize.AccountAssociations, "gateway:"+id, role)
			}
		}
	}
}

// controls tells whether a role controls the organization: Organization Admin, and
// Environment Admin over it or over the home of a user who is Organization Admin.
func (o *oracle) controls(a pingonetest.RoleAssignment) bool {
	if a.Role == pingonetest.RoleID("Organization Admin") {
		return true
	}
	if a.Role != pingonetest.RoleID("Environment Admin") {
		return false
	}
	return strings.EqualFold(a.ScopeType, "ORGANIZATION") || o.isHome(a.Scope)
}

// isHome tells whether an environment is home to an Organization Admin.
func (o *oracle) isHome(env pingone.ID) bool {
	home := o.org.Environment(env)
	if home == nil {
		return false
	}
	for p, held := range home.RoleAssignments {
		for _, h := range held {
			if p.Kind == pingonetest.UserPrincipal && h.Role == pingonetest.RoleID("Organization Admin") {
				return true
			}
		}
	}
	return false
}

// scopedRole makes the grouping of a role in a scope, its one permission, and
// what that refers to and nothing else made; it returns the grouping's id.
func (o *oracle) scopedRole(a pingonetest.RoleAssignment) string {
	privilege := "privilege:role:" + a.Role.String()
	if o.out[authomize.Privileges][privilege] == nil { // in no list
		o.role(a.Role, a.Role.String(), "Administrative")
	}
	sort, scope := strings.ToUpper(a.ScopeType), a.Scope.String()
	asset, label := strings.ToLower(sort)+":"+scope, scope
	switch sort {
	case "ORGANIZATION":
		asset, label = "", o.org.Name
	case "GROUP":
		asset, label = "scope:GROUP:"+scope, o.names["group:"+scope]
		o.add(authomize.Assets, record{
			"uniqueId": asset, "originId": scope, "name": label, "type": "Other", "originType": "PingOne Group",
		})
	case "ENVIRONMENT", "POPULATION", "APPLICATION":
		if name, ok := o.names[asset]; ok {
			label = name
			break
		}
		o.add(authomize.Assets, record{ // an environment that can't be read
			"uniqueId": asset, "originId": scope, "name": scope, "type": "Other", "originType": "PingOne Environment",
		})
	default:
		asset = "scope:" + sort + ":" + scope
		o.add(authomize.Assets, record{
			"uniqueId": asset, "originId": scope, "name": sort + " " + scope, "type": "Other", "originType": "PingOne " + sort,
		})
	}
	id := "role:" + a.Role.String() + "@" + sort + ":" + scope
	o.add(authomize.Groupings, record{
		"uniqueId": id, "originId": a.Role.String(), "type": "Group", "originType": "PingOne Role", "isRole": true,
		"name": o.names[privilege] + " (" + strings.ToLower(sort) + " " + label + ")",
	})
	permission := record{
		"sourceUniqueId": id, "sourceType": "Grouping", "privilegeId": privilege, "assetId": asset, "isRole": true,
	}
	switch {
	case o.controls(a):
		permission["tags"] = []any{"tier:0"}
	case a.Role == pingonetest.RoleID("Identity Data Admin") && o.isHome(a.Scope):
		permission["tags"] = []any{"esc:R1", "reaches:organization-admin"}
		permission["escalationPathPossible"] = true
	}
	o.add(authomize.Permissions, permission)
	return id
}

// access is who may use an application.
func (o *oracle) access(e *pingonetest.Environment, a *pingonetest.Application) {
	admins, all := a.AccessRole == "ADMIN_USERS_ONLY", a.AccessType == "ALL_GROUPS" && len(a.AccessGroups) > 1
	switch {
	case a.Disabled:
	case len(a.AccessGroups) == 0 && admins:
		o.virtual("admins:", e.ID, "PingOne Administrators", "Administrators (environment "+e.Name+")", a, o.admins(e))
	case len(a.AccessGroups) == 0:
		everyone := map[pingone.ID]bool{}
		for i := range e.Users {
			if !e.Users[i].Removed() {
				everyone[e.Users[i].ID] = true
			}
		}
		o.virtual("all-users:", e.ID, "PingOne All Users", "All users (environment "+e.Name+")", a, everyone)
	case !all && !admins:
		for _, g := range a.AccessGroups {
			if o.groups[g] != nil {
				o.permit("group:"+g.String(), a)
			}
		}
	default:
		passed := map[pingone.ID]int{}
		for _, g := range a.AccessGroups {
			for _, user := range o.groups[g].AllMembers(g) {
				passed[user]++
			}
		}
		allowed, holders := map[pingone.ID]bool{}, o.admins(e)
		for user, n := range passed {
			if (!all || n == len(a.AccessGroups)) && (!admins || holders[user]) {
				allowed[user] = true
			}
		}
		o.virtual("app-access:", a.ID, "PingOne Application Access", "Access (application "+a.Name+")", a, allowed)
	}
}

// admins are the users of an environment with a role, by a group or not.
func (o *oracle) admins(of *pingonetest.Environment) map[pingone.ID]bool {
	found := map[pingone.ID]bool{}
	for _, e := range o.org.Environments {
		for principal, held := range e.RoleAssignments {
			var users []pingone.ID
			switch {
			case len(held) == 0:
			case principal.Kind == pingonetest.UserPrincipal:
				users = []pingone.ID{principal.ID}
			case principal.Kind == pingonetest.GroupPrincipal:
				users = e.AllMembers(principal.ID)
			}
			for _, user := range users {
				if of.User(user) != nil {
					found[user] = true
				}
			}
		}
	}
	return found
}

// virtual makes a grouping of ours, unless nobody is in it, and lets it use
// the application.
func (o *oracle) virtual(kind string, id pingone.ID, sort, name string, a *pingonetest.Application, members map[pingone.ID]bool) {
	if len(members) == 0 {
		return
	}
	unique := kind + id.String()
	o.add(authomize.Groupings, record{
		"uniqueId": unique, "originId": id.String(), "name": name, "type": "VirtualGroup", "originType": sort, "isRole": false,
	})
	for user := range members {
		o.join(authomize.AccountAssociations, "user:"+user.String(), unique)
	}
	o.permit(unique, a)
}

func (o *oracle) permit(source string, a *pingonetest.Application) {
	o.add(authomize.Privileges, record{"uniqueId": "privilege:app-access", "originName": "Use application", "type": "Use"})
	o.add(authomize.Permissions, record{
		"sourceUniqueId": source, "sourceType": "Grouping", "privilegeId": "privilege:app-access",
		"assetId": "application:" + a.ID.String(), "isRole": false,
	})
}
