package transform

import (
	"context"
	"errors"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transport"
)

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

// waiting is the answer of a run that nothing is done about now.
func waiting(run staging.RunID, absent []staging.Collection) Result {
	return Result{Run: run, State: report.Waiting, Posted: map[string]int64{}, Held: []Held{}, Waiting: absent}
}

func resultOf(r *report.Report) Result {
	held := []Held{}
	for _, h := range r.Sweep.Held {
		held = append(held, Held{h.Code, h.Text})
	}
	return Result{Run: staging.RunID(r.Run), State: r.State, Posted: r.Posted(), Swept: r.Sweep.Swept, Held: held, Error: r.Error}
}

// isFinal tells whether trying again would end the same way.
func isFinal(err error) bool {
	return slices.ContainsFunc([]error{
		staging.ErrCorrupt, authomize.ErrUnauthorized, authomize.ErrForbidden, authomize.ErrBlocked, authomize.ErrNoApp,
		authomize.ErrInvalid, authomize.ErrRedirect, pingone.ErrBadPage,
	}, func(kind error) bool { return errors.Is(err, kind) })
}

// isOutOfTime tells whether err says that the invocation's time is over, or
// that somebody ended it; not that the lease was lost.
func isOutOfTime(ctx context.Context, err error) bool {
	if err == nil || errors.Is(err, staging.ErrLeaseLost) {
		return false
	}
	return errors.Is(err, transport.ErrOutOfTime) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx))
}
