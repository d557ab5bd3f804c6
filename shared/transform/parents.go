package transform

import (
	"iter"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

// parents are the groups that hold something. Fetch asks these again even where
// PingOne says that they hold nothing any more: a count alone is no proof.
type parents struct {
	users, groups set // that hold users, and that hold groups
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
