package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A slice that PingOne refuses is unread: what hung on it stays.
func TestHeldForUnread(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path string
		status     int
		code       string
		want       string
	}{
		{"users", "/v1/environments/*/users", 403, "ACCESS_FAILED", "users: /v1/environments/main/users could not be read (403 ACCESS_FAILED): grant the worker application the role Identity Data Read Only on environment main"},
		{"gateways", "/v1/environments/*/gateways", 403, "ACCESS_FAILED", "gateways: /v1/environments/main/gateways could not be read (403 ACCESS_FAILED): grant the worker application the role Configuration Read Only on environment main"},
		{"populations gone", "/v1/environments/*/populations", 404, "NOT_FOUND", "populations: /v1/environments/main/populations could not be read (404 NOT_FOUND): check that environment main exists and that its id is right"},
		{"gateways that may hold roles", "/v1/environments/*/gateways", 403, "ACCESS_FAILED", "roleassignments: /v1/environments/main/gateways could not be read (403 ACCESS_FAILED): grant the worker application the role Configuration Read Only on environment main"},
		{"for a reason that only Ping knows", "/v1/environments/*/gateways", 400, "INVALID_DATA", "gateways: /v1/environments/main/gateways could not be read (400 INVALID_DATA): ask Ping Identity's support, with the correlation id "},
		{"roles of an application", "/v1/environments/*/applications/*/roleAssignments", 403, "ACCESS_FAILED", "role Configuration Read Only on environment main"},
		{"roles of groups", "/v1/environments/*/groups/*/roleAssignments", 403, "ACCESS_FAILED", "roleAssignments could not be read (403 ACCESS_FAILED): grant the worker application the role Identity Data Read Only on environment main"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			before := r.bodies()
			r.fake.Deny(tt.path, tt.status, tt.code)
			removeLeads(r.org)
			r.fetch(run2)
			got := r.mustTransform(run2)
			if got.State != report.Held || got.Swept {
				t.Fatalf("got %+v", got)
			}
			if all := named(strings.Join(got.Held, "\n")); !strings.Contains(all, tt.want) {
				t.Errorf("held for\n%s\nwant %s", all, tt.want)
			}
			if diff := cmp.Diff(before, r.bodies()); diff != "" {
				t.Errorf("bodies (-before +after):\n%s", diff)
			}
			r.wantSweeps("23 09:29:00")

			r.fake.Permit(tt.path)
			r.fetch(run3)
			c.set(day3)
			r.settings.MaxShrinkPercent = 100
			r.wantState(r.mustTransform(run3), report.Done, true)
			r.wantHeld(tinyHoldings().without("group:leads"))
		})
	}
}

func TestHeldForNoUsers(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 100
	r.firstRun(c)
	for _, name := range []string{"ann", "bob", "cy", "dan", "eve"} {
		r.org.RemoveUser(id("main"), id(name))
	}
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "no user was read")
	r.wantHeld(tinyHoldings())
	r.wantGone(run2, "user:ann", "user:bob", "user:cy", "user:dan", "user:eve", "all-users:main", "role:reader@POPULATION:people")
}

func TestShrinkLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		percent float64
		remove  []string
		want    []string // none: swept
	}{
		{"exactly at the limit", 20, []string{"eve"}, nil},
		{"just over the limit", 19.9, []string{"eve"}, []string{"users shrank from 5 to 4 since run 20261123T090000Z, by more than 19.9 %: if that is right, approve the sweep, or raise MAX_SHRINK_PERCENT for one run"}},
		{"two of five", 20, []string{"eve", "dan"}, []string{"users shrank from 5 to 3", "accountAssociations shrank from 13 to 9"}},
		{"zero holds whatever is gone", 0, []string{"eve"}, []string{"users shrank from 5 to 4", "accountAssociations shrank from 13 to 11"}},
		{"a kind that vanished", 50, []string{"leads"}, []string{"groupingAssociations shrank from 1 to 0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.MaxShrinkPercent = tt.percent
			r.firstRun(c)
			for _, name := range tt.remove {
				if name == "leads" {
					removeLeads(r.org)
				} else {
					r.org.RemoveUser(id("main"), id(name))
				}
			}
			r.fetch(run2)
			got := r.mustTransform(run2)
			if tt.want == nil {
				r.wantState(got, report.Done, true)
				r.wantHeld(tinyHoldings().without("user:eve"))
				return
			}
			r.wantState(got, report.Held, false, tt.want...)
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")
		})
	}
}

