package transform

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// ErrNotApprovable means that a person approves what can't be; the text says
// why.
var ErrNotApprovable = errors.New("this can't be approved")

func notApprovable(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrNotApprovable}, args...)...)
}

// Approve grants what a person names, of the newest posted run, and transforms
// the run once more: without the replies and the reasons that are approved.
// Killed, it goes on like any transform of the run, and may be repeated.
func Approve(ctx context.Context, run staging.RunID, a sweep.Approval, o Options) (Result, error) {
	t, err := openToApprove(ctx, run, &a, o)
	if err != nil {
		return Result{}, err
	}
	lease, err := t.acquire(ctx, run)
	if err != nil {
		return Result{}, fmt.Errorf("approve run %s: %w", run, err)
	}
	defer t.release(ctx, lease)
	held, stop := lease.Keep(ctx)
	defer stop()
	if err := t.grant(held, a); err != nil {
		return Result{}, fmt.Errorf("approve run %s: %w", run, err)
	}
	t.o.Log.WarnContext(ctx, "a person approved that something goes", "codes", a.Codes)
	return t.end(held, t.work(held))
}

func openToApprove(ctx context.Context, run staging.RunID, a *sweep.Approval, o Options) (*transform, error) {
	if err := a.Check(); err != nil {
		return nil, notApprovable("%w", err)
	}
	t, absent, err := open(ctx, run, o)
	switch {
	case err != nil:
		return nil, err
	case t.dry:
		return nil, notApprovable("run %s is, or this would be, a dry run", run)
	case len(absent) > 0:
		return nil, notApprovable("run %s is not read yet", run)
	}
	if a.At.IsZero() {
		a.At = t.o.Now().UTC()
	}
	return t, nil
}

// recallEnded loads what is needed to approve the run.
func (t *transform) recallEnded(ctx context.Context) error {
	newest, err := newestPosted(ctx, t.o.Store, "")
	switch {
	case err != nil:
		return err
	case newest.Run > t.id:
		return notApprovable("run %s is newer and was posted, and a sweep would delete what only that one holds: approve that one", newest.Run)
	case newest.Run != t.id:
		return notApprovable("run %s was not posted", t.id)
	case newest.Pass.Outcome == nil:
		return notApprovable("run %s is still being posted", t.id)
	case newest.AppID != t.o.Settings.AppID:
		return notApprovable("run %s was posted to another app", t.id)
	}
	t.notes, t.stored = &newest, newest.Pass.Begun
	if t.snaps, err = loadSnapshots(ctx, t.o.Store, t.id); err != nil {
		return err
	}
	return t.heedApprovals(ctx)
}

// grant writes what a person approves to approval.json, and to the notes of the
// run, which then has to be posted anew.
func (t *transform) grant(ctx context.Context, a sweep.Approval) error {
	if err := t.recallEnded(ctx); err != nil {
		return err
	}
	next, covers, err := t.covered(ctx, a.Codes)
	if err != nil {
		return err
	}
	if err := t.overrule(a.Codes); err != nil {
		return err
	}
	if len(covers) > 0 {
		if err := t.discount(ctx, next); err != nil {
			return err
		}
	}
	err = staging.Update(ctx, t.o.Store, staging.ApprovalKey(t.id), func(all *approvals) error {
		all.Version = 1
		all.Approvals = append(all.Approvals, granted{a, covers})
		return nil
	})
	if err != nil {
		return err
	}
	t.notes.Approved, t.notes.Pass = next, pass{}
	return t.save(ctx)
}

// covered finds the carried replies that codes name.
func (t *transform) covered(ctx context.Context, codes []string) (approved, []covered, error) {
	next := t.notes.Approved
	var all []covered
	for _, code := range codes {
		way, c, ok := sweep.ParseCarried(code)
		if !ok {
			continue
		}
		of, ids := covered{Code: code}, []uint64{}
		for r, err := range t.snaps[c].Replies(ctx) {
			if err != nil {
				return nil, nil, err
			}
			if r.Carried != way {
				continue
			}
			ids = append(ids, identity(&r))
			if of.Count++; of.Count <= maxIDs {
				of.Keys = append(of.Keys, r.Key())
			}
		}
		if of.Count == 0 {
			return nil, nil, notApprovable("nothing of %s is carried forward as %s in run %s", c, way, t.id)
		}
		next, all = next.with(c, ids), append(all, of)
	}
	return next, all, nil
}

