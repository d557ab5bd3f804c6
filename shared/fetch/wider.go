package fetch

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/staging"
)

// proofs is how many dynamic groups are counted again at most to find out how
// a tenant counts.
const proofs = 3

// readWider asks dynamic groups for their members in any way, once all were
// asked for their direct members. Whether those by a filter are among the
// direct ones is not documented. A tenant for which that is proven, by any of
// its groups, is not asked twice: the wider question mixes in members of
// groups within the group.
func (r *reading) readWider(ctx context.Context) error {
	if r.w.Manifest().Collection != staging.Memberships {
		return nil
	}
	wider, err := r.widerTasks(ctx)
	if err != nil || len(wider) == 0 {
		return err
	}
	direct, err := r.countsFiltered(ctx)
	switch {
	case err != nil:
		return err
	case !direct:
		return r.readAll(ctx, true)
	}
	r.log.InfoContext(ctx, "members by a filter are among the direct ones: dynamic groups are not asked again", "groups", len(wider))
	for _, i := range wider {
		r.progress.finish(i)
	}
	return nil
}

// widerTasks are the wider questions of the plan that have no answer yet.
func (r *reading) widerTasks(ctx context.Context) ([]int, error) {
	var wider []int
	i := -1
	for line, err := range r.w.Plan(ctx) {
		if err != nil {
			return nil, err
		}
		i++
		var t task
		if err := json.Unmarshal(line, &t); err != nil {
			return nil, fmt.Errorf("task %d of the plan: %w", i, err)
		}
		if t.Wider && (!r.progress.isDone(i) || r.progress.again.has(i)) {
			wider = append(wider, i)
		}
	}
	return wider, nil
}

// noteSurplus keeps the dynamic groups that have most members beyond those
// that were put in by hand.
func (r *reading) noteSurplus(t numbered) {
	if !t.AtLeast || t.Expect < 0 || t.distinct <= t.Expect {
		return
	}
	r.surplus = append(r.surplus, t)
	slices.SortFunc(r.surplus, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(b.distinct-b.Expect, a.distinct-a.Expect), cmp.Compare(a.index, b.index))
	})
	r.surplus = r.surplus[:min(len(r.surplus), proofs)]
}

// countsFiltered tells whether a dynamic group had more direct members than
// PingOne counts by hand, at the start and now: somebody may have been put in
// meanwhile.
func (r *reading) countsFiltered(ctx context.Context) (bool, error) {
	for _, t := range r.surplus {
		now, err := recount(ctx, r.o.Client, t.task)
		switch {
		case refusal(err) != nil:
		case err != nil:
			return false, err
		case now >= 0 && t.distinct > now:
			return true, nil
		}
	}
	return false, nil
}
