package fetch

import (
	"context"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/staging"
)

// A fate is what becomes of a reply of the previous snapshot.
type fate uint8

const (
	ends     fate = iota // with its environment, its parent, or its list
	replaced             // by a newer reading: what that shows no more is absent
	carries              // as it was
)

// fates decide over the replies of the previous snapshot, by how the lists of
// the plan ended.
type fates struct {
	of      *collection.Collection
	in      *collection.Inputs
	planned map[uint64]reason // lists of the plan; 0: read whole
	covered coveredSet
}

func (r *reading) fates() *fates {
	f := &fates{of: r.of, in: r.in, covered: r.covered, planned: make(map[uint64]reason, len(r.lists))}
	for _, h := range r.lists {
		f.planned[h] = 0
	}
	for i, e := range r.m.Progress.Ended() {
		f.planned[r.lists[i]] = reasonOf(e.Reason())
	}
	return f
}

// decide says what becomes of a reply, and why it is carried.
func (f *fates) decide(ctx context.Context, r *staging.Reply) (fate, staging.Carried, error) {
	k := r.List()
	if c, there, err := f.above(ctx, k); err != nil || !there || c != "" {
		if !there {
			return ends, "", err
		}
		return carries, c, err
	}
	if f.of.Exists != nil && !f.of.Exists(f.in, k) {
		return ends, "", nil
	}
	if !r.ID.IsZero() && r.Carried == staging.Unproven { // it is asked for in every run
		return replaced, "", nil
	}
	reason, isPlanned := f.planned[hashOf(k)]
	switch {
	case isPlanned && reason == 0:
		return replaced, "", nil
	case isPlanned:
		return carries, reason.carried(), nil
	case f.of.Lenient && f.covered.has(k.Parent.ID):
		return ends, "", nil
	case f.of.Due == collection.EachRun:
		return replaced, "", nil
	}
	return carries, staging.NotDue, nil
}

// above tells whether the environment and the parent of a list are there, and
// why what hangs on them is carried.
func (f *fates) above(ctx context.Context, k staging.ListKey) (c staging.Carried, there bool, err error) {
	if len(f.of.Inputs) > 0 && !k.Environment.IsZero() {
		e, ok, err := f.in.Environment(ctx, k.Environment)
		if err != nil || !ok || e.Carry != "" {
			return e.Carry, ok, err
		}
	}
	holder := collection.Holding(k.Parent.Kind)
	if holder == "" {
		return "", true, nil
	}
	ok, c, err := f.in.Has(ctx, holder, k.Parent.ID)
	if err == nil && !ok && !f.of.Ties {
		return "", true, nil // items don't go with the parent of their list
	}
	return c, ok, err
}
