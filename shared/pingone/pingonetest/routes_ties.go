package pingonetest

import (
	"slices"
	"sort"

	"pingone-authomize/shared/pingone"
)

// A membership is a group, and whether it is of the member's own.
type membership struct {
	group  *Group
	direct bool
}

// listUserGroups are the groups that a user is a member of. What it has by a
// filter is as direct as in filters of users.
func listUserGroups(c *call) error {
	u := c.userInPath()
	if u == nil {
		return notFound()
	}
	i := c.env.users[u.ID]
	var direct []*Group
	for _, g := range c.env.Groups {
		if _, ok := slices.BinarySearch(g.Members, i); ok {
			direct = append(direct, g)
		} else if _, ok := slices.BinarySearch(g.Dynamic, i); ok {
			direct = append(direct, g)
		}
	}
	return c.memberships(u.ID, direct)
}

// listGroupParents are the groups that a group is nested in.
func listGroupParents(c *call) error {
	g := c.env.Group(c.ids[1])
	if g == nil || !c.sees(g.ID) {
		return notFound()
	}
	return c.memberships(g.ID, c.env.parents()[g.ID])
}

// memberships writes the groups that hold a member directly, and all groups around
// these. Each is shown once.
func (c *call) memberships(member pingone.ID, direct []*Group) error {
	l, err := c.paged("groupMemberships", directoryPage, directoryPage)
	if err != nil {
		return err
	}
	if filter, ok := c.param("filter"); ok {
		return c.malformed(filter)
	}
	if expand, ok := c.param("expand"); ok && expand != "group" {
		return invalid("expand", "INVALID_PARAMETER")
	}
	list := slices.DeleteFunc(c.env.around(direct), func(m membership) bool {
		return !c.sees(m.group.ID) || c.s.org.vanished[tie{m.group.ID, member}]
	})
	l.count = len(list)
	start := sort.Search(len(list), func(i int) bool { return int(list[i].group.seq) > l.after })
	list = list[start:]
	l.more = len(list) > l.limit
	list = list[:min(len(list), l.limit)]
	for _, m := range list {
		l.positions = append(l.positions, int(m.group.seq))
	}
	c.begin(l)
	for _, m := range list {
		if !c.loses(m.group.ID) {
			c.membership(c.env, m)
		}
	}
	c.end(l)
	return nil
}

// around are groups and all that they are nested in, in the order of their creation.
func (e *Environment) around(direct []*Group) []membership {
	var list []membership
	seen := map[*Group]bool{}
	for _, g := range direct {
		seen[g] = true
		list = append(list, membership{g, true})
	}
	var todo []*Group
	parents := e.parents()
	for _, g := range direct {
		todo = append(todo, parents[g.ID]...)
	}
	for len(todo) > 0 {
		g := todo[0]
		todo = todo[1:]
		if !seen[g] {
			seen[g] = true
			list = append(list, membership{g, false})
			todo = append(todo, parents[g.ID]...)
		}
	}
	slices.SortFunc(list, func(a, b membership) int { return int(a.group.seq - b.group.seq) })
	return list
}

// parents are the groups that each group is nested in directly.
func (e *Environment) parents() map[pingone.ID][]*Group {
	m := map[pingone.ID][]*Group{}
	for _, g := range e.Groups {
		for _, child := range g.Children {
			m[child] = append(m[child], g)
		}
	}
	return m
}

func (d *doc) membership(env *Environment, m membership) {
	d.open()
	d.id("id", m.group.ID)
	d.text("name", m.group.Name)
	if m.direct {
		d.text("type", "DIRECT")
	} else {
		d.text("type", "INDIRECT")
	}
	d.ref("environment", env.ID)
	d.close('}')
}

// held is the principal in the path and what it holds, false if it isn't there.
func (c *call) held(kind PrincipalKind) (Principal, []RoleAssignment, bool) {
	p := Principal{kind, c.ids[1]}
	var found bool
	switch kind {
	case UserPrincipal:
		found = c.userInPath() != nil
	case GroupPrincipal:
		found = c.env.Group(p.ID) != nil
	case ApplicationPrincipal:
		found = c.env.Application(p.ID) != nil
	case GatewayPrincipal:
		found = c.env.Gateway(p.ID) != nil
	}
	return p, shown(c, c.env.RoleAssignments[p], func(a RoleAssignment) pingone.ID { return a.ID }), found && c.sees(p.ID)
}

func listRoleAssignments(c *call, kind PrincipalKind) error {
	p, held, ok := c.held(kind)
	if !ok {
		return notFound()
	}
	return c.unpaged("roleAssignments", len(held), true, func() {
		base := c.base()
		for _, a := range held {
			if !c.loses(a.ID) {
				c.roleAssignment(base, p, a)
			}
		}
	})
}

func oneRoleAssignment(c *call, kind PrincipalKind) error {
	p, held, ok := c.held(kind)
	at := slices.IndexFunc(held, func(a RoleAssignment) bool { return a.ID == c.ids[2] })
	if !ok || at < 0 {
		return notFound()
	}
	c.roleAssignment(c.base(), p, held[at])
	return nil
}
