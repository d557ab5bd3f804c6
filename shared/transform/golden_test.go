package transform_test

import (
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

var update = flag.Bool("update", false, "write testdata anew")

// What differs from one time to the next: moments, durations, and sizes,
// since links hold the fake's port; and what is a matter of fetch alone.
var (
	moments      = regexp.MustCompile(`"20\d\d-\d\d-\d\dT[^"]*"`)
	amounts      = regexp.MustCompile(`"(elapsedMs|bytes|rawBytes|calls|pages|retries|throttled)": \d+`)
	programs     = regexp.MustCompile(`"program": "[0-9a-f]{64}"`)
	correlations = regexp.MustCompile(`"correlationId": "[0-9a-f-]{36}"`)
)

// TestReport holds the form of report.json, with a bit of everything in it.
func TestReport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(r *rig)
		state   report.State
	}{
		{"done", func(r *rig) { r.org.RemoveUser(id("main"), id("eve")) }, report.Done},
		{"held", func(r *rig) {
			r.org.RemoveUser(id("main"), id("eve"))
			r.org.Nest(id("main"), id("staff"), id("staff"))
			r.org.UpdateUser(id("main"), id("cy"), func(u *pingonetest.User) { u.Email, u.Lifecycle = "no mail", "ARCHIVED" })
			r.fake.Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED")
			r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseWhere("name", "value_error", isBob)})
		}, report.Held},
		{"failed", func(r *rig) {
			r.app.AddFaults(authomizetest.Fault{Kind: authomize.Assets, Do: authomizetest.Status(401)})
		}, report.Failed},
		{"dry", func(r *rig) {
			r.settings.DryRun = true
			removeLeads(r.org)
		}, report.Held},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			tt.prepare(r)
			r.fetch(run2)
			if got := r.mustTransform(run2); got.State != tt.state {
				t.Errorf("got %+v", got)
			}
			object, err := r.store.Get(t.Context(), staging.ReportKey(run2))
			if err != nil {
				t.Fatal(err)
			}
			got := moments.ReplaceAllString(named(string(object.Data)), `"TIME"`)
			got = amounts.ReplaceAllString(got, `"$1": 0`)
			got = correlations.ReplaceAllString(got, `"correlationId": "UUID"`)
			got = programs.ReplaceAllString(got, `"program": "SHA256"`)
			golden(t, "testdata/"+tt.name+".json", got)
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
