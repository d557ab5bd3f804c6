package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

const notesVersion = 1

// Notes are what transform.json holds: all that judging must know of earlier
// runs, copied from run to run, and how far the posting of this one is. It is
// there from before the first post on, so a run with one was posted.
type notes struct {
	Version   int           `json:"version"`
	Run       staging.RunID `json:"run"`
	AppID     string        `json:"appId"`
	UpdatedAt time.Time     `json:"updatedAt"`
	// After is the posted run that this was copied from; "" for none.
	After staging.RunID `json:"after,omitzero"`
	// Found is, for each app id that runs from here named, what it held before
	// the first of them posted, a record of each kind. Approved, it is empty.
	Found map[string][]string `json:"found"`
	// History says in which run the last posted one held each collection, and
	// Lost what has no readable snapshot from that run or later.
	History map[staging.Collection]staging.RunID `json:"history"`
	Lost    map[staging.Collection]staging.RunID `json:"lost,omitempty"`
	// Swept are the records of the last sweep, less what was approved since.
	Swept tally `json:"swept"`
	// Refused are the records that Authomize refused in the run, as kind and key.
	// True: it held them before, and nobody approved that they go.
	Refused map[string]bool `json:"refused,omitempty"`
	// Approved is what a person approved and that is still carried forward.
	Approved approved `json:"approved,omitempty"`
	// Ended tells that a pass of this run came to its end.
	Ended bool `json:"ended"`
	Pass  pass `json:"pass"`
}

// A tally is how many records a run had.
type tally struct {
	Run    staging.RunID `json:"run"`
	Counts sweep.Counts  `json:"counts"`
}

// loadNotes returns the notes of a run; the zero ones if it was never posted.
func loadNotes(ctx context.Context, store staging.Store, run staging.RunID) (notes, error) {
	m, err := staging.ReadJSON[notes](ctx, store, staging.TransformKey(run))
	if errors.Is(err, staging.ErrNotFound) {
		return notes{}, nil
	}
	if err == nil && (m.Version != notesVersion || m.Run != run) {
		err = fmt.Errorf("%s is of run %q and version %d, not %d, move it away: %w", staging.TransformKey(run), m.Run, m.Version, notesVersion, staging.ErrCorrupt)
	}
	return m, err
}

// newestPosted returns the notes of the newest run that was posted, of those
// older than before, or with before "" of all; the zero ones if there is
// none. Before another run one that can't be read counts as none: what the next
// older one says is safe too. Of all, only its Run is returned.
func newestPosted(ctx context.Context, store staging.Store, before staging.RunID) (notes, error) {
	runs, err := staging.Runs(ctx, store)
	if err != nil {
		return notes{}, err
	}
	for _, run := range slices.Backward(runs) {
		if before != "" && run >= before {
			continue
		}
		m, err := loadNotes(ctx, store, run)
		if err != nil && !errors.Is(err, staging.ErrCorrupt) {
			return notes{}, err
		}
		switch {
		case err == nil && m.Version != 0:
			return m, nil
		case err != nil && before == "":
			return notes{Run: run}, nil
		}
	}
	return notes{}, nil
}

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
		if !readable {
			m.Lost[c] = posted
		}
	}
	return m, nil
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

// lookIntoApp notes what an app holds that no run from here has named.
func (t *transform) lookIntoApp(ctx context.Context) error {
	t.notes.AppID = t.o.Settings.AppID
	if _, named := t.notes.Found[t.notes.AppID]; named {
		return nil
	}
	held, err := t.o.Client.Holds(ctx)
	if err != nil {
		return fmt.Errorf("look whether app %s holds anything: %w", t.notes.AppID, err)
	}
	found := []string{}
	for _, kind := range slices.Sorted(maps.Keys(held)) {
		found = append(found, string(kind)+" "+held[kind])
	}
	if t.notes.Found == nil {
		t.notes.Found = map[string][]string{}
	}
	t.notes.Found[t.notes.AppID] = found
	return nil
}
