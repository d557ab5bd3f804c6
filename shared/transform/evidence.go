package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/records"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// evidence is what is judged, but for what Authomize shows. It also notes what
// was refused.
func (t *transform) evidence(ctx context.Context) (sweep.Evidence, error) {
	s, m := t.o.Settings, t.notes
	e := sweep.Evidence{
		AppID: s.AppID, Found: m.Found[s.AppID], Lost: m.Lost, Lists: t.lists(),
		Before: m.Swept.Counts, Since: m.Swept.Run, Now: t.counts(), MaxShrink: s.MaxShrinkPercent,
	}
	if !s.RolePermissions {
		e.Before = e.Before.Without(sweep.RolePermissions)
	}
	if t.dry {
		return e, nil
	}
	refused, err := t.refused(ctx)
	if err != nil {
		return e, err
	}
	m.Refused = refused
	for _, key := range slices.Sorted(maps.Keys(refused)) {
		if refused[key] {
			e.Refused = append(e.Refused, key)
		}
	}
	for _, kind := range authomize.Kinds {
		r := m.Pass.Results[kind]
		e.Cut += r.QuarantinedTotal - int64(len(r.Quarantined))
	}
	e.Receipts = t.receipts()
	return e, nil
}

// counts are the accepted records by what is counted together.
func (t *transform) counts() sweep.Counts {
	all := sweep.Counts{}
	for kind, r := range t.notes.Pass.Results {
		addCounts(all, t.x, kind, r.AcceptedByTag)
	}
	return all
}

func addCounts(all sweep.Counts, x *records.Index, kind authomize.Kind, byTag map[uint32]int64) {
	for tag, n := range byTag {
		class := sweep.Plain
		switch {
		case tag == records.RolePermissions:
			class = sweep.RolePermissions
		case records.IsVirtual(tag):
			class = sweep.Virtual
		}
		all.Add(string(kind), class, x.EnvironmentOf(tag), n)
	}
}

// lists says which lists were not read, unless it is approved that what they
// hold goes.
func (t *transform) lists() sweep.Lists {
	var l sweep.Lists
	for _, c := range staging.Collections {
		complete := t.snaps[c].Complete
		for i := range complete.Carried {
			carried := &complete.Carried[i]
			code := sweep.CarriedCode(carried.Reason, c)
			switch {
			case carried.Reason == staging.NotAsked:
				l.Waiting = append(l.Waiting, fmt.Sprintf("%s of environment %s, which this run was not asked for", c, carried.Environment))
			case sweep.IsNotRead(carried.Reason) && !t.skips.isApproved(c, carried) && !slices.Contains(l.Carried, code):
				l.Carried = append(l.Carried, code)
			}
		}
		for _, n := range complete.NeverRead {
			if n.Lists > 0 {
				l.Waiting = append(l.Waiting, fmt.Sprintf("%d lists of %s of environment %s, whose turn comes in the next runs", n.Lists, c, n.Environment))
			}
		}
	}
	return l
}

// quarantined are the keys of the records that Authomize does not hold as this
// run has them.
func (t *transform) quarantined() map[string]bool {
	all := map[string]bool{}
	for _, r := range t.notes.Pass.Results {
		for _, q := range r.Quarantined {
			all[q.Key] = true
		}
	}
	return all
}

// receipts are the faults of the receipts. An id that a receipt calls unknown
// must be one that was refused.
func (t *transform) receipts() []sweep.Receipts {
	var all []sweep.Receipts
	quarantined := t.quarantined()
	for _, kind := range authomize.Kinds {
		r := t.notes.Pass.Results[kind]
		all = append(all, sweep.Receipts{
			Kind: string(kind), Fewer: r.Shortfall, More: r.Overcounted, Untimed: r.MissingTimestamp, Unmatched: r.UnmatchedIDs,
		})
		for _, q := range r.Quarantined {
			if q.Ref != "" && !quarantined[q.Ref] {
				all[len(all)-1].Accepted = append(all[len(all)-1].Accepted, q.Ref)
			}
		}
	}
	if t.cutoff().IsZero() {
		all = append(all, sweep.Receipts{Kind: "all that was sent", Untimed: 1})
	}
	return all
}

// refused are the records that Authomize refused, as kind and key, with whether
// they hold the run. One that was refused before holds as it did then. Any other
// holds if it was posted before, by the run before or an earlier pass of this
// one, for there it was accepted. What is refused since it refers to another one
// that is, holds if that does.
func (t *transform) refused(ctx context.Context) (map[string]bool, error) {
	all, fresh := map[string]bool{}, map[authomize.Kind]map[string]bool{}
	for _, kind := range authomize.Kinds {
		fresh[kind] = map[string]bool{}
		for _, q := range t.notes.Pass.Results[kind].Quarantined {
			if q.Ref != "" {
				continue // what it refers to holds by itself, or else the receipt is wrong
			}
			name := string(kind) + " " + q.Key
			holds, before := t.notes.Refused[name]
			if all[name] = holds; !before {
				fresh[kind][q.Key] = true
			}
		}
	}
	if err := t.leavePosted(ctx, fresh); err != nil {
		return nil, err
	}
	for kind, keys := range fresh {
		for key := range keys {
			all[string(kind)+" "+key] = true
		}
	}
	return all, nil
}

// leavePosted leaves of keys, by kind, those of records that were posted before;
// all of them if the run before can't be read any more.
func (t *transform) leavePosted(ctx context.Context, keys map[authomize.Kind]map[string]bool) error {
	maps.DeleteFunc(keys, func(_ authomize.Kind, k map[string]bool) bool { return len(k) == 0 })
	switch {
	case len(keys) == 0 || t.notes.Ended: // by an earlier pass of this very run
		return nil
	case t.notes.After == "":
		clear(keys)
		return nil
	}
	t.x = nil // of two at once memory would grow beyond bounds
	err := t.leaveIn(ctx, t.notes.After, keys)
	if errors.Is(err, staging.ErrCorrupt) || errors.Is(err, staging.ErrIncomplete) || errors.Is(err, staging.ErrNotFound) {
		t.o.Log.WarnContext(ctx, "the posted run before can't be read: what Authomize refuses counts as held before", "err", err)
		return nil
	}
	return err
}

func (t *transform) leaveIn(ctx context.Context, run staging.RunID, keys map[authomize.Kind]map[string]bool) error {
	snaps, err := loadSnapshots(ctx, t.o.Store, run)
	if err != nil {
		return err
	}
	x, err := records.Load(ctx, snaps, t.recordOptions(&skipper{}))
	if err != nil {
		return err
	}
	for kind := range keys {
		found := map[string]bool{}
		for item, err := range x.Stream(ctx, kind, nil) {
			if err != nil {
				return err
			}
			if key := item.Record.Key(); keys[kind][key] {
				found[key] = true
			}
		}
		keys[kind] = found
	}
	return nil
}
