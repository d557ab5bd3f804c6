package transform_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A right whose scope or group can't be told is in quarantine, and what
// Authomize holds of it stays. An application whose condition can't be read is
// not open to everyone.
func TestHeldForMalformedRights(t *testing.T) {
	t.Parallel()
	const assignments, applications = "/v1/environments/main/users/ann/roleAssignments", "permissions application:sync"
	const malformed = ": malformed: no id, or another shape"
	roles := func(pattern, to string) func(staging.Collection, string, string) string {
		return func(c staging.Collection, path, body string) string {
			if c != staging.RoleAssignments || !strings.Contains(path, id("ann").String()) {
				return body
			}
			return regexp.MustCompile(pattern).ReplaceAllString(body, to)
		}
	}
	access := func(pattern, to string) func(staging.Collection, string, string) string {
		return func(c staging.Collection, _, body string) string {
			if c != staging.Applications {
				return body
			}
			return regexp.MustCompile(pattern).ReplaceAllString(body, to)
		}
	}
	const scope, groups = `"scope":\{[^}]*\}`, `"groups":\[[^\]]*\]`
	tests := []struct {
		name string
		edit func(c staging.Collection, path, body string) string
		want string // in quarantine
	}{
		{"scope with an id of another form", roles(scope, `"scope":{"id":"oops","type":"POPULATION"}`), "accountAssociations " + assignments + malformed},
		{"scope without an id", roles(scope, `"scope":{"type":"POPULATION"}`), "accountAssociations " + assignments + malformed},
		{"the organization without an id", roles(scope, `"scope":{"type":"ORGANIZATION"}`), "accountAssociations " + assignments + malformed},
		{"newer scope with an id of another form", roles(scope, `"scope":{"id":"oops","type":"GROUP"}`), "accountAssociations " + assignments + malformed},
		{"scope without a type", roles(`"type":"POPULATION"`, `"type":""`), "accountAssociations " + assignments + malformed},
		{"empty scope", roles(scope, `"scope":{}`), "accountAssociations " + assignments + malformed},
		{"null scope", roles(scope, `"scope":null`), "accountAssociations " + assignments + malformed},
		{"group with an id of another form among good ones", access(groups, `"groups":[{"id":"x"},{"id":"`+id("staff").String()+`"}]`), applications + malformed},
		{"groups with ids of another form only", access(groups, `"groups":[{"id":"x"},{}]`), applications + malformed + " (1 more)"},
		{"null in place of groups", access(groups, `"groups":null`), applications + malformed},
		{"condition without groups", access(groups, `"more":[]`), applications + malformed},
		{"empty condition", access(`"group":\{"type":[^\]]*\]\}`, `"group":{}`), applications + malformed},
		{"role condition without a type", access(`"group":\{"type":[^\]]*\]\}`, `"role":{}`), applications + malformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			struck := 0
			r.restage(run1, run2, nil, func(c staging.Collection, path, body string) []string {
				edited := tt.edit(c, path, body)
				if edited != body {
					struck++
				}
				return []string{edited}
			})
			if struck != 1 {
				t.Fatalf("%d replies were edited, want 1", struck)
			}
			n := "1"
			if strings.HasSuffix(tt.want, "(1 more)") {
				n = "2"
			}
			r.wantState(r.mustTransform(run2), report.Held, false, n+" resources have no id or an unknown shape")
			want := tinyHoldings()
			if strings.Contains(tt.name, "among good ones") { // those count
				want = want.with("permissions", "group:staff privilege:app-access application:sync")
			}
			r.wantHeld(want)
			rep := r.report(run2)
			if diff := cmp.Diff([]string{tt.want}, quarantined(rep)); diff != "" {
				t.Errorf("quarantine (-want +got):\n%s", diff)
			}
			if len(rep.Warnings) != 0 {
				t.Errorf("warnings %v", rep.Warnings)
			}
		})
	}
}

// An application without access control is open, and one with an empty list of
// groups counts as open: neither holds the sweep.
func TestOpenApplicationsHoldNothing(t *testing.T) {
	t.Parallel()
	for _, control := range []string{``, `"accessControl":null,`, `"accessControl":{},`, `"accessControl":{"role":null,"group":null},`, `"accessControl":{"group":{"type":"ANY_GROUP","groups":[]}},`} {
		r, c := newTinyRig(t)
		r.settings.MaxShrinkPercent = 100
		r.firstRun(c)
		r.restage(run1, run2, nil, func(c staging.Collection, _, body string) []string {
			if c == staging.Applications {
				body = regexp.MustCompile(`"accessControl":\{"group":\{[^\]]*\]\}\},`).ReplaceAllString(body, control)
			}
			return []string{body}
		})
		r.wantState(r.mustTransform(run2), report.Done, true)
		want := tinyHoldings().with("permissions", "all-users:main privilege:app-access application:sync")
		want["permissions"] = cut(want["permissions"], "group:leads privilege:app-access application:sync")
		r.wantHeld(want)
	}
}

// A scope without an id arrives as PingOne would send it, from every principal
// that can hold a role.
func TestScopeWithoutIDOverTheWire(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.org.AddGateway(id("main"), pingonetest.Gateway{ID: id("gate"), Name: "Gate", Type: "LDAP"})
	gate := pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: id("gate")}
	holders := []pingonetest.Principal{user("bob"), group("staff"), gate, {Kind: pingonetest.ApplicationPrincipal, ID: id("sync")}}
	r.firstRun(c)
	for _, p := range holders {
		r.org.Assign(id("main"), p, pingonetest.RoleAssignment{Role: id("reader"), ScopeType: "ENVIRONMENT"})
	}
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "4 resources have no id or an unknown shape")
	r.wantHeld(tinyHoldings())
}
