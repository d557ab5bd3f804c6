package records

import (
	"context"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// direct is the list of the users that are in a group themselves.
func direct(group pingone.ID) staging.Parent { return staging.Parent{Kind: "group", ID: group} }

// anyWay is the list of all users in a dynamic group: also by its filter, or by a
// group within it.
func anyWay(group pingone.ID) staging.Parent {
	return staging.Parent{Kind: staging.GroupAny, ID: group}
}

func (x *Index) readMembers(ctx context.Context) error {
	m := &x.members
	m.children, m.lists = map[pingone.ID][]pingone.ID{}, map[staging.Parent][]uint32{}
	seen := map[nesting]bool{}
	for p, err := range pages[pingone.Member](ctx, &x.source, staging.Memberships, "") {
		if err != nil {
			return err
		}
		if p.IsOf("groups") {
			for _, child := range p.items {
				x.addNesting(nesting{child.ID, p.Parent.ID}, seen)
			}
			x.quarantine(authomize.GroupingAssociations, p.Path, malformed, p.broken)
			continue
		}
		list := m.lists[*p.Parent]
		for _, user := range p.items {
			list = append(list, x.rowOf(user.ID))
		}
		m.lists[*p.Parent] = list
		x.quarantine(authomize.AccountAssociations, mapping.GroupID(p.Parent.ID), malformed, p.broken)
	}
	for of, list := range m.lists {
		m.lists[of] = sorted(list)
	}
	return nil
}

// rowOf is the row of a user, or the number of a stranger.
func (x *Index) rowOf(user pingone.ID) uint32 {
	at, ok := x.users.find(user)
	if !ok {
		at, _ = x.members.strangers.add(user, user)
		at += len(x.users.rows)
	}
	return uint32(at) //nolint:gosec // far fewer than 2^32
}

// addNesting takes up a group in a group, once. Circles are legal in PingOne.
func (x *Index) addNesting(n nesting, seen map[nesting]bool) {
	const kind = authomize.GroupingAssociations
	m, groups, key := &x.members, &x.things.groups, mapping.Nesting(n.child, n.parent).Key()
	switch {
	case seen[n]:
	case n.child == n.parent:
		x.found[kind].addIDs(mapping.WarnSelfNesting, 1, mapping.GroupID(n.child))
		x.quarantine(kind, key, groupInItself, 1)
	case !groups.has(n.child), !groups.has(n.parent):
		x.quarantine(kind, key, unknownGroup, 1)
	default:
		m.nestings = append(m.nestings, n)
		m.children[n.parent] = append(m.children[n.parent], n.child)
	}
	seen[n] = true
}

// within are the groups in a group, at any depth, itself included.
func (m *members) within(group pingone.ID) map[pingone.ID]bool {
	all := map[pingone.ID]bool{group: true}
	for open := []pingone.ID{group}; len(open) > 0; {
		children := m.children[open[len(open)-1]]
		open = open[:len(open)-1]
		for _, id := range children {
			if !all[id] {
				all[id] = true
				open = append(open, id)
			}
		}
	}
	return all
}

// byOthers are the users in a dynamic group by a group within it. Where that holds
// the outer group, too, its members in any way are those of the outer one, whose
// own would all be left out.
func (m *members) byOthers(group pingone.ID) []uint32 {
	var all []uint32
	for id := range m.within(group) {
		if id == group {
			continue
		}
		all = append(all, m.lists[direct(id)]...)
		if !m.within(id)[group] {
			all = append(all, m.lists[anyWay(id)]...)
		}
	}
	return sorted(all)
}

// everyoneIn are the members of a group, those of groups within it included.
func (x *Index) everyoneIn(group pingone.ID) []uint32 {
	var all []uint32
	for id := range x.members.within(group) {
		all = slices.Concat(all, x.members.lists[direct(id)], x.members.lists[anyWay(id)])
	}
	return sorted(slices.DeleteFunc(all, func(at uint32) bool { return int(at) >= len(x.users.rows) })) // strangers
}

// sorted sorts rows and leaves each once.
func sorted(rows []uint32) []uint32 {
	slices.Sort(rows)
	return slices.Compact(rows)
}

// only are the rows that are also in another sorted list, or that are not.
func only(rows []uint32, in bool, other []uint32) []uint32 {
	return slices.DeleteFunc(slices.Clone(rows), func(at uint32) bool {
		_, ok := slices.BinarySearch(other, at)
		return ok != in
	})
}
