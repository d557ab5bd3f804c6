package collection

import (
	"context"
	"iter"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// applicationRoles are who holds the roles of PingOne Authorize within customers'
// applications: one call a role. The roles themselves stand among roles.
var applicationRoles = Collection{
	Name: staging.ApplicationRoles, Inputs: []staging.Collection{staging.Environments, staging.Users, staging.Roles},
	Limit: pingone.Configuration, Role: configuration, Ties: true,
	Lists: assignmentsOfRoles, Off: func(in *Inputs) bool { return !in.ApplicationRoles },
	End: func(staging.ListKey) staging.Collection { return staging.Users },
	Ask: func(l staging.ListKey, user pingone.ID) Ask {
		of := pingone.UserApplicationRoles(l.Environment, user)
		return Ask{List: &of, In: l.Parent.ID}
	},
}

func assignmentsOfRoles(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		if !in.ApplicationRoles {
			return
		}
		for it, err := range itemsWhere[pingone.ApplicationRole](ctx, in, staging.Roles, pingone.IsApplicationRoles) {
			if err != nil {
				yield(List{}, err)
				return
			}
			l := list(it.environment, pingone.AssignmentsOf(it.environment.ID, it.resource.ID))
			l.Parent, l.Carry = &staging.Parent{Kind: applicationRole, ID: it.resource.ID}, it.carry
			if !yield(l, nil) {
				return
			}
		}
	}
}
