package transform

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// finish says what was done; cause is what it failed with.
func (t *transform) finish(ctx context.Context, cause error) error {
	r := t.report
	r.State, r.StartedAt = report.Failed, t.o.Now().UTC()
	r.FinishedAt = r.StartedAt
	for _, c := range staging.Collections {
		if snap := t.snaps[c]; snap != nil {
			t.fillCollection(r, snap.Complete)
		}
	}
	t.fillWitnesses(r)
	if t.notes != nil {
		t.fillPass(r, &t.notes.Pass)
	}
	t.fillAccess(ctx, r)
	if cause != nil {
		r.State, r.Error = report.Failed, cause.Error()
	}
	all, err := staging.ReadJSON[approvals](ctx, t.o.Store, staging.ApprovalKey(t.id))
	if err != nil && !errors.Is(err, staging.ErrNotFound) && !errors.Is(err, staging.ErrCorrupt) {
		return err
	}
	for _, a := range all.Approvals {
		r.Sweep.Approvals = append(r.Sweep.Approvals, a.Approval)
	}
	r.Sum()
	return nil
}

// fillCollection tells what was read, what was carried forward and what is
// gone.
func (t *transform) fillCollection(r *report.Report, c *staging.Complete) {
	out := report.Collection{
		Name: string(c.Collection), Calls: c.Calls, Pages: c.Pages, Records: c.Records, Bytes: c.Bytes, RawBytes: c.RawBytes,
		Retries: c.Retries, Throttled: c.Throttled, ElapsedMs: c.ElapsedMs, Gone: int64(len(c.Gone)),
	}
	for _, n := range c.NeverRead {
		out.NeverRead += int64(n.Lists)
	}
	names := map[pingone.ID]string{}
	for _, e := range r.Environments {
		names[e.ID] = e.Name
	}
	for i := range c.Carried {
		l := &c.Carried[i]
		out.Carried += int64(l.Records)
		carried := report.Carried{
			Collection: string(c.Collection), Environment: report.Name{ID: l.Environment, Name: names[l.Environment]}, Reason: l.Reason, List: l.List,
			Lists: int64(l.Lists), Records: int64(l.Records), Oldest: l.Oldest, Keys: l.Keys,
			Status: l.Status, Code: l.Code, Message: l.Message, CorrelationID: l.CorrelationID,
			Overdue:  !l.Oldest.IsZero() && t.o.Now().Sub(l.Oldest) > t.o.Settings.MaxAge,
			Approved: t.skips.isApproved(c.Collection, l),
		}
		if of, err := collection.Of(c.Collection); err == nil {
			carried.Role = of.Role
		}
		carried.Explain()
		r.Carried = append(r.Carried, carried)
	}
	r.Collections = append(r.Collections, out)
	r.Gone = append(r.Gone, witnessed(c)...)
}

// fillWitnesses warns where the audit feed alone proves that something is gone.
func (t *transform) fillWitnesses(r *report.Report) {
	var blind, uncounted []string
	for _, c := range staging.Collections {
		snap := t.snaps[c]
		if snap == nil {
			continue
		}
		if n := len(snap.Complete.Rights); n > 0 && !snap.Complete.Rights[n-1].Read {
			blind = append(blind, string(c))
		}
	}
	for _, e := range r.Environments {
		isCounted := func(c staging.UserCount) bool { return c.Environment == e.ID }
		if e.Read && !slices.ContainsFunc(t.snaps[staging.Users].Complete.Counts, isCounted) {
			uncounted = append(uncounted, e.ID.String())
		}
	}
	warn := func(code string, ids []string) {
		if len(ids) > 0 {
			r.Warnings = append(r.Warnings, report.Warning{Code: code, Count: int64(len(ids)), IDs: ids[:min(len(ids), maxIDs)]})
		}
	}
	warn(report.RightsUnreadable, blind)
	warn(report.UsersNotCounted, uncounted)
}

