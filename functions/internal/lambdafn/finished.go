package lambdafn

import (
	"context"
	"strings"
	"time"

	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// transformed ends an invocation of transform. Only the one that ended a run
// has a report, so that a redelivered event counts nothing twice. scheduled tells
// that no person asked.
func (f *transformFunction) transformed(s *seen, scheduled bool, r transform.Result, err error) {
	defer s.end()
	ctx, cancel := s.telling()
	defer cancel()
	failed := err
	if r.Report != nil {
		f.runEnded(ctx, s, scheduled, r.Report)
		failed = r.Cause
	}
	if err != nil {
		s.announceFailure(ctx, err)
	}
	s.sinceGood(ctx, f.Store)
	s.ended(failed, err == nil && r.Unfinished)
}

// runEnded tells what became of a run.
func (f *transformFunction) runEnded(ctx context.Context, s *seen, scheduled bool, r *report.Report) {
	// Whoever narrowed a run knows that it is held, and that it says nothing
	// about the rest.
	if !r.DryRun && !r.Narrowed && s.metrics != nil {
		f.runMetrics(ctx, s, scheduled, r)
	}
	f.announceRun(ctx, s, r)
}

// runMetrics are about the run as a whole, and what it read and posted. Whoever
// approves a sweep posts nothing, so that all but the outcome is counted
// already.
func (f *transformFunction) runMetrics(ctx context.Context, s *seen, scheduled bool, r *report.Report) {
	values := observe.Values{
		observe.GoodRuns:   flag(s.countGood(ctx, f.Store, r)),
		observe.RunsFailed: flag(r.State == report.Failed),
	}
	if r.State != report.Failed {
		values[observe.RunsHeld] = flag(r.State == report.Held)
	}
	if r.Sweep.ApprovedAt != nil {
		s.put(observe.NoDimension, "", values)
		return
	}
	values[observe.QuarantinedInRun] = float64(r.Totals.Quarantined)
	if r.State != report.Failed {
		values[observe.RunsCompleted] = 1
	}
	if begun := staging.RunID(r.Run).Time(); scheduled && !begun.IsZero() {
		values[observe.RunAge] = max(r.FinishedAt.Sub(begun).Seconds(), 0)
	}
	s.put(observe.NoDimension, "", values)
	f.coverage(ctx, s, r)
	s.kinds(r)
}

// kinds writes every kind: one that fell to nothing is news as well, and the
// number of an earlier run would stay on the dashboard.
func (s *seen) kinds(r *report.Report) {
	for _, k := range r.Kinds {
		held := int64(0)
		for _, n := range k.Quarantined {
			held += n
		}
		s.put(observe.ByKind, k.Kind, observe.Values{
			observe.RecordsPosted: float64(k.Posted), observe.RecordsQuarantined: float64(held),
		})
	}
}

// coverage tells of how many users the roles are known, and how old the
// oldest reading is.
func (f *transformFunction) coverage(ctx context.Context, s *seen, r *report.Report) {
	snap, err := staging.Load(ctx, f.Store, staging.RunID(r.Run), staging.RoleAssignments)
	if err != nil {
		s.log.WarnContext(ctx, "the metrics of role coverage are missing", "err", err)
		return
	}
	var users, known int
	var oldest time.Time
	for _, c := range snap.Complete.Coverage {
		users, known = users+c.Users, known+c.Known
		if !c.Oldest.IsZero() && (oldest.IsZero() || c.Oldest.Before(oldest)) {
			oldest = c.Oldest
		}
	}
	values := observe.Values{}
	if users > 0 {
		values[observe.RoleCoverage] = 100 * float64(known) / float64(users)
	}
	if !oldest.IsZero() {
		values[observe.RoleReadingAge] = max(r.FinishedAt.Sub(oldest).Seconds(), 0)
	}
	s.put(observe.NoDimension, "", values)
}

// announceRun puts the event of the run's end on the bus.
func (f *transformFunction) announceRun(ctx context.Context, s *seen, r *report.Report) {
	s.announce(ctx, func(put observe.PutEvents) error {
		return observe.Announce(ctx, put, observe.RunFinished{
			Stack: f.stack, Run: r.Run, State: string(r.State), DryRun: r.DryRun, Narrowed: r.Narrowed,
			Posted: r.Posted(), Quarantined: r.Totals.Quarantined, Unread: r.Totals.Unread,
			Swept: r.Sweep.Swept, Held: r.Sweep.Held,
			Report: strings.TrimRight(f.Settings.StagingURL, "/") + "/" + staging.ReportKey(staging.RunID(r.Run)),
		})
	})
}
