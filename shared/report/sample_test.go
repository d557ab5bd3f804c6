package report_test

import (
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
)

const sampleEnvironment = "11111111-2222-4333-8444-555555555555"

// sample is a report with something in every place.
func sample() *report.Report {
	id, _ := pingone.ParseID(sampleEnvironment)
	cutoff := time.Date(2026, 11, 23, 8, 59, 12, 0, time.UTC)
	r := &report.Report{
		Version: report.Version, Run: "20261123T090000Z", State: report.Done, AppID: "app-1",
		Settings:     report.Settings{AuthomizeURL: "https://api.authomize.com", MaxShrinkPercent: 20, RoleMaxAge: "168h0m0s", ServiceAccounts: "apart"},
		Program:      strings.Repeat("c0ffee00", 8),
		Organization: &report.Name{ID: id, Name: "Example <b>Demo</b>"},
		Environments: []report.Environment{{ID: id, Name: "Workforce"}, {ID: id}},
		StartedAt:    time.Date(2026, 11, 23, 9, 0, 10, 0, time.UTC), FinishedAt: time.Date(2026, 11, 23, 9, 1, 25, 0, time.UTC), ElapsedMs: 75_000,
		Collections: []report.Collection{
			{Name: "environments", Calls: 2, Pages: 2, Records: 4, Bytes: 912, RawBytes: 4000, ElapsedMs: 310, Unread: []report.Unread{}},
			{Name: "users", Calls: 8, Pages: 7, Records: 5000, Bytes: 412_000, RawBytes: 9_000_000, Retries: 3, Throttled: 1, ElapsedMs: 12_345, Unread: []report.Unread{}},
			{Name: "roleassignments", Calls: 5131, Pages: 5131, Records: 212, Bytes: 2_210_000, RawBytes: 29_000_000, Gone: 1, ElapsedMs: 754_321, Unread: []report.Unread{}},
		},
		Kinds: []report.Kind{
			{Kind: "users", Mapped: 5000, Posted: 4998, Accepted: 4998, Requests: 4, Bytes: 2_345_678, Quarantined: map[string]int64{"email: invalid format": 2}},
			{Kind: "serviceAccounts", Mapped: 9, Posted: 9, Accepted: 9, Requests: 1, Bytes: 2345},
			{Kind: "groupingAssociations", Mapped: 64, Posted: 64, Accepted: 64, Requests: 1, Bytes: 9345},
			{Kind: "permissions", Mapped: 12_345_678, Posted: 12_345_678, Accepted: 12_345_678, Duplicates: 4, Requests: 1320, Bytes: 1_200_345_000},
		},
		Quarantine: []report.Quarantined{
			{Kind: "users", Key: "user:11111111-2222-4333-8444-000000000001", Reason: "email: invalid format"},
			{Kind: "users", Key: "user:11111111-2222-4333-8444-000000000002<script>alert(1)</script>", Reason: "email: invalid format"},
		},
		RoleCoverage: []report.RoleCoverage{
			{Environment: id, Users: 9000, Known: 8990, Oldest: time.Date(2026, 11, 20, 7, 30, 0, 0, time.UTC)},
			{Environment: id, Users: 1000, Known: 1000, Oldest: time.Date(2026, 11, 21, 7, 30, 0, 0, time.UTC)},
		},
		Warnings: map[string]int64{"email_malformed": 2, "scope_unknown": 1, "brand_new": 7},
		Sweep: report.Sweep{
			Mode: "apply", Swept: true, ModifiedBefore: &cutoff, RequestID: "req-1",
			Gone: []report.Gone{{Kind: "users", Count: 3, IDs: []string{"user:a", "user:b"}}, {Kind: "serviceAccounts", Count: 1, IDs: []string{"client:c"}}},
		},
	}
	r.Sum()
	return r
}

// sampleHeld is sample with a slice that was refused.
func sampleHeld() *report.Report {
	id, _ := pingone.ParseID(sampleEnvironment)
	r := sample()
	r.State = report.Held
	r.Collections[1].Unread = []report.Unread{{
		Environment: id, Path: "/v1/environments/" + sampleEnvironment + "/users", Status: 403, Code: "ACCESS_FAILED", Others: 2,
		Message:       "The request could not be completed. You do not have access to this resource.",
		Advice:        "grant the worker application the role Identity Data Read Only on environment " + sampleEnvironment,
		CorrelationID: "6f0d1c1e-4b0c-4f7e-9a51-0f8f6f3d2f10",
	}}
	r.Sweep = report.Sweep{
		Mode: "apply", Gone: r.Sweep.Gone,
		Held: []string{
			"users: /v1/environments/" + sampleEnvironment + "/users and 2 like it could not be read (403 ACCESS_FAILED): grant the worker application the role Identity Data Read Only on environment " + sampleEnvironment,
			"users shrank from 9000 to 5000 since run 20261122T090000Z, by more than 20 %: if that is right, raise MAX_SHRINK_PERCENT for one run",
		},
	}
	r.Sum()
	return r
}

// sampleFailed ended before anything was read.
func sampleFailed() *report.Report {
	r := &report.Report{
		Version: report.Version, Run: "20261123T090000Z", State: report.Failed, AppID: "app-1",
		Error: "part-000001.jsonl.gz: staged data is damaged", Sweep: report.Sweep{Mode: "apply"},
	}
	r.Sum()
	return r
}

func sampleDryRun() *report.Report {
	r := sample()
	r.DryRun = true
	for i := range r.Kinds {
		r.Kinds[i].Posted, r.Kinds[i].Accepted, r.Kinds[i].Requests, r.Kinds[i].Bytes = 0, 0, 0, 0
	}
	r.Sweep = report.Sweep{Mode: "apply", Gone: r.Sweep.Gone}
	r.Sum()
	return r
}

// sampleLong is sample with more in quarantine than is shown at once, and
// with what has no name and no reading.
func sampleLong() *report.Report {
	r := sample()
	for range 19 {
		r.Quarantine = append(r.Quarantine, report.Quarantined{Kind: "permissions", Key: "permission:x", Reason: "refused", Others: 1})
	}
	r.Kinds[3].Quarantined = map[string]int64{"refused": 1500}
	r.Kinds[2].Shortfall = 3
	r.Environments[1].Read = true
	r.RoleCoverage[0].Known, r.RoleCoverage[0].Oldest = 0, time.Time{}
	r.Sum()
	return r
}
