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
	if got := staging.RunAt(at); got != run {
		t.Errorf("got run %s, want %s", got, run)
	}
	if got, want := run.Time(), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got time %s, want %s", got, want)
	}
	for _, s := range []string{
		"", "20261123T090000", "20261123T090000z", "20261323T090000Z", "2026-11-23T09:00:00Z",
		"20261123T090000.5Z", " 20261123T090000Z", "20261123T250000Z", "20261123T090000Z/..",
	} {
		if got, err := staging.ParseRun(s); err == nil {
			t.Errorf("%q was taken for run %s", s, got)
		}
	}
	if got, err := staging.ParseRun(string(run)); got != run || err != nil {
		t.Errorf("got run %s, error %v", got, err)
	}
	if got := staging.RunID("nonsense").Time(); !got.IsZero() {
		t.Errorf("got time %s of a malformed run", got)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	got := []string{
		staging.RunPrefix(run), staging.PartKey(run, staging.Users, 1), staging.PlanKey(run, staging.RoleAssignments, 23),
		staging.ManifestKey(run, staging.Gateways), staging.CompleteKey(run, staging.Groups),
		staging.ClaimKey(run), staging.ReportKey(run), staging.ReportPageKey(run),
		staging.PartKey(run, staging.Users, 1234567),
	}
	want := []string{
		"runs/20261123T090000Z/", "runs/20261123T090000Z/users/part-000001.jsonl.gz",
		"runs/20261123T090000Z/roleassignments/plan-000023.jsonl.gz",
		"runs/20261123T090000Z/gateways/manifest.json", "runs/20261123T090000Z/groups/complete.json",
		"runs/20261123T090000Z/transform/claim.json", "runs/20261123T090000Z/report.json", "runs/20261123T090000Z/report.html",
		"runs/20261123T090000Z/users/part-1234567.jsonl.gz",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, key := range got[1:] {
		if err := staging.CheckKey(key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
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

func TestParseCollection(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "user", "Users", "transform"} {
		if c, err := staging.ParseCollection(s); err == nil {
			t.Errorf("%q was taken for %s", s, c)
		}
	}
}
