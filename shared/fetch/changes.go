package fetch

import (
	"context"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/feed"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// leastSpared is how many lists an environment must have for its feed to be
// worth the asking, where lists are read without it.
const leastSpared = 2

// readFeed reads the feed of each environment. It is read no further than it
// spares calls: a page is a call, and so is a list.
func (r *reading) readFeed(ctx context.Context) (*feed.Changed, error) {
	changed := &feed.Changed{}
	if len(r.of.Feed) == 0 {
		return changed, nil
	}
	lists := map[pingone.ID]int{}
	for l, err := range r.of.Lists(ctx, r.in) {
		if err != nil {
			return nil, err
		}
		if l.Carry == "" && !l.Unlikely && !l.Always {
			lists[l.Environment]++
		}
	}
	all, err := r.in.Environments(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		env := all[i].ID
		mark := r.markOf(env)
		if all[i].Carry != "" {
			if !mark.IsZero() {
				changed.Marks = append(changed.Marks, staging.Mark{Environment: env, Through: mark})
			}
			continue
		}
		pages := lists[env] / len(r.of.Feed)
		if r.of.Due == collection.Daily && (pages < leastSpared || mark.IsZero()) {
			// All are read without it; what changes from now on counts.
			earlier, _ := r.o.Client.Now()
			changed.Marks = append(changed.Marks, staging.Mark{Environment: env, Through: earlier})
			continue
		}
		if err := changed.Changes(ctx, r.o.Client, r.of, env, mark, max(pages, 1)); err != nil {
			return nil, err
		}
	}
	return changed, nil
}
