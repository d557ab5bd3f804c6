package report_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/sweep"
)

func page(t *testing.T, r *report.Report) string {
	t.Helper()
	data, err := report.Page(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The golden files hold what the page says of runs that were swept or held.
func TestPageSaysWhatHappened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		report *report.Report
		want   []string
		not    []string
	}{
		{"approved", sampleApproved(), []string{"Approved by arn:aws:iam::1:user/ann, 20 November 2026, 07:30 UTC: shrunk, refused:applications. Reason: moved to another tenant", "; a person approved that they go"}, nil},
		{"failed", sampleFailed(),
			[]string{`class="state failed"`, "staged data is damaged", "the run ended before any collection was opened", "no record was held back"},
			[]string{"The sweep deleted", "Carried forward"}},
		{"dry run", sampleDryRun(),
			[]string{`<span class="dry">dry run</span>`, "Nothing was posted, as this is a dry run", "A real run would sweep nothing"},
			[]string{"The sweep deleted", "To approve"}},
		{"SWEEP=report", sampleReport(), []string{"A sweep would delete 151 records.", "users: 150", "and 148 more", `class="bad">20 November`}, nil},
		{"empty", &report.Report{}, []string{"None."}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			html := page(t, test.report)
			for _, want := range test.want {
				if !strings.Contains(html, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(html, not) {
					t.Errorf("the page says %q", not)
				}
			}
		})
	}
}

// What is not listed in quarantine is said to be more.
func TestQuarantineBeyondTheList(t *testing.T) {
	t.Parallel()
	r := &report.Report{
		Kinds:      []report.Kind{{Kind: "users", Quarantined: map[string]int64{"malformed": 1500}}},
		Quarantine: []report.Quarantined{{Kind: "users", Key: "/v1/users", Reason: "malformed", Others: 9}},
	}
	r.Sum()
	if r.Unlisted != 1490 {
		t.Errorf("%d unlisted, want 1490", r.Unlisted)
	}
	html := page(t, r)
	for _, want := range []string{"and 9 like it", "and 1,490 more: of each kind and reason, the first 1,000 are listed"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// TestCarried has the sentence of each way of being carried forward.
func TestCarried(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		c        report.Carried
		text, do string
	}{
		{refusedApplications(), "17 applications of environment Workforce are as of 20 November 2026, 07:30 UTC, since PingOne refuses them (403 ACCESS_FAILED)",
			"grant the worker application Configuration Read Only on environment " + sampleEnvironment + "; if all of it may go, approve"},
		{report.Carried{Collection: "memberships", List: "users", Reason: staging.NotDue, Records: 1200, Oldest: sampleRead},
			"1,200 members of groups are as of 20 November 2026, 07:30 UTC, since it is not their turn", "nothing; it is read in its turn"},
		{report.Carried{Collection: "devices", List: "entries", Environment: report.Name{ID: sampleID}, Reason: staging.Failed, Status: 500, Code: "X"},
			"MFA devices of environment " + sampleEnvironment + " were never read, since PingOne fails to answer (500 X)", sweep.WayOf(staging.Failed).Do},
		{report.Carried{Collection: "memberships", List: "users", Reason: staging.NotDue, Lists: 1, Oldest: sampleRead},
			"0 members of groups are as of 20 November 2026, 07:30 UTC, since it is not their turn", sweep.WayOf(staging.NotDue).Do},
		{report.Carried{Collection: "memberships", List: "users", Reason: staging.Refused, Status: 403, Records: 1, Oldest: sampleRead},
			"1 member of groups is as of 20 November 2026, 07:30 UTC, since PingOne refuses them (403)", sweep.WayOf(staging.Refused).Do},
		{report.Carried{Collection: "groups", Reason: staging.NotAsked, Records: 1, Oldest: sampleRead},
			"1 group is as of 20 November 2026, 07:30 UTC, since the run was narrowed to other environments", sweep.WayOf(staging.NotAsked).Do},
		{report.Carried{Collection: "users", Reason: staging.Short, Records: 1, Oldest: sampleRead},
			"1 user is as of 20 November 2026, 07:30 UTC, since PingOne shows fewer than it counts", sweep.WayOf(staging.Short).Do},
		{report.Carried{Collection: "users", Reason: staging.Unproven, Records: 1, Oldest: sampleRead},
			"1 user is as of 20 November 2026, 07:30 UTC, since PingOne shows them no more, and nothing proves that they are gone", sweep.WayOf(staging.Unproven).Do},
		{report.Carried{Collection: "users", Reason: staging.Unlisted, Records: 1, Oldest: sampleRead, Approved: true},
			"1 user is as of 20 November 2026, 07:30 UTC, since their environment is not listed any more; a person approved that they go", sweep.WayOf(staging.Unlisted).Do},
		{report.Carried{Collection: "users", Reason: staging.Unlisted, Status: 403, Code: "ACCESS_FAILED", Records: 1, Oldest: sampleRead},
			"1 user is as of 20 November 2026, 07:30 UTC, since the environment is to be deleted in PingOne (DELETE_PENDING), which refuses them (403 ACCESS_FAILED)",
			"nothing, until it is deleted; if all of it may go now, approve"},
	} {
		tt.c.Explain()
		if tt.c.Text != tt.text || tt.c.Do != tt.do {
			t.Errorf("%s:\n%s\n%s", tt.c.Reason, tt.c.Text, tt.c.Do)
		}
	}
}

// What has one cause in an environment is said once, in a terminal.
func TestCarriedTogether(t *testing.T) {
	t.Parallel()
	leaving := func(collection string, records int64, read time.Time) report.Carried {
		c := report.Carried{Collection: collection, Environment: report.Name{ID: sampleID, Name: "Old"}, Reason: staging.Unlisted, Status: 403, Records: records, Oldest: read}
		c.Explain()
		return c
	}
	other := refusedApplications()
	other.Explain()
	never := leaving("gateways", 0, time.Time{})
	r := &report.Report{Run: "20261123T090000Z", State: report.Done, Carried: []report.Carried{
		leaving("populations", 1, sampleRead), never, leaving("users", 1200, sampleRead.Add(-time.Hour)), other, leaving("groups", 0, sampleRead),
	}}
	var b strings.Builder
	if err := report.Table(&b, r); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"1 population, 1,200 users of environment Old are as of 20 November 2026, 06:30 UTC, since the environment is to be deleted in PingOne (DELETE_PENDING), which refuses them (403): nothing, until it is deleted; if all of it may go now, approve",
		"gateways of environment Old were never read, since the environment",
		"17 applications of environment Workforce are as of",
	}
	got := strings.Join(strings.Fields(b.String()), " ")
	for _, sentence := range want {
		if strings.Count(got, sentence) != 1 {
			t.Errorf("not once %q:\n%s", sentence, b.String())
		}
	}
	if strings.Contains(got, "groups") {
		t.Errorf("nothing is of groups:\n%s", b.String())
	}
}

