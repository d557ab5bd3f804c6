package transform

import (
	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
)

// fillAccess says what the access of the organization means, if the run was read.
func (t *transform) fillAccess(r *report.Report) {
	if t.x == nil || t.x.Reach() == nil {
		return
	}
	reach := t.x.Reach()
	all := insight.Assess(t.x.World(), reach, nil)
	named := map[pingone.ID]bool{}
	if t.o.Settings.ReportNames {
		named = report.Named(reach, all)
	}
	r.Explain(reach, all, t.x.Names(named))
}
