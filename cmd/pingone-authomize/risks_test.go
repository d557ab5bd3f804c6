package main

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/report"
)

// findings are those of the newest run.
func (m *machine) findings(wantCode int, args ...string) []report.Finding {
	m.t.Helper()
	stdout, stderr := m.run(m.t.Context(), wantCode, append([]string{"findings", "--json"}, args...)...)
	var all report.Findings
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || stderr != "" {
		m.t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	var found []report.Finding
	for _, c := range all.Checks {
		found = append(found, c.Findings...)
	}
	return found
}

// finding is the id of one.
func (d *deployment) finding() string {
	d.t.Helper()
	return d.findings(exitDone, "--stack", stackName)[0].ID
}

// A risk that is taken is listed apart, no reason to fail, and found again when
// the time is up.
func TestFindingsAndAcceptance(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.run(t.Context(), exitDone, "run")
	before := m.findings(exitDone)
	if len(before) == 0 {
		t.Fatal("nothing is found")
	}
	if n := len(m.findings(exitRisk, "--fail-on", "info")); n != len(before) {
		t.Errorf("%d findings with --fail-on, %d without", n, len(before))
	}
	next := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	for _, f := range before {
		out, _ := m.run(t.Context(), exitDone, "findings", "accept", f.ID, "--reason", "as agreed", "--until", next)
		mustContain(t, "stdout", out, f.ID+" is accepted until "+next+" by ")
	}
	if left := m.findings(exitDone, "--fail-on", "info"); len(left) != 0 {
		t.Errorf("%+v are not accepted", left)
	}
	if all := m.findings(exitDone, "--accepted"); len(all) != len(before) || all[0].State != "accepted" {
		t.Errorf("accepted are %+v", all)
	}
	m.run(t.Context(), exitDone, "run")
	if left := m.findings(exitDone, "--new", "--accepted"); len(left) != 0 {
		t.Errorf("%+v are new", left)
	}
	for _, c := range m.report().Access.Checks {
		if c.State == "found" {
			t.Errorf("%s is found, though it is accepted", c.Check)
		}
	}
	for _, bad := range [][]string{
		{"accept", before[0].ID, "--reason", "x", "--until", "soon"}, {"accept", before[0].ID, "--reason", "x", "--until", "2020-01-01"},
		{"accept", before[0].ID, "--reason", "x", "--until", time.Now().AddDate(2, 0, 0).Format(time.DateOnly)},
		{"accept", "F01-000000000000", "--reason", "x", "--until", next}, {"--severity", "bad"}, {"--fail-on", "bad"}, {"--run", "20200101T000000Z"},
	} {
		if _, stderr := m.run(t.Context(), exitFailed, append([]string{"findings"}, bad...)...); stderr == "" {
			t.Errorf("%q: nothing is said", bad)
		}
	}
}

func TestFindingsAsCSV(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.run(t.Context(), exitDone, "run")
	out, _ := m.run(t.Context(), exitDone, "findings", "--csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 1+len(m.findings(exitDone)) {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if got := cells("=1+1", "+1", "-x", "@x", "\tx", "\rx", "x=", ""); !slices.Equal(got, []string{"'=1+1", "'+1", "'-x", "'@x", "'\tx", "'\rx", "x=", ""}) {
		t.Errorf("cells are %q", got)
	}
	text, _ := m.run(t.Context(), exitDone, "findings")
	mustContain(t, "stdout", text, "To do: ")
}
