package transform

import (
	"context"
	"iter"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// streams make the records of each kind, in the order of posting: users
// first, since what refers to a user needs to know that the run holds it.
type streams struct {
	x     *index
	snaps map[staging.Collection]*staging.Snapshot
	found *findings
	// parents are told of groups that hold something.
	parents *parents
	// serviceUsers makes users of service accounts.
	serviceUsers bool
	// devices decide over hasMFA; nil: the run did not read them.
	devices userDevices

	settled bool
	roles   []assignment // whose principal the run holds
	access  *access
}

// An emitter hands on a record, with the tag of its environment. It returns
// false when no more are wanted.
type emitter func(r authomize.Record, tag uint32) bool

// of is the stream of one kind.
func (s *streams) of(ctx context.Context, kind authomize.Kind) iter.Seq2[authomize.Item, error] {
	makers := map[authomize.Kind]func(context.Context, emitter) error{
		authomize.Users:                s.users,
		authomize.ServiceAccounts:      s.serviceAccounts,
		authomize.Groupings:            s.groupings,
		authomize.Privileges:           s.privileges,
		authomize.Assets:               s.assets,
		authomize.PrivilegeGrants:      s.privilegeGrants,
		authomize.AssetInheritances:    s.inheritances,
		authomize.GroupingAssociations: s.groupingAssociations,
		authomize.AccountAssociations:  s.accountAssociations,
		authomize.Permissions:          s.permissions,
	}
	return func(yield func(authomize.Item, error) bool) {
		err := makers[kind](ctx, func(r authomize.Record, tag uint32) bool {
			return yield(authomize.Item{Record: r, Tag: tag}, nil)
		})
		if err != nil {
			yield(authomize.Item{}, err)
		}
	}
}

func (s *streams) users(ctx context.Context, emit emitter) error {
	var d pingone.Decoder[pingone.User]
	for reply, err := range s.snaps[staging.Users].Replies(ctx) {
		if err != nil {
			return err
		}
		if reply.IsDevices() {
			continue
		}
		users, broken, err := staging.ItemsOf(&d, reply, "users")
		if err != nil {
			return err
		}
		tag := s.x.tagOf(reply.Environment)
		if reply.IsOf("users") && reply.FetchedAt.After(s.x.usersReadAt[reply.Environment]) {
			s.x.usersReadAt[reply.Environment] = reply.FetchedAt
		}
		for i := range users {
			u := &users[i]
			if u.ID.IsZero() {
				broken++
				continue
			}
			if _, twice := s.x.users[u.ID]; twice {
				continue // a page may repeat what another had
			}
			s.x.users[u.ID] = tag
			s.x.usersIn[u.Population.ID]++
			if s.x.populations[u.Population.ID] == nil && !u.Population.ID.IsZero() {
				s.x.noteNamed(mapping.PopulationID(u.Population.ID), staging.Populations, staging.Users)
			}
			if _, known := s.x.described.Populations[u.Population.ID]; !known && s.isUnread(staging.Populations) {
				s.found.warn(mapping.WarnNotDescribed)
			}
			r, ws := mapping.User(u, s.x.populationName(u.Population.ID))
			if s.devices != nil {
				var more mapping.Warnings
				r.HasMFA, more = mapping.HasMFA(u, s.devices.of(u.ID))
				ws |= more
			}
			s.found.warnAll(ws)
			if !emit(&r, tag) {
				return nil
			}
		}
		s.found.quarantineMany(authomize.Users, reply.Path, malformed, broken)
	}
	return nil
}

func (s *streams) groupings(ctx context.Context, emit emitter) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	var d pingone.Decoder[pingone.Group]
	posted := set{}
	for reply, err := range s.snaps[staging.Groups].Replies(ctx) {
		if err != nil {
			return err
		}
		groups, _, err := staging.ItemsOf(&d, reply, "groups")
		if err != nil {
			return err
		}
		for i := range groups {
			g := &groups[i]
			if g.ID.IsZero() || posted.has(g.ID) {
				continue
			}
			posted.add(g.ID)
			if r := mapping.Group(g); !emit(&r, s.x.groups[g.ID]) {
				return nil
			}
		}
	}
	for a := range s.scopedRoles() {
		r := mapping.RoleGrouping(s.x.roleName(a.role), a.role, a.scope, s.x.scopeName(a.scope))
		if !emit(&r, a.tag) {
			return nil
		}
	}
	for _, v := range s.access.virtual {
		if !emit(&v.grouping, v.tag) {
			return nil
		}
	}
	return nil
}

