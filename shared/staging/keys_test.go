package staging_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
)

const run staging.RunID = "20261123T090000Z"

func TestRuns(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 999, time.FixedZone("CET", 3600))
	if got, err := staging.ParseRun(string(staging.RunAt(at))); err != nil || got != run || !run.Time().Equal(at.Truncate(time.Second)) || !staging.RunID("nonsense").Time().IsZero() {
		t.Errorf("got run %s of time %s, want %s", got, run.Time(), run)
	}
	for _, s := range []string{
		"", "20261123T090000", "20261123T090000z", "20261323T090000Z", "2026-11-23T09:00:00Z",
		"20261123T090000.5Z", " 20261123T090000Z", "20261123T250000Z", "20261123T090000Z/..",
	} {
		if got, err := staging.ParseRun(s); err == nil {
			t.Errorf("%q was taken for run %s", s, got)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	got := []string{
		staging.OpenKey, staging.RunPrefix(run), staging.RunKey(run), staging.TransformKey(run), staging.ApprovalKey(run),
		staging.ReportKey(run), staging.ReportPageKey(run), staging.FindingsKey(run), staging.CompleteKey(run, staging.Groups),
		staging.LeaseKey(run, ""), staging.LeaseKey(run, staging.Devices),
	}
	const folder = "runs/20261123T090000Z/"
	want := []string{
		"runs/open.json", folder, folder + "run.json", folder + "transform.json", folder + "approval.json",
		folder + "report.json", folder + "report.html", folder + "findings.json", folder + "groups/complete.json",
		folder + "lease.json", folder + "devices/lease.json",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestParseCompleteKey(t *testing.T) {
	t.Parallel()
	for _, c := range staging.Collections {
		for _, prefix := range []string{"", "prefix/", "a/runs/b/"} {
			gotRun, gotCollection, err := staging.ParseCompleteKey(prefix + staging.CompleteKey(run, c))
			if gotRun != run || gotCollection != c || err != nil {
				t.Errorf("%s%s: got %s, %s, error %v", prefix, c, gotRun, gotCollection, err)
			}
		}
	}
	for _, key := range []string{
		"", "complete.json", "users/complete.json", "20261123T090000Z/users/complete.json",
		"runs/20261123T090000Z/users/manifest.json", "runs/20261123T090000Z/user/complete.json",
		"runs/today/users/complete.json", "myruns/20261123T090000Z/users/complete.json",
		"runs/20261123T090000Z/users/complete.json/", "runs/20261123T090000Z/x/users/complete.json",
	} {
		if r, c, err := staging.ParseCompleteKey(key); err == nil {
			t.Errorf("%q was taken for %s of run %s", key, c, r)
		}
	}
}