// The baseline is the last run that was swept: runs that were held, however
// many, don't let it slip.
func TestBaselineStaysWhileHeld(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.org.RemoveUser(id("main"), id("dan"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "users shrank from 5 to 3", "accountAssociations shrank from 13 to 9")
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Held, false, "users shrank from 5 to 3 since run 20261123T090000Z", "accountAssociations shrank from 13 to 9")
	r.wantGone(run3, "user:dan", "user:eve")
	r.wantHeld(tinyHoldings())

	r.settings.MaxShrinkPercent = 40
	o := r.options()
	o.Again = true
	r.wantState(r.run(run3, o), report.Done, true)
	r.wantGone(run3, "user:dan", "user:eve")
	r.wantHeld(tinyHoldings().without("user:dan").without("user:eve"))
}

// What Authomize refuses of one record may be right in it: it must stay.
func TestHeldForReceipts(t *testing.T) {
	t.Parallel()
	isBob := func(v jsontext.Value) bool { return strings.Contains(string(v), "user:"+id("bob").String()) }
	bob := []string{"user:bob all-users:main", "user:bob group:staff"}
	tests := []struct {
		name    string
		fault   authomizetest.Fault
		want    []string
		missing map[string]int64 // in quarantine, by kind
	}{
		{
			"a record in quarantine",
			authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseWhere("name", "value_error", isBob)},
			[]string{"1 users were refused by Authomize and not refreshed"}, map[string]int64{"users": 1},
		},
		{
			"a receipt that accepts fewer",
			authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.AcceptFewer(2)},
			[]string{"Authomize accepted 2 groupings fewer than were sent, without saying which"}, nil,
		},
		{
			"invalid ids",
			authomizetest.Fault{Kind: authomize.AccountAssociations, Do: authomizetest.SetField("data", map[string]any{
				"invalidSourceIds": []string{"user:" + id("bob").String()},
			})},
			[]string{"2 accountAssociations were refused by Authomize"}, map[string]int64{"accountAssociations": int64(len(bob))},
		},
		{
			"an invalid id that nothing refers to",
			authomizetest.Fault{Kind: authomize.Permissions, Do: authomizetest.SetField("data", map[string]any{"invalidAssetIds": []string{"who"}})},
			[]string{"receipts for permissions call 1 ids invalid that no record refers to"}, nil,
		},
		{
			"an object in place of invalid ids",
			authomizetest.Fault{Kind: authomize.Permissions, Do: authomizetest.SetField("data", map[string]any{"invalidSourceIds": map[string]any{"group:staff": "unknown"}})},
			[]string{"receipts for permissions call 1 ids invalid that no record refers to"}, nil,
		},
		{
			"a text in place of invalid ids",
			authomizetest.Fault{Kind: authomize.AccountAssociations, Do: authomizetest.SetField("data", map[string]any{"invalidSourceIds": "user:" + id("bob").String()})},
			[]string{"2 accountAssociations were refused by Authomize"}, map[string]int64{"accountAssociations": int64(len(bob))},
		},
		{
			"a receipt that accepts more than were sent",
			authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.SetField("numberOfAcceptedEntities", 99)},
			[]string{"1 receipts for groupings accept more records than were sent"}, nil,
		},
		{
			"a receipt without a time",
			authomizetest.Fault{Kind: authomize.Assets, Do: authomizetest.NoTimestamp()},
			[]string{"1 receipts name no time of acceptance"}, nil,
		},
		{
			"no receipt has a time",
			authomizetest.Fault{Do: authomizetest.NoTimestamp()},
			[]string{"9 receipts name no time of acceptance"}, nil,
		},
		{
			"a time without a zone",
			authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.SetField("acceptedTimestamp", "2026-11-24T09:30:00")},
			[]string{"1 receipts name no time of acceptance"}, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			r.app.AddFaults(tt.fault)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			r.wantState(r.mustTransform(run2), report.Held, false, tt.want...)
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")
			for _, k := range r.report(run2).Kinds {
				var n int64
				for _, count := range k.Quarantined {
					n += count
				}
				if n != tt.missing[k.Kind] {
					t.Errorf("%s: %d in quarantine %v, want %d", k.Kind, n, k.Quarantined, tt.missing[k.Kind])
				}
			}
		})
	}
}

