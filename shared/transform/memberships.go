package transform

import (
	"context"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// memberships are the users in groups, as they were staged.
func (s *streams) memberships(ctx context.Context, emit emitter) (more bool, err error) {
	anyWay, err := newAnyWay(ctx, s)
	if err != nil {
		return false, err
	}
	var d pingone.Decoder[pingone.Member]
	for reply, err := range s.snaps[staging.Memberships].Replies(ctx) {
		if err != nil {
			return false, err
		}
		s.parents.replied(reply)
		if !isMembersReply(reply) {
			continue
		}
		users, broken, err := d.Items(reply.Body, "users")
		if err != nil {
			return false, err
		}
		group := reply.Parent.ID
		addIfAny(s.parents.users, group, len(users))
		tag, known := s.x.groups[group]
		if !known {
			s.x.noteNamed(mapping.GroupID(group), staging.Groups, staging.Memberships)
			s.found.quarantineMany(authomize.AccountAssociations, mapping.GroupID(group), unknownGroup, len(users)+broken)
			continue
		}
		target := mapping.GroupID(group) // once, and not for each of its members
		for _, u := range users {
			if u.ID.IsZero() {
				broken++
				continue
			}
			if reply.Parent.Kind == staging.GroupAny && anyWay.isKnown(group, u.ID) {
				continue
			}
			r := mapping.Membership(u.ID, target)
			if _, ok := s.x.users[u.ID]; !ok {
				s.found.quarantine(authomize.AccountAssociations, r.Key(), unknownUser)
				s.x.noteMissed(u.ID, reply.Environment, reply.FetchedAt)
				continue
			}
			if !emit(&r, tag) {
				return false, nil
			}
		}
		s.found.quarantineMany(authomize.AccountAssociations, mapping.GroupID(group), malformed, broken)
	}
	return true, nil
}

// anyWay knows which members a dynamic group has besides those by its filter.
// A group that was asked for its members in any way names its direct members
// once more, and mixes in those of the groups within it, who would look
// direct in a review.
type anyWay struct {
	direct map[pingone.ID]roster
	any    map[pingone.ID]roster
	within map[pingone.ID][]inner
}

// An inner is a group within another one, at any depth.
type inner struct {
	id pingone.ID
	// holds tells that it holds the outer group too. Its members in any way
	// are then those of the outer one, whose own would all be left out.
	holds bool
}

// A roster holds ids, sorted: 16 bytes each, for groups of a million members.
type roster []pingone.ID

func (r roster) has(id pingone.ID) bool {
	_, ok := slices.BinarySearchFunc(r, id, pingone.ID.Compare)
	return ok
}

// newAnyWay reads the memberships that matter: none, where no group was asked
// for its members in any way.
func newAnyWay(ctx context.Context, s *streams) (*anyWay, error) {
	a := &anyWay{direct: map[pingone.ID]roster{}, any: map[pingone.ID]roster{}, within: map[pingone.ID][]inner{}}
	memberships := s.snaps[staging.Memberships]
	if !slices.ContainsFunc(memberships.Manifest.Slices, func(c staging.Slice) bool { return c.Parent == staging.GroupAny }) {
		return a, nil
	}
	direct, indirect := set{}, set{}
	for reply, err := range memberships.Replies(ctx) {
		if err != nil {
			return nil, err
		}
		if !isMembersReply(reply) || reply.Parent.Kind != staging.GroupAny || direct.has(reply.Parent.ID) {
			continue
		}
		direct.add(reply.Parent.ID)
		a.within[reply.Parent.ID] = s.access.inside(reply.Parent.ID)
	}
	for _, all := range a.within {
		for _, i := range all {
			direct.add(i.id)
			if !i.holds {
				indirect.add(i.id)
			}
		}
	}
	return a, a.read(ctx, memberships, direct, indirect)
}

// inside are the groups within a group.
func (a *access) inside(group pingone.ID) []inner {
	below := set{}
	a.within(group, below)
	delete(below, group)
	all := make([]inner, 0, len(below))
	for _, id := range below.sorted() {
		reached := set{}
		a.within(id, reached)
		all = append(all, inner{id: id, holds: reached.has(group)})
	}
	return all
}

// read takes up the direct members of some groups, and the members in any way
// of others.
func (a *anyWay) read(ctx context.Context, memberships *staging.Snapshot, direct, indirect set) error {
	var d pingone.Decoder[pingone.Member]
	for reply, err := range memberships.Replies(ctx) {
		if err != nil {
			return err
		}
		if !isMembersReply(reply) {
			continue
		}
		into, wanted := a.direct, direct
		if reply.Parent.Kind == staging.GroupAny {
			into, wanted = a.any, indirect
		}
		if !wanted.has(reply.Parent.ID) {
			continue
		}
		users, _, err := d.Items(reply.Body, "users")
		if err != nil {
			return err
		}
		for _, u := range users {
			into[reply.Parent.ID] = append(into[reply.Parent.ID], u.ID)
		}
	}
	for _, rosters := range []map[pingone.ID]roster{a.direct, a.any} {
		for group, r := range rosters {
			slices.SortFunc(r, pingone.ID.Compare)
			rosters[group] = slices.Clip(slices.Compact(r))
		}
	}
	return nil
}

// isKnown tells whether a member that a group has in any way is posted
// elsewhere: as a direct one, or as one of a group within it, from which the
// membership follows.
func (a *anyWay) isKnown(group, user pingone.ID) bool {
	if a.direct[group].has(user) {
		return true
	}
	return slices.ContainsFunc(a.within[group], func(i inner) bool {
		return a.direct[i.id].has(user) || !i.holds && a.any[i.id].has(user)
	})
}
