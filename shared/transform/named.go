package transform

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/staging"
)

// A naming says which collection names something that its own list lacks.
type naming struct {
	list, by staging.Collection
}

// noteNamed remembers something that the run names and its list lacks: it was
// created or deleted while the run was reading, or it was missed.
func (x *index) noteNamed(uniqueID string, list, by staging.Collection) {
	x.named[uniqueID] = naming{list, by}
}

// noteHolder remembers who holds a role and was not listed. What is not from
// this run, but was kept from an earlier reading, is no proof.
func (x *index) noteHolder(a assignment) {
	if a.readAt < x.rolesBegun {
		return
	}
	switch a.kind {
	case userPrincipal:
		x.noteMissed(a.principal, x.order[a.tag-1], time.UnixMilli(a.readAt))
	case groupPrincipal:
		x.noteNamed(mapping.GroupID(a.principal), staging.Groups, staging.RoleAssignments)
	case applicationPrincipal:
		x.noteNamed(mapping.ClientID(a.principal), staging.Applications, staging.RoleAssignments)
		x.noteNamed(mapping.ApplicationID(a.principal), staging.Applications, staging.RoleAssignments)
	case gatewayPrincipal:
		x.noteNamed(mapping.GatewayID(a.principal), staging.Gateways, staging.RoleAssignments)
	}
}

// goneThoughNamed are the records that the sweep would delete, though this run
// names what they stand for: a list that changes while it is read may miss
// one of its own. Of a role it is the permissions that would go; the privilege
// is posted as long as somebody holds it.
func (t *transform) goneThoughNamed(ctx context.Context, m *memory, all posted) ([]string, error) {
	if len(t.x.named) == 0 {
		return nil, nil
	}
	var missed []string
	kinds := []authomize.Kind{authomize.ServiceAccounts, authomize.Groupings, authomize.Assets}
	if !t.report.Narrowed { // which lists no roles of other environments
		kinds = append(kinds, listedRoles)
	}
	for _, kind := range kinds {
		err := m.eachGone(ctx, kind, all, func(k staging.Known) {
			if _, isNamed := t.x.named[k.ID]; isNamed && !m.isApproved(k) {
				missed = append(missed, k.ID)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return missed, nil
}

// namedReasons are about those.
func (t *transform) namedReasons() []string {
	var reasons []string
	for _, id := range t.goneNamed {
		n := t.x.named[id]
		what := "the next run settles it"
		switch {
		case n.by == staging.Applications:
			what = "if it was deleted, take it out of the access control of applications, or approve the sweep"
		case n.list == staging.Roles:
			what = "its permissions would be deleted; if it is right that PingOne lists it no more, approve the sweep"
		}
		reasons = append(reasons, fmt.Sprintf("%s: %s is named by %s and was not in the list of %s, though an earlier run was told of it: %s",
			n.list, id, n.by, n.list, what))
	}
	slices.Sort(reasons)
	return firstReasons(reasons, "of those that are named")
}
