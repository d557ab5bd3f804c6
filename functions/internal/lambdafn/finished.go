package lambdafn

import (
	"context"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// transformed ends an invocation of transform. Only the one that ended a run
// has a report, so that a redelivered event counts nothing twice. scheduled means
// that no person asked.
func (f *transformFunction) transformed(s *seen, scheduled bool, r transform.Result, err error) {
	failed := err
	if r.Report != nil && err == nil {
		failed = r.Cause
	}
	s.finish(failed, func(ctx context.Context) {
		if r.Report != nil {
			f.runEnded(ctx, s, scheduled, r.Report)
		}
		if err != nil {
			s.announceFailure(ctx, err)
		}
	})
}

// runEnded says what became of a run.
func (f *transformFunction) runEnded(ctx context.Context, s *seen, scheduled bool, r *report.Report) {
	if !r.DryRun && !r.Narrowed {
		s.runMetrics(scheduled, r)
		s.carried(r)
		s.kinds(r)
	}
	held := make([]observe.HeldReason, 0, len(r.Sweep.Held))
	for _, reason := range r.Sweep.Held {
		held = append(held, observe.HeldReason{Code: string(reason.Code), Text: reason.Text})
	}
	var access observe.Access
	if a := r.Access; a != nil {
		access = observe.Access{Controls: a.Controls.All(), NewControls: len(a.Since.Joined), NewFindings: a.Since.New}
		for _, n := range a.Can {
			access.Reach += n
		}
	}
	s.announce(ctx, func(put observe.PutEvents) error {
		return observe.Announce(ctx, put, observe.RunFinished{
			Access: access,
			Stack:  f.stack, Run: r.Run, State: string(r.State), DryRun: r.DryRun, Narrowed: r.Narrowed,
			Posted: r.Posted(), Quarantined: r.Totals.Quarantined, Carried: r.CarriedBy(), Swept: r.Sweep.Swept, Held: held,
			Report: strings.TrimRight(f.Settings.StagingURL, "/") + "/" + staging.ReportKey(staging.RunID(r.Run)),
		})
	})
}

// runMetrics are about the run as a whole.
func (s *seen) runMetrics(scheduled bool, r *report.Report) {
	values := observe.Values{
		observe.GoodRuns:         flag(s.countsAsGood(r)),
		observe.RunsFailed:       flag(r.State == report.Failed),
		observe.QuarantinedInRun: float64(r.Totals.Quarantined),
		observe.NeverReadLists:   float64(r.Totals.NeverRead),
	}
	if r.State != report.Failed {
		values[observe.RunsHeld], values[observe.RunsCompleted] = flag(r.State == report.Held), 1
	}
	if begun := staging.RunID(r.Run).Time(); scheduled && !begun.IsZero() {
		values[observe.RunAge] = max(r.FinishedAt.Sub(begun).Seconds(), 0)
	}
	s.put("", values)
}

// carried writes every reason but that of readings that were not due: one that
// ended is news as well. What a person approved is not in Authomize any more.
func (s *seen) carried(r *report.Report) {
	for _, reason := range staging.CarriedReasons {
		if reason == staging.NotDue {
			continue
		}
		stale, oldest := int64(0), 0.0
		for _, c := range r.Carried {
			if c.Reason != reason || c.Approved || c.Oldest.IsZero() {
				continue
			}
			if oldest = max(oldest, r.FinishedAt.Sub(c.Oldest).Seconds()); c.Overdue {
				stale += c.Lists
			}
		}
		s.put(string(reason), observe.Values{observe.StaleReadings: float64(stale), observe.OldestReading: oldest})
	}
}

// kinds writes every kind: one that fell to nothing is news as well, and the
// number of an earlier run would stay on the dashboard.
func (s *seen) kinds(r *report.Report) {
	for _, k := range r.Kinds {
		quarantined := int64(0)
		for _, n := range k.Quarantined {
			quarantined += n
		}
		s.put(k.Kind, observe.Values{
			observe.RecordsPosted: float64(k.Posted), observe.RecordsQuarantined: float64(quarantined),
		})
	}
}

type transformFunction struct {
	assemble.Transformer
	*observer
	lambda invoker // nil: AWS's
}