// witnessed counts what is gone by environment and witness.
func witnessed(c *staging.Complete) []report.Witnessed {
	var all []report.Witnessed
	for _, gone := range c.Gone {
		at := slices.IndexFunc(all, func(w report.Witnessed) bool { return w.Environment == gone.Environment && w.By == gone.By })
		if at < 0 {
			at = len(all)
			all = append(all, report.Witnessed{Collection: string(c.Collection), Environment: gone.Environment, By: gone.By})
		}
		id := gone.ID.String()
		if gone.Parent != nil {
			id = gone.Parent.Kind + ":" + gone.Parent.ID.String() + " " + id
		}
		if all[at].Count++; len(all[at].IDs) < maxIDs {
			all[at].IDs = append(all[at].IDs, id)
		}
	}
	return all
}

// fillPass tells what was posted, and how it ended.
func (t *transform) fillPass(r *report.Report, p *pass) {
	if !p.Begun.IsZero() {
		r.StartedAt = p.Begun
	}
	for _, kind := range authomize.Kinds {
		r.Kinds = append(r.Kinds, t.kindOf(kind))
	}
	for _, kind := range authomize.Kinds {
		fillResult(r, kind, p.Results[kind])
	}
	for _, q := range p.Findings.Quarantined {
		for _, line := range q.Lines {
			r.Quarantine = append(r.Quarantine, report.Quarantined{Kind: string(q.Kind), Key: line.Key, Reason: q.Reason, Others: line.Others})
		}
	}
	for _, w := range p.Findings.Warnings {
		r.Warnings = append(r.Warnings, report.Warning{Code: string(w.Code), Count: w.Count, IDs: w.IDs})
	}
	if out := p.Outcome; out != nil {
		r.State, r.FinishedAt = out.State, out.At
		r.Sweep.Swept, r.Sweep.RequestID, r.Sweep.Gone = out.Swept, out.RequestID, out.Goes
		r.Sweep.Held = append(r.Sweep.Held, out.Held...)
		r.Sweep.Cutoff = momentOf(out.Cutoff)
		if out.Swept {
			r.Sweep.ModifiedBefore = r.Sweep.Cutoff
		}
	}
	r.ElapsedMs = r.FinishedAt.Sub(r.StartedAt).Milliseconds()
}

// fillResult lists what Authomize refused, and what it took without a field.
func fillResult(r *report.Report, kind authomize.Kind, result authomize.Result) {
	listed := map[string]int{}
	for _, q := range result.Quarantined {
		if listed[q.Reason]++; listed[q.Reason] <= maxListed {
			r.Quarantine = append(r.Quarantine, report.Quarantined{Kind: string(q.Kind), Key: q.Key, Reason: q.Reason})
		}
	}
	for _, field := range slices.Sorted(maps.Keys(result.Warnings)) {
		w := result.Warnings[field]
		r.Warnings = append(r.Warnings, report.Warning{Code: report.RefusedField + string(kind) + "." + field, Count: w.Records, IDs: w.Keys})
	}
}

// maxListed is how many records are listed that Authomize refused for one reason.
const maxListed = 1000

func (t *transform) kindOf(kind authomize.Kind) report.Kind {
	p := &t.notes.Pass
	result := p.Results[kind]
	k := report.Kind{
		Kind: string(kind), Mapped: p.Mapped[kind], Posted: result.Posted, Accepted: result.Accepted, Shortfall: result.Shortfall,
		Duplicates: result.Duplicates, Requests: result.Batches + result.Refused, Bytes: result.Bytes, Quarantined: map[string]int64{},
	}
	if p.Outcome != nil {
		k.Before = p.Outcome.Before[string(kind)]
	}
	if t.dry {
		k.Posted, k.Accepted, k.Requests, k.Bytes = 0, 0, 0, 0
	}
	for _, q := range p.Findings.Quarantined {
		if q.Kind == kind {
			k.Quarantined[q.Reason] += q.Count
		}
	}
	for why, n := range result.QuarantinedByReason {
		k.Quarantined[why] += n
	}
	return k
}

// momentOf is nil for the zero time.
func momentOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
