package transform

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// access is who may use which application, and the groups within groups that
// decide it.
type access struct {
	s           *streams
	nestings    []nesting
	children    map[pingone.ID][]pingone.ID
	members     map[pingone.ID]set // direct members, of the groups that matter only
	virtual     []virtual
	permissions []permission
	users       []pingone.ID    // all, sorted, once somebody asks
	made        map[string]bool // uniqueIds of virtual groupings, true if they have members
}

type nesting struct{ child, parent pingone.ID }

// virtual is a grouping of ours and who is in it.
type virtual struct {
	grouping authomize.Grouping
	members  iter.Seq[pingone.ID]
	tag      uint32
}

type permission struct {
	record authomize.Permission
	tag    uint32
}

func newAccess(ctx context.Context, s *streams) (*access, error) {
	a := &access{s: s, children: map[pingone.ID][]pingone.ID{}, members: map[pingone.ID]set{}, made: map[string]bool{}}
	if a.hasNestings() {
		if err := a.readNestings(ctx); err != nil {
			return nil, err
		}
	}
	wanted := make([]mapping.Access, len(s.x.applications))
	for i := range s.x.applications {
		var ws mapping.Warnings
		wanted[i], ws = mapping.AccessOf(&s.x.applications[i].Application)
		s.found.warnAll(ws)
		s.found.quarantineMany(authomize.Permissions, mapping.ApplicationID(s.x.applications[i].ID), malformed, wanted[i].Malformed)
	}
	if err := a.readMembers(ctx, a.groupsToExpand(wanted)); err != nil {
		return nil, err
	}
	for i := range s.x.applications {
		a.decide(&s.x.applications[i], wanted[i])
	}
	a.members = nil
	return a, nil
}

// hasNestings tells whether any group within a group may have been staged.
// Most organizations have none, and memberships are the most to read. Of a
// list that broke off, what it held is not counted.
func (a *access) hasNestings() bool {
	counted := a.s.snaps[staging.Memberships].Manifest.Slices
	return len(counted) == 0 || slices.ContainsFunc(counted, func(s staging.Slice) bool {
		return s.List == "groups" && (s.Read > 0 || s.Refused > 0 || s.Gone > 0)
	})
}

// readNestings finds which groups are in which.
func (a *access) readNestings(ctx context.Context) error {
	var d pingone.Decoder[pingone.Member]
	seen := map[nesting]bool{}
	found, groups := a.s.found, a.s.x.groups
	for reply, err := range a.s.snaps[staging.Memberships].Replies(ctx) {
		if err != nil {
			return err
		}
		if !isChildrenReply(reply) {
			continue
		}
		children, broken, err := d.Items(reply.Body, "groups")
		if err != nil {
			return err
		}
		addIfAny(a.s.parents.groups, reply.Parent.ID, len(children))
		for _, c := range children {
			n := nesting{child: c.ID, parent: reply.Parent.ID}
			key := mapping.GroupID(n.child) + " " + mapping.GroupID(n.parent)
			_, childKnown := groups[n.child]
			_, parentKnown := groups[n.parent]
			switch {
			case n.child.IsZero():
				broken++
			case seen[n]:
			case n.child == n.parent:
				found.warn(mapping.WarnSelfNesting)
				found.quarantine(authomize.GroupingAssociations, key, groupInItself)
			case !childKnown, !parentKnown:
				if !childKnown {
					a.s.x.noteNamed(mapping.GroupID(n.child), staging.Groups, staging.Memberships)
				}
				if !parentKnown {
					a.s.x.noteNamed(mapping.GroupID(n.parent), staging.Groups, staging.Memberships)
				}
				found.quarantine(authomize.GroupingAssociations, key, unknownGroup)
			default:
				a.nestings = append(a.nestings, n)
				a.children[n.parent] = append(a.children[n.parent], n.child)
			}
			seen[n] = true
		}
		found.quarantineMany(authomize.GroupingAssociations, reply.Path, malformed, broken)
	}
	return nil
}

// groupsToExpand are the groups whose members must be known one by one, with
// all groups within them.
func (a *access) groupsToExpand(wanted []mapping.Access) set {
	needed := set{}
	admins := false
	for _, w := range wanted {
		switch w.Kind {
		case mapping.AccessAllGroups, mapping.AccessAdminsInAnyGroup, mapping.AccessAdminsInAllGroups:
			for _, g := range w.Groups {
				a.within(g, needed)
			}
		}
		admins = admins || isForAdmins(w.Kind)
	}
	if admins {
		for _, r := range a.s.roles {
			if r.kind == groupPrincipal {
				a.within(r.principal, needed)
			}
		}
	}
	return needed
}

func isForAdmins(k mapping.AccessKind) bool {
	return k == mapping.AccessAdmins || k == mapping.AccessAdminsInAnyGroup || k == mapping.AccessAdminsInAllGroups
}

// within adds a group and those nested in it. Cycles are legal in PingOne.
func (a *access) within(group pingone.ID, visited set) {
	if visited.has(group) {
		return
	}
	visited.add(group)
	for _, child := range a.children[group] {
		a.within(child, visited)
	}
}

