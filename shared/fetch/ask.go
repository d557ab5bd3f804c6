package fetch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/feed"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const (
	// mostAsked is how many items and ties are asked for in a run.
	mostAsked = 10_000
	// batch is how many are asked for before it is decided what is gone.
	batch = 1_000
)

// ask asks for what the previous snapshot holds and no list shows. What is
// there is staged; what is gone is noted, with its witness; the rest is carried
// as unproven.
func (r *reading) ask(ctx context.Context) error {
	if r.previous == nil || r.of.Lenient {
		return r.next(ctx, staging.PhaseSeal)
	}
	if !r.of.Ties && len(r.m.Carried) > 0 {
		r.index = nil // what is carried is not absent
	}
	if err := r.indexed(ctx); err != nil {
		return err
	}
	ended, err := r.endedSince(ctx)
	if err != nil {
		return err
	}
	found, err := r.collect(ctx, ended)
	if err != nil {
		return err
	}
	all := found.all
	slices.SortFunc(all, (*absent).before)
	for some := range slices.Chunk(all, batch) {
		if err := r.askBatch(ctx, some, ended); err != nil {
			return err
		}
		r.m.Asked += len(some)
		r.progressed = true
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	return r.next(ctx, staging.PhaseSeal)
}

// endedSince is what the feed says of items that ended, where a list is
// carried that may hold them: no list will tell.
func (r *reading) endedSince(ctx context.Context) (*feed.Ended, error) {
	ended := &feed.Ended{}
	if r.of.Ties || r.of.ByFeedOnly && r.o.Home.IsZero() {
		return ended, nil
	}
	since := map[pingone.ID]time.Time{}
	for _, c := range r.m.Carried {
		if c.Lists == 0 || c.Reason == staging.NotAsked || c.Reason == staging.NotDue {
			continue
		}
		if at, ok := since[c.Environment]; !ok || c.Oldest.Before(at) {
			since[c.Environment] = c.Oldest
		}
	}
	for env, at := range since {
		if err := ended.Read(ctx, r.o.Client, r.of, r.feedOf(env), at, feedPages); err != nil {
			return nil, err
		}
	}
	return ended, nil
}

// collect goes through the previous snapshot. Who has to wait is carried at
// once, so that the memory does not grow with how many are absent.
func (r *reading) collect(ctx context.Context, ended *feed.Ended) (*candidates, error) {
	found := &candidates{most: max(mostAsked-r.m.Asked, 0), of: map[uint64]*absent{}}
	c := &collector{reading: r, fates: r.fates(), found: found, ended: ended, gone: r.goneKeys()}
	for reply, err := range r.previous.Replies(ctx) {
		if err != nil {
			return nil, err
		}
		if err := c.take(ctx, &reply); err != nil {
			return nil, fmt.Errorf("%s: %w", reply.Path, err)
		}
		if err := r.saveInTime(ctx); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// goneKeys are those that earlier invocations of this run found gone.
func (r *reading) goneKeys() map[uint64]bool {
	keys := make(map[uint64]bool, len(r.m.Gone))
	for i := range r.m.Gone {
		g := &r.m.Gone[i]
		l := staging.ListKey{Environment: g.Environment, Path: g.Path}
		if g.Parent != nil {
			l.Parent = *g.Parent
		}
		keys[r.index.keyOf(l, g.ID)] = true
	}
	return keys
}

// A collector finds what is absent.
type collector struct {
	*reading
	fates *fates
	found *candidates
	ended *feed.Ended
	gone  map[uint64]bool
}

func (c *collector) take(ctx context.Context, reply *staging.Reply) error {
	fate, _, err := c.fates.decide(ctx, reply)
	if err != nil || fate == ends || fate == carries && (c.of.Ties || len(c.ended.Subjects()) == 0) {
		return err
	}
	ids, err := c.index.ids(reply)
	if err != nil {
		return err
	}
	l := reply.List()
	for _, id := range slices.Clone(ids) {
		a := &absent{key: c.index.keyOf(l, id), list: l, id: id, shown: reply.FetchedAt, reason: staging.Unproven}
		a.ended = c.ended.At(a.subject(c.of.Ties), a.shown)
		a.listed = fate == carries
		if c.gone[a.key] || a.listed && !a.ended || !a.listed && c.index.has(a.key) {
			continue
		}
		if !reply.ID.IsZero() {
			a.asked = reply.Asked
		}
		if err := c.consider(ctx, a, reply); err != nil {
			return err
		}
	}
	return nil
}

// consider asks for one, unless something else decides.
func (c *collector) consider(ctx context.Context, a *absent, reply *staging.Reply) error {
	end, err := c.endOf(ctx, a.list, a.id)
	if err != nil || end == isGone {
		return err
	}
	key := c.of.KeyOf(a.list)
	item, err := itemOf(reply.Page(key), a.list.Path, key, a.id)
	if err != nil {
		return err
	}
	a.body = staging.PageOf(key, item)
	asked := end == isThere
	if c.of.Absent != nil {
		a.reason, asked = c.of.Absent(c.in, a.id)
		asked = asked || a.ended
	}
	if asked {
		a = c.found.add(a)
	}
	if a == nil || a.listed {
		return nil
	}
	return c.append(a.reply(), 1)
}

// An end is the other end of a tie.
type end uint8

const (
	isThere   end = iota
	isCarried     // it is not proven to be there
	isGone
)

func (r *reading) endOf(ctx context.Context, l staging.ListKey, id pingone.ID) (end, error) {
	if r.of.End == nil {
		return isThere, nil
	}
	ok, carry, err := r.in.Has(ctx, r.of.End(l), id)
	switch {
	case err != nil || !ok:
		return isGone, err
	case carry != "":
		return isCarried, nil
	}
	return isThere, nil
}

// askBatch asks for some, and decides about them.
func (r *reading) askBatch(ctx context.Context, some []*absent, ended *feed.Ended) error {
	answers, err := r.askAll(ctx, some)
	if err != nil {
		return err
	}
	w, err := r.witnesses(ctx, answers, ended)
	if err != nil {
		return err
	}
	for _, a := range answers {
		if err := r.conclude(a, w); err != nil {
			return err
		}
	}
	return nil
}

// conclude stages what is there or unproven, and notes what is gone.
func (r *reading) conclude(a *asked, w *witnesses) error {
	switch a.answer {
	case there:
		a.reason, a.shown, a.asked = "", a.at, a.at
		if a.item != nil {
			a.body = staging.PageOf(r.of.KeyOf(a.list), a.item)
		}
		reply := a.reply()
		if err := r.append(reply, 1); err != nil {
			return err
		}
		return r.index.add(reply)
	case unclear:
	default:
		if by, gone := judgeGone(w.evidence(a)); gone {
			g := staging.Gone{Environment: a.list.Environment, Path: a.list.Path, ID: a.id, By: by}
			if r.of.Ties {
				parent := a.list.Parent
				g.Parent = &parent
			}
			r.m.Gone = append(r.m.Gone, g)
			return nil
		}
		a.asked = a.at
	}
	if a.listed {
		return nil
	}
	return r.append(a.reply(), 1)
}
