package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/report"
	"pingone-authomize/shared/sweep"
)

// What PingOne calls something can't write on a terminal, or in the page, what
// the report doesn't say.
func TestNamesShowTheirControlCharacters(t *testing.T) {
	t.Parallel()
	r := &report.Report{State: report.Failed, Run: "20261123T090000Z", Error: "a\tb\r\x07\x7f"}
	r.Sweep.Held = []sweep.Reason{
		{Code: "shrunk", Text: "users of People\x1b[2J\x1b[1;1H\nrun done: swept", Do: "wait\x1b"},
		{Code: "shrunk", Text: "users of \u202eelpoeP\u202c and \u2066\u2069\u200f, \u009b2J, Grüße 人 👩‍💻", Do: "wait"},
	}
	r.Organization = &report.Name{Name: "Tiny\u202e\x1b"}
	var table bytes.Buffer
	if err := report.Table(&table, r); err != nil {
		t.Fatal(err)
	}
	want := `run 20261123T090000Z failed: 0 records posted; a\tb\r\a\x7f
  - shrunk: users of People\x1b[2J\x1b[1;1H\nrun done: swept
    To do: wait\x1b
  - shrunk: users of \u202eelpoeP\u202c and \u2066\u2069\u200f, \u009b2J, Grüße
    人 👩‍💻
    To do: wait
`
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}

	page, err := report.Page(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`Access sync of Tiny\u202e\x1b`, `a\tb\r\a\x7f`, `users of \u202eelpoeP\u202c and \u2066\u2069\u200f, \u009b2J, Grüße 人 👩‍💻`} {
		if !strings.Contains(strings.ReplaceAll(string(page), "\t", `\t`), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if at := strings.IndexAny(string(page), "\x1b\x07\x7f\r\u009b\u202e\u2066"); at >= 0 {
		t.Errorf("the page has %q", page[at:min(at+20, len(page))])
	}
}
