package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
)

// Whoever reads the report of an approved sweep sees that a person overruled
// the reasons, what became of it, and what may be missing from now on.
func TestApprovedIsTold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	env := pingone.ID{1}
	approved := func(swept bool, mode string) *report.Report {
		r := sampleHeld()
		r.State, r.Sweep.ApprovedAt, r.Sweep.Swept, r.Sweep.Mode = report.Done, &at, swept, mode
		return r
	}
	short := approved(true, "apply")
	short.Sweep.Short = []report.Short{
		{Of: report.List{Collection: "users", Environment: env, Parent: "environment", ID: env, Name: "users"}, Expected: 1225, Read: 1205, Approved: 20},
		{Of: report.List{Collection: "users", Environment: env, Parent: "population", ID: pingone.ID{2}, Name: "users"}, Expected: 9, Read: 5},
	}
	const line = "users: 1,205 of 1,225 users of environment 01000000-0000-0000-0000-000000000000 were read; that 20 are missing was approved before."
	for _, tt := range []struct {
		name string
		r    *report.Report
		want string
	}{
		{"swept", approved(true, "apply"), "The sweep was held back for the reasons below, until a person approved it, 24 November 2026, 10:00:00 UTC."},
		{"settled", approved(false, "report"), "A person approved what is gone, over the reasons below, 24 November 2026, 10:00:00 UTC. Nothing was deleted, as the settings ask (SWEEP=report)."},
		{"short", short, line},
	} {
		html := page(t, tt.r)
		if !strings.Contains(html, tt.want) || !strings.Contains(html, "shrank from 9000 to 5000") {
			t.Errorf("%s: the page does not say %q, and why it was held", tt.name, tt.want)
		}
	}
	var table bytes.Buffer
	if err := report.Table(&table, short); err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(strings.Fields(table.String()), " "); !strings.Contains(text, line) || strings.Contains(text, "5 of 9") {
		t.Errorf("the table does not say %q alone:\n%s", line, table.String())
	}
}