func TestWhatCanBeApproved(t *testing.T) {
	t.Parallel()
	held := sampleHeld()
	held.Sweep.Held = append(held.Sweep.Held, sweep.Reason{Code: sweep.HistoryLost, Approvable: true, Needs: []string{"refused:applications"}})
	held.Sum()
	if diff := cmp.Diff([]string{"shrunk", "history-lost", "refused:applications"}, held.Approvable()); diff != "" {
		t.Errorf("approvable (-want +got):\n%s", diff)
	}
	const command = "pingone-authomize approve --run 20261123T090000Z --codes "
	if held.Approve != command+`shrunk,history-lost,refused:applications --reason "…"` || held.ApproveCommand("shrunk") != command+`shrunk --reason "…"` {
		t.Errorf("the command is %s", held.Approve)
	}
	if approved := sampleApproved(); len(approved.Approvable()) != 0 || approved.Approve != "" || sample().Approve != "" || sampleDryRun().Approve != "" {
		t.Errorf("nothing holds it, yet %v, %s", approved.Approvable(), approved.Approve)
	}
	if diff := cmp.Diff(map[string]int64{"not-due": 80, "refused": 17}, held.CarriedBy()); diff != "" {
		t.Errorf("carried (-want +got):\n%s", diff)
	}
}

