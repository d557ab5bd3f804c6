package lambdafn

import (
	"context"
	"errors"
	"slices"

	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// findGood looks up the last good run. Every invocation does, so that
// SinceGoodRun grows even while no run gets as far as transform.
func (s *seen) findGood(ctx context.Context, store staging.Store) {
	if s.metrics == nil {
		return
	}
	var err error
	if s.lastGood, err = lastGood(ctx, store); err != nil {
		s.log.WarnContext(ctx, "the metric SinceGoodRun is not written", "err", err)
	}
}

// lastGood is the newest run that ended done and changed Authomize, "" if the
// newest reports name none.
func lastGood(ctx context.Context, store staging.Store) (staging.RunID, error) {
	runs, err := staging.Runs(ctx, store)
	if err != nil {
		return "", err
	}
	for _, run := range slices.Backward(runs[max(0, len(runs)-mostReports):]) {
		end, err := staging.ReadJSON[ending](ctx, store, staging.ReportKey(run))
		switch {
		case errors.Is(err, staging.ErrNotFound), errors.Is(err, staging.ErrCorrupt):
		case err != nil:
			return "", err
		case end.isGood():
			return run, nil
		}
	}
	return "", nil
}

// An ending is what of a report says whether the run was a good one.
type ending struct {
	State    report.State `json:"state"`
	DryRun   bool         `json:"dryRun"`
	Narrowed bool         `json:"narrowed"`
}

// isGood says whether Authomize shows what a run read. Whoever narrowed a run
// knows that it says nothing about the rest.
func (e ending) isGood() bool { return e.State == report.Done && !e.DryRun && !e.Narrowed }

// countsAsGood says whether a run that ended is a good one that was not
// counted. An old one that a person transforms again shows old data.
func (s *seen) countsAsGood(r *report.Report) bool {
	run := staging.RunID(r.Run)
	age := s.now().Sub(run.Time())
	if !(ending{r.State, r.DryRun, r.Narrowed}).isGood() || age < 0 || age > s.goodWithin || run <= s.lastGood {
		return false
	}
	s.lastGood = run
	return true
}

// sinceGood writes how long ago the last good run was due.
func (s *seen) sinceGood() {
	if s.lastGood != "" {
		s.put("", observe.Values{observe.SinceGoodRun: max(s.now().Sub(s.lastGood.Time()).Seconds(), 0)})
	}
}
