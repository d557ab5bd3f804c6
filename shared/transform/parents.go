package transform

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// parents are the groups that hold something. Fetch asks these again even where
// PingOne says that they hold nothing any more: a count alone is no proof.
type parents struct {
	users, groups set // that hold users, and that hold groups
	// askedUsers and askedGroups are those that PingOne answered for, were it
	// with an empty list.
	askedUsers, askedGroups set
}

func newParents() *parents {
	return &parents{users: set{}, groups: set{}, askedUsers: set{}, askedGroups: set{}}
}

// replied notes whose list a reply of memberships is of.
func (p *parents) replied(reply staging.Reply) {
	switch {
	case isMembersReply(reply):
		p.askedUsers.add(reply.Parent.ID)
	case isChildrenReply(reply):
		p.askedGroups.add(reply.Parent.ID)
	}
}

// knownParents yields those that were listed, sorted.
func (t *transform) knownParents(ids set) iter.Seq[taggedID] {
	return func(yield func(taggedID) bool) {
		for _, id := range ids.sorted() {
			tag, listed := t.x.groups[id]
			if listed && !yield(taggedID{mapping.GroupID(id), tag}) {
				return
			}
		}
	}
}

// addIfAny adds a group, if it holds any.
func addIfAny(to set, group pingone.ID, members int) {
	if members > 0 {
		to.add(group)
	}
}

// findUnasked counts, by environment, the groups that held something, are listed
// by this run, and of which memberships has no reply: its own list of groups
// lacked them, and they would lose all that they hold.
func (t *transform) findUnasked(ctx context.Context, m *memory) error {
	t.unasked = map[pingone.ID]int{}
	for list, asked := range map[authomize.Kind]set{groupsWithUsers: t.parents.askedUsers, groupsWithGroups: t.parents.askedGroups} {
		for k, err := range m.known(ctx, list) {
			if err != nil {
				return err
			}
			id, ok := pingone.ParseID(strings.TrimPrefix(k.ID, proofs[authomize.Groupings].prefix))
			if _, listed := t.x.groups[id]; ok && listed && !asked.has(id) && !m.isSettled(k) {
				t.unasked[k.Environment]++
			}
		}
	}
	return nil
}

// unaskedReasons are about these. Some may have been deleted between two lists,
// of which PingOne said so when it was asked for their members.
func (t *transform) unaskedReasons() []string {
	complete := t.snaps[staging.Memberships]
	if len(complete.Complete.Unread) > 0 {
		return nil // said already
	}
	gone := map[pingone.ID]int{}
	for _, s := range complete.Manifest.Slices {
		gone[s.Environment] += s.Gone
	}
	var reasons []string
	for _, env := range slices.SortedFunc(maps.Keys(t.unasked), pingone.ID.Compare) {
		if n := t.unasked[env]; n > gone[env] && slices.Contains(complete.Complete.Environments, env) {
			reasons = append(reasons, fmt.Sprintf("memberships: %d lists of groups of environment %s that held something in an earlier run were not read, though the groups are listed: the next run does so", n-gone[env], env))
		}
	}
	return reasons
}
