package fetch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A reading is one invocation's work on one collection.
type reading struct {
	*stage
	of       *collection.Collection
	in       *collection.Inputs
	previous *staging.Snapshot // nil: there is none
	lists    []uint64          // of the plan, by their hash
	bulk     map[int]bool      // those of the plan that are
	index    *index            // of what is staged; nil before it is needed
	covered  coveredSet        // parents that bulk lists show; nil before it is needed
}

func (r *reading) maxAge() time.Duration {
	if r.of.Due == collection.Daily {
		return day
	}
	return r.o.MaxAge
}

// isOff tells that the collection is not asked for.
func (r *reading) isOff() bool { return r.of.Off != nil && r.of.Off(r.in) }

// mayWait tells whether a list may wait for another run.
func (r *reading) mayWait() bool { return r.of.Due == collection.ByAge }

// next ends a step: the next invocation begins with the one that follows.
func (r *reading) next(ctx context.Context, phase staging.Phase) error {
	r.m.Phase = phase
	return r.save(ctx)
}

func (r *reading) at(fetched time.Time) time.Time {
	if !fetched.IsZero() {
		return fetched
	}
	earlier, _ := r.o.Client.Now()
	return earlier
}

func (r *reading) markOf(env pingone.ID) time.Time {
	if r.previous == nil {
		return time.Time{}
	}
	for _, m := range r.previous.Complete.Marks {
		if m.Environment == env {
			return m.Through
		}
	}
	return time.Time{}
}

// neverRead counts lists of which there is no reading yet.
func (r *reading) neverRead(env pingone.ID, n int) {
	for i := range r.m.NeverRead {
		if r.m.NeverRead[i].Environment == env {
			r.m.NeverRead[i].Lists += n
			return
		}
	}
	r.m.NeverRead = append(r.m.NeverRead, staging.NeverRead{Environment: env, Lists: n})
}

// indexed makes the index, once in an invocation.
func (r *reading) indexed(ctx context.Context) error {
	if r.index != nil {
		return nil
	}
	var err error
	r.index, err = newIndex(ctx, r.o.Store, r.m, r.of)
	return err
}

// loadCovered finds the parents that lists of many parents have shown.
func (r *reading) loadCovered(ctx context.Context) error {
	if r.covered != nil || len(r.bulk) == 0 {
		return nil
	}
	d := decoder{of: r.of}
	all := coveredSet{}
	for reply, err := range staging.Replies(ctx, r.o.Store, r.m) {
		if err != nil {
			return fmt.Errorf("look up whom bulk lists show: %w", err)
		}
		if reply.Parent != nil || reply.Carried != "" {
			continue
		}
		ids, err := d.ids(&reply)
		if err != nil {
			return err
		}
		all = append(all, ids...)
	}
	slices.SortFunc(all, pingone.ID.Compare)
	r.covered = slices.Compact(all)
	return nil
}
