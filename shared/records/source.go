package records

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A reply is one of a snapshot's.
type reply struct {
	staging.Reply
	n   int    // how many there are before it
	tag uint32 // of its environment
}

// replies yields what counts of a collection: not what is of an environment that
// is gone. What is yielded is good until the next step. A collection without a
// snapshot has no replies.
func (x *source) replies(ctx context.Context, c staging.Collection) iter.Seq2[*reply, error] {
	return func(yield func(*reply, error) bool) {
		snap, r := x.snaps[c], reply{n: -1}
		if snap == nil {
			return
		}
		for got, err := range snap.Replies(ctx) {
			switch {
			case err != nil:
			case got.Environment.IsZero() && c != staging.Environments && c != staging.Roles: // built-in roles belong to none
				err = badReply(c, got.Path, fmt.Errorf("a reply of no environment: %w", staging.ErrCorrupt))
			case got.Parent == nil && (c == staging.Memberships || c == staging.RoleAssignments || c == staging.ApplicationRoles):
				err = badReply(c, got.Path, fmt.Errorf("a reply of no group or principal: %w", staging.ErrCorrupt))
			}
			if err != nil {
				yield(nil, err)
				return
			}
			r.Reply, r.n = got, r.n+1
			if x.snaps[staging.Environments].IsGone(got.Environment) || x.skip != nil && x.skip(c, &r.Reply) {
				continue
			}
			r.tag = x.tagOf(got.Environment)
			if !yield(&r, nil) {
				return
			}
		}
	}
}

// A page is the items of a reply.
type page[T pingone.Resource] struct {
	*reply
	items   []T                     // without what is gone
	broken  int                     // how many there are of another shape, or without an id
	leftOut map[pingone.ID][]string // fields that could not be decoded, by item
}

// pages decodes the replies of a collection: pages of the list key, by default the
// one that ends the path, or one of it that was asked for by its id. What is
// yielded is good until the next step.
func pages[T pingone.Resource](ctx context.Context, x *source, c staging.Collection, key string) iter.Seq2[*page[T], error] {
	return func(yield func(*page[T], error) bool) {
		p, gone := page[T]{leftOut: map[pingone.ID][]string{}}, x.goneTies(c)
		d := pingone.Decoder[T]{LeftOut: func(id pingone.ID, field string) { p.leftOut[id] = append(p.leftOut[id], field) }}
		drop := func(item T) bool {
			id := item.ResourceID()
			if id.IsZero() && c != staging.RoleAssignments { // which are told apart by what they say
				p.broken++
				return true
			}
			return x.snaps[c].IsGone(id) || len(gone) > 0 && p.Parent != nil && gone[tie{*p.Parent, id}]
		}
		for r, err := range x.replies(ctx, c) {
			if err == nil {
				clear(p.leftOut)
				p.reply = r
				list := cmp.Or(key, pingone.ListName(r.Path))
				if p.items, p.broken, err = d.Items(r.Page(list), list); err != nil {
					err = badReply(c, r.Path, err)
				}
				p.items = slices.DeleteFunc(p.items, drop)
			}
			if !yield(&p, err) || err != nil {
				return
			}
		}
	}
}

// tagOf numbers environments; 0 stands for none. It adds none once the index
// is made: what is streamed was gone through before.
func (x *source) tagOf(id pingone.ID) uint32 {
	if id.IsZero() {
		return 0
	}
	at, _ := x.environments.add(id, entry[pingone.Environment]{id: id})
	return uint32(at + 1) //nolint:gosec // far fewer environments than 2^31
}

// badReply says which reply can't be used.
func badReply(c staging.Collection, path string, err error) error {
	return fmt.Errorf("%s: %s: %w", c, path, err)
}

// A tie is what Gone names by both of its ends.
type tie struct {
	parent staging.Parent
	id     pingone.ID
}

// goneTies are those of a collection that are proven gone.
func (x *source) goneTies(c staging.Collection) map[tie]bool {
	gone := map[tie]bool{}
	for _, g := range x.snaps[c].Complete.Gone {
		if g.Parent != nil {
			gone[tie{*g.Parent, g.ID}] = true
		}
	}
	return gone
}
