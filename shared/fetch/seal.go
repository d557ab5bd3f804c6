package fetch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"pingone-authomize/shared/staging"
)

// seal notes what the next run compares itself with, and ends the collection:
// unless the run is open no more.
func (r *reading) seal(ctx context.Context) error {
	if err := r.endRights(ctx, r.oldest()); err != nil {
		return err
	}
	if err := r.sealCounts(ctx); err != nil {
		return err
	}
	open, err := staging.IsOpen(ctx, r.o.Store, r.m.Run)
	if err != nil {
		return err
	}
	if !open {
		r.log.WarnContext(ctx, "the run is open no more: what was read of it is left as it is")
		return nil
	}
	slices.SortFunc(r.m.Carried, func(a, b staging.CarriedLists) int {
		return cmp.Or(a.Environment.Compare(b.Environment), cmp.Compare(a.List, b.List), cmp.Compare(a.Reason, b.Reason))
	})
	if err := r.save(ctx); err != nil {
		return err
	}
	r.progressed = true
	return r.w.Finish(ctx)
}

// oldest is when the oldest reading was made that the snapshot holds.
func (r *reading) oldest() time.Time {
	at := r.m.StartedAt
	for _, c := range r.m.Carried {
		if c.Oldest.Before(at) {
			at = c.Oldest
		}
	}
	return at
}
