package fetch

import (
	"cmp"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// many is how many children of a slice must be refused, or gone, to say
// something of all.
const many = 3

// sliceKey names the child collections of one sort in one environment.
type sliceKey struct {
	environment  pingone.ID
	parent, list string
}

func (k sliceKey) String() string {
	return k.environment.String() + "/" + k.parent + "/" + k.list
}

func keyOf(t task) (sliceKey, bool) {
	if t.Parent == nil {
		return sliceKey{}, false
	}
	return sliceKey{t.Environment, t.Parent.Kind, t.Key}, true
}

// sliceCounts holds the counts of each slice.
type sliceCounts map[sliceKey]*staging.Slice

func newSliceCounts(saved []staging.Slice) sliceCounts {
	all := sliceCounts{}
	for _, s := range saved {
		*all.of(sliceKey{s.Environment, s.Parent, s.List}) = s
	}
	return all
}

func (c sliceCounts) of(k sliceKey) *staging.Slice {
	if c[k] == nil {
		c[k] = &staging.Slice{Environment: k.environment, Parent: k.parent, List: k.list}
	}
	return c[k]
}

func (c sliceCounts) save() []staging.Slice {
	all := make([]staging.Slice, 0, len(c))
	for _, s := range c {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b staging.Slice) int {
		return cmp.Or(a.Environment.Compare(b.Environment), cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.List, b.List))
	})
	return all
}

// isHopeless tells whether the slice was refused often, and nothing but that.
func isHopeless(s *staging.Slice) bool { return s.Refused >= many && s.Refused == s.Asked }

// isSuspect tells whether too many children were gone to have been deleted
// while we read: an endpoint that answers 404 to everything is no proof that
// nobody holds anything.
func isSuspect(s *staging.Slice) bool { return s.Gone >= many && 2*s.Gone > s.Asked }