// overrule takes the reasons that codes name out of the notes.
func (t *transform) overrule(codes []string) error {
	for _, code := range codes {
		if _, _, ok := sweep.ParseCarried(code); ok {
			continue
		}
		held := t.notes.Pass.Outcome.Held
		at := slices.IndexFunc(held, func(r sweep.Reason) bool { return string(r.Code) == code })
		switch {
		case at < 0:
			return notApprovable("run %s is not held for %s", t.id, code)
		case !held[at].Approvable:
			return notApprovable("%s: %s", code, held[at].Text)
		}
		for _, need := range held[at].Needs {
			if !slices.Contains(codes, need) {
				return notApprovable("%s can be approved together with %s, which says why not all was read", code, need)
			}
		}
		t.forget(sweep.Code(code))
	}
	return nil
}

// forget takes one reason out of the notes.
func (t *transform) forget(code sweep.Code) {
	m := t.notes
	switch code {
	case sweep.AppNotEmpty:
		m.Found[m.AppID] = []string{}
	case sweep.HistoryLost:
		m.Lost = nil
	case sweep.Refused:
		for name := range m.Refused {
			m.Refused[name] = false
		}
	case sweep.Shrunk:
		now := m.Pass.Outcome.Counts
		for _, series := range sweep.Shrunken(m.Swept.Counts, now, t.o.Settings.MaxShrinkPercent) {
			m.Swept.Counts[series] = now[series]
		}
	case sweep.Receipted, sweep.NotRefreshed: // nobody may approve these
	}
}

// discount takes what a person approves to go off the counts that later runs are
// compared with.
func (t *transform) discount(ctx context.Context, next approved) error {
	stay, err := t.staying(ctx, next)
	if err != nil {
		return err
	}
	return t.stream(ctx, t.skips, func(x *records.Index, kind authomize.Kind, item authomize.Item) {
		if stay.has(kind, item.Record.Key()) {
			return
		}
		one := sweep.Counts{}
		addCounts(one, x, kind, map[uint32]int64{item.Tag: 1})
		for series := range one {
			if n := t.notes.Swept.Counts[series]; n > 0 {
				t.notes.Swept.Counts[series] = n - 1
			}
		}
	})
}

// keySet are the keys of records, by kind, eight bytes each.
type keySet struct {
	seed maphash.Seed
	of   map[authomize.Kind][]uint64
}

func (s *keySet) has(kind authomize.Kind, key string) bool {
	_, found := slices.BinarySearch(s.of[kind], maphash.String(s.seed, key))
	return found
}

// staying are the records that the run has without what is approved next. One
// index is held at a time.
func (t *transform) staying(ctx context.Context, next approved) (*keySet, error) {
	skips, err := t.skipper(ctx, next)
	if err != nil {
		return nil, err
	}
	s := &keySet{seed: maphash.MakeSeed(), of: map[authomize.Kind][]uint64{}}
	err = t.stream(ctx, skips, func(_ *records.Index, kind authomize.Kind, item authomize.Item) {
		s.of[kind] = append(s.of[kind], maphash.String(s.seed, item.Record.Key()))
	})
	for kind := range s.of {
		s.of[kind] = sorted(s.of[kind])
	}
	return s, err
}

// stream calls each with every record of the run.
func (t *transform) stream(ctx context.Context, skips *skipper, each func(*records.Index, authomize.Kind, authomize.Item)) error {
	x, err := records.Load(ctx, t.snaps, t.recordOptions(skips))
	if err != nil {
		return err
	}
	for _, kind := range authomize.Kinds {
		for item, err := range x.Stream(ctx, kind, nil) {
			if err != nil {
				return err
			}
			each(x, kind, item)
		}
	}
	return nil
}
