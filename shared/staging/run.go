package staging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

const runVersion = 1

// A Run is what run.json holds. It is written once, before open.json names it.
type Run struct {
	Version      int          `json:"version"` // of this form: 1
	Run          RunID        `json:"run"`
	After        RunID        `json:"after,omitzero"`  // the newest run before it; "" for none
	Environments []pingone.ID `json:"environments"`    // those of the settings
	All          bool         `json:"all,omitzero"`    // the settings ask for all that the worker can read
	Only         []pingone.ID `json:"only,omitempty"`  // that the event narrowed the run to; none: it did not
	DryRun       bool         `json:"dryRun,omitzero"` // nothing of it is ever posted
	Worker       pingone.ID   `json:"worker,omitzero"` // the application that it is read as
	OpenedBy     string       `json:"openedBy"`
	OpenedAt     time.Time    `json:"openedAt"`
}

// asksFor tells whether two runs are to be the same.
func (r *Run) asksFor(other *Run) bool {
	return r.All == other.All && r.DryRun == other.DryRun &&
		sameIDs(r.Environments, other.Environments) && sameIDs(r.Only, other.Only)
}

func sameIDs(a, b []pingone.ID) bool {
	sorted := func(ids []pingone.ID) []pingone.ID {
		return slices.Compact(slices.SortedFunc(slices.Values(ids), pingone.ID.Compare))
	}
	return slices.Equal(sorted(a), sorted(b))
}

// LoadRun reads run.json. ErrNotFound means that there is no such run,
// ErrCorrupt that it is damaged or of another version of this program.
func LoadRun(ctx context.Context, store Store, run RunID) (Run, error) {
	r, err := ReadJSON[Run](ctx, store, RunKey(run))
	if err == nil && (r.Version != runVersion || r.Run != run) {
		return Run{}, fmt.Errorf("%s is of run %q and version %d, not %d: %w", RunKey(run), r.Run, r.Version, runVersion, ErrCorrupt)
	}
	return r, err
}

// Runs returns all runs of which anything is there, oldest first.
func Runs(ctx context.Context, store Store) ([]RunID, error) {
	folders, err := store.Folders(ctx, runsPrefix)
	if err != nil {
		return nil, fmt.Errorf("look for runs: %w", err)
	}
	var runs []RunID
	for _, name := range folders {
		if run, err := ParseRun(name); err == nil {
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// States tells of each collection whether it is complete in a run.
// ErrUnknownRun means that there is no such run.
func States(ctx context.Context, store Store, run RunID) (map[Collection]bool, error) {
	_, err := store.Get(ctx, RunKey(run))
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("run %s: %w under %s", run, ErrUnknownRun, store)
	case err != nil:
		return nil, err
	}
	states := map[Collection]bool{}
	for _, c := range Collections {
		_, err := store.Get(ctx, CompleteKey(run, c))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		states[c] = err == nil
	}
	return states, nil
}

// ended are the states of report.json after which a run is not read any more.
var ended = []string{"done", "held", "failed"}

// Ended returns the state that a run's report.json gives it, "" without one,
// and whether the run has ended with it.
func Ended(ctx context.Context, store Store, run RunID) (state string, ends bool, err error) {
	report, err := ReadJSON[struct {
		State string `json:"state"`
	}](ctx, store, ReportKey(run))
	if errors.Is(err, ErrNotFound) {
		return "", false, nil
	}
	return report.State, slices.Contains(ended, report.State), err
}

// lastWrite returns when anything of a run was written last: the newest
// updatedAt of its manifests and of transform.json, and openedAt of run.json.
// What can't be read dates nothing. The zero time means that nothing is there.
func lastWrite(ctx context.Context, store Store, run RunID) (last time.Time, err error) {
	keys := []string{RunKey(run), TransformKey(run)}
	for _, c := range Collections {
		keys = append(keys, manifestKey(run, c))
	}
	for _, key := range keys {
		written, err := ReadJSON[struct {
			OpenedAt  time.Time `json:"openedAt"`
			UpdatedAt time.Time `json:"updatedAt"`
		}](ctx, store, key)
		if err = unlessUnreadable(err); err != nil {
			return time.Time{}, err
		}
		last = slices.MaxFunc([]time.Time{last, written.OpenedAt, written.UpdatedAt}, time.Time.Compare)
	}
	return last, nil
}

// unlessUnreadable leaves out that an object is not there or damaged: a root
// that stopped for it would stop for good.
func unlessUnreadable(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrCorrupt) {
		return nil
	}
	return err
}
