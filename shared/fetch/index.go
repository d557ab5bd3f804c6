package fetch

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A decoder finds the ids in staged replies. It reuses its memory: not for
// concurrent use, and what it returns is good until the next call.
type decoder struct {
	of      *collection.Collection
	members pingone.Decoder[pingone.Member]
	entries pingone.Decoder[pingone.Entry]
	out     []pingone.ID
}

func (d *decoder) ids(r *staging.Reply) ([]pingone.ID, error) {
	d.out = d.out[:0]
	key := d.of.KeyOf(r.List())
	if key == pingone.EntriesKey {
		all, _, err := d.entries.Items(r.Body, key)
		for i := range all {
			d.out = append(d.out, all[i].UserID)
		}
		return d.out, err
	}
	if pingone.IsBySubject(r.Path) {
		d.out = append(d.out, pingone.SubjectsOf(r.Page(key))...)
		return d.out, nil
	}
	all, _, err := d.members.Items(r.Page(key), key)
	for i := range all {
		if id := all[i].ID; !id.IsZero() {
			d.out = append(d.out, id)
		}
	}
	return d.out, err
}

func see(seen map[uint64]struct{}, ids []pingone.ID) {
	for _, id := range ids {
		seen[maphash.Comparable(seed, id)] = struct{}{}
	}
}

// An index is what the run's own snapshot shows so far: a number for each item,
// or for each tie of a list. Eight bytes each: there may be five million.
type index struct {
	decoder
	numbers map[pingone.ID]uint64 // of environments whose items are counted
	shown   []uint64              // sorted
	more    map[uint64]struct{}   // that came after it was sorted
	samples map[uint64]pingone.ID // something that a list shows, by list
}

const environmentBits = 16

// keyOf is the number of an item or a tie. Of items that are counted its last
// bits tell the environment.
func (x *index) keyOf(l staging.ListKey, id pingone.ID) uint64 {
	if x.of.Ties {
		return maphash.Comparable(seed, struct {
			l  staging.ListKey
			id pingone.ID
		}{l, id})
	}
	h := maphash.Comparable(seed, id)
	if x.of.Head == nil {
		return h
	}
	n, ok := x.numbers[l.Environment]
	if !ok {
		n = uint64(len(x.numbers)) % (1 << environmentBits)
		x.numbers[l.Environment] = n
	}
	return h<<environmentBits | n
}

// newIndex reads what is staged. Ties of lists that are carried can't be absent
// from others, and are left out.
func newIndex(ctx context.Context, store staging.Store, m *staging.Manifest, of *collection.Collection) (*index, error) {
	x := &index{
		decoder: decoder{of: of}, numbers: map[pingone.ID]uint64{}, shown: make([]uint64, 0, m.Records),
		more: map[uint64]struct{}{}, samples: map[uint64]pingone.ID{},
	}
	for r, err := range staging.Replies(ctx, store, m) {
		if err != nil {
			return nil, fmt.Errorf("look up what is staged: %w", err)
		}
		if of.Ties && r.Carried != "" && r.ID.IsZero() {
			continue
		}
		ids, err := x.ids(&r)
		if err != nil {
			return nil, err
		}
		l := r.List()
		for _, id := range ids {
			x.shown = append(x.shown, x.keyOf(l, id))
		}
		if len(ids) > 0 && r.Carried == "" && r.ID.IsZero() {
			x.samples[hashOf(l)] = ids[0]
		}
	}
	slices.Sort(x.shown)
	x.shown = slices.Compact(x.shown)
	return x, nil
}

func (x *index) has(key uint64) bool {
	if _, ok := slices.BinarySearch(x.shown, key); ok {
		return true
	}
	_, ok := x.more[key]
	return ok
}

// add notes what a reply shows that was staged since.
func (x *index) add(r *staging.Reply) error {
	ids, err := x.ids(r)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if key := x.keyOf(r.List(), id); !x.has(key) {
			x.more[key] = struct{}{}
		}
	}
	return nil
}

// count is how many different items of an environment there are.
func (x *index) count(env pingone.ID) int {
	n, ok := x.numbers[env]
	if !ok {
		return 0
	}
	const mask = 1<<environmentBits - 1
	sum := 0
	for _, key := range x.shown {
		if key&mask == n {
			sum++
		}
	}
	for key := range x.more {
		if key&mask == n {
			sum++
		}
	}
	return sum
}

// A coveredSet is the parents that a bulk list shows, sorted.
type coveredSet []pingone.ID

func (s coveredSet) has(id pingone.ID) bool {
	_, ok := slices.BinarySearchFunc(s, id, pingone.ID.Compare)
	return ok
}
