// Package transform turns a complete run into records, posts them to
// Authomize in order, asks whether they arrived, judges, and deletes what the
// run did not refresh.
package transform

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

const (
	// Margin is the time that a caller should keep back between the deadline of
	// the ctx it passes to Run and its own end.
	Margin = 30 * time.Second

	// finishTimeout is the time for giving the lease back and writing what was
	// reached, out of the margin.
	finishTimeout = 10 * time.Second
	// leaseTime is how long a lease lasts when its holder dies. It is shorter
	// than Lambda's pause before the second retry of a failed invocation.
	leaseTime = 90 * time.Second
)

// Authomize is the app that records go to. *authomize.Client is one.
type Authomize interface {
	authomize.Poster
	Sweep(ctx context.Context, modifiedBefore time.Time) (authomize.SweepReceipt, error)
	Holds(ctx context.Context) (map[authomize.Kind]string, error)
	Refreshed(ctx context.Context, kind authomize.Kind, since time.Time) iter.Seq2[string, error]
	Older(ctx context.Context, kind authomize.Kind, before time.Time) iter.Seq2[string, error]
}

// Options are what a transform needs.
type Options struct {
	Store    staging.Store
	Client   Authomize // may be nil in a dry run
	Settings config.Transform
	// Holder names this invocation, the same when it is tried again.
	Holder string
	// Again tells that a person named the run: what has ended is done once more.
	Again bool
	Log   *slog.Logger     // nil: nothing is logged
	Now   func() time.Time // nil: time.Now
	// SaveEvery is how often it is saved at most how far the posting is; 0: ten
	// seconds.
	SaveEvery time.Duration
	// MaxItems are the most records a request; 0: what Authomize takes.
	MaxItems int
	// OnProgress, if set, is called after each batch, and while Authomize does
	// not show yet what was posted.
	OnProgress func(Progress)
}

// Progress is how far the posting is.
type Progress struct {
	Kind   authomize.Kind
	Posted int64 // of this kind; mapped only, in a dry run
	Done   bool  // with this kind
	// ReadingBack tells that all is posted, and Authomize is asked for it.
	ReadingBack bool
}

// A Held is one reason to hold a run, in the function's answer.
type Held struct {
	Code sweep.Code `json:"code"`
	Text string     `json:"text"`
}

// A Result is what the transform function answers.
type Result struct {
	Run    staging.RunID    `json:"run"`
	State  report.State     `json:"state"`
	Posted map[string]int64 `json:"posted"`
	Swept  bool             `json:"swept"`
	Held   []Held           `json:"held"`
	// Waiting are the collections that are not complete. None, in a run that
	// waits: another transform is at work, or it is not this run's turn.
	Waiting []staging.Collection `json:"waiting,omitempty"`
	Error   string               `json:"error,omitzero"`
	// Report is what this invocation did; nil if it ended no run.
	Report *report.Report `json:"-"`
	// Cause is the error behind a failed run.
	Cause error `json:"-"`
	// Unfinished tells that the invocation ran out of time and that another
	// goes on where it ended. Progressed tells that it is of use to begin that
	// at once.
	Unfinished bool `json:"-"`
	Progressed bool `json:"-"`
}

// Run transforms a run if all of its collections are complete, it is the run's
// turn, and nobody else does. Without a run it is the open one. What trying
// again can't mend (a damaged part, a refused token) is a result with state
// failed; any other fault is an error, and trying again is harmless.
//
// staging.ErrUnknownRun means that nothing is staged under the run, ErrRefused
// that a person asks for a run that may not be posted any more, or not yet.
func Run(ctx context.Context, run staging.RunID, o Options) (Result, error) {
	if run == "" {
		open, err := staging.Current(ctx, o.Store)
		if errors.Is(err, staging.ErrNoRun) {
			return waiting("", nil), nil
		}
		if err != nil {
			return Result{}, err
		}
		run = open.Run
	}
	t, absent, err := open(ctx, run, o)
	switch {
	case err != nil:
		return Result{}, err
	case len(absent) > 0:
		t.o.Log.InfoContext(ctx, "waiting for collections", "waiting", absent)
		return waiting(run, absent), nil
	}
	if r, ended, err := t.endedBefore(ctx); err != nil || ended {
		return r, err
	}
	if t.dry {
		return t.end(ctx, t.work(ctx))
	}
	return t.leased(ctx)
}

