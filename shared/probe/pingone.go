package probe

import (
	"context"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

// mostGroups are looked at to find one that answers: each costs a call or two.
const mostGroups = 50

// PingOne asks its questions in each environment until one answers. It only
// reads.
func PingOne(ctx context.Context, c *pingone.Client, environments []pingone.ID) []Finding {
	t := &tenant{client: c, environments: environments}
	return []Finding{
		t.first(ctx, askInherited, "no group with members and a role was found", t.inherited),
		t.first(ctx, askDevices, "no environment has a user who may use MFA", t.devices),
	}
}

// inherited looks for a role that a group holds among those of its member.
func (t *tenant) inherited(ctx context.Context, env pingone.ID) (Finding, error) {
	groups, err := items[pingone.Group](ctx, t.client, pingone.GroupsOf(env))
	if err != nil {
		return Finding{}, err
	}
	for _, g := range groups[:min(len(groups), mostGroups)] {
		if counts := g.DirectMemberCounts; counts != nil && counts.Users != nil && *counts.Users == 0 {
			continue
		}
		held, err := items[pingone.RoleAssignment](ctx, t.client, pingone.RoleAssignmentsOf(env, pingone.GroupPrincipal, g.ID))
		if err != nil {
			return Finding{}, err
		}
		users, err := items[pingone.Member](ctx, t.client, pingone.Members(env, g.ID))
		switch {
		case err != nil:
			return Finding{}, err
		case len(held) == 0 || len(users) == 0:
			continue
		}
		own, err := items[pingone.RoleAssignment](ctx, t.client, pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, users[0].ID))
		if err != nil {
			return Finding{}, err
		}
		return judgeInherited(held, own), nil
	}
	return Finding{}, errNoAnswer
}

// markers tell that a user's assignment comes from a group. Which of them
// PingOne sends is not documented.
var markers = []struct {
	name string
	is   func(a *pingone.RoleAssignment) bool
}{
	{"group.id", func(a *pingone.RoleAssignment) bool { return !a.Group.ID.IsZero() }},
	{"type", func(a *pingone.RoleAssignment) bool { return strings.EqualFold(a.Type, "INDIRECT") }},
	{"inheritanceType", func(a *pingone.RoleAssignment) bool { return strings.EqualFold(a.InheritanceType, "INDIRECT") }},
}

// judgeInherited compares what a group holds with what a member of it does.
func judgeInherited(held, own []pingone.RoleAssignment) Finding {
	same := false
	var marked []string
	for i := range own {
		a := &own[i]
		if !slices.ContainsFunc(held, func(h pingone.RoleAssignment) bool { return h.Role.ID == a.Role.ID && h.Scope.ID == a.Scope.ID }) {
			continue
		}
		same = true
		for _, m := range markers {
			if m.is(a) && !slices.Contains(marked, m.name) {
				marked = append(marked, m.name)
			}
		}
	}
	switch {
	case len(marked) > 0:
		return fine(askInherited, "yes, marked by "+strings.Join(marked, ", "), "nothing to set: a run leaves them out and reads them from the group")
	case same:
		return open(askInherited, "a member holds the same role in the same scope, without any marker: inherited, or given twice",
			"nothing to set; if it is inherited, it is shown as the user's own as well")
	}
	return fine(askInherited, "no", "nothing to set: a run reads them from the group")
}
