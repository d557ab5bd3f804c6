package records

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// Stream yields the records of one kind. Each time it is ranged over it yields
// the same in the same order, and adds to f what it left out, what Load left out
// of this kind included: whoever goes on behind n items takes new Findings and
// skips n. f may be nil. An error ends the sequence; see Load.
func (x *Index) Stream(ctx context.Context, kind authomize.Kind, f *Findings) iter.Seq2[authomize.Item, error] {
	return func(yield func(authomize.Item, error) bool) {
		s := &stream{Index: x, f: f, yield: yield}
		if f == nil {
			s.f = new(Findings)
		}
		s.f.Add(x.found[kind])
		if err := s.run(ctx, kind); err != nil && !s.ended {
			yield(authomize.Item{}, err)
		}
	}
}

// A stream makes the records of one kind, once.
type stream struct {
	*Index
	f     *Findings
	yield func(authomize.Item, error) bool
	ended bool // no more records are wanted
}

// emit hands on a record, if more are wanted, and counts warnings about it.
func (s *stream) emit(r authomize.Record, tag uint32, ws ...mapping.Warning) {
	for _, code := range ws {
		s.f.addIDs(code, 1, r.Key())
	}
	s.ended = s.ended || !s.yield(authomize.Item{Record: r, Tag: tag}, nil)
}

func (s *stream) run(ctx context.Context, kind authomize.Kind) error {
	if kind == authomize.Users {
		return s.people(ctx)
	}
	do, ok := map[authomize.Kind]func(){
		authomize.ServiceAccounts: s.serviceAccounts, authomize.Groupings: s.groupings, authomize.Privileges: s.privileges,
		authomize.Assets: s.assets, authomize.PrivilegeGrants: s.privilegeGrants, authomize.AssetInheritances: s.inheritances,
		authomize.GroupingAssociations: s.groupingAssociations, authomize.AccountAssociations: s.accountAssociations, authomize.Permissions: s.permissions,
	}[kind]
	if !ok {
		return fmt.Errorf("no records of kind %q are made", kind)
	}
	do()
	return nil
}

// serviceAccounts are the applications that act on their own or hold roles,
// and the gateways that hold roles.
func (s *stream) serviceAccounts() {
	emit := func(r authomize.ServiceAccount, tag uint32, ws ...mapping.Warning) {
		if s.o.ServiceAccountsAsUsers {
			s.emit(mapping.ServiceUser(r), tag, ws...)
		} else {
			s.emit(r, tag, ws...)
		}
	}
	owners := s.owners()
	for _, a := range s.things.applications.all {
		if r, ok := mapping.ServiceAccountOfApplication(&a.item); ok || s.rights.acting[a.id] {
			r.Owner = owners[a.id]
			emit(r, a.tag)
		}
	}
	for _, g := range s.things.gateways.all {
		if s.rights.acting[g.id] {
			r, ws := mapping.ServiceAccountOfGateway(&g.item)
			emit(r, g.tag, ws...)
		}
	}
}

func (s *stream) groupings() {
	for _, g := range s.things.groups.all {
		s.emit(g.item, g.tag)
	}
	for _, c := range s.rights.classes.all {
		privilege, _ := s.privilege(c.role)
		name, _ := s.scope(c.scope)
		s.emit(mapping.RoleGrouping(privilege.OriginName, c.role, c.scope, name), c.tag)
	}
	s.appRoles.held(func(e *entry[pingone.ApplicationRole], _ []uint32) {
		s.emit(mapping.ApplicationRoleGrouping(&e.item), e.tag)
	})
	for _, v := range s.access.virtual.all {
		s.emit(v.grouping, v.tag|virtual)
	}
}

func (s *stream) privileges() {
	var roles ordered[pingone.ID, pingone.ID]
	for _, r := range s.things.roles.all {
		roles.add(r.id, r.id)
	}
	for _, c := range s.rights.classes.all {
		roles.add(c.role, c.role)
	}
	for _, id := range roles.all {
		r, ws := s.privilege(id)
		s.emit(r, 0, ws...)
	}
	for _, e := range s.appRoles.all {
		s.emit(mapping.ApplicationRolePrivilege(&e.item), 0)
	}
	if len(s.access.permissions) > 0 {
		s.emit(mapping.AppAccessPrivilege(), 0)
	}
	best := s.describedPermissions()
	for _, id := range slices.Sorted(maps.Keys(best)) {
		r, ws := mapping.PrivilegeOfPermission(best[id])
		s.emit(r, RolePermissions, ws...)
	}
}

// privilegeGrants say which permissions each role has. They are made one by
// one: thousands of custom roles may have hundreds each.
func (s *stream) privilegeGrants() {
	for _, role := range s.things.roles.all {
		granted, nameless := map[string]bool{}, 0
		for i := range role.item.permissions {
			p := &role.item.permissions[i]
			id := mapping.PermissionID(p)
			if id == "" {
				nameless++
			} else if !granted[id] {
				granted[id] = true
				s.emit(mapping.PermissionGrant(role.id, p), RolePermissions)
			}
		}
		s.f.quarantine(authomize.PrivilegeGrants, mapping.RolePrivilegeID(role.id), noPermissionID, nameless)
	}
}

