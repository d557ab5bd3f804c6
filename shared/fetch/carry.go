package fetch

import (
	"context"

	"pingone-authomize/shared/staging"
)

// compare looks for lists that lost more than they have pages since the
// previous snapshot. They are read once more: one call may spare many.
func (r *reading) compare(ctx context.Context) error {
	if r.previous == nil || r.of.Lenient {
		return r.next(ctx, staging.PhaseCarry)
	}
	again, err := r.losers(ctx)
	if err != nil {
		return err
	}
	if len(again) > 0 {
		rd := r.newReader()
		for _, i := range again {
			rd.progress.deferred.add(i)
		}
		r.log.InfoContext(ctx, "lists that lost more than they have pages are read once more", "lists", len(again))
		if err := rd.lookAgain(ctx, func(int) bool { return true }); err != nil {
			return err
		}
		r.index = nil // there is more to it now
	}
	return r.next(ctx, staging.PhaseCarry)
}

// losers are the lists of the plan that were read whole and lost more than they
// have pages.
func (r *reading) losers(ctx context.Context) ([]int, error) {
	if err := r.loadCovered(ctx); err != nil {
		return nil, err
	}
	if err := r.indexed(ctx); err != nil {
		return nil, err
	}
	lost, pages := map[uint64]int{}, map[uint64]int{}
	f := r.fates()
	for reply, err := range r.previous.Replies(ctx) {
		if err != nil {
			return nil, err
		}
		h := hashOf(reply.List())
		if reason, planned := f.planned[h]; !planned || reason != 0 || !reply.ID.IsZero() {
			continue
		}
		n, err := r.absentIn(ctx, f, &reply)
		if err != nil {
			return nil, err
		}
		lost[h] += n
		pages[h]++
	}
	var again []int
	for i, h := range r.lists {
		if lost[h] > max(pages[h], 1) {
			again = append(again, i)
		}
	}
	return again, nil
}

// absentIn counts what a reply of the previous snapshot shows and no list of
// this run does, of what has not ended with something else.
func (r *reading) absentIn(ctx context.Context, f *fates, reply *staging.Reply) (n int, err error) {
	fate, _, err := f.decide(ctx, reply)
	if err != nil || fate != replaced {
		return 0, err
	}
	ids, err := r.index.ids(reply)
	if err != nil {
		return 0, err
	}
	l := reply.List()
	for _, id := range ids {
		if r.index.has(r.index.keyOf(l, id)) {
			continue
		}
		end, err := r.endOf(ctx, l, id)
		if err != nil {
			return 0, err
		}
		if end != isGone {
			n++
		}
	}
	return n, nil
}

// carry stages again what was not read whole in this run, as it was, and marks
// what was never read and can't be.
func (r *reading) carry(ctx context.Context) error {
	if err := r.loadCovered(ctx); err != nil {
		return err
	}
	r.note = nil
	f := r.fates()
	thin, err := r.newThinner(ctx)
	if err != nil {
		return err
	}
	carried := map[uint64]bool{}
	if r.previous != nil {
		i := 0
		for reply, err := range r.previous.Replies(ctx) {
			if err != nil {
				return err
			}
			i++
			fate, reason, err := f.decide(ctx, &reply)
			if err != nil {
				return err
			}
			if fate != carries {
				continue
			}
			carried[hashOf(reply.List())] = true
			if drop, err := thin.drops(&reply); err != nil {
				return err
			} else if drop || i <= r.m.Carry {
				continue
			}
			if err := r.copy(&reply, reason); err != nil {
				return err
			}
			r.m.Carry = i
			if err := r.saveInTime(ctx); err != nil {
				return err
			}
		}
		r.m.Carry = i
	}
	if err := r.mark(ctx, carried); err != nil {
		return err
	}
	r.blame()
	return r.next(ctx, staging.PhaseAsk)
}

// copy stages a reply of the previous snapshot again. A time that lay ahead is
// that of its staging. What could not be read stays so while nobody asks for
// it: it is due when somebody does.
func (r *reading) copy(reply *staging.Reply, reason staging.Carried) error {
	if isPassive := reason == staging.NotAsked || reason == staging.Unlisted; !isPassive || !isFault(reply.Carried) {
		reply.Carried = reason
	}
	if staged := r.previous.Complete.CompletedAt; reply.FetchedAt.After(staged) {
		reply.FetchedAt = staged
	}
	records := 0
	switch {
	case !reply.ID.IsZero():
		records = 1
	case reply.Shown != nil:
		records = *reply.Shown // of all pages of its list
	}
	r.progressed = true
	return r.append(reply, records)
}

// mark stages an empty reply for each list that was due, can't be read, and has
// no earlier reading: so it is known since when.
func (r *reading) mark(ctx context.Context, carried map[uint64]bool) error {
	reasons := map[int]staging.Carried{}
	for _, o := range r.m.Outcomes {
		for i := o.From; i < o.To && o.Reason != staging.NotDue; i++ {
			if !carried[r.lists[i]] {
				reasons[i] = o.Reason
			}
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return r.eachPlanned(ctx, func(i int, l *planned) error {
		if reasons[i] == "" {
			return nil
		}
		at, _ := r.o.Client.Now()
		return r.append(&staging.Reply{
			Environment: l.Environment, Path: l.Path, Parent: l.Parent, FetchedAt: at, Carried: reasons[i], Body: staging.NoBody,
		}, 0)
	})
}

// blame puts PingOne's own words beside the sums of what is carried.
func (r *reading) blame() {
	for i := range r.m.Carried {
		c := &r.m.Carried[i]
		for _, o := range r.m.Outcomes {
			if o.Reason == c.Reason && o.Environment == c.Environment {
				c.Status, c.Code, c.Message, c.CorrelationID = o.Status, o.Code, o.Message, o.CorrelationID
				break
			}
		}
	}
}
