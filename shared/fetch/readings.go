package fetch

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"time"

	"pingone-authomize/shared/staging"
)

// seed is of this process; nothing that is hashed outlives it.
var seed = maphash.MakeSeed()

func hashOf(k staging.ListKey) uint64 { return maphash.Comparable(seed, k) }

// uncounted stands for a number that nobody said.
const uncounted = -1

// A before is the last reading of a list: when, how many PingOne counted, how
// many different items it showed, and why it is carried.
type before struct {
	at             time.Time
	counted, shown int32
	carried        staging.Carried
	holds          bool // some reply of it shows something, be it an older one
}

// A reason is a Carried in one byte.
type reason uint8

func reasonOf(c staging.Carried) reason {
	return reason(slices.Index(staging.CarriedReasons, c) + 1) //nolint:gosec // a handful
}

func (r reason) carried() staging.Carried {
	if r == 0 {
		return ""
	}
	return staging.CarriedReasons[r-1]
}

// readings are the last readings of all lists of a snapshot: 32 bytes each, since
// there may be a million.
type readings []entry

type entry struct {
	list           uint64
	at             int64 // milliseconds
	counted, shown int32
	reason         reason
	holds          bool
	single         bool // of an item or tie that was asked for, not of a page
}

// readingsOf goes through a snapshot. Of a list that was shown more than once
// the newest numbers count, and the oldest time.
func readingsOf(ctx context.Context, snap *staging.Snapshot, now time.Time) (readings, error) {
	var all readings
	for r, err := range snap.Replies(ctx) {
		if err != nil {
			return nil, err
		}
		at := r.FetchedAt
		if at.After(now) { // a clock was ahead
			at = snap.Complete.CompletedAt
		}
		e := entry{list: hashOf(r.List()), at: min(at.UnixMilli(), now.UnixMilli()), counted: uncounted, shown: uncounted, reason: reasonOf(r.Carried)}
		e.holds = !r.IsMarker() && (r.Shown == nil || *r.Shown > 0)
		if e.single = !r.ID.IsZero(); e.single {
			e.reason = 0 // its own, not the list's
		}
		if r.Counted != nil {
			e.counted = int32(*r.Counted) //nolint:gosec // of one list
		}
		if r.Shown != nil {
			e.shown = int32(*r.Shown) //nolint:gosec // of one list
		}
		all = append(all, e)
	}
	return all.merged(), nil
}

// merged leaves one entry a list: the oldest time of a page, and the newest numbers.
func (all readings) merged() readings {
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.list, b.list), compareBool(a.single, b.single), cmp.Compare(a.at, b.at))
	})
	out := all[:0]
	for _, e := range all {
		n := len(out)
		if n == 0 || out[n-1].list != e.list {
			out = append(out, e)
			continue
		}
		last := &out[n-1]
		last.holds = last.holds || e.holds
		if e.single {
			continue
		}
		if e.shown != uncounted {
			last.counted, last.shown = e.counted, e.shown
		}
		if !isFault(last.reason.carried()) {
			last.reason = e.reason
		}
	}
	return out
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// of is the last reading of a list; nil if there is none.
func (all readings) of(k staging.ListKey) *before {
	i, ok := slices.BinarySearchFunc(all, hashOf(k), func(e entry, h uint64) int { return cmp.Compare(e.list, h) })
	if !ok {
		return nil
	}
	e := all[i]
	return &before{at: time.UnixMilli(e.at), counted: e.counted, shown: e.shown, carried: e.reason.carried(), holds: e.holds}
}

// isFault tells whether what was due was not read whole.
func isFault(c staging.Carried) bool {
	return c == staging.Refused || c == staging.Failed || c == staging.Short || c == staging.Unproven
}