// A resource that can't be told apart may be one that Authomize holds.
func TestHeldForMalformed(t *testing.T) {
	t.Parallel()
	bob := `"id":"` + id("bob").String() + `"`
	tests := []struct {
		name       string
		collection staging.Collection
		from, to   string
		n          int // replaced in each reply
		want       string
	}{
		{"user without id", staging.Users, bob, `"no":"id"`, 1, "1 resources have no id or an unknown shape"},
		{"user with a broken id", staging.Users, bob, `"id":"bob"`, 1, "1 resources"},
		{"user of another shape", staging.Users, bob, bob + `,"username":[7]`, 1, "1 resources"},
		{"member without id", staging.Memberships, bob, `"id":""`, 1, "1 resources"},
		{"nested group of another shape", staging.Memberships, `"id":"` + id("leads").String() + `"`, `"id":7`, 1, "1 resources"},
		{"group without id", staging.Groups, `"id":"` + id("leads").String() + `"`, `"id":null`, 1, "1 resources"},
		{"population without id", staging.Populations, `"id":"` + id("people").String() + `"`, `"id":""`, 1, "1 resources"},
		{"application without id", staging.Applications, `"id":"` + id("wiki").String() + `"`, `"id":""`, 1, "1 resources"},
		{"role without id", staging.Roles, `"id":"` + id("reader").String() + `"`, `"id":""`, 1, "2 resources"}, // in two lists
		{"assignment of no role", staging.RoleAssignments, `"role":{"id":"` + id("reader").String() + `"`, `"role":{"id":""`, 1, "1 resources"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			struck := false
			r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
				if collection != tt.collection {
					return []string{body}
				}
				edited := strings.Replace(body, tt.from, tt.to, tt.n)
				struck = struck || edited != body
				return []string{edited}
			})
			if !struck {
				t.Fatal("nothing was edited")
			}
			want := []string{tt.want}
			if tt.collection == staging.Users { // other proofs miss the user as well
				want = append(want, "users: 4 of 5 users of population People were read", "users: user:bob is a member of a group and was not in the list of users")
			}
			if tt.collection == staging.Groups {
				want = append(want, "groups: group:leads is named by memberships and was not in the list of groups")
			}
			switch tt.collection {
			case staging.Users, staging.Groups, staging.Populations, staging.Applications:
				want = append(want, fmt.Sprintf("%[1]s: 1 %[1]s of environment main that an earlier run was told of were not read", tt.collection))
			default:
			}
			r.wantState(r.mustTransform(run2), report.Held, false, want...)
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")
			if q := r.report(run2).Quarantine; len(q) == 0 || q[0].Reason != "malformed: no id, or another shape" {
				t.Errorf("quarantine %+v", q)
			}
		})
	}
}

// Pages that are no pages can't be mended by trying again.
func TestFailedForBadPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		collection staging.Collection
		body       string
	}{
		{staging.Users, `[]`},
		{staging.Roles, `"text"`},
		{staging.Memberships, `7`},
		{staging.Environments, `{"id":""}`},
		{staging.Environments, `{"id":7}`},
	} {
		t.Run(string(tt.collection)+" "+tt.body, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
				if collection == tt.collection {
					return []string{tt.body}
				}
				return []string{body}
			})
			got := r.mustTransform(run2)
			r.wantState(got, report.Failed, false)
			if got.Error == "" {
				t.Error("failed without an error")
			}
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")
		})
	}
}

// An environment that is missing from one collection, or from all that follow
// a sweep, was not proven to be gone.
func TestHeldForEnvironments(t *testing.T) {
	t.Parallel()
	org := tiny()
	side := id("side")
	org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side"})
	same := func(_ staging.Collection, _, body string) []string { return []string{body} }
	only := func(c staging.Collection, path, body string) []string {
		if strings.Contains(path, side.String()) {
			return nil
		}
		return same(c, path, body)
	}
	c := &clock{at: day1}
	r := newRig(t, org, authomizetest.WithClock(c.now))
	r.firstRun(c)

	r.restage(run1, run2, func(m *staging.Manifest) {
		if m.Collection == staging.Users {
			m.Environments = []pingone.ID{id("main")}
		}
	}, same)
	r.wantState(r.mustTransform(run2), report.Held, false, "users: environment side was not read, though other collections of this run hold it")

	r.restage(run1, run3, func(m *staging.Manifest) { m.Environments = []pingone.ID{id("main")} }, only)
	r.wantState(r.mustTransform(run3), report.Held, false, "environment side was read in run 20261123T090000Z and is not in this one")
	r.wantGone(run3, "environment:side")
	r.wantSweeps("23 09:29:00")

	// The setting is about how many records there are, not about whose: only a
	// person lets a whole environment go.
	r.settings.MaxShrinkPercent = 100
	o := r.options()
	o.Again = true
	c.set(day3)
	r.wantState(r.run(run3, o), report.Held, false, "environment side was read in run 20261123T090000Z and is not in this one")
	if got, err := r.approve(run3); err != nil || !got.Swept {
		t.Errorf("approved: %+v, %v", got, err)
	}
	r.wantSweeps("23 09:29:00", "25 09:29:00 assets:1")
	if diff := cmp.Diff(tinyHoldings(), r.held()); diff != "" {
		t.Errorf("Authomize holds (-want +got):\n%s", diff)
	}
}
