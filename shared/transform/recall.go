package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// recall loads the run's notes, or makes them of those of the run before. They
// are written when the run is posted, and not before: a run of which nothing can
// be posted is none that later ones are compared with.
func (t *transform) recall(ctx context.Context) error {
	m, err := loadNotes(ctx, t.o.Store, t.id)
	if err != nil {
		return err
	}
	if m.Version == 0 {
		before, err := newestPosted(ctx, t.o.Store, t.id)
		if err != nil {
			return err
		}
		if m, err = t.inherit(ctx, before); err != nil {
			return err
		}
		t.before = &before
	}
	t.notes, t.stored = &m, m.Pass.Begun
	return t.heedApprovals(ctx)
}

// overtake takes the lease of the run before, while this one's notes are written
// for the first time: that can't be approved, nor posted once more, from then on.
func (t *transform) overtake(ctx context.Context) (release func(), err error) {
	if t.before == nil || t.before.Run == "" {
		return func() {}, nil
	}
	lease, err := t.acquire(ctx, t.before.Run)
	if err != nil {
		return nil, err
	}
	release = func() { t.release(ctx, lease) }
	now, err := loadNotes(ctx, t.o.Store, t.before.Run)
	if err == nil && !reflect.DeepEqual(now, *t.before) {
		err = fmt.Errorf("run %s was approved or posted once more meanwhile; trying again heeds it", t.before.Run)
	}
	if err != nil {
		release()
	}
	return release, err
}

// inherit makes this run's notes of those of the run before.
func (t *transform) inherit(ctx context.Context, before notes) (notes, error) {
	m := before
	m.Version, m.Run, m.After, m.Ended, m.Pass = notesVersion, t.id, before.Run, false, pass{}
	m.Found, m.Lost, m.History = maps.Clone(m.Found), maps.Clone(m.Lost), map[staging.Collection]staging.RunID{}
	if m.Lost == nil {
		m.Lost = map[staging.Collection]staging.RunID{}
	}
	known, err := t.knowsAllAfter(ctx, before.Run)
	if err != nil {
		return notes{}, err
	}
	for _, c := range staging.Collections {
		m.History[c] = t.id
		posted := before.History[c]
		if posted == "" {
			continue
		}
		readable, err := t.reaches(ctx, c, posted)
		if err != nil {
			return notes{}, err
		}
		if !known || !readable {
			m.Lost[c] = posted
		}
	}
	return m, nil
}

// knowsAllAfter tells whether the folders of all runs between a posted one and
// this are there. What was in a folder that is not may have been posted.
func (t *transform) knowsAllAfter(ctx context.Context, posted staging.RunID) (bool, error) {
	after := t.run.After
	for after > posted {
		run, err := staging.LoadRun(ctx, t.o.Store, after)
		if errors.Is(err, staging.ErrNotFound) || errors.Is(err, staging.ErrCorrupt) {
			return false, nil
		}
		if err != nil || run.After >= after {
			return false, err
		}
		after = run.After
	}
	return true, nil
}

// reaches tells whether this run's snapshot of a collection was made from that
// of the posted run, through those in between.
func (t *transform) reaches(ctx context.Context, c staging.Collection, posted staging.RunID) (bool, error) {
	previous := t.snaps[c].Complete.Previous
	for previous > posted {
		complete, err := staging.ReadJSON[staging.Complete](ctx, t.o.Store, staging.CompleteKey(previous, c))
		if errors.Is(err, staging.ErrNotFound) || errors.Is(err, staging.ErrCorrupt) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		previous = complete.Previous
	}
	return previous == posted, nil
}

// heedApprovals forgets what was approved and is over, since the run shows it
// or it is gone.
func (t *transform) heedApprovals(ctx context.Context) error {
	left, open := approved{}, map[carriedKey]int{}
	for c := range t.notes.Approved {
		var ids []uint64
		for r, err := range t.snaps[c].Replies(ctx) {
			if err != nil {
				return err
			}
			if !isDoubtful(&r) {
				continue
			}
			key := carriedKey{c, r.Environment, r.Carried}
			if id := identity(&r); t.notes.Approved.has(c, id) {
				ids = append(ids, id)
				open[key] += 0
			} else {
				open[key]++
			}
		}
		if len(ids) > 0 {
			left[c] = sorted(ids)
		}
	}
	t.notes.Approved = left
	skips, err := t.skipper(ctx, left)
	if err != nil {
		return err
	}
	skips.open, t.skips = open, skips
	return nil
}

func (t *transform) skipper(ctx context.Context, a approved) (*skipper, error) {
	s := &skipper{approved: a, environments: map[pingone.ID]bool{}}
	if len(a[staging.Environments]) == 0 {
		return s, nil
	}
	for r, err := range t.snaps[staging.Environments].Replies(ctx) {
		if err != nil {
			return nil, err
		}
		if env := cmp.Or(r.ID, r.Environment); s.skip(staging.Environments, &r) && !env.IsZero() {
			s.environments[env] = true
		}
	}
	return s, nil
}