func (a *access) readMembers(ctx context.Context, needed set) error {
	if len(needed) == 0 {
		return nil
	}
	var d pingone.Decoder[pingone.Member]
	for reply, err := range a.s.snaps[staging.Memberships].Replies(ctx) {
		if err != nil {
			return err
		}
		if !isMembersReply(reply) || !needed.has(reply.Parent.ID) {
			continue
		}
		users, _, err := d.Items(reply.Body, "users")
		if err != nil {
			return err
		}
		of := a.members[reply.Parent.ID]
		if of == nil {
			of = set{}
			a.members[reply.Parent.ID] = of
		}
		for _, u := range users {
			if _, ok := a.s.x.users[u.ID]; ok {
				of.add(u.ID)
			}
		}
	}
	return nil
}

// everyoneIn are the members of a group, those of nested groups included. The
// set may be shared, so that a large group is not held twice: it is not to be
// changed.
func (a *access) everyoneIn(group pingone.ID) set {
	groups := set{}
	a.within(group, groups)
	if len(groups) == 1 {
		return a.members[group]
	}
	all := set{}
	for g := range groups {
		for u := range a.members[g] {
			all.add(u)
		}
	}
	return all
}

// decide makes the permissions of one application. Where nobody passes the
// conditions there is none: a grouping without members that has rights would
// be a finding in the product.
func (a *access) decide(app *application, w mapping.Access) {
	switch w.Kind {
	case mapping.AccessNobody, mapping.AccessUnreadable:
	case mapping.AccessGroups:
		for _, g := range w.Groups {
			record := mapping.AccessPermission(mapping.GroupID(g), app.ID)
			if _, ok := a.s.x.groups[g]; !ok {
				a.lacks(g, record)
				continue
			}
			a.permissions = append(a.permissions, permission{record, app.tag})
		}
	case mapping.AccessEveryone:
		env := a.s.x.order[app.tag-1]
		a.permit(app, mapping.AllUsersGrouping(env, a.s.x.environmentName(env)), func() iter.Seq[pingone.ID] {
			return a.usersOf(app.tag)
		})
	case mapping.AccessAdmins:
		env := a.s.x.order[app.tag-1]
		a.permit(app, mapping.AdminsGrouping(env, a.s.x.environmentName(env)), func() iter.Seq[pingone.ID] {
			return slices.Values(a.admins(app.tag).sorted())
		})
	default:
		for _, g := range w.Groups {
			if _, ok := a.s.x.groups[g]; !ok { // nobody is in it, so that fewer pass
				a.lacks(g, mapping.AccessPermission(mapping.GroupID(g), app.ID))
			}
		}
		a.permit(app, mapping.AppAccessGrouping(app.ID, app.Name), func() iter.Seq[pingone.ID] {
			return slices.Values(a.passing(app, w).sorted())
		})
	}
}

// lacks notes a group that an application names and the run doesn't hold.
func (a *access) lacks(group pingone.ID, record authomize.Permission) {
	a.s.x.noteNamed(mapping.GroupID(group), staging.Groups, staging.Applications)
	a.s.found.quarantine(authomize.Permissions, record.Key(), unknownAccessGroup)
}

// permit adds a permission from a virtual grouping, which it makes once.
func (a *access) permit(app *application, g authomize.Grouping, members func() iter.Seq[pingone.ID]) {
	used, made := a.made[g.UniqueID]
	if !made {
		v := virtual{grouping: g, members: members(), tag: app.tag}
		for range v.members {
			used = true
			break
		}
		a.made[g.UniqueID] = used
		if used {
			a.virtual = append(a.virtual, v)
		}
	}
	if used {
		a.permissions = append(a.permissions, permission{mapping.AccessPermission(g.UniqueID, app.ID), app.tag})
	}
}

// passing are the users who pass the conditions of an application that has
// several groups, or groups and administrators only.
func (a *access) passing(app *application, w mapping.Access) set {
	var pass set
	for _, g := range w.Groups {
		in := a.everyoneIn(g)
		switch {
		case pass == nil && w.Kind == mapping.AccessAdminsInAnyGroup:
			pass = set{}
			maps.Copy(pass, in)
		case pass == nil:
			pass = in
		case w.Kind == mapping.AccessAdminsInAnyGroup:
			for u := range in {
				pass.add(u)
			}
		default:
			pass = both(pass, in)
		}
	}
	if isForAdmins(w.Kind) {
		pass = both(pass, a.admins(app.tag))
	}
	return pass
}

func both(a, b set) set {
	in := set{}
	for id := range a {
		if b.has(id) {
			in.add(id)
		}
	}
	return in
}

// admins are the users of an environment who hold a role, directly or by a
// group. PingOne lets administrators of any kind into its console by their
// roles alone, wherever these reach.
func (a *access) admins(tag uint32) set {
	all := set{}
	for _, r := range a.s.roles {
		switch r.kind {
		case userPrincipal:
			if a.s.x.users[r.principal] == tag {
				all.add(r.principal)
			}
		case groupPrincipal:
			for u := range a.everyoneIn(r.principal) {
				if a.s.x.users[u] == tag {
					all.add(u)
				}
			}
		}
	}
	return all
}

// usersOf are all users of an environment, in order.
func (a *access) usersOf(tag uint32) iter.Seq[pingone.ID] {
	if a.users == nil {
		a.users = slices.SortedFunc(maps.Keys(a.s.x.users), pingone.ID.Compare)
	}
	return func(yield func(pingone.ID) bool) {
		for _, id := range a.users {
			if a.s.x.users[id] == tag && !yield(id) {
				return
			}
		}
	}
}

func isMembersReply(r staging.Reply) bool {
	return r.Parent != nil && strings.HasSuffix(r.Path, "/users")
}

func isChildrenReply(r staging.Reply) bool {
	return r.Parent != nil && strings.HasSuffix(r.Path, "/groups")
}
