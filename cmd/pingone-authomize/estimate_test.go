package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/report"
)

// An estimate names the calls of each collection as a run would make them, and
// neither stages nor posts anything.
func TestRunEstimate(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.env["PINGONE_REQUESTS_PER_SECOND"] = "50"
	stdout, stderr := m.run(t.Context(), exitDone, "run", "--estimate")
	if stderr != "" || len(x.authomize.Requests()) != 0 {
		t.Errorf("stderr %q, %d requests to Authomize", stderr, len(x.authomize.Requests()))
	}
	if entries, err := os.ReadDir(filepath.Join(m.dir, "staging")); err != nil || len(entries) != 0 {
		t.Errorf("it left %v, %v", entries, err)
	}
	got := map[string]string{}
	for _, line := range strings.Split(stdout, "\n") {
		if f := strings.Fields(line); len(f) == 4 {
			got[f[0]] = f[1] + " " + f[2]
		}
	}
	want := map[string]string{"COLLECTION": "CALLS PACE"}
	total := int64(0)
	m.env["PINGONE_REQUESTS_PER_SECOND"] = "2000"
	m.run(t.Context(), exitDone, "run")
	for _, c := range m.report().Collections {
		want[c.Name] = report.Number(c.Calls) + " 50/s"
		total += c.Calls
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("estimate (-run +estimate):\n%s\n%s", diff, stdout)
	}
	mustContain(t, "stdout", stdout, "\n"+report.Number(total)+" calls; what draws on the same limit takes turns, so all takes 1s\n")
}

// With devices the estimate says what they cost at most.
func TestRunEstimateWithDevices(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.env["PINGONE_REQUESTS_PER_SECOND"], m.env["MFA_DEVICES"] = "50", "true"
	stdout, _ := m.run(t.Context(), exitDone, "run", "--estimate")
	mustContain(t, "stdout", stdout, "MFA devices take at most 40 calls more, one for each user who may use MFA: at most 1s behind the users\n")
}
