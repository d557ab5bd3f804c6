package transform

import (
	"context"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
)

// fillAccess says what the access of the organization means, if the run was read.
func (t *transform) fillAccess(ctx context.Context, r *report.Report) {
	if t.x == nil || t.x.Reach() == nil || t.notes == nil {
		return
	}
	reach := t.x.Reach()
	accepted, err := report.LoadAccepted(ctx, t.o.Store)
	if err != nil { // then nothing is accepted, which hides nothing
		t.o.Log.WarnContext(ctx, "what people accepted of findings can't be read", "err", err)
	}
	until := map[string]time.Time{}
	for id, a := range accepted {
		until[id] = a.Until
	}
	all := insight.Assess(t.x.World(), reach, until)
	named := map[pingone.ID]bool{}
	if t.o.Settings.ReportNames {
		named = report.Named(reach, all)
	}
	var before *report.Findings
	after := t.notes.After
	if after != "" {
		if before, err = report.LoadFindings(ctx, t.o.Store, after); err != nil {
			before = nil // an older version found nothing, or the run is gone
		}
	}
	r.Explain(reach, all, t.x.Names(named), string(after), before)
}
