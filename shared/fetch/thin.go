package fetch

import (
	"context"
	"time"

	"pingone-authomize/shared/staging"
)

// A thinner keeps a list from growing that is not read whole for long, though
// each run reads some of it. Of what is carried of it only that stays what no
// later reading shows, the oldest reply, which says since when, and the last
// numbers.
type thinner struct {
	index    *index
	oldest   map[uint64]time.Time // by list; lists of which this run read nothing are carried as they are
	numbered map[uint64]bool
}

func (r *reading) newThinner(ctx context.Context) (*thinner, error) {
	t := &thinner{oldest: map[uint64]time.Time{}, numbered: map[uint64]bool{}}
	faulty := map[uint64]bool{}
	for i, e := range r.m.Progress.Ended() {
		if isFault(e.Reason()) {
			faulty[r.lists[i]] = true
		}
	}
	if len(faulty) == 0 || r.previous == nil {
		return t, nil
	}
	if err := r.indexed(ctx); err != nil {
		return nil, err
	}
	t.index = r.index
	for reply, err := range staging.Replies(ctx, r.o.Store, r.m) {
		if err != nil {
			return nil, err
		}
		if h := hashOf(reply.List()); faulty[h] && reply.Carried == "" && reply.ID.IsZero() {
			t.oldest[h] = time.Time{}
			t.numbered[h] = t.numbered[h] || reply.Shown != nil
		}
	}
	for reply, err := range r.previous.Replies(ctx) {
		if err != nil {
			return nil, err
		}
		h := hashOf(reply.List())
		if at, ok := t.oldest[h]; ok && reply.ID.IsZero() && (at.IsZero() || reply.FetchedAt.Before(at)) {
			t.oldest[h] = reply.FetchedAt
		}
	}
	return t, nil
}

// drops tells whether a reply that would be carried says nothing that a later
// one does not. Replies come the latest first.
func (t *thinner) drops(reply *staging.Reply) (bool, error) {
	h := hashOf(reply.List())
	oldest, ok := t.oldest[h]
	if !ok {
		return false, nil
	}
	ids, err := t.index.ids(reply)
	fresh := false
	for _, id := range ids {
		key := t.index.keyOf(reply.List(), id)
		if !t.index.has(key) {
			t.index.more[key] = struct{}{}
			fresh = true
		}
	}
	switch {
	case err != nil || fresh:
		return false, err
	case reply.ID.IsZero() && reply.FetchedAt.Equal(oldest):
		t.oldest[h] = time.Time{} // one is enough
		return false, nil
	case reply.Shown != nil && !t.numbered[h]:
		t.numbered[h] = true
		return false, nil
	}
	return true, nil
}
