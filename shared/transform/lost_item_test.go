package transform_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

const tinyEnvironment = "/v1/environments/*"

// lostItems are things of the tiny organization that a list may lose, each of
// which something else hangs on.
var lostItems = []struct {
	list string
	id   pingone.ID
}{
	{"users", id("ann")}, {"groups", id("staff")}, {"groups", id("leads")}, {"populations", id("people")},
	{"applications", id("wiki")}, {"applications", id("sync")}, {"gateways", id("gate")},
}

// A list that loses an item, as a cursor that lost its place does, takes
// nothing away: neither the item nor what hangs on it. Each collection lists
// its own parents, so each of them may be the one.
func TestListThatLosesAnItem(t *testing.T) {
	t.Parallel()
	for _, lost := range lostItems {
		for _, c := range staging.Collections {
			t.Run(lost.list+" "+named(lost.id.String())+" in "+string(c), func(t *testing.T) {
				t.Parallel()
				r, clock := newTinyRig(t)
				r.settings.MaxShrinkPercent = 100
				r.org.AddGateway(id("main"), pingonetest.Gateway{ID: id("gate"), Name: "Gate", Type: "LDAP"})
				r.org.Assign(id("main"), group("leads"), pingonetest.RoleAssignment{Role: id("reader"), ScopeType: "ENVIRONMENT", Scope: id("main")})
				r.org.Assign(id("main"), pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: id("gate")},
					pingonetest.RoleAssignment{Role: id("reader"), ScopeType: "ENVIRONMENT", Scope: id("main")})
				r.fetch(run1)
				r.wantState(r.mustTransform(run1), report.Done, true)
				before := r.held()
				clock.set(day2)
				others := slices.DeleteFunc(slices.Clone(staging.Collections), func(o staging.Collection) bool { return o == c })
				r.fetch(run2, others...)
				r.fake.Inject(pingonetest.Fault{Match: tinyEnvironment + "/" + lost.list, Times: -1, Do: pingonetest.FaultLose, Lose: lost.id})
				r.fetch(run2, c)
				r.wantState(r.mustTransform(run2), report.Done, true)
				r.wantHeld(before)
			})
		}
	}
}

// Who is lost by a list, is there, and can't be asked for its roles is no
// matter of a person's word.
func TestLostButThereIsNotApprovable(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	others := slices.DeleteFunc(slices.Clone(staging.Collections), func(o staging.Collection) bool { return o == staging.RoleAssignments })
	r.fetch(run2, others...)
	r.fake.Inject(pingonetest.Fault{Match: tinyEnvironment + "/users", Times: -1, Do: pingonetest.FaultLose, Lose: id("ann")})
	r.fake.Deny(tinyEnvironment+"/users/"+id("ann").String()+"/roleAssignments", 404, "NOT_FOUND")
	r.fetch(run2, staging.RoleAssignments)
	r.wantState(r.mustTransform(run2), report.Held, false, "roleassignments: /v1/environments/main/users/ann/roleAssignments could not be read (404 NOT_FOUND)")
	if got, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) {
		t.Errorf("got %+v, %v, want a refusal", got, err)
	}
	r.wantHeld(tinyHoldings())
}

// A list that shows one of its own twice and another not at all is as long as it
// should be, and takes nothing away.
func TestMemberListThatShowsOneTwice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		list          string
		hidden, shown pingone.ID
		reason        string
	}{
		{"users", id("bob"), id("ann"), "memberships: 4 of 5 users of group staff were read"},
		{"groups", id("temps"), id("leads"), "memberships: 1 of 2 groups of group staff were read"},
	} {
		t.Run(tt.list, func(t *testing.T) {
			t.Parallel()
			r, clock := newTinyRig(t)
			r.settings.MaxShrinkPercent = 100
			r.org.AddGroup(id("main"), pingonetest.Group{ID: id("temps"), Name: "Temps"})
			r.org.Nest(id("main"), id("staff"), id("temps"))
			r.firstRun(clock)
			before := r.held()
			r.fake.Inject(pingonetest.Fault{
				Match: tinyEnvironment + "/" + tt.list, Query: `id eq "` + id("staff").String(), Times: -1, Do: pingonetest.FaultEdit,
				Edit: func(body string) string { return strings.ReplaceAll(body, tt.hidden.String(), tt.shown.String()) },
			})
			r.fetch(run2)
			r.wantState(r.mustTransform(run2), report.Held, false, tt.reason)
			r.wantHeld(before)
			r.wantSweeps("23 09:29:00")
		})
	}
}

// An audit feed that shows none of the events that it tells of is not relied on:
// who was given a role meanwhile is asked.
func TestFeedThatContradictsItself(t *testing.T) {
	t.Parallel()
	r, clock := newTinyRig(t)
	r.firstRun(clock)
	r.org.Assign(id("main"), user("bob"), pingonetest.RoleAssignment{Role: id("envadmin"), ScopeType: "ENVIRONMENT", Scope: id("main")})
	items := regexp.MustCompile(`"activities":\[.*\]`)
	r.fake.Inject(pingonetest.Fault{
		Match: tinyEnvironment + "/activities", Times: -1, Do: pingonetest.FaultEdit,
		Edit: func(body string) string { return items.ReplaceAllString(body, `"activities":[]`) },
	})
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantHeld(tinyHoldings().with("accountAssociations", "user:bob role:envadmin@ENVIRONMENT:main"))
}
