package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

var (
	orgAdmin, _ = pingone.ParseID("1813bc13-8d13-4e88-a825-d40bfe82777b")
	boss, eve   = pingone.ID{1}, pingone.ID{2}
	desk        = pingone.ID{3} // a role
)

// controlled is an organization of one administrator, whose password a client may
// reset, and so may eve, who is external.
func controlled() *insight.World {
	return &insight.World{
		Organization: insight.OrganizationInfo{ID: pingone.ID{9}, Name: "Example"},
		Environments: []insight.EnvironmentInfo{{ID: sampleID, Name: "Workforce", Read: true}},
		Populations:  []insight.PopulationInfo{{ID: pingone.ID{8}, Name: "People", Environment: sampleID}},
		Roles: []insight.RoleInfo{
			{ID: orgAdmin, Name: "Organization Admin", Permissions: []pingone.RolePermission{{ID: "orgmgt:read:organization"}}},
			{ID: desk, Name: "Desk <i>", Custom: true, Permissions: []pingone.RolePermission{{ID: "dir:reset:userPassword"}, {ID: "mfa:delete:device"}}},
		},
		Homes:   []insight.Home{{Environment: sampleID, Population: pingone.ID{8}}},
		Users:   []insight.UserInfo{{ID: boss, LastSignOn: 20000}, {ID: eve, External: true, Federated: true}},
		Clients: []insight.ClientInfo{{ID: pingone.ID{7}, Name: "Sync", Environment: sampleID, ActsAlone: true}},
		Classes: []insight.Class{
			{Role: orgAdmin, Scope: insight.Scope{Type: "ORGANIZATION", ID: pingone.ID{9}}},
			{Role: desk, Scope: insight.Scope{Type: "ENVIRONMENT", ID: sampleID}},
		},
		Holdings: []insight.Holding{{Kind: insight.User}, {Kind: insight.User, Holder: 1, Class: 1}, {Kind: insight.Client, Class: 1}},
		Now:      time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
	}
}

// explain says of a report what controlled means.
func explain(r *report.Report, accepted map[string]time.Time) {
	w := controlled()
	reach := insight.Compute(w, insight.Likely)
	all := insight.Assess(w, reach, accepted)
	names := w.Names()
	for id := range report.Named(reach, all) {
		names[id] = map[pingone.ID]string{boss: "Ada Admin", eve: "Eve"}[id]
	}
	r.Explain(reach, all, names, "", nil)
}

func TestSentences(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Carried, r.Environments = r.Carried[:1], r.Environments[:1]
	explain(r, nil)
	want := []string{
		"Complete: 1 environment, 5,000 users; oldest role reading 3 days.",
		"1 identity controls the organization: 1 person.",
		"2 more can become one of them: 0 by documented rules, 2 likely. Removing Organization Admin from Ada Admin closes 2.",
	}
	if diff := cmp.Diff(want[:2], r.Access.Sentences[:2]); diff != "" || !strings.HasPrefix(r.Access.Sentences[2], want[2][:66]) {
		t.Errorf("%s%q", diff, r.Access.Sentences)
	}
	r = sample()
	explain(r, nil)
	if got := "Incomplete: 1 environment was not read, applications in Workforce are as of 20 November 2026; paths there may be missing."; r.Access.Sentences[0] != got {
		t.Errorf("%q", r.Access.Sentences[0])
	}
}

// What is kept beside the report is all of it, and what a person accepted is
// listed as such until the time is up.
func TestFindings(t *testing.T) {
	t.Parallel()
	r, store := sample(), new(stagingtest.Memory)
	explain(r, nil)
	first := r.Access.Checks[0]
	if first.Check != "F01" || first.State != insight.Found || first.Count != 2 {
		t.Fatalf("%+v", first)
	}
	texts := map[string]string{}
	for _, f := range first.Findings {
		texts[f.Severity] += f.Text + "; "
	}
	want := map[string]string{
		"high": "Eve holds Desk <i> on environment Workforce, so this user can reset the password of Ada Admin, who is Organization Admin (R1, likely); " +
			"client Sync holds Desk <i> on environment Workforce, so it can reset the password of Ada Admin, who is Organization Admin (R1, likely); ",
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	until := controlled().Now.Add(time.Hour)
	explain(r, map[string]time.Time{first.Findings[0].ID: until, first.Findings[1].ID: controlled().Now})
	states := []insight.State{r.Access.Checks[0].Findings[0].State, r.Access.Checks[0].Findings[1].State, r.Access.Checks[0].State}
	if diff := cmp.Diff([]insight.State{insight.Accepted, insight.Found, insight.Found}, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if err := report.Save(t.Context(), store, staging.RunID(r.Run), r); err != nil {
		t.Fatal(err)
	}
	kept, err := report.LoadFindings(t.Context(), store, staging.RunID(r.Run))
	if diff := cmp.Diff(r.Findings, kept, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Errorf("kept: %v (-want +got):\n%s", err, diff)
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	const run = "20261122T090000Z"
	principal := func(id byte, name string, acts bool) report.Principal {
		return report.Principal{Thing: insight.Thing{Kind: insight.User, ID: pingone.ID{id}}, Name: name, Holds: "Organization Admin", Acts: acts}
	}
	before := func(tierZero []report.Principal, ids ...string) *report.Findings {
		f := &report.Findings{TierZero: tierZero}
		for _, id := range ids {
			f.Checks = append(f.Checks, report.Check{Findings: []report.Finding{{ID: id}}})
		}
		return f
	}
	first := sample()
	var ids []string
	for _, c := range first.Findings.Checks {
		for _, f := range c.Findings {
			ids = append(ids, f.ID)
		}
	}
	ada := first.Findings.TierZero
	bob, many := principal(40, "Bob", true), []report.Principal{}
	for i := range byte(5) {
		many = append(many, principal(50+i, "M", true))
	}
	for name, tt := range map[string]struct {
		after  string
		before *report.Findings
		want   string
	}{
		"first":           {"", nil, "First run: nothing to compare with."},
		"lost":            {run, nil, "What changed since run 20261122T090000Z is unknown: what it found is not there any more."},
		"the same":        {run, before(ada, ids...), "Since 22 November 2026, 09:00 UTC nothing of this changed."},
		"somebody new":    {run, before(nil, ids...), "Since 22 November 2026, 09:00 UTC: Ada Admin now controls the organization (Organization Admin)."},
		"somebody less":   {run, before(append(ada[:1:1], bob), ids...), "Since 22 November 2026, 09:00 UTC: Bob no longer controls the organization."},
		"could not act":   {run, before([]report.Principal{{Thing: ada[0].Thing}}, ids...), "Since 22 November 2026, 09:00 UTC: Ada Admin now controls the organization (Organization Admin)."},
		"one who did not": {run, before(append(ada[:1:1], principal(40, "Bob", false)), ids...), "Since 22 November 2026, 09:00 UTC nothing of this changed."},
		"many":            {run, before(append(ada[:1:1], many...), ids...), "Since 22 November 2026, 09:00 UTC: M no longer controls the organization; M no longer controls the organization; M no longer controls the organization; and so for 2 more."},
		"findings":        {run, before(ada, append(ids[2:], "F99-1")...), "Since 22 November 2026, 09:00 UTC: 2 findings are new; 1 finding is gone."},
	} {
		r, w := sample(), controlled()
		reach := insight.Compute(w, insight.Likely)
		names := w.Names()
		names[boss] = "Ada Admin"
		r.Explain(reach, insight.Assess(w, reach, nil), names, tt.after, tt.before)
		if got := r.Access.Sentences[3]; got != tt.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}
