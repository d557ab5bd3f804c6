package lambdafn

import (
	"context"
	"strings"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// tellTime bounds what follows the end of a run, out of the margin.
const tellTime = 5 * time.Second

// transformed ends an invocation of transform. Only the one that ended a run
// has a report, so that a redelivered event counts nothing twice. scheduled tells
// that no person asked.
func (f *transformFunction) transformed(s *seen, scheduled bool, r transform.Result, err error) {
	defer s.end()
	failed := err
	if r.Report != nil {
		f.runEnded(s, scheduled, r.Report)
		failed = r.Cause
	}
	isDry := r.Report != nil && r.Report.DryRun
	s.put(observe.NoDimension, "", observe.Values{observe.RunsFailed: flag(err != nil || r.State == report.Failed && !isDry)})
	s.ended(failed, err == nil && r.Unfinished)
}

// runEnded tells what became of a run.
func (f *transformFunction) runEnded(s *seen, scheduled bool, r *report.Report) {
	// The invocation's own deadline may be near, its context done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), tellTime)
	defer cancel()
	if !r.DryRun {
		// Whoever narrowed a run knows that it is held, and that it says
		// nothing about the rest.
		if !r.Narrowed {
			s.runMetrics(r, scheduled)
			f.coverage(ctx, s, r)
		}
		s.kinds(r)
	}
	f.announce(ctx, s, r)
}

// runMetrics are about the run as a whole. A person's replay of an old run
// says nothing about how fresh the data is.
func (s *seen) runMetrics(r *report.Report, scheduled bool) {
	values := observe.Values{observe.GoodRuns: flag(r.State == report.Done)}
	if r.State != report.Failed {
		values[observe.RunsCompleted] = 1
		values[observe.RunsHeld] = flag(r.State == report.Held)
	}
	if begun := staging.RunID(r.Run).Time(); scheduled && !begun.IsZero() {
		values[observe.RunAge] = max(r.FinishedAt.Sub(begun).Seconds(), 0)
	}
	s.put(observe.NoDimension, "", values)
}

func (s *seen) kinds(r *report.Report) {
	for _, k := range r.Kinds {
		held := int64(0)
		for _, n := range k.Quarantined {
			held += n
		}
		if k.Mapped == 0 && k.Posted == 0 && held == 0 {
			continue
		}
		s.put(observe.ByKind, k.Kind, observe.Values{
			observe.RecordsPosted: float64(k.Posted), observe.RecordsQuarantined: float64(held),
		})
	}
}

// coverage tells of how many users the roles are known, and how old the
// oldest reading is.
func (f *transformFunction) coverage(ctx context.Context, s *seen, r *report.Report) {
	if s.metrics == nil {
		return
	}
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

// announce puts the event of the run's end on the bus.
func (f *transformFunction) announce(ctx context.Context, s *seen, r *report.Report) {
	if f.stack == "" {
		return
	}
	err := f.send(ctx, s, r)
	if err != nil {
		s.log.ErrorContext(ctx, "the event of the run's end was not sent: nothing else is wrong with the run", "err", err)
	}
	s.put(observe.NoDimension, "", observe.Values{observe.EventsFailed: flag(err != nil)})
}

func (f *transformFunction) send(ctx context.Context, s *seen, r *report.Report) error {
	if f.putEvents == nil {
		cfg, err := assemble.AWS(ctx, s.tracer.AWS)
		if err != nil {
			return err
		}
		f.putEvents = observe.NewPutEvents(cfg)
	}
	return observe.Announce(ctx, f.putEvents, observe.RunFinished{
		Stack: f.stack, Run: r.Run, State: string(r.State), DryRun: r.DryRun, Narrowed: r.Narrowed,
		Posted: r.Posted(), Quarantined: r.Totals.Quarantined, Unread: r.Totals.Unread,
		Swept: r.Sweep.Swept, Held: r.Sweep.Held,
		Report: strings.TrimRight(f.Settings.StagingURL, "/") + "/" + staging.ReportKey(staging.RunID(r.Run)),
	})
}
