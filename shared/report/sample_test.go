package report_test

import (
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

const sampleEnvironment = "11111111-2222-4333-8444-555555555555"

var (
	sampleID, _ = pingone.ParseID(sampleEnvironment)
	sampleRead  = time.Date(2026, 11, 20, 7, 30, 0, 0, time.UTC)
)

// refusedApplications is what was carried forward since PingOne refuses it.
func refusedApplications() report.Carried {
	c := report.Carried{
		Collection: "applications", Environment: report.Name{ID: sampleID, Name: "Workforce"}, Reason: staging.Refused, List: "applications",
		Lists: 1, Records: 17, Oldest: sampleRead, Status: 403, Code: "ACCESS_FAILED", Role: "Configuration Read Only",
		Message:       "The request could not be completed. You do not have access to this resource.",
		CorrelationID: "6f0d1c1e-4b0c-4f7e-9a51-0f8f6f3d2f10", Keys: []string{"/v1/environments/" + sampleEnvironment + "/applications"},
	}
	c.Explain()
	return c
}

// sample is a report with something everywhere.
func sample() *report.Report {
	cutoff := time.Date(2026, 11, 23, 8, 50, 10, 0, time.UTC)
	notDue := report.Carried{
		Collection: "roleassignments", Environment: report.Name{ID: sampleID}, Reason: staging.NotDue, List: "roleAssignments", Lists: 4000, Records: 80, Oldest: sampleRead,
	}
	notDue.Explain()
	r := &report.Report{
		Version: report.Version, Run: "20261123T090000Z", State: report.Done, AppID: "app-1",
		Settings:     report.Settings{AuthomizeURL: "https://api.authomize.com", MaxShrinkPercent: 20, MaxReadingAge: "168h0m0s", ServiceAccounts: "apart", Confidence: "likely"},
		Program:      strings.Repeat("c0ffee00", 8),
		Organization: &report.Name{ID: sampleID, Name: "Example <b>Demo</b>"},
		Environments: []report.Environment{{ID: sampleID, Name: "Workforce", Read: true}, {ID: sampleID}},
		StartedAt:    time.Date(2026, 11, 23, 9, 0, 10, 0, time.UTC), FinishedAt: time.Date(2026, 11, 23, 9, 1, 25, 0, time.UTC), ElapsedMs: 75_000,
		Collections: []report.Collection{
			{Name: "environments", Calls: 2, Pages: 2, Records: 4, Bytes: 912, RawBytes: 4000, ElapsedMs: 310},
			{Name: "users", Calls: 8, Pages: 7, Records: 5000, Bytes: 412_000, RawBytes: 9_000_000, Retries: 3, Throttled: 1, ElapsedMs: 12_345, Gone: 3},
			{Name: "roleassignments", Calls: 5131, Pages: 5131, Records: 212, Bytes: 2_210_000, RawBytes: 29_000_000, ElapsedMs: 754_321, Carried: 80, NeverRead: 7},
		},
		Carried: []report.Carried{notDue, refusedApplications()},
		Gone:    []report.Witnessed{{Collection: "users", Environment: sampleID, By: staging.WitnessFeed, Count: 3, IDs: []string{"a", "b"}}},
		Kinds: []report.Kind{
			{Kind: "users", Mapped: 5000, Posted: 4998, Accepted: 4998, Before: 5003, Requests: 4, Bytes: 2_345_678, Quarantined: map[string]int64{"email: invalid format": 2}},
			{Kind: "serviceAccounts", Mapped: 9, Posted: 9, Accepted: 9, Requests: 1, Bytes: 2345},
			{Kind: "groupingAssociations", Mapped: 64, Posted: 64, Accepted: 64, Requests: 1, Bytes: 9345},
			{Kind: "permissions", Mapped: 12_345_678, Posted: 12_345_678, Accepted: 12_345_678, Duplicates: 4, Requests: 1320, Bytes: 1_200_345_000},
		},
		Quarantine: []report.Quarantined{
			{Kind: "users", Key: "user:11111111-2222-4333-8444-000000000001", Reason: "email: invalid format"},
			{Kind: "users", Key: "user:11111111-2222-4333-8444-000000000002<script>alert(1)</script>", Reason: "email: invalid format"},
		},
		Warnings: []report.Warning{{Code: "email_malformed", Count: 2, IDs: []string{"user:x"}}, {Code: "scope_unknown", Count: 1}, {Code: "brand_new", Count: 7}},
		Sweep:    report.Sweep{Mode: "apply", Swept: true, ModifiedBefore: &cutoff, Cutoff: &cutoff, RequestID: "req-1"},
	}
	explain(r, nil)
	r.Sum()
	return r
}

// sampleHeld is sample, held for two reasons, of which a person may overrule
// one.
func sampleHeld() *report.Report {
	r := sample()
	r.State = report.Held
	r.Sweep = report.Sweep{Mode: "apply", Held: sweep.Judge(sweep.Evidence{
		Before: sweep.Counts{"users": 9000}, Now: sweep.Counts{"users": 5000}, Since: "20261122T090000Z", MaxShrink: 20,
		Receipts: []sweep.Receipts{{Kind: "groupings", Fewer: 3}},
	})}
	r.Sum()
	return r
}

// sampleApproved is sample, whose applications a person approved to go.
func sampleApproved() *report.Report {
	r := sample()
	r.Carried[1].Approved = true
	r.Carried[1].Explain()
	r.Sweep.Approvals = []sweep.Approval{{Codes: []string{"shrunk", "refused:applications"}, Reason: "moved to another tenant", By: "arn:aws:iam::1:user/ann", At: sampleRead}}
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
	r := sampleHeld()
	r.DryRun = true
	for i := range r.Kinds {
		r.Kinds[i].Posted, r.Kinds[i].Accepted, r.Kinds[i].Requests, r.Kinds[i].Bytes = 0, 0, 0, 0
	}
	r.Sum()
	return r
}

// sampleReport is sample under SWEEP=report, with more in quarantine than is
// shown at once.
func sampleReport() *report.Report {
	r := sample()
	r.Sweep = report.Sweep{Mode: "report", Gone: []report.Gone{{Kind: "users", Count: 150, IDs: []string{"user:a", "user:b"}}, {Kind: "serviceAccounts", Count: 1, IDs: []string{"client:c"}}}}
	for range 19 {
		r.Quarantine = append(r.Quarantine, report.Quarantined{Kind: "permissions", Key: "permission:x", Reason: "refused", Others: 1})
	}
	r.Kinds[3].Quarantined = map[string]int64{"refused": 1500}
	r.Kinds[2].Shortfall = 3
	r.Carried[0].Overdue = true
	r.Sum()
	return r
}
