package fetch

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// What is known of a user's reading in a run.
const (
	wasAsked   = 1 << iota // it is in the run's plan
	toCheck                // it should hold what was kept
	wasBegun               // there is a reply
	wasRead                // there are all replies
	holdsRoles             // some of them lists something
	incomparable
)

// readings are what one run read of an environment's users, beside their
// roster, 13 bytes a user.
type readings struct {
	*roster
	flags []uint8
	at    []uint32 // time of reading
	first []uint32 // number of the reading's first reply, over all of the run
	sum   []uint64 // over the rights held
}

func newReadings(r *roster) *readings {
	n := len(r.ids)
	return &readings{roster: r, flags: make([]uint8, n), at: make([]uint32, n), first: make([]uint32, n), sum: make([]uint64, n)}
}

func (r *readings) is(i int, flag uint8) bool { return r.flags[i]&flag != 0 }

const roleAssignmentsKey = "roleAssignments"

// roleReader reads replies that list role assignments.
type roleReader struct {
	decoder pingone.Decoder[pingone.RoleAssignment]
	seed    maphash.Seed
	sums    []uint64
}

func newRoleReader() *roleReader { return &roleReader{seed: maphash.MakeSeed()} }

// A rolePage is what matters of a reply.
type rolePage struct {
	items      int
	sum        uint64 // over the set of direct rights: the same set, the same sum
	comparable bool
	last       bool
}

// A right is what makes two role assignments of a user the same. Neither the
// assignment's id nor readOnly is part of it.
type right struct {
	role, scope pingone.ID
	scopeType   string
}

func (r *roleReader) read(body []byte) rolePage {
	items, broken, err := r.decoder.Items(body, roleAssignmentsKey)
	page := rolePage{items: len(items) + broken, comparable: broken == 0 && err == nil, last: !hasNext(body)}
	if err != nil {
		page.items = 1 // something is there
	}
	r.sums = r.sums[:0]
	for i := range items {
		if !items[i].Group.ID.IsZero() {
			continue // inherited: it changes with a membership, which no event of a role shows
		}
		a := &items[i]
		r.sums = append(r.sums, maphash.Comparable(r.seed, right{a.Role.ID, a.Scope.ID, strings.ToUpper(a.Scope.Type)}))
	}
	slices.Sort(r.sums)
	for _, sum := range slices.Compact(r.sums) {
		page.sum += sum
	}
	return page
}

// hasNext tells whether a page says that there is another one.
func hasNext(body []byte) bool {
	if !bytes.Contains(body, []byte(`"next"`)) {
		return false
	}
	page, err := pingone.One[struct {
		Links struct {
			Next pingone.Link `json:"next"`
		} `json:"_links"`
	}](body)
	return err == nil && page.Links.Next.Href != ""
}

// gathered is what one run read of the users of some environments.
type gathered struct {
	all    map[pingone.ID]*readings
	reader *roleReader // sums are comparable by the same reader only
}

// gather looks up in the plan and the parts of a run, complete or not, which
// users of these environments it asked about and what it read.
func gather(ctx context.Context, store staging.Store, m *staging.Manifest, rosters map[pingone.ID]*roster) (gathered, error) {
	all := make(map[pingone.ID]*readings, len(rosters))
	g := gathered{all: all, reader: newRoleReader()}
	for env, r := range rosters {
		all[env] = newReadings(r)
	}
	for line, err := range staging.PlanOf(ctx, store, m) {
		if err != nil {
			return gathered{}, err
		}
		var t struct {
			Environment pingone.ID      `json:"environment"`
			Parent      *staging.Parent `json:"parent"`
			Check       bool            `json:"check"`
		}
		if err := json.Unmarshal(line, &t); err != nil {
			return gathered{}, fmt.Errorf("a task of the plan of run %s can't be read: %w", m.Run, staging.ErrCorrupt)
		}
		if r, i := userOf(all, t.Environment, t.Parent); r != nil {
			r.flags[i] |= wasAsked
			if t.Check {
				r.flags[i] |= toCheck
			}
		}
	}
	number := uint32(0)
	for reply, err := range staging.Replies(ctx, store, m) {
		if err != nil {
			return gathered{}, err
		}
		number++
		if r, i := userOf(all, reply.Environment, reply.Parent); r != nil && r.is(i, wasAsked) {
			r.note(i, number, reply, g.reader.read(reply.Body))
		}
	}
	return g, nil
}

