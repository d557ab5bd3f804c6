package report_test

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

func page(t *testing.T, r *report.Report) string {
	t.Helper()
	data, err := report.Page(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPageSaysWhatHappened(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		report *report.Report
		want   []string
		not    []string
	}{
		{"swept", sample(),
			[]string{`class="state done"`, "what PingOne no longer holds was deleted there", "this one did not: 4 records, and what hung on them.", "23 November 2026, 09:01:25 UTC", "1 min 15 s", "req-1", "12,345,678", "1.2 GB", "and 1 more"},
			[]string{"What could not be read", "dry run"}},
		{"held", sampleHeld(),
			[]string{`class="state held"`, "A person should look", "What could not be read", "403 ACCESS_FAILED", "correlation id 6f0d1c1e-4b0c-4f7e-9a51-0f8f6f3d2f10", "and 2 like it", "Identity Data Read Only", "shrank from 9000 to 5000", "they are still in Authomize"},
			[]string{"Asked to delete"}},
		{"failed", sampleFailed(),
			[]string{`class="state failed"`, "staged data is damaged", "the run ended before any collection was opened", "no record was held back"},
			[]string{"The sweep deleted"}},
		{"dry run", sampleDryRun(),
			[]string{`<span class="dry">dry run</span>`, "Nothing was posted, as this is a dry run", "A sweep would delete"},
			[]string{"The sweep deleted"}},
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

func TestPageIsSelfContainedAndEscaped(t *testing.T) {
	t.Parallel()
	html := page(t, sample())
	if hit := regexp.MustCompile(`(?i)<script|<link|<img|<iframe|https?://|@import|url\(`).FindString(html); hit != "" {
		t.Errorf("the page holds %q", hit)
	}
	for _, want := range []string{"&lt;script&gt;alert(1)", "Example &lt;b&gt;Demo&lt;/b&gt;"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(html, "ZgotmplZ") {
		t.Error("the template refused a value")
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

func TestTableWithoutAnyReading(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := &report.Report{RoleCoverage: []report.RoleCoverage{{Users: 40}}}
	if err := report.Table(&out, r); err != nil || !strings.Contains(out.String(), "\nroles known of 0 of 40 users, none read yet\n") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestEveryWarningHasWords(t *testing.T) {
	t.Parallel()
	for _, w := range []mapping.Warning{
		mapping.WarnNoEnabled, mapping.WarnUnknownStatus, mapping.WarnBadEmail, mapping.WarnBadTime, mapping.WarnNoPermissions,
		mapping.WarnUnreadablePermission, mapping.WarnUnknownAccessType, mapping.WarnUnknownRoleCondition,
		mapping.WarnEmptyGroupCondition, mapping.WarnUnknownRole, mapping.WarnUnknownScopeType, mapping.WarnNotDescribed, mapping.WarnUnknownApplicationType,
		mapping.WarnSelfNesting, mapping.WarnUnknownProvider, mapping.WarnDevicesUnread, mapping.WarnUnknownDeviceStatus,
	} {
		if html := page(t, &report.Report{Warnings: map[string]int64{string(w): 1}}); strings.Contains(html, string(w)) {
			t.Errorf("warning %s is shown as its code", w)
		}
	}
	if html := page(t, sample()); !strings.Contains(html, "brand_new") {
		t.Error("a warning that is new is not shown")
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	never := sample()
	never.Sweep = report.Sweep{Mode: "never"}
	heldDry := sampleHeld()
	heldDry.DryRun = true
	approved, settled, at := sample(), sample(), sample().FinishedAt
	approved.Sweep.ApprovedAt = &at
	settled.Sweep = report.Sweep{Mode: "report", ApprovedAt: &at}
	for name, test := range map[string]struct {
		report *report.Report
		want   string
	}{
		"swept":    {sample(), "run 20261123T090000Z done: 12,350,749 records posted, swept"},
		"never":    {never, "run 20261123T090000Z done: 12,350,749 records posted, nothing swept (SWEEP=never)"},
		"approved": {approved, "run 20261123T090000Z done: 12,350,749 records posted, swept, as a person approved over these reasons"},
		"settled":  {settled, "run 20261123T090000Z done: 12,350,749 records posted, nothing swept (SWEEP=report), and a person approved what is gone over these reasons"},
		"held":     {sampleHeld(), "run 20261123T090000Z held: 12,350,749 records posted, nothing swept"},
		"dry run":  {sampleDryRun(), "dry run of 20261123T090000Z done: 12,350,751 records would be posted, none was"},
		"held dry": {heldDry, "dry run of 20261123T090000Z held: 12,350,751 records would be posted, none was; nothing would have been swept"},
		"failed":   {sampleFailed(), "run 20261123T090000Z failed: 0 records posted; part-000001.jsonl.gz: staged data is damaged"},
		"waiting":  {&report.Report{Run: "r", State: report.Waiting}, "run r waiting: collections are missing, or another transform is at work"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, test.report.Headline()); diff != "" {
				t.Errorf("headline (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report.Table(&out, sample()); err != nil {
		t.Fatal(err)
	}
	want := `run 20261123T090000Z done: 12,350,749 records posted, swept

read from PingOne  records  pages  calls  retries  unread         time
────────────────────────────────────────────────────────────────────────
environments             4      2      2        0       0        0.3 s
users                5,000      7      8        3       0         12 s
roleassignments        212  5,131  5,131        0       0  12 min 34 s
────────────────────────────────────────────────────────────────────────
all                  5,216  5,140  5,141                0

posted to Authomize        mapped      posted    accepted  quarantine  calls
──────────────────────────────────────────────────────────────────────────────
users                       5,000       4,998       4,998           2      4
service accounts                9           9           9           0      1
grouping associations          64          64          64           0      1
permissions            12,345,678  12,345,678  12,345,678           0  1,320
──────────────────────────────────────────────────────────────────────────────
all                    12,350,751  12,350,749  12,350,749           2  1,326

roles known of 9,990 of 10,000 users, the oldest reading 73 h 30 min old

4 records gone and deleted by the sweep: users 3, service accounts 1
10 values were new, malformed or missing; the report says which
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, r := range []*report.Report{sample(), sampleHeld(), sampleFailed(), sampleDryRun(), {}} {
		var out bytes.Buffer
		if err := report.Table(&out, r); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > 80 {
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
