package transform

import (
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// approved are the carried replies that a person approved, as hashes, sorted:
// there may be a million.
type approved map[staging.Collection][]uint64

// identity tells a carried reply from all others: an item by its id, wherever
// it was shown last, and a page of a list by when it was read. So what a list
// showed since, and lost again, is not approved.
func identity(r *staging.Reply) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.Key())) // never fails
	if r.ID.IsZero() {
		_, _ = h.Write(strconv.AppendInt([]byte{' '}, r.FetchedAt.UnixMilli(), 10))
	}
	return h.Sum64()
}

func (a approved) has(c staging.Collection, id uint64) bool {
	_, found := slices.BinarySearch(a[c], id)
	return found
}

// with returns a with more of a collection; a stays as it is.
func (a approved) with(c staging.Collection, more []uint64) approved {
	next := maps.Clone(a)
	next[c] = sorted(append(more, a[c]...))
	return next
}

// sorted sorts in place, and leaves one of the same.
func sorted(ids []uint64) []uint64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// A skipper tells which replies of a run are left out: those that are approved,
// and all that is carried forward of an environment that is.
type skipper struct {
	approved     approved
	environments map[pingone.ID]bool
	// open counts, of what is approved in part, what is not.
	open map[carriedKey]int
}

// A carriedKey is what approvals and reports name together.
type carriedKey struct {
	collection  staging.Collection
	environment pingone.ID
	way         staging.Carried
}

func (s *skipper) skip(c staging.Collection, r *staging.Reply) bool {
	return isDoubtful(r) && (s.environments[r.Environment] || len(s.approved[c]) > 0 && s.approved.has(c, identity(r)))
}

// isDoubtful tells whether a reply may have been approved away: a reading that
// only is not due is a good one.
func isDoubtful(r *staging.Reply) bool { return r.Carried != "" && r.Carried != staging.NotDue }

// isApproved tells whether all that a line of complete.json is about is approved.
func (s *skipper) isApproved(c staging.Collection, l *staging.CarriedLists) bool {
	if s == nil {
		return false
	}
	open, counted := s.open[carriedKey{c, l.Environment, l.Reason}]
	return counted && open == 0 || s.environments[l.Environment]
}

// approvals are what approval.json holds.
type approvals struct {
	Version   int       `json:"version"`
	Approvals []granted `json:"approvals"`
}

// granted is one approval with what it covers.
type granted struct {
	sweep.Approval
	Covers []covered `json:"covers,omitempty"`
}

// covered are the carried replies of one code.
type covered struct {
	Code  string   `json:"code"`
	Count int      `json:"count"`
	Keys  []string `json:"keys"` // the first 100
}
