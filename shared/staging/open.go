package staging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	idleLimit  = 6 * time.Hour    // without a write to the open run, before another may be opened
	aheadLimit = 10 * time.Minute // of the id of a new run, from the clock on
)

var (
	// ErrClosed means that a run can't be opened, or is over; the text says why.
	ErrClosed = errors.New("the run is closed")
	// ErrNoRun means that no run is open.
	ErrNoRun = errors.New("no run is open")
)

// An OpenRequest is what an event asks of the root.
type OpenRequest struct {
	At    RunID // that is asked for; "" for now
	Named bool  // a person named At: no other run will do
	GoOn  bool  // open nothing
	Run   Run   // what a new run is to be; OpenRun sets Version, Run, After and OpenedAt
}

// opened is what open.json holds.
type opened struct {
	Run RunID `json:"run"`
}

// OpenRun is for the root alone. It goes on with the open run, or opens a new
// one where the open one has ended, where nothing of it was written for six
// hours, or where it is narrowed or dry and something else is asked for. A new
// run's id is later than all before, and at most ten minutes ahead of now. Of
// several roots at once one opens a run, and the others go on with that.
// ErrClosed says why the run that is asked for can't be read, ErrNoRun that none
// is open and none may be opened.
func OpenRun(ctx context.Context, s Store, q OpenRequest, now time.Time) (Run, error) {
	if _, err := ParseRun(string(q.At)); q.At != "" && err != nil {
		return Run{}, err
	}
	var run Run
	err := Update(ctx, s, OpenKey, func(o *opened) error {
		found, err := lookAtRuns(ctx, s, o)
		if err != nil {
			return err
		}
		o.Run, err = decide(q, found, now)
		switch {
		case err != nil:
			return err
		case o.Run == found.open.Run:
			run = found.open
			return ErrUnchanged
		}
		q.Run.After = found.before(o.Run)
		run, err = writeRun(ctx, s, q.Run, o.Run, now)
		return err
	})
	return run, err
}

// writeRun writes run.json and returns what stands there: another root may have
// written it at the same time, or died after it.
func writeRun(ctx context.Context, s Store, run Run, id RunID, now time.Time) (Run, error) {
	run.Version, run.Run, run.OpenedAt = runVersion, id, timestamp(now)
	err := Update(ctx, s, RunKey(id), func(r *Run) error {
		if r.Run != "" {
			return ErrUnchanged
		}
		*r = run
		return nil
	})
	if err == nil {
		run, err = LoadRun(ctx, s, id)
	}
	return run, err
}

// found is what a root finds.
type found struct {
	named     RunID     // by open.json; "" for none
	open      Run       // the run.json of named; the zero Run if it can't be read
	state     string    // of the open run, by its report
	ended     bool      // the open run has, with that
	lastWrite time.Time // of the open run
	newest    RunID     // of all that there are
}

func lookAtRuns(ctx context.Context, s Store, o *opened) (f found, err error) {
	if _, err := ParseRun(string(o.Run)); o.Run != "" && err != nil {
		return f, fmt.Errorf("%s: %w, move it away: %w", OpenKey, err, ErrCorrupt)
	}
	runs, err := Runs(ctx, s)
	if err != nil {
		return f, err
	}
	f.named, f.newest = o.Run, slices.Max(append(runs, o.Run))
	if f.named == "" {
		return f, nil
	}
	if f.open, err = LoadRun(ctx, s, f.named); err != nil {
		return f, unlessUnreadable(err)
	}
	if f.state, f.ended, err = Ended(ctx, s, f.named); unlessUnreadable(err) == nil {
		f.lastWrite, err = lastWrite(ctx, s, f.named)
	}
	return f, err
}

// decide returns the run to go on with or to open.
func decide(q OpenRequest, f found, now time.Time) (RunID, error) {
	switch {
	case q.GoOn && f.open.Run == "":
		return "", ErrNoRun
	case q.GoOn:
		return f.named, nil
	case q.At != "" && q.At == f.open.Run:
		if f.ended {
			return "", closed(q.At, "it has ended (%s)", f.state)
		}
		return q.At, nil
	case f.isReplaceable(&q.Run, now):
		return newID(q.At, f, now)
	case q.Named:
		return "", closed(q.At, "run %s is being read; ask for that one, or wait until it has ended", f.named)
	default:
		return f.named, nil
	}
}

func (f *found) isReplaceable(asked *Run, now time.Time) bool {
	return f.open.Run == "" || f.ended || now.Sub(f.lastWrite) >= idleLimit ||
		(f.open.DryRun || len(f.open.Only) > 0) && !f.open.asksFor(asked)
}

// before returns the run that a new one comes after.
func (f *found) before(id RunID) RunID {
	if f.newest < id {
		return f.newest
	}
	return f.named // what there is of id itself was left by a root that died
}

// newID checks the id that is asked for, or makes one of now.
func newID(asked RunID, f found, now time.Time) (RunID, error) {
	id := asked
	if id == "" {
		id = max(RunAt(now), RunAt(f.newest.Time().Add(time.Second)))
	}
	// The newest that was never opened was left by a root that died.
	if id < f.newest || id == f.named {
		return "", closed(id, "run %s exists, and a new run is later than all before", f.newest)
	}
	if id.Time().After(now.Add(aheadLimit)) {
		return "", closed(id, "it lies more than %s ahead of the clock, which says %s; run %s is the newest", aheadLimit, RunAt(now), f.newest)
	}
	return id, nil
}

func closed(run RunID, why string, args ...any) error {
	return fmt.Errorf("run %s: %w: "+why, append([]any{run, ErrClosed}, args...)...)
}

// Current returns the run that is being read. ErrNoRun means that none is open,
// or that nothing is left of it.
func Current(ctx context.Context, s Store) (Run, error) {
	open, err := ReadJSON[opened](ctx, s, OpenKey)
	var run Run
	if err == nil {
		run, err = LoadRun(ctx, s, open.Run)
	}
	if errors.Is(err, ErrNotFound) {
		return Run{}, fmt.Errorf("%w: %w", ErrNoRun, err)
	}
	return run, err
}

// IsOpen tells whether a run is the one that is being read.
func IsOpen(ctx context.Context, s Store, run RunID) (bool, error) {
	open, err := ReadJSON[opened](ctx, s, OpenKey)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && open.Run == run, err
}
