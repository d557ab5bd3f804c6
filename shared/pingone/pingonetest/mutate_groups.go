package pingonetest

import (
	"slices"

	"pingone-authomize/shared/pingone"
)

// AddGroup adds a group. Members, Dynamic and Children may be set.
func (o *Organization) AddGroup(env pingone.ID, g Group) *Group {
	e, done := o.change(env)
	defer done()
	o.lastSeq++
	g.seq = o.lastSeq
	g.Members = sorted(g.Members)
	g.Dynamic = sorted(g.Dynamic)
	e.Groups = append(e.Groups, &g)
	e.groups[g.ID] = &g
	o.record(e, "GROUP.CREATED", resource{kind: "GROUP", id: g.ID, name: g.Name, population: g.Population})
	return &g
}

// RemoveGroup removes a group with its memberships and role assignments, and
// tells whether there was one.
func (o *Organization) RemoveGroup(env, group pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g := e.groups[group]
	if g == nil {
		return false
	}
	delete(e.groups, group)
	e.Groups = slices.DeleteFunc(e.Groups, func(x *Group) bool { return x == g })
	for _, parent := range e.Groups {
		parent.Children = slices.DeleteFunc(parent.Children, func(id pingone.ID) bool { return id == group })
	}
	delete(e.RoleAssignments, Principal{GroupPrincipal, group})
	e.dropInherited(func(a RoleAssignment) bool { return a.Group == group })
	o.record(e, "GROUP.DELETED", resource{kind: "GROUP", id: g.ID, name: g.Name, population: g.Population})
	return true
}

// Miscount lets PingOne say of a group that it holds nothing. It lists what the
// group holds all the same.
func (o *Organization) Miscount(env, group pingone.ID) {
	e, done := o.change(env)
	defer done()
	e.miscounted[group] = true
}

// AddMember adds a user to a group by hand and tells whether that was possible.
func (o *Organization) AddMember(env, group, user pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g, i, ok := e.groups[group], e.users[user], e.User(user) != nil
	if g == nil || !ok {
		return false
	}
	if at, found := slices.BinarySearch(g.Members, i); !found {
		g.Members = slices.Insert(g.Members, at, i)
	}
	o.record(e, "MEMBER_OF_GROUP.CREATED", g.membership(UserPrincipal, user))
	return true
}

// RemoveMember ends a membership, dynamic ones too, with the roles that came
// by it, and tells whether there was one.
func (o *Organization) RemoveMember(env, group, user pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g := e.groups[group]
	if g == nil || !e.leave(g, user) {
		return false
	}
	o.record(e, "MEMBER_OF_GROUP.DELETED", g.membership(UserPrincipal, user))
	return true
}

// leave ends what a user has by a group, and tells whether it was a member.
func (e *Environment) leave(g *Group, user pingone.ID) bool {
	i, ok := e.users[user]
	before := len(g.Members) + len(g.Dynamic)
	if !ok {
		return false
	}
	g.Members, g.Dynamic = without(g.Members, i), without(g.Dynamic, i)
	if len(g.Members)+len(g.Dynamic) == before {
		return false
	}
	p := Principal{UserPrincipal, user}
	if held := e.RoleAssignments[p]; held != nil {
		e.RoleAssignments[p] = slices.DeleteFunc(held, func(a RoleAssignment) bool { return a.Group == g.ID })
	}
	return true
}

// Match lets a user begin or cease to match a group's filter, without an event,
// and tells whether both are there.
func (o *Organization) Match(env, group, user pingone.ID, matches bool) bool {
	e, done := o.change(env)
	defer done()
	g := e.groups[group]
	i, ok := e.users[user]
	if g == nil || !ok {
		return false
	}
	g.Dynamic = without(g.Dynamic, i)
	if matches {
		at, _ := slices.BinarySearch(g.Dynamic, i)
		g.Dynamic = slices.Insert(g.Dynamic, at, i)
	}
	return true
}

// membership is what events of a membership or nesting speak of.
func (g *Group) membership(kind PrincipalKind, member pingone.ID) resource {
	return resource{kind: "MEMBER_OF_GROUP", id: g.ID, name: g.Name, holder: Principal{kind, member}}
}

// Nest puts a group into another one and tells whether both are there.
func (o *Organization) Nest(env, parent, child pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	p, c := e.groups[parent], e.groups[child]
	if p == nil || c == nil {
		return false
	}
	if !slices.Contains(p.Children, child) {
		p.Children = append(p.Children, child)
	}
	o.record(e, "MEMBER_OF_GROUP.CREATED", p.membership(GroupPrincipal, child))
	return true
}

// Unnest takes a group out of another one and tells whether it was in it.
func (o *Organization) Unnest(env, parent, child pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	p := e.groups[parent]
	if p == nil || !slices.Contains(p.Children, child) {
		return false
	}
	p.Children = slices.DeleteFunc(p.Children, func(id pingone.ID) bool { return id == child })
	o.record(e, "MEMBER_OF_GROUP.DELETED", p.membership(GroupPrincipal, child))
	return true
}

func without(list []int32, i int32) []int32 {
	if at, found := slices.BinarySearch(list, i); found {
		return slices.Delete(list, at, at+1)
	}
	return list
}

func sorted(list []int32) []int32 {
	slices.Sort(list)
	return slices.Compact(list)
}
