package fetch

import (
	"context"

	"pingone-authomize/shared/staging"
)

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
	for i, e := range r.m.Progress.Ended() {
		if c := e.Reason(); isFault(c) && !carried[r.lists[i]] {
			reasons[i] = c
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