func TestEveryWarningHasWords(t *testing.T) {
	t.Parallel()
	for _, w := range []mapping.Warning{
		mapping.WarnNoEnabled, mapping.WarnUnknownStatus, mapping.WarnBadEmail, mapping.WarnBadTime, mapping.WarnNoPermissions,
		mapping.WarnUnreadablePermission, mapping.WarnUnknownAccessType, mapping.WarnUnknownRoleCondition,
		mapping.WarnEmptyGroupCondition, mapping.WarnUnknownRole, mapping.WarnUnknownScopeType, mapping.WarnUnknownApplicationType,
		mapping.WarnSelfNesting, mapping.WarnUnknownProvider, mapping.WarnDevicesNotRead, mapping.WarnUnknownDeviceStatus, mapping.WarnFieldLeftOut,
	} {
		if html := page(t, &report.Report{Warnings: []report.Warning{{Code: string(w), Count: 1}}}); strings.Contains(html, string(w)) {
			t.Errorf("warning %s is shown as its code", w)
		}
	}
	html := page(t, &report.Report{Warnings: []report.Warning{{Code: "brand_new", Count: 1}, {Code: report.RefusedField + "users.email", Count: 1}}})
	for _, want := range []string{"brand_new", "Authomize refuses the field “users.email” of these records: posted without it"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		report *report.Report
		want   string
	}{
		"swept":   {sample(), "run 20261123T090000Z done: 12,350,749 records posted, swept"},
		"report":  {sampleReport(), "run 20261123T090000Z done: 12,350,749 records posted, nothing swept (SWEEP=report)"},
		"held":    {sampleHeld(), "run 20261123T090000Z held: 12,350,749 records posted, nothing swept"},
		"dry run": {sampleDryRun(), "dry run of 20261123T090000Z held: 12,350,751 records would be posted, none was; nothing would be swept"},
		"failed":  {sampleFailed(), "run 20261123T090000Z failed: 0 records posted; part-000001.jsonl.gz: staged data is damaged"},
		"waiting": {&report.Report{Run: "r", State: report.Waiting}, "run r waiting: for collections, or for another transform"},
	} {
		if diff := cmp.Diff(test.want, test.report.Headline()); diff != "" {
			t.Errorf("%s: headline (-want +got):\n%s", name, diff)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report.Table(&out, sampleHeld()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/held.txt")
	if err != nil && !*update {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/held.txt", out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, r := range []*report.Report{sample(), sampleHeld(), sampleApproved(), sampleReport(), sampleFailed(), sampleDryRun(), {}} {
		var out bytes.Buffer
		if err := report.Table(&out, r); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > 80 && !strings.Contains(line, "to approve: ") { // which is copied whole
				t.Errorf("wider than 80 columns: %q", line)
			}
			if strings.ContainsRune(line, '\x1b') || strings.HasSuffix(line, " ") {
				t.Errorf("colour or trailing space: %q", line)
			}
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -999: "-999", -1000: "-1,000"} {
		if got := report.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	t.Parallel()
	store, err := dirstore.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	run, r := staging.RunID("20261123T090000Z"), sampleHeld()
	if _, err := report.Load(t.Context(), store, run); !errors.Is(err, staging.ErrNotFound) {
		t.Errorf("Load before Save: %v, want ErrNotFound", err)
	}
	for range 2 { // the second one replaces the first
		if err := report.Save(t.Context(), store, run, r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := report.Load(t.Context(), store, run)
	if err != nil {
		t.Fatal(err)
	}
	got.Findings = r.Findings // are kept apart
	// Maps and lists that are nil come back empty.
	for i := range r.Kinds {
		if r.Kinds[i].Quarantined == nil {
			r.Kinds[i].Quarantined = map[string]int64{}
		}
	}
	if diff := cmp.Diff(r, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("report (-saved +loaded):\n%s", diff)
	}
	object, err := store.Get(t.Context(), staging.ReportPageKey(run))
	if err != nil {
		t.Fatal(err)
	}
	if got := page(t, r); got != string(object.Data) {
		t.Error("report.html is not what Page renders")
	}
	if _, err := store.Put(t.Context(), staging.ReportKey(run), []byte("{"), staging.Always); err != nil {
		t.Fatal(err)
	}
	if _, err := report.Load(t.Context(), store, run); !errors.Is(err, staging.ErrCorrupt) {
		t.Errorf("Load of a damaged report: %v, want ErrCorrupt", err)
	}
}