// waiting is the answer of a run that nothing is done about now.
func waiting(run staging.RunID, absent []staging.Collection) Result {
	return Result{Run: run, State: report.Waiting, Posted: map[string]int64{}, Held: []Held{}, Waiting: absent}
}

// leased transforms the run if it may be posted and nobody else does.
func (t *transform) leased(ctx context.Context) (Result, error) {
	lease, err := t.acquire(ctx, t.id)
	if errors.Is(err, staging.ErrLeased) {
		t.o.Log.InfoContext(ctx, "waiting: another transform is at work", "err", err)
		return waiting(t.id, nil), nil
	}
	if err != nil {
		return Result{}, err
	}
	defer t.release(ctx, lease)
	// A redelivered event may have found the lease free because the work was
	// done in between.
	if r, ended, err := t.endedBefore(ctx); err != nil || ended {
		return r, err
	}
	held, stop := lease.Keep(ctx)
	defer stop()
	if err = t.mayPost(ctx); err == nil {
		err = t.work(held)
	}
	switch {
	case errors.Is(err, ErrRefused) && !t.o.Again:
		t.o.Log.WarnContext(ctx, "the run is left alone", "err", err)
	case errors.Is(err, staging.ErrLeased) && !errors.Is(err, staging.ErrLeaseLost):
		t.o.Log.InfoContext(ctx, "waiting: the run before is still being posted", "err", err)
	default:
		return t.end(held, err)
	}
	return waiting(t.id, nil), nil
}

func (t *transform) acquire(ctx context.Context, run staging.RunID) (*staging.Lease, error) {
	return staging.Acquire(ctx, t.o.Store, staging.LeaseKey(run, ""), t.o.Holder, leaseTime, t.o.Now)
}

// release gives a lease back, so that a next try need not wait.
func (t *transform) release(ctx context.Context, lease *staging.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	if err := lease.Release(ctx); err != nil {
		t.o.Log.WarnContext(ctx, "the lease could not be given back, and ends by itself", "err", err)
	}
}

// endedBefore is the answer of a transform of the same run that came to its
// end, unless a person asks for another.
func (t *transform) endedBefore(ctx context.Context) (Result, bool, error) {
	if t.o.Again {
		return Result{}, false, nil
	}
	rep, err := report.Load(ctx, t.o.Store, t.id)
	switch {
	case errors.Is(err, staging.ErrNotFound), errors.Is(err, staging.ErrCorrupt):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, err
	case rep.DryRun && !t.dry, rep.State != report.Done && rep.State != report.Held && rep.State != report.Failed:
		return Result{}, false, nil
	}
	if !rep.DryRun && rep.State != report.Failed {
		m, err := loadNotes(ctx, t.o.Store, t.id)
		if err != nil || m.Pass.Outcome == nil || !m.Pass.Begun.Equal(rep.StartedAt) {
			return Result{}, false, err // it is being transformed once more
		}
	}
	t.o.Log.InfoContext(ctx, "this run was transformed already", "state", rep.State)
	return resultOf(rep), true, nil
}

func resultOf(r *report.Report) Result {
	held := []Held{}
	for _, h := range r.Sweep.Held {
		held = append(held, Held{h.Code, h.Text})
	}
	return Result{Run: staging.RunID(r.Run), State: r.State, Posted: r.Posted(), Swept: r.Sweep.Swept, Held: held, Error: r.Error}
}

// ErrRefused means that a run may not be posted; the text says why.
var ErrRefused = errors.New("the run is not posted")

// aheadLimit is how far ahead of the clock a run may lie.
const aheadLimit = 10 * time.Minute

// mayPost refuses a run that is not the open one, was not posted before, and
// that nobody asks for by name; and whatever is older than the newest one that
// was posted, since it would post what is gone and delete what is new.
func (t *transform) mayPost(ctx context.Context) error {
	if t.id.Time().Sub(t.o.Now()) > aheadLimit {
		return fmt.Errorf("%w: %s lies more than %s ahead of the clock", ErrRefused, t.id, aheadLimit)
	}
	newest, err := newestPosted(ctx, t.o.Store, "")
	switch {
	case err != nil:
		return err
	case newest.Run > t.id:
		return fmt.Errorf("%w: run %s is newer than %s and was posted", ErrRefused, newest.Run, t.id)
	case newest.Run == t.id, t.o.Again:
		return nil
	}
	isOpen, err := staging.IsOpen(ctx, t.o.Store, t.id)
	if err == nil && !isOpen {
		err = fmt.Errorf("%w: %s is not the open run", ErrRefused, t.id)
	}
	return err
}
