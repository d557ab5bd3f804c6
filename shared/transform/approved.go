package transform

import (
	"cmp"
	"context"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
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

func (t *transform) skipper(ctx context.Context, a approved) (*skipper, error) {
	s := &skipper{approved: a, environments: map[pingone.ID]bool{}}
	if len(a[staging.Environments]) == 0 {
		return s, nil
	}
	for r, err := range t.snaps[staging.Environments].Replies(ctx) {
		if err != nil {
			return nil, err
		}
		if env := cmp.Or(r.ID, r.Environment); s.skip(staging.Environments, &r) && !env.IsZero() {
			s.environments[env] = true
		}
	}
	return s, nil
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

// heedApprovals forgets what was approved and is over, since the run shows it
// or it is gone.
func (t *transform) heedApprovals(ctx context.Context) error {
	left, open := approved{}, map[carriedKey]int{}
	for c := range t.notes.Approved {
		var ids []uint64
		for r, err := range t.snaps[c].Replies(ctx) {
			if err != nil {
				return err
			}
			if !isDoubtful(&r) {
				continue
			}
			key := carriedKey{c, r.Environment, r.Carried}
			if id := identity(&r); t.notes.Approved.has(c, id) {
				ids = append(ids, id)
				open[key] += 0
			} else {
				open[key]++
			}
		}
		if len(ids) > 0 {
			left[c] = sorted(ids)
		}
	}
	t.notes.Approved = left
	skips, err := t.skipper(ctx, left)
	if err != nil {
		return err
	}
	skips.open, t.skips = open, skips
	return nil
}
