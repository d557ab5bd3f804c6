package records

import (
	"context"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A holding is an item of a list of those who hold an application role.
type holding struct{ pingone.Assignment }

// ResourceID implements pingone.Resource: the holder stands for it.
func (h holding) ResourceID() pingone.ID { return h.Subject.ID }

// readApplicationRoles reads the roles, which stand among those of administrators,
// and who holds them.
func (x *Index) readApplicationRoles(ctx context.Context) error {
	a := &x.appRoles
	for p, err := range pages[pingone.ApplicationRole](ctx, &x.source, staging.Roles, string(staging.Roles)) {
		if err != nil {
			return err
		}
		if !pingone.IsApplicationRoles(p.Path) {
			continue
		}
		for _, r := range p.items {
			a.put(entry[pingone.ApplicationRole]{r.ID, p.tag, p.FetchedAt.UnixMilli(), r, p.leftOut[r.ID]})
		}
		x.quarantine(authomize.Privileges, p.Path, malformed, p.broken)
	}
	a.holders = map[pingone.ID][]uint32{}
	for p, err := range pages[holding](ctx, &x.source, staging.ApplicationRoles, "") {
		if err != nil {
			return err
		}
		role, target := p.Parent.ID, mapping.ApplicationRoleID(p.Parent.ID)
		for _, h := range p.items {
			row, ok := x.users.find(h.Subject.ID)
			if !ok || !a.has(role) {
				x.quarantine(authomize.AccountAssociations, mapping.Membership(h.Subject.ID, target).Key(), unknownUser, 1)
				continue
			}
			a.holders[role] = append(a.holders[role], number(row))
		}
		x.quarantine(authomize.AccountAssociations, target, malformed, p.broken)
	}
	for role := range a.holders {
		a.holders[role] = sorted(a.holders[role])
	}
	return nil
}

// held yields the application roles that somebody holds, in their order.
func (a *appRoles) held(do func(e *entry[pingone.ApplicationRole], holders []uint32)) {
	for i := range a.all {
		if holders := a.holders[a.all[i].id]; len(holders) > 0 {
			do(&a.all[i], slices.Clip(holders))
		}
	}
}
