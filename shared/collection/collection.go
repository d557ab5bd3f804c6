// Package collection says what each collection of PingOne is: what it is
// planned from, which lists it is made of, when a list is due, and how an item
// or a tie that no list shows is asked for. A file each.
package collection

import (
	"context"
	"iter"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A Collection is what one fetch function reads. Nothing in it makes a call.
type Collection struct {
	Name staging.Collection
	// Inputs must be complete before this one is planned.
	Inputs []staging.Collection
	// Limit is PingOne's rate limit that most of its calls draw on.
	Limit pingone.RateGroup
	// Role is the built-in role that allows reading it.
	Role string
	// Ties tells that an item stands for a tie between the list's parent and
	// something else; else an item exists by itself, in one list or another.
	Ties bool
	// Due says how often a list is read.
	Due Due
	// Lenient tells that no access hangs on it: nothing absent is asked for.
	Lenient bool
	// Off tells that the settings do not ask for it: it is complete at once, and
	// empty; nil: they do.
	Off func(in *Inputs) bool
	// ByFeedOnly tells that our rights go with an item, so that they are no
	// witness of its end.
	ByFeedOnly bool

	// Lists are all that there may be, as the inputs say.
	Lists func(ctx context.Context, in *Inputs) iter.Seq2[List, error]
	// Exists tells whether a list of the previous snapshot still is one, while
	// its parent is there; nil: it is.
	Exists func(in *Inputs, l staging.ListKey) bool
	// End is the collection that holds the other end of a list's ties; nil or
	// "": none that is an input.
	End func(l staging.ListKey) staging.Collection
	// Absent says how an item is carried that no list shows and that is not
	// proven to be gone, and whether it is asked for; nil: unproven, and asked
	// for.
	Absent func(in *Inputs, id pingone.ID) (staging.Carried, bool)
	// Ask says how an item or a tie of a list is asked for.
	Ask func(l staging.ListKey, id pingone.ID) Ask
	// Recount says where the parent of a list is read, and what of it counts
	// the list; nil, or an empty path: nowhere.
	Recount func(l *List) (path string, count func(body []byte) *int)
	// Feed names the events that make a list due, by its parent; none: no event.
	Feed []string
	// Head lists what counts all items of an environment; nil: nothing does.
	Head func(env pingone.ID) pingone.List
	// Deleted and Created are the events that an item or a tie ended or began.
	Deleted, Created string
	// Event tells what an event of these is about.
	Event func(a *pingone.Activity) []Subject
}

// A Subject is what an audit event is about: the parent of a list, and the item
// of it.
type Subject struct {
	Kind   string // of the parent: user, group, …; "" for an item without one
	Parent pingone.ID
	ID     pingone.ID
}

// Due says when the lists of a collection are read.
type Due int

// The ways of being due.
const (
	// EachRun is for lists of an environment.
	EachRun Due = iota
	// Daily is for lists of parents whose record counts them.
	Daily
	// ByAge is for lists of any number of parents, which nothing counts.
	ByAge
)

// A List is one PingOne list: the unit that is read whole or not. It is a line
// of the plan.
type List struct {
	pingone.List
	Environment pingone.ID      `json:"environment,omitzero"`
	Parent      *staging.Parent `json:"parent,omitzero"`
	// Counted is how many items the parent's record says there are; nil if it
	// doesn't say.
	Counted *int `json:"counted,omitzero"`
	// Always tells that it is due in every run.
	Always bool `json:"-"`
	// Unlikely tells that the inputs say it is empty: it is read only if it was
	// not, or if the feed names its parent.
	Unlikely bool `json:"-"`
	// Bulk tells that it shows what lists of single parents would: it is read
	// first, and theirs only for parents that it does not show.
	Bulk bool `json:"bulk,omitzero"`
	// Optional tells that PingOne refuses it where a product is not licensed, or a
	// right beyond the built-in roles lacks: refused, and empty before, it is empty.
	Optional bool `json:"optional,omitzero"`
	// Carry is why it can't be read in this run: its environment or parent is
	// carried itself. "": it can.
	Carry staging.Carried `json:"-"`
}

// ListKey tells it from all others.
func (l *List) ListKey() staging.ListKey {
	k := staging.ListKey{Environment: l.Environment, Path: l.Path}
	if l.Parent != nil {
		k.Parent = *l.Parent
	}
	return k
}

// An Ask is how one item or tie is asked for: by a path of its own, where 200
// means that it is there, or by the list of what it belongs to.
type Ask struct {
	Path string
	// List is set where the tie is looked for in a list of its other end.
	List *pingone.List
	// In is the id that the list must show, and Direct that it must say DIRECT.
	In     pingone.ID
	Direct bool
}

// KeyOf names the items of a list in a reply.
func (c *Collection) KeyOf(l staging.ListKey) string {
	if !c.Ties {
		return string(c.Name)
	}
	return pingone.ListName(l.Path)
}

// list is one of an environment's.
func list(e *Environment, l pingone.List) List {
	return List{List: l, Environment: e.ID, Carry: e.Carry}
}

// eachEnvironment is a collection of one list an environment.
func eachEnvironment(of func(pingone.ID) pingone.List) func(context.Context, *Inputs) iter.Seq2[List, error] {
	return func(ctx context.Context, in *Inputs) iter.Seq2[List, error] {
		return func(yield func(List, error) bool) {
			all, err := in.Environments(ctx)
			if err != nil {
				yield(List{}, err)
				return
			}
			for i := range all {
				if !yield(list(&all[i], of(all[i].ID)), nil) {
					return
				}
			}
		}
	}
}

// askItem asks for an item by its own path.
func askItem(name string) func(staging.ListKey, pingone.ID) Ask {
	return func(l staging.ListKey, id pingone.ID) Ask {
		return Ask{Path: pingone.ItemPath(l.Environment, name, id)}
	}
}

// itemEvent reads events about the items of a collection, as in their path.
func itemEvent(collection string) func(*pingone.Activity) []Subject {
	return func(a *pingone.Activity) []Subject {
		var all []Subject
		for _, id := range a.Names(collection) {
			all = append(all, Subject{ID: id})
		}
		return all
	}
}

// The built-in roles that allow reading (pingone-setup.md says what else does).
const (
	identityData  = "Identity Data Read Only"
	configuration = "Configuration Read Only"
)