// scopedRoles yields one assignment for each role in a scope that somebody
// holds. An empty grouping with rights would be a finding in the product.
func (s *streams) scopedRoles() iter.Seq[assignment] {
	return func(yield func(assignment) bool) {
		seen := map[assignment]struct{}{}
		for _, a := range s.roles {
			key := assignment{role: a.role, scope: a.scope}
			if _, ok := seen[key]; ok {
				continue
			}
			seen[key] = struct{}{}
			if !yield(a) {
				return
			}
		}
	}
}

func (s *streams) privileges(_ context.Context, emit emitter) error {
	for _, id := range s.x.roleOrder {
		r, ws := mapping.PrivilegeOf(s.x.roles[id])
		s.found.warnAll(ws)
		if !emit(&r, 0) {
			return nil
		}
	}
	unlisted := set{}
	for _, a := range s.roles {
		if s.x.roles[a.role] != nil || unlisted.has(a.role) {
			continue
		}
		unlisted.add(a.role)
		if s.x.permissions != nil && !s.isUnread(staging.Roles) { // its permissions are lost with it
			s.x.noteNamed(mapping.RolePrivilegeID(a.role), staging.Roles, staging.RoleAssignments)
		}
		r, ws := s.x.privilege(a.role)
		s.found.warnAll(ws)
		if !emit(&r, 0) {
			return nil
		}
	}
	if len(s.access.permissions) > 0 {
		r := mapping.AppAccessPrivilege()
		if !emit(&r, 0) {
			return nil
		}
	}
	s.permissionPrivileges(emit)
	return nil
}

func (s *streams) groupingAssociations(_ context.Context, emit emitter) error {
	for _, n := range s.access.nestings {
		if r := mapping.Nesting(n.child, n.parent); !emit(&r, s.x.groups[n.parent]) {
			return nil
		}
	}
	for _, a := range s.roles {
		if a.kind != groupPrincipal {
			continue
		}
		r := authomize.GroupingAssociation{SourceID: s.x.holderID(a), TargetID: mapping.RoleGroupingID(a.role, a.scope)}
		if !emit(&r, a.tag) {
			return nil
		}
	}
	return nil
}

func (s *streams) accountAssociations(ctx context.Context, emit emitter) error {
	if more, err := s.memberships(ctx, emit); !more || err != nil {
		return err
	}
	for _, a := range s.roles {
		if a.kind == groupPrincipal {
			continue
		}
		r := authomize.AccountAssociation{SourceID: s.x.holderID(a), TargetID: mapping.RoleGroupingID(a.role, a.scope)}
		if !emit(&r, a.tag) {
			return nil
		}
	}
	for _, v := range s.access.virtual {
		for user := range v.members {
			r := authomize.AccountAssociation{SourceID: mapping.UserID(user), TargetID: v.grouping.UniqueID}
			if !emit(&r, v.tag) {
				return nil
			}
		}
	}
	return nil
}

func (s *streams) permissions(_ context.Context, emit emitter) error {
	for a := range s.scopedRoles() {
		if r := mapping.RolePermission(a.role, a.scope); !emit(&r, a.tag) {
			return nil
		}
	}
	for _, p := range s.access.permissions {
		if !emit(&p.record, p.tag) {
			return nil
		}
	}
	return nil
}

// settle finds, once users and groups are known, which role assignments have
// a principal and who may use which application.
func (s *streams) settle(ctx context.Context) error {
	if s.settled {
		return nil
	}
	for _, a := range s.x.assignments {
		if s.x.holderID(a) == "" {
			kind := authomize.AccountAssociations
			if a.kind == groupPrincipal {
				kind = authomize.GroupingAssociations
			}
			s.x.noteHolder(a)
			s.found.quarantine(kind, string(a.kind)+":"+a.principal.String()+" "+mapping.RoleGroupingID(a.role, a.scope), unknownPrincipal)
			continue
		}
		s.roles = append(s.roles, a)
		if a.scope.Type == "ENVIRONMENT" {
			s.x.tagOf(a.scope.ID) // its asset is needed, read or not
		}
	}
	acc, err := newAccess(ctx, s)
	s.access, s.settled = acc, true
	return err
}
