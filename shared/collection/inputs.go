package collection

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// Inputs are what a collection is planned from: the terms of the run, and the
// snapshots of its inputs in this run. Not for concurrent use.
type Inputs struct {
	Run     staging.Run
	Devices bool // MFA devices are asked for
	// ApplicationRoles tells that roles within applications are asked for.
	ApplicationRoles bool
	Snapshots        map[staging.Collection]*staging.Snapshot

	environments []Environment
	ids          map[staging.Collection]*idSet
	dynamic      map[pingone.ID]bool // groups with a filter; nil before they are needed
}

// An Environment is one that the run knows of.
type Environment struct {
	ID           pingone.ID
	Organization pingone.ID
	// Carry is why none of its lists is read in this run; "" if they are.
	Carry staging.Carried
	// Leaving tells that it is DELETE_PENDING: its lists may be refused.
	Leaving bool
}

// passes tells whether what hangs on something that is carried for this reason
// is carried with it. For any other reason it is tried.
func passes(c staging.Carried) bool {
	return c == staging.NotAsked || c == staging.Unlisted || c == staging.Unproven
}

// warnedOfLater lets an item be planned with whatever of it can be decoded: the
// records of the run warn of the rest.
func warnedOfLater(pingone.ID, string) {}

// Environments are those of the run, in order of id.
func (in *Inputs) Environments(ctx context.Context) ([]Environment, error) {
	if in.environments != nil {
		return in.environments, nil
	}
	found := map[pingone.ID]Environment{}
	snap := in.Snapshots[staging.Environments]
	d := pingone.Decoder[pingone.Environment]{LeftOut: warnedOfLater}
	for r, err := range snap.Replies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read environments: %w", err)
		}
		shown, _, err := d.Items(r.Page(string(staging.Environments)), string(staging.Environments))
		if err != nil {
			return nil, fmt.Errorf("read environments: %w", err)
		}
		if len(shown) == 0 && !r.Environment.IsZero() { // never read, yet there is one
			shown = []pingone.Environment{{ID: r.Environment}}
		}
		for i := range shown {
			e := Environment{ID: shown[i].ID, Organization: shown[i].Organization.ID, Leaving: shown[i].Status == "DELETE_PENDING"}
			if e.ID.IsZero() {
				e.ID = r.Environment
			}
			if passes(r.Carried) {
				e.Carry = r.Carried
			}
			before, twice := found[e.ID]
			if e.ID.IsZero() || snap.IsGone(e.ID) || twice && (before.Carry == "" || e.Carry != "") && !before.Organization.IsZero() {
				continue
			}
			found[e.ID] = e
		}
	}
	in.environments = make([]Environment, 0, len(found))
	for _, e := range found {
		in.environments = append(in.environments, e)
	}
	slices.SortFunc(in.environments, func(a, b Environment) int { return a.ID.Compare(b.ID) })
	return in.environments, nil
}

// Environment finds one.
func (in *Inputs) Environment(ctx context.Context, id pingone.ID) (Environment, bool, error) {
	all, err := in.Environments(ctx)
	at, ok := slices.BinarySearchFunc(all, id, func(e Environment, id pingone.ID) int { return e.ID.Compare(id) })
	if err != nil || !ok {
		return Environment{}, false, err
	}
	return all[at], true, nil
}

// An item is one that an input holds.
type item[T any] struct {
	environment *Environment
	resource    *T
	carry       staging.Carried // of what hangs on it
}

// items yields what an input shows, as often as it shows it. What is yielded
// is good until the next step.
func items[T pingone.Resource](ctx context.Context, in *Inputs, c staging.Collection) iter.Seq2[item[T], error] {
	return itemsWhere[T](ctx, in, c, func(string) bool { return true })
}

// itemsWhere yields what replies of some paths show.
func itemsWhere[T pingone.Resource](ctx context.Context, in *Inputs, c staging.Collection, wanted func(path string) bool) iter.Seq2[item[T], error] {
	return func(yield func(item[T], error) bool) {
		if _, err := in.Environments(ctx); err != nil {
			yield(item[T]{}, err)
			return
		}
		snap := in.Snapshots[c]
		d := pingone.Decoder[T]{LeftOut: warnedOfLater}
		for r, err := range snap.Replies(ctx) {
			if err != nil {
				yield(item[T]{}, fmt.Errorf("read %s: %w", c, err))
				return
			}
			e, ok, _ := in.Environment(ctx, r.Environment)
			if !ok || !wanted(r.Path) {
				continue // it is gone, and what is in it
			}
			shown, _, err := d.Items(r.Page(string(c)), string(c)) // items are named as their collection is
			if err != nil {
				yield(item[T]{}, fmt.Errorf("read %s: %w", c, err))
				return
			}
			carry := e.Carry
			if carry == "" && passes(r.Carried) {
				carry = r.Carried
			}
			for i := range shown {
				id := shown[i].ResourceID()
				if id.IsZero() || snap.IsGone(id) {
					continue
				}
				if !yield(item[T]{&e, &shown[i], carry}, nil) {
					return
				}
			}
		}
	}
}

// An idSet is the ids of a collection, sorted, and those of them that are not
// proven to be there.
type idSet struct {
	all     []pingone.ID
	carried map[pingone.ID]staging.Carried
}

// Has tells whether an input holds an item, and why what hangs on it is
// carried; "" if it is not.
func (in *Inputs) Has(ctx context.Context, c staging.Collection, id pingone.ID) (bool, staging.Carried, error) {
	if c == staging.Environments {
		e, ok, err := in.Environment(ctx, id)
		return ok, e.Carry, err
	}
	set := in.ids[c]
	if set == nil {
		var err error
		if set, err = in.load(ctx, c); err != nil {
			return false, "", err
		}
	}
	_, ok := slices.BinarySearchFunc(set.all, id, pingone.ID.Compare)
	return ok, set.carried[id], nil
}

func (in *Inputs) load(ctx context.Context, name staging.Collection) (*idSet, error) {
	set := &idSet{carried: map[pingone.ID]staging.Carried{}}
	if snap := in.Snapshots[name]; snap != nil {
		set.all = make([]pingone.ID, 0, snap.Complete.Records)
	}
	read := map[pingone.ID]bool{} // of those that are also carried
	for it, err := range items[pingone.Member](ctx, in, name) {
		if err != nil {
			return nil, err
		}
		id := it.resource.ID
		set.all = append(set.all, id)
		if it.carry == staging.Unproven || it.carry != "" && it.environment.Carry == "" {
			set.carried[id] = it.carry
		} else if _, twice := set.carried[id]; twice {
			read[id] = true
		}
	}
	for id := range read {
		delete(set.carried, id)
	}
	slices.SortFunc(set.all, pingone.ID.Compare)
	set.all = slices.Compact(set.all)
	if in.ids == nil {
		in.ids = map[staging.Collection]*idSet{}
	}
	in.ids[name] = set
	return set, nil
}

// applicationRole is the kind of parent that an application role is.
const applicationRole = "applicationrole"

// Holding is the collection that holds what a parent of this kind is.
func Holding(kind string) staging.Collection {
	switch kind {
	case "population":
		return staging.Populations
	case "user":
		return staging.Users
	case "group", staging.GroupAny:
		return staging.Groups
	case "application":
		return staging.Applications
	case "gateway":
		return staging.Gateways
	case applicationRole:
		return staging.Roles
	}
	return ""
}