// userOf finds a user; nil if it isn't one of these environments.
func userOf(all map[pingone.ID]*readings, env pingone.ID, parent *staging.Parent) (*readings, int) {
	r := all[env]
	if r == nil || parent == nil || parent.Kind != parentKinds[pingone.UserPrincipal] {
		return nil, 0
	}
	i, ok := r.find(parent.ID)
	if !ok {
		return nil, 0
	}
	return r, i
}

// note takes up a user's reply. A list that was read again counts from there.
func (r *readings) note(i int, number uint32, reply staging.Reply, page rolePage) {
	flags := &r.flags[i]
	if *flags&wasBegun == 0 || *flags&wasRead != 0 {
		*flags &= wasAsked | toCheck
		r.first[i], r.sum[i] = number, 0
	} else {
		*flags |= incomparable // of several pages: rare enough to do without the check
	}
	*flags |= wasBegun
	if page.last {
		*flags |= wasRead
	}
	if page.items > 0 {
		*flags |= holdsRoles
	}
	if !page.comparable {
		*flags |= incomparable
	}
	r.at[i] = seconds(reply.FetchedAt)
	r.sum[i] += page.sum
}

// A rewrite makes new kept replies of the old ones and of a run's.
type rewrite struct {
	store staging.Store
	old   []staging.Kept
	run   *staging.Manifest
	gathered
	// final says that the run has ended: who was asked about and not read is
	// gone or refused, and not known any more.
	final bool

	kept map[heldKey]held
}

type heldKey struct {
	env  pingone.ID
	user int
}

// held is what was kept of a user that is to be checked.
type held struct {
	replies    int
	sum        uint64
	comparable bool
}

// replies yields what is to be kept from now on.
func (w *rewrite) replies(ctx context.Context) iter.Seq2[staging.Reply, error] {
	w.kept = map[heldKey]held{}
	return func(yield func(staging.Reply, error) bool) {
		for reply, err := range staging.ReadKept(ctx, w.store, w.old) {
			if err != nil {
				yield(reply, err)
				return
			}
			if w.stays(reply) && !yield(reply, nil) {
				return
			}
		}
		number := uint32(0)
		for reply, err := range staging.Replies(ctx, w.store, w.run) {
			if err != nil {
				yield(reply, err)
				return
			}
			number++
			r, i := userOf(w.all, reply.Environment, reply.Parent)
			if r == nil || r.flags[i]&(wasAsked|wasRead|holdsRoles) != wasAsked|wasRead|holdsRoles || number < r.first[i] {
				continue
			}
			if !yield(reply, nil) {
				return
			}
		}
	}
}

// stays tells whether a kept reply is kept on.
func (w *rewrite) stays(reply staging.Reply) bool {
	if w.all[reply.Environment] == nil {
		return true // another run's environment
	}
	r, i := userOf(w.all, reply.Environment, reply.Parent)
	if r == nil {
		return false // the user is gone
	}
	if r.is(i, toCheck) {
		page := w.reader.read(reply.Body)
		k := heldKey{reply.Environment, i}
		h := w.kept[k]
		w.kept[k] = held{h.replies + 1, h.sum + page.sum, page.comparable && page.last && h.replies == 0}
	}
	return !r.is(i, wasRead) && !(w.final && r.is(i, wasAsked))
}

// suspects are the users that held something else than was kept, though
// nothing had called for it. It may be asked once replies has ended.
func (w *rewrite) suspects(env pingone.ID) []pingone.ID {
	r := w.all[env]
	var ids []pingone.ID
	for i, id := range r.ids {
		if r.flags[i]&(toCheck|wasRead|incomparable) != toCheck|wasRead {
			continue
		}
		h, any := w.kept[heldKey{env, i}]
		if any && !h.comparable || h.sum == r.sum[i] {
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// times are the roster's once the run's readings count.
func (r *readings) times(final bool) *roster {
	next := &roster{ids: make([]pingone.ID, 0, len(r.ids)), read: make([]uint32, 0, len(r.ids))}
	for i, id := range r.ids {
		at := r.read[i]
		switch {
		case r.is(i, wasRead):
			at = max(r.at[i], 1)
		case final && r.is(i, wasAsked):
			at = 0
		}
		if at > 0 {
			next.ids, next.read = append(next.ids, id), append(next.read, at)
		}
	}
	return next
}