// assets are what is one by itself, and what else roles reach.
func (s *stream) assets() {
	for _, e := range s.environments.all {
		e.item.ID = e.id // of one that was never read, its name
		r, ws := mapping.Environment(&e.item)
		s.emit(r, s.tagOf(e.id), ws...)
	}
	for _, p := range s.things.populations.all {
		s.emit(mapping.Population(&p.item), p.tag)
	}
	for _, a := range s.things.applications.all {
		r, ws := mapping.Application(&a.item)
		s.emit(r, a.tag, ws...)
	}
	done := map[mapping.Scope]bool{}
	for _, c := range s.rights.classes.all {
		if !c.scope.Documented() {
			s.f.addIDs(mapping.WarnUnknownScopeType, 1, c.groupingID())
		}
		if name, isAsset := s.scope(c.scope); !isAsset && !done[c.scope] {
			done[c.scope] = true
			s.emit(mapping.ScopeAsset(c.scope, name), c.tag)
		}
	}
}

func (s *stream) inheritances() {
	for _, p := range s.things.populations.all {
		s.emit(mapping.PopulationInheritance(s.EnvironmentOf(p.tag), p.id), p.tag)
	}
}

func (s *stream) groupingAssociations() {
	for _, n := range s.members.nestings {
		s.emit(mapping.Nesting(n.child, n.parent), s.things.groups.get(n.parent).tag)
	}
	for _, a := range s.rights.all.all {
		if a.holder.Kind == "group" {
			id, _ := s.holder(a.holder)
			s.emit(authomize.GroupingAssociation{SourceID: id, TargetID: s.rights.classes.all[a.class].groupingID()}, a.tag)
		}
	}
}

func (s *stream) accountAssociations() {
	s.memberships()
	for _, a := range s.rights.all.all {
		if a.holder.Kind != "group" {
			id, _ := s.holder(a.holder)
			s.emit(authomize.AccountAssociation{SourceID: id, TargetID: s.rights.classes.all[a.class].groupingID()}, a.tag)
		}
	}
	s.appRoles.held(func(e *entry[pingone.ApplicationRole], holders []uint32) {
		for _, row := range holders {
			s.emit(mapping.Membership(s.users.rows[row].id, mapping.ApplicationRoleID(e.id)), e.tag)
		}
	})
	for _, v := range s.access.virtual.all {
		for _, row := range v.rows {
			if s.emit(mapping.Membership(s.users.rows[row].id, v.grouping.UniqueID), v.tag|virtual); s.ended {
				return
			}
		}
	}
}

func (s *stream) permissions() {
	for i, c := range s.rights.classes.all {
		r := mapping.RolePermission(c.role, c.scope)
		if s.reach != nil {
			mark := s.reach.Marks[i]
			r.EscalationPathPossible, r.Tags = mark.EscalationPathPossible, mark.Tags
		}
		s.emit(r, c.tag)
	}
	s.appRoles.held(func(e *entry[pingone.ApplicationRole], _ []uint32) {
		s.emit(mapping.ApplicationRolePermission(s.EnvironmentOf(e.tag), e.id), e.tag)
	})
	for _, p := range s.access.permissions {
		s.emit(p.Record, p.Tag)
	}
}

// people emits the users, each from the reply that counts for it.
func (s *stream) people(ctx context.Context) error {
	done := make([]bool, len(s.users.rows)) // a reply may show one twice
	for p, err := range pages[pingone.User](ctx, &s.source, staging.Users, "") {
		if err != nil {
			return err
		}
		for i := range p.items {
			u := &p.items[i]
			at, ok := s.users.find(u.ID)
			if !ok || done[at] || int(s.users.rows[at].reply) != p.n {
				continue
			}
			done[at] = true
			r, ws := mapping.User(u, s.things.populations.get(u.Population.ID).item.Name)
			if s.users.devices != nil {
				var more []mapping.Warning
				r.HasMFA, more = mapping.HasMFA(u, s.users.devices[at])
				ws = append(ws, more...)
			}
			s.f.leftOut(r.UniqueID, p.leftOut[u.ID])
			if s.emit(r, p.tag, ws...); s.ended {
				return nil
			}
		}
		s.f.quarantine(authomize.Users, p.Path, malformed, p.broken)
	}
	return nil
}

// memberships are the users in groups: the direct members of each, and those by
// its filter, who are in it in any way, but not by a group within it.
func (s *stream) memberships() {
	groups := map[pingone.ID]bool{}
	for list := range s.members.lists {
		groups[list.ID] = true
	}
	for _, group := range slices.SortedFunc(maps.Keys(groups), pingone.ID.Compare) {
		all := s.members.lists[direct(group)]
		if filtered := s.members.lists[anyWay(group)]; len(filtered) > 0 {
			all = sorted(slices.Concat(all, only(filtered, false, s.members.byOthers(group))))
		}
		if s.membersOf(group, all); s.ended {
			return
		}
	}
}

func (s *stream) membersOf(group pingone.ID, all []uint32) {
	target := mapping.GroupID(group) // once, and not for each of its members
	if !s.things.groups.has(group) {
		s.f.quarantine(authomize.AccountAssociations, target, unknownGroup, len(all))
		return
	}
	tag := s.things.groups.get(group).tag
	for _, at := range all {
		if n := int(at) - len(s.users.rows); n >= 0 {
			r := mapping.Membership(s.members.strangers.all[n], target)
			s.f.quarantine(authomize.AccountAssociations, r.Key(), unknownUser, 1)
		} else if s.emit(mapping.Membership(s.users.rows[at].id, target), tag); s.ended {
			return
		}
	}
}
