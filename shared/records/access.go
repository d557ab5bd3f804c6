package records

import (
	"context"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A listedRight is an item of a list of role assignments.
type listedRight struct{ pingone.RoleAssignment }

// ResourceID implements pingone.Resource.
func (a listedRight) ResourceID() pingone.ID { return a.ID }

// readRights reads role assignments, each once. Those whose holder the run does
// not hold are quarantined. What users have by a group counts only where no
// reading of the group's own list is there. Else that list says what the group
// holds: it is read sooner after a change than those of the members.
func (x *Index) readRights(ctx context.Context) error {
	x.rights.acting = map[pingone.ID]bool{}
	gone, read := x.goneTies(staging.RoleAssignments), map[staging.Parent]bool{}
	var byGroup ordered[inherited, inherited]
	for p, err := range pages[listedRight](ctx, &x.source, staging.RoleAssignments, "") {
		if err != nil {
			return err
		}
		if p.Parent.Kind == "group" && !p.IsMarker() {
			read[*p.Parent] = true
		}
		for i := range p.items {
			a := &p.items[i]
			x.found[authomize.AccountAssociations].leftOut("role-assignment:"+a.ID.String(), p.leftOut[a.ID])
			scope, ok := mapping.ScopeOf(&a.RoleAssignment)
			c, group := class{a.Role.ID, scope, p.tag}, staging.Parent{Kind: "group", ID: a.Group.ID}
			switch via := (inherited{group, c}); {
			case !ok || c.role.IsZero():
				p.broken++
			case gone[tie{group, a.ID}]:
			case p.Parent.Kind != "user" || !a.Inherited():
				x.addRight(*p.Parent, c)
			case !group.ID.IsZero():
				byGroup.add(via, via)
			}
		}
		x.quarantine(authomize.AccountAssociations, p.Path, malformed, p.broken)
	}
	for _, via := range byGroup.all {
		if !read[via.group] {
			x.addRight(via.group, via.class)
		}
	}
	x.rights.all.at = nil // as large as all else of them
	return nil
}

// addRight takes up an assignment, unless it came up before. An environment that
// is a scope gets a number.
func (x *Index) addRight(holder staging.Parent, c class) {
	r := &x.rights
	if _, held := x.holder(holder); !held {
		kind := authomize.AccountAssociations
		if holder.Kind == "group" {
			kind = authomize.GroupingAssociations
		}
		x.quarantine(kind, holder.Kind+":"+holder.ID.String()+" "+c.groupingID(), unknownPrincipal, 1)
		return
	}
	at, _ := r.classes.add(class{role: c.role, scope: c.scope}, c)
	a := assignment{holder: holder, class: uint32(at)} //nolint:gosec // some thousands
	r.all.add(a, assignment{holder, a.class, c.tag})
	if c.scope.Type == "ENVIRONMENT" {
		x.tagOf(c.scope.ID)
	}
	if holder.Kind == "application" || holder.Kind == "gateway" {
		r.acting[holder.ID] = true
	}
}

// holder is the uniqueId of who may hold a role, and whether the run holds it.
func (x *Index) holder(p staging.Parent) (uniqueID string, held bool) {
	switch p.Kind {
	case "user":
		_, held = x.users.find(p.ID)
		return mapping.UserID(p.ID), held
	case "group":
		return mapping.GroupID(p.ID), x.things.groups.has(p.ID)
	case "application":
		return mapping.ClientID(p.ID), x.things.applications.has(p.ID)
	case "gateway":
		return mapping.GatewayID(p.ID), x.things.gateways.has(p.ID)
	}
	return "", false
}

// An accessMaker decides who may use which application.
type accessMaker struct {
	*Index
	everyone, admins map[uint32][]uint32 // by tag of the environment
}

// makeAccess decides who may use which application.
func (x *Index) makeAccess() {
	m := accessMaker{x, map[uint32][]uint32{}, map[uint32][]uint32{}}
	for row := range x.users.rows {
		tag := x.users.tag(row)
		m.everyone[tag] = append(m.everyone[tag], uint32(row))
	}
	for _, row := range x.administrators() {
		tag := x.users.tag(int(row))
		m.admins[tag] = append(m.admins[tag], row)
	}
	for _, app := range x.things.applications.all {
		if slices.Contains(app.leftOut, "accessControl") {
			app.item.AccessControl = mapping.UnreadableAccess() // else it looked open to everyone
		}
		who, ws := mapping.AccessOf(&app.item)
		id := mapping.ApplicationID(app.id)
		x.found[authomize.Permissions].warn(id, ws)
		x.quarantine(authomize.Permissions, id, malformed, who.Malformed)
		m.decide(&app, who)
	}
}

// administrators are the users who hold a role, directly or by a group. PingOne
// lets administrators of any kind into its console by their roles alone, wherever
// these reach.
func (x *Index) administrators() (all []uint32) {
	groups := map[pingone.ID]bool{}
	for _, a := range x.rights.all.all {
		switch a.holder.Kind {
		case "user":
			at, _ := x.users.find(a.holder.ID)
			all = append(all, uint32(at)) //nolint:gosec // far fewer than 2^32
		case "group":
			groups[a.holder.ID] = true
		}
	}
	for group := range groups {
		all = append(all, x.everyoneIn(group)...)
	}
	return sorted(all)
}

// decide makes the permissions of one application. Where nobody passes the
// conditions there is none: a grouping without members that has rights would
// be a finding in the product.
func (m *accessMaker) decide(app *entry[pingone.Application], w mapping.Access) {
	for _, group := range w.Groups {
		if r := mapping.AccessPermission(mapping.GroupID(group), app.id); !m.things.groups.has(group) {
			m.quarantine(authomize.Permissions, r.Key(), unknownAccessGroup, 1) // its members, as far as they were read, pass conditions
		} else if w.Kind == mapping.AccessGroups {
			m.access.permissions = append(m.access.permissions, authomize.Item{Record: r, Tag: app.tag})
		}
	}
	env := &m.environments.all[app.tag-1]
	switch w.Kind {
	case mapping.AccessNobody, mapping.AccessUnreadable, mapping.AccessGroups:
	case mapping.AccessEveryone:
		m.permit(app, mapping.AllUsersGrouping(env.id, env.item.Name), m.everyone[app.tag])
	case mapping.AccessAdmins:
		m.permit(app, mapping.AdminsGrouping(env.id, env.item.Name), m.admins[app.tag])
	default:
		m.permit(app, mapping.AppAccessGrouping(app.id, app.item.Name), m.passing(app.tag, w))
	}
}

// permit adds a permission from a virtual grouping, which it makes once.
func (m *accessMaker) permit(app *entry[pingone.Application], g authomize.Grouping, rows []uint32) {
	if len(rows) == 0 {
		return
	}
	m.access.virtual.add(g.UniqueID, virtualGrouping{g, app.tag, rows})
	r := mapping.AccessPermission(g.UniqueID, app.id)
	m.access.permissions = append(m.access.permissions, authomize.Item{Record: r, Tag: app.tag | virtual})
}

// passing are the users who pass the conditions of an application that has
// several groups, or groups and administrators only.
func (m *accessMaker) passing(tag uint32, w mapping.Access) []uint32 {
	pass := m.everyoneIn(w.Groups[0])
	for _, group := range w.Groups[1:] {
		if in := m.everyoneIn(group); w.Kind == mapping.AccessAdminsInAnyGroup {
			pass = sorted(slices.Concat(pass, in))
		} else {
			pass = only(pass, true, in)
		}
	}
	if w.Kind != mapping.AccessAllGroups {
		pass = only(pass, true, m.admins[tag])
	}
	return pass
}

// owners are the users who own applications, by role and not by a group. Of
// several, which PingOne does not rank, it is the one with the lowest id.
func (x *Index) owners() map[pingone.ID]string {
	owners := map[pingone.ID]string{}
	for _, a := range x.rights.all.all {
		c := &x.rights.classes.all[a.class]
		if a.holder.Kind != "user" || c.scope.Type != "APPLICATION" || !x.things.roles.get(c.role).item.owns {
			continue
		}
		id, _ := x.holder(a.holder)
		if owner := owners[c.scope.ID]; owner == "" || id < owner {
			owners[c.scope.ID] = id
		}
	}
	return owners
}
