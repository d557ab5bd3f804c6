package collection

import (
	"context"
	"iter"
	"strings"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// memberships are the users and groups within each group: direct ones, and of a
// dynamic group all of any kind, since members by its filter are shown nowhere
// else by themselves.
var memberships = Collection{
	Name: staging.Memberships, Inputs: []staging.Collection{staging.Environments, staging.Users, staging.Groups},
	Limit: pingone.Directory, Role: identityData, Ties: true, Due: Daily,
	Lists: memberLists, Exists: membersExist, End: memberEnd, Ask: askMember, Recount: recountGroup,
	Feed:    []string{pingone.MemberAdded, pingone.MemberRemoved},
	Deleted: pingone.MemberRemoved, Created: pingone.MemberAdded, Event: memberEvent,
}

func memberLists(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		seen := map[pingone.ID]bool{}
		for it, err := range items[pingone.Group](ctx, in, staging.Groups) {
			if err != nil {
				yield(List{}, err)
				return
			}
			if seen[it.resource.ID] {
				continue
			}
			seen[it.resource.ID] = true
			for _, l := range listsOfGroup(it) {
				if !yield(l, nil) {
					return
				}
			}
		}
	}
}

func listsOfGroup(it item[pingone.Group]) []List {
	g, e := it.resource, it.environment
	counts := g.DirectMemberCounts
	if counts == nil {
		counts = &pingone.MemberCounts{}
	}
	dynamic := g.UserFilter != ""
	direct := list(e, pingone.Members(e.ID, g.ID))
	direct.Counted, direct.Always, direct.Unlikely = counts.Users, dynamic, isNone(counts.Users) && !dynamic
	children := list(e, pingone.Children(e.ID, g.ID))
	children.Counted, children.Unlikely = counts.Groups, isNone(counts.Groups)
	all := []List{direct, children}
	if dynamic {
		anyWay := list(e, pingone.AllMembers(e.ID, g.ID))
		anyWay.Always = true
		all = append(all, anyWay)
	}
	for i := range all {
		all[i].Parent, all[i].Carry = &staging.Parent{Kind: "group", ID: g.ID}, it.carry
	}
	if dynamic {
		all[2].Parent = &staging.Parent{Kind: staging.GroupAny, ID: g.ID}
	}
	return all
}

func isNone(count *int) bool { return count != nil && *count == 0 }

// membersExist: a group without a filter has no members by it.
func membersExist(in *Inputs, l staging.ListKey) bool {
	if l.Parent.Kind != staging.GroupAny {
		return true
	}
	if in.dynamic == nil {
		in.dynamic = map[pingone.ID]bool{}
		for it, err := range items[pingone.Group](context.Background(), in, staging.Groups) {
			if err != nil {
				in.dynamic = nil
				return true // what can't be told is carried
			}
			in.dynamic[it.resource.ID] = in.dynamic[it.resource.ID] || it.resource.UserFilter != ""
		}
	}
	return in.dynamic[l.Parent.ID]
}

func ofGroups(l staging.ListKey) bool { return strings.HasSuffix(l.Path, "/groups") }

func memberEnd(l staging.ListKey) staging.Collection {
	if ofGroups(l) {
		return staging.Groups
	}
	return staging.Users
}

// askMember asks the member which groups it is in. A direct tie is there only
// if the answer says DIRECT.
func askMember(l staging.ListKey, id pingone.ID) Ask {
	of := pingone.UserGroups(l.Environment, id)
	if ofGroups(l) {
		of = pingone.GroupParents(l.Environment, id)
	}
	return Ask{List: &of, In: l.Parent.ID, Direct: l.Parent.Kind != staging.GroupAny}
}

func recountGroup(l *List) (string, func([]byte) *int) {
	if l.Parent == nil || l.Parent.Kind == staging.GroupAny {
		return "", nil
	}
	return pingone.ItemPath(l.Environment, "groups", l.Parent.ID), func(body []byte) *int {
		g, err := pingone.One[pingone.Group](body)
		switch {
		case err != nil || g.DirectMemberCounts == nil:
			return nil
		case ofGroups(l.ListKey()):
			return g.DirectMemberCounts.Groups
		}
		return g.DirectMemberCounts.Users
	}
}

func memberEvent(a *pingone.Activity) []Subject {
	var all []Subject
	for _, m := range a.Memberships() {
		all = append(all, Subject{Kind: "group", Parent: m.To, ID: m.ID})
	}
	return all
}
