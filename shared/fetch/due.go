package fetch

import (
	"cmp"
	"math"
	"slices"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/staging"
)

// The classes of lists that are due, in the order in which they are read.
type class uint8

const (
	notDue  class = iota // unless its share comes
	isFirst              // the feed speaks of it, its count differs, or it was due and not read whole
	isNever              // never read
	isOld                // or due in every run
)

// day is how old a reading of members may be.
const day = 24 * time.Hour

// rules are what the dueness of a list hangs on, beside the list itself.
type rules struct {
	due     collection.Due
	now     time.Time
	maxAge  time.Duration
	changed func(l *collection.List) bool // the feed speaks of its parent
	whole   func(l *collection.List) bool // the feed of its environment was read to its end
}

// of is the class of a list whose last reading is before; nil: never read.
// skip tells that it is not read at all, since nothing says that it holds
// anything.
func (r *rules) of(l *collection.List, before *before) (c class, skip bool) {
	changed := r.changed(l)
	if l.Unlikely && !changed && (before == nil || before.shown <= 0 && !before.holds && !isFault(before.carried)) {
		return notDue, true
	}
	switch {
	case l.Bulk:
		return isFirst, false
	case r.due == collection.EachRun || l.Always:
		return isOld, false
	case before != nil && isFault(before.carried), changed, before != nil && r.countDiffers(l, before):
		return isFirst, false
	case before == nil:
		return isNever, false
	case r.due == collection.Daily && !r.whole(l), r.now.Sub(before.at) >= r.maxAge:
		return isOld, false
	}
	return notDue, false
}

func (r *rules) countDiffers(l *collection.List, before *before) bool {
	return l.Counted != nil && before.counted != uncounted && *l.Counted != int(before.counted)
}

// A candidate is a list that may be read in this run, by its place among all.
type candidate struct {
	at      int64 // when it was read last, where that decides; less is earlier
	ordinal int32
	pages   int32
	env     uint16 // place among the environments of the run
	class   class
}

// choose picks the lists to read, in the order in which they are read: those
// that are due, and of the others a share, oldest first, so that each comes in
// turn before it is too old. most bounds their number. neverRead are those
// without any reading that it leaves out.
func choose(all []candidate, share float64, most int) (chosen, neverRead []candidate) {
	slices.SortStableFunc(all, func(a, b candidate) int {
		rank := func(c class) int { return (int(c) + 3) % 4 } // notDue comes last
		return cmp.Or(
			cmp.Compare(rank(a.class), rank(b.class)), cmp.Compare(a.at, b.at),
			-cmp.Compare(a.pages, b.pages), cmp.Compare(a.ordinal, b.ordinal),
		)
	})
	due := slices.IndexFunc(all, func(c candidate) bool { return c.class == notDue })
	if due < 0 {
		due = len(all)
	}
	more := int(math.Ceil(float64(len(all)-due) * min(max(share, 0), 1)))
	n := min(due+more, most)
	for _, c := range all[n:] {
		if c.class == isNever {
			neverRead = append(neverRead, c)
		}
	}
	return all[:n], neverRead
}

// shareOf is the part of all lists that comes in one run: as much of the age
// that they may have as went by since the run before.
func shareOf(now time.Time, previous *staging.Snapshot, maxAge time.Duration) float64 {
	if previous == nil || maxAge <= 0 {
		return 0
	}
	return float64(now.Sub(previous.Complete.StartedAt)) / float64(maxAge)
}
