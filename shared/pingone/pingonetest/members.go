package pingonetest

import (
	"slices"

	"pingone-authomize/shared/pingone"
)

// DirectMembers are the users added to a group by hand and, with dynamic,
// those that match its filter, in the order in which they are served.
func (e *Environment) DirectMembers(group pingone.ID, dynamic bool) []pingone.ID {
	return e.userIDs(e.direct(e.groups[group], dynamic))
}

// AllMembers are the users of a group and of all groups nested in it, at any
// depth, dynamic ones included.
func (e *Environment) AllMembers(group pingone.ID) []pingone.ID {
	return e.userIDs(e.all(e.groups[group]))
}

func (e *Environment) userIDs(indexes []int32) []pingone.ID {
	ids := make([]pingone.ID, len(indexes))
	for n, i := range indexes {
		ids[n] = e.Users[i].ID
	}
	return ids
}

// direct is ascending and may be the group's own: don't change it.
func (e *Environment) direct(g *Group, dynamic bool) []int32 {
	switch {
	case g == nil:
		return nil
	case !dynamic || len(g.Dynamic) == 0:
		return g.Members
	case len(g.Members) == 0:
		return g.Dynamic
	}
	return sorted(slices.Concat(g.Members, g.Dynamic))
}

func (e *Environment) all(g *Group) []int32 {
	if g == nil {
		return nil
	}
	members := slices.Concat(g.Members, g.Dynamic)
	for _, child := range e.descendants(g) {
		members = slices.Concat(members, child.Members, child.Dynamic)
	}
	return sorted(members)
}

// descendants are the groups nested in g at any depth, in the order of their
// creation; g itself only where nesting leads back to it.
func (e *Environment) descendants(g *Group) []*Group {
	seen := map[*Group]bool{}
	todo := slices.Clone(g.Children)
	for len(todo) > 0 {
		child := e.groups[todo[0]]
		todo = todo[1:]
		if child == nil || seen[child] {
			continue
		}
		seen[child] = true
		todo = append(todo, child.Children...)
	}
	return e.ordered(seen)
}

func (e *Environment) children(g *Group) []*Group {
	set := map[*Group]bool{}
	for _, id := range g.Children {
		if c := e.groups[id]; c != nil {
			set[c] = true
		}
	}
	return e.ordered(set)
}

func (e *Environment) ordered(set map[*Group]bool) []*Group {
	list := make([]*Group, 0, len(set))
	for g := range set {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *Group) int { return int(a.seq - b.seq) })
	return list
}
