package fetch

import (
	"context"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/feed"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// feedPages bounds what is read of the feed as a witness.
const feedPages = 50

// evidence is all that decides whether something that is not there is gone.
type evidence struct {
	answer     answer
	byFeedOnly bool // our rights go with it
	ended      bool // the feed: it ended after it was last shown, and has not begun since
	rights     bool // ours on its environment are no narrower than when it was last shown
	sibling    bool // something else that its list shows answers by its id
	counted    bool // nothing counts it, or no more are counted than are shown, compared with before
}

// judgeGone decides when a 404 means gone. It needs a witness: the audit feed,
// or our own rights. It is the only place that decides it.
func judgeGone(e evidence) (staging.Witness, bool) {
	switch {
	case e.answer == inherited:
		return staging.WitnessAnswer, true
	case e.answer == forbidden && !e.byFeedOnly, e.answer != notThere && e.answer != forbidden:
		return "", false
	case e.ended:
		return staging.WitnessFeed, true
	case e.byFeedOnly:
		return "", false
	case e.rights && e.sibling && e.counted:
		return staging.WitnessRights, true
	}
	return "", false
}

// witnesses are asked after the answers that they are to explain.
type witnesses struct {
	r        *reading
	ended    *feed.Ended
	now      staging.Rights
	siblings map[staging.ListKey]bool
	counted  map[pingone.ID]bool
}

// witnesses asks them, if there is anything to explain.
func (r *reading) witnesses(ctx context.Context, answers []*asked, ended *feed.Ended) (*witnesses, error) {
	w := &witnesses{r: r, ended: ended, siblings: map[staging.ListKey]bool{}, counted: map[pingone.ID]bool{}}
	since := map[pingone.ID]time.Time{}
	for _, a := range answers {
		if a.answer != notThere && (a.answer != forbidden || !r.of.ByFeedOnly) {
			continue
		}
		env := r.feedOf(a.list.Environment)
		if at, ok := since[env]; !ok || a.shown.Before(at) {
			since[env] = a.shown
		}
	}
	for env, at := range since {
		if env.IsZero() {
			continue
		}
		if err := w.ended.Read(ctx, r.o.Client, r.of, env, at, feedPages); err != nil {
			return nil, err
		}
	}
	if len(since) == 0 || r.of.ByFeedOnly {
		return w, nil
	}
	return w, w.askRights(ctx, answers)
}

// askRights reads our rights, and where they let a 404 count, its list's other
// items and PingOne's counts.
func (w *witnesses) askRights(ctx context.Context, answers []*asked) error {
	var err error
	if w.now, err = w.r.surelyRead(ctx); err != nil || !w.now.Read {
		return err
	}
	pending := map[pingone.ID]int{}
	for _, a := range answers {
		if a.answer != notThere || w.ended.At(a.subject(w.r.of.Ties), a.shown) || !w.hasRights(a) {
			continue
		}
		if _, ok := w.siblings[a.list]; !ok {
			if w.siblings[a.list], err = w.r.siblingAnswers(ctx, a.list); err != nil {
				return err
			}
		}
		pending[a.list.Environment]++
	}
	for env := range pending {
		if w.counted[env], err = w.r.isCounted(ctx, env); err != nil {
			return err
		}
	}
	return nil
}

func (w *witnesses) evidence(a *asked) evidence {
	return evidence{
		answer: a.answer, byFeedOnly: w.r.of.ByFeedOnly, ended: w.ended.At(a.subject(w.r.of.Ties), a.shown),
		rights: w.hasRights(a), sibling: w.siblings[a.list], counted: w.counted[a.list.Environment],
	}
}

// hasRights tells whether our rights are no narrower than when it was last
// shown: now, and in the previous snapshot.
func (w *witnesses) hasRights(a *asked) bool {
	history := w.r.previous.Complete.Rights
	if !w.now.Read || len(history) == 0 {
		return false
	}
	then := rightsAt(history, a.shown)
	return covers(w.now, then, a.list.Environment) && covers(history[len(history)-1], then, a.list.Environment)
}

// siblingAnswers tells whether something that a list shows answers by its id:
// else a 404 says nothing. Of a list that shows nothing its parent is asked, or
// its environment.
func (r *reading) siblingAnswers(ctx context.Context, l staging.ListKey) (bool, error) {
	some := &asked{absent: &absent{list: l}}
	if id, ok := r.index.samples[hashOf(l)]; ok {
		some.id = id
		err := r.askFor(ctx, []*asked{some})
		return some.answer == there, transientAsNo(ctx, err)
	}
	path := pingone.EnvironmentPath(l.Environment)
	switch {
	case collection.Holding(l.Parent.Kind) != "":
		path = pingone.ItemPath(l.Environment, string(collection.Holding(l.Parent.Kind)), l.Parent.ID)
	case l.Environment.IsZero():
		path = "/v1/environments?limit=1"
	}
	_, err := r.o.Client.Get(ctx, path)
	a, err := answerOf(err)
	return a == there, transientAsNo(ctx, err)
}

// feedOf is the environment whose feed speaks of another's: its own, unless
// it goes with it.
func (r *reading) feedOf(env pingone.ID) pingone.ID {
	if r.of.ByFeedOnly || env.IsZero() {
		return r.o.Home
	}
	return env
}
