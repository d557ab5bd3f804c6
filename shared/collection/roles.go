package collection

import (
	"context"
	"iter"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// roles are what can be held, the organization that is the widest scope of it,
// and how those who hold them sign on.
var roles = Collection{
	Name: staging.Roles, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Configuration, Role: configuration,
	Lists: roleLists, Ask: askRole, Exists: rolesExist,
	Deleted: pingone.RoleDeleted, Created: pingone.RoleCreated, Event: itemEvent("roles"),
}

func roleLists(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		all, err := in.Environments(ctx)
		if err != nil {
			yield(List{}, err)
			return
		}
		if !yield(List{List: pingone.BuiltInRoles()}, nil) {
			return
		}
		for i := range all {
			if org := all[i].Organization; !org.IsZero() {
				if !yield(List{List: pingone.List{Path: pingone.OrganizationPath(org)}}, nil) {
					return
				}
				break
			}
		}
		lists := []func(pingone.ID) pingone.List{pingone.RolesOf, pingone.AdminConfigOf}
		if in.ApplicationRoles {
			lists = append(lists, pingone.ApplicationRolesOf)
		}
		for _, of := range lists {
			for l, err := range eachEnvironment(of)(ctx, in) {
				l.Optional = pingone.IsAdminConfig(l.Path) || pingone.IsApplicationRoles(l.Path)
				if !yield(l, err) {
					return
				}
			}
		}
	}
}

// rolesExist: application roles are asked for only where the settings say so.
func rolesExist(in *Inputs, l staging.ListKey) bool {
	return in.ApplicationRoles || !pingone.IsApplicationRoles(l.Path)
}

// askRole: a built-in role belongs to no environment.
func askRole(l staging.ListKey, id pingone.ID) Ask {
	if l.Environment.IsZero() || pingone.IsApplicationRoles(l.Path) {
		return Ask{Path: l.Path + "/" + id.String()}
	}
	return Ask{Path: pingone.ItemPath(l.Environment, "roles", id)}
}
