package report_test

import (
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// A run that is transformed once more gets another report. The one before may
// be the proof of a sweep, so it is kept, if its transform came to its end.
func TestEarlierReportIsKept(t *testing.T) {
	t.Parallel()
	const run = staging.RunID("20261123T090000Z")
	first := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		state report.State
		again time.Duration // after first
		kept  bool
	}{
		"done, then another": {report.Done, time.Hour, true},
		"held, then another": {report.Held, time.Hour, true},
		"held, and approved": {report.Held, 0, false},
		"failed":             {report.Failed, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := &stagingtest.Memory{}
			before := &report.Report{Version: report.Version, Run: string(run), State: tt.state, StartedAt: first}
			before.Sweep.RequestID = "request-13"
			after := &report.Report{Version: report.Version, Run: string(run), State: report.Done, StartedAt: first.Add(tt.again)}
			for _, r := range []*report.Report{before, after} {
				if err := report.Save(t.Context(), store, run, r); err != nil {
					t.Fatal(err)
				}
			}
			object, err := store.Get(t.Context(), "runs/20261123T090000Z/transform/report-20261123T093000.000Z.json")
			if kept := err == nil && strings.Contains(string(object.Data), `"request-13"`); kept != tt.kept {
				t.Errorf("kept: %t, want %t (%v)", kept, tt.kept, err)
			}
			if got, err := report.Load(t.Context(), store, run); err != nil || got.State != report.Done || !got.StartedAt.Equal(after.StartedAt) {
				t.Errorf("report %+v, %v", got, err)
			}
		})
	}
}
