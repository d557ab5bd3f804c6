package collection

import (
	"context"
	"iter"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// roles are what can be held, and the organization that is the widest scope
// of it: the two things that belong to no environment.
var roles = Collection{
	Name: staging.Roles, Inputs: []staging.Collection{staging.Environments},
	Limit: pingone.Configuration, Role: configuration,
	Lists: roleLists, Ask: askRole,
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
		for l, err := range eachEnvironment(pingone.RolesOf)(ctx, in) {
			if !yield(l, err) {
				return
			}
		}
	}
}

// askRole: a built-in role belongs to no environment.
func askRole(l staging.ListKey, id pingone.ID) Ask {
	if l.Environment.IsZero() {
		return Ask{Path: l.Path + "/" + id.String()}
	}
	return Ask{Path: pingone.ItemPath(l.Environment, "roles", id)}
}
