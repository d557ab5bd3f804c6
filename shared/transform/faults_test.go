package transform_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/transport"
)

func isBob(v jsontext.Value) bool { return strings.Contains(string(v), "user:"+id("bob").String()) }

// Faults that pass leave no trace: all is posted, and the right records go.
func TestFaultsThatPass(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault authomizetest.Fault
		posts []string // of the kind that was struck
	}{
		{"413 halves", authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.TooLarge(700)}, []string{"users 4 → 413", "users 2", "users 2"}},
		{"422 without a name, once", authomizetest.Fault{Kind: authomize.Users, Times: 1, Do: authomizetest.RefuseUnnamed(nil)}, []string{"users 4 → 422", "users 2", "users 2"}},
		{"429 with a pause", authomizetest.Fault{Kind: authomize.Assets, Times: 1, Do: authomizetest.Throttle("1")}, []string{"assets 4 → 429", "assets 4"}},
		{"503 burst", authomizetest.Fault{Kind: authomize.Groupings, Times: 3, Do: authomizetest.Status(503)}, []string{"groupings 5 → 503", "groupings 5 → 503", "groupings 5 → 503", "groupings 5"}},
		{"500 at every second request", authomizetest.Fault{Kind: authomize.Permissions, Times: 1, Do: authomizetest.Status(500)}, []string{"permissions 4 → 500", "permissions 4"}},
		{"cut off after it was applied", authomizetest.Fault{Kind: authomize.AccountAssociations, Times: 2, Do: authomizetest.CutAfter()}, []string{"accountAssociations 11 → 0", "accountAssociations 11 → 0", "accountAssociations 11"}},
		{"timed out after it was applied", authomizetest.Fault{Kind: authomize.AccountAssociations, Times: 1, Do: authomizetest.StallAfter()}, []string{"accountAssociations 11", "accountAssociations 11"}},
		{"cut off before", authomizetest.Fault{Kind: authomize.Privileges, Times: 2, Do: authomizetest.CutBefore()}, []string{"privileges 3 → 0", "privileges 3 → 0", "privileges 3"}},
		{"200 that is not JSON", authomizetest.Fault{Kind: authomize.Users, Times: 1, Do: authomizetest.NotJSON()}, []string{"users 4", "users 4"}},
		{"sweep throttled", authomizetest.Fault{Path: "/data", Times: 1, Do: authomizetest.Throttle("1")}, nil},
		{"sweep out of order", authomizetest.Fault{Path: "/data", Times: 3, Do: authomizetest.Status(502)}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			r.app.AddFaults(tt.fault)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			r.wantState(r.mustTransform(run2), report.Done, true)
			r.wantHeld(tinyHoldings().without("user:eve"))
			r.wantSweeps("23 09:29:00", "24 09:29:00 users:1 accountAssociations:2")
			var got []string
			for _, p := range r.posts() {
				if strings.HasPrefix(p, string(tt.fault.Kind)+" ") {
					got = append(got, p)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.posts) {
				t.Errorf("posts %q, want %q", got, tt.posts)
			}
		})
	}
}

// What Authomize refuses for good is in quarantine, alone; the rest is posted.
func TestRefusedRecords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  authomizetest.Action
		times  int
		reason string
		keys   []string
	}{
		{"named by number", authomizetest.Refuse("email", "value_error.email", 1), 1, "invalid email: value_error.email", []string{"user:bob"}},
		{"named by text", authomizetest.RefuseText("email", "value_error.email", 1), 1, "invalid email: value_error.email", []string{"user:bob"}},
		{"two named", authomizetest.Refuse("name", "value_error", 0, 1), 1, "invalid name: value_error", []string{"user:ann", "user:bob"}},
		{"not named", authomizetest.RefuseUnnamed(isBob), 0, "refused without a named item", []string{"user:bob"}},
		{"beyond the batch", authomizetest.Refuse("name", "value_error", 77), 1, "", nil},
		{"too large, each", authomizetest.TooLarge(1), 0, "too_large", []string{"user:ann", "user:bob", "user:cy", "user:dan", "user:eve"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Times: tt.times, Do: tt.fault})
			r.fetch(run2)
			got := r.mustTransform(run2)
			if tt.keys == nil {
				r.wantState(got, report.Done, true)
				r.wantHeld(tinyHoldings())
				return
			}
			r.wantState(got, report.Held, false, fmt.Sprintf("%d users were refused by Authomize and not refreshed", len(tt.keys)))
			r.wantHeld(tinyHoldings())
			var keys []string
			for _, q := range r.report(run2).Quarantine {
				if q.Reason == tt.reason && q.Kind == "users" {
					keys = append(keys, q.Key)
				}
			}
			if fmt.Sprint(namedAll(keys)) != fmt.Sprint(tt.keys) {
				t.Errorf("quarantine %q, want %q", namedAll(keys), tt.keys)
			}
			if n := r.report(run2).Kinds[0].Quarantined[tt.reason]; n != int64(len(tt.keys)) {
				t.Errorf("%d counted", n)
			}
		})
	}
}

// What no other try can mend is the state failed, with an error that says
// what to do. Nothing is swept, and the next run mends all.
func TestFailed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault authomizetest.Fault
		want  string
	}{
		{"token refused", authomizetest.Fault{Times: 1, Do: authomizetest.Status(401)}, "check authomizeToken"},
		{"token refused half-way", authomizetest.Fault{Kind: authomize.Permissions, Times: 1, Do: authomizetest.Status(401)}, "check authomizeToken"},
		{"forbidden", authomizetest.Fault{Kind: authomize.Groupings, Times: 1, Do: authomizetest.Status(403)}, "check authomizeToken"},
		{"app is gone half-way", authomizetest.Fault{Kind: authomize.Assets, Times: 1, Do: authomizetest.Status(404)}, "check AUTHOMIZE_APP_ID"},
		{"redirect", authomizetest.Fault{Kind: authomize.Users, Times: 1, Do: authomizetest.Redirect("https://elsewhere.invalid/")}, "AUTHOMIZE_API_URL"},
		{"sweep forbidden", authomizetest.Fault{Path: "/data", Times: 1, Do: authomizetest.Status(403)}, "all records are posted, but the sweep failed"},
		{"sweep refused", authomizetest.Fault{Path: "/data", Times: 1, Do: authomizetest.Status(422)}, "all records are posted, but the sweep failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			r.app.AddFaults(tt.fault)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			got := r.mustTransform(run2)
			r.wantState(got, report.Failed, false)
			if !strings.Contains(got.Error, tt.want) {
				t.Errorf("error %q, want %q", got.Error, tt.want)
			}
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")

			// The same event again is a try, not the recorded answer.
			r.wantState(r.mustTransform(run2), report.Done, true)
			r.wantGone(run2, "user:eve")
			r.wantHeld(tinyHoldings().without("user:eve"))
		})
	}
}

func TestFailedForWrongApp(t *testing.T) {
	t.Parallel()
	r, _ := newTinyRig(t)
	r.app.ExpectViolation("there is no such route, or app")
	r.fetch(run1)
	o := r.options()
	client, err := authomize.New(authomize.Options{BaseURL: r.app.URL, AppID: "other", HTTP: authomize.NewHTTP(r.credentials(), transport.Options{Retry: quick})})
	if err != nil {
		t.Fatal(err)
	}
	o.Client = client
	got := r.run(run1, o)
	r.wantState(got, report.Failed, false)
	if !strings.Contains(got.Error, "check AUTHOMIZE_APP_ID") {
		t.Errorf("error %q", got.Error)
	}
	r.wantHeld(holdings{})
	r.wantSweeps()
}

// A schema that changed refuses everything: that is not a hundred bad records.
func TestFailedForSchema(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	for i := range 100 {
		r.org.AddUser(id("main"), person(fmt.Sprintf("extra %d", i)))
	}
	r.firstRun(c)
	before := r.held()
	r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseUnnamed(nil)})
	r.fetch(run2)
	got := r.mustTransform(run2)
	r.wantState(got, report.Failed, false)
	if !strings.Contains(got.Error, "schema seems to have changed") {
		t.Errorf("error %q", got.Error)
	}
	r.wantHeld(before)
	r.wantSweeps("23 09:29:00")
}

// What another try may mend is an error, and a report that says so. The next
// try, by whomever, does it all, and writes its own.
func TestErrorsThatATryMends(t *testing.T) {
	t.Parallel()
	const attempts = 6
	tests := []struct {
		name  string
		fault authomizetest.Fault
		want  error
	}{
		{"5xx for good", authomizetest.Fault{Kind: authomize.Groupings, Times: attempts, Do: authomizetest.Status(500)}, authomize.ErrServer},
		{"429 for good", authomizetest.Fault{Kind: authomize.Users, Times: 3 * attempts, Do: authomizetest.Status(429)}, authomize.ErrThrottled},
		{"sweep out of order for good", authomizetest.Fault{Path: "/data", Times: attempts, Do: authomizetest.Status(503)}, authomize.ErrServer},
		{"sweep done, answer lost for good", authomizetest.Fault{Path: "/data", Times: attempts, Do: authomizetest.CutAfter()}, nil},
		{"sweep that answers no JSON", authomizetest.Fault{Path: "/data", Times: 1, Do: authomizetest.NotJSON()}, authomize.ErrBadReceipt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			before := r.state()
			r.app.AddFaults(tt.fault)
			r.org.RemoveUser(id("main"), id("eve"))
			r.fetch(run2)
			got, err := r.transform(run2)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("got %+v, %v; want %v", got, err, tt.want)
			}
			if rep := r.report(run2); rep.State != report.Failed || rep.Sweep.Swept || rep.Error != "another try may mend this: "+err.Error() {
				t.Errorf("report %s, swept %t: %q", rep.State, rep.Sweep.Swept, rep.Error)
			}
			after := r.state()
			delete(before, "state/newest.json")
			delete(before, "state/known/descriptions.json")
			for key, data := range before {
				if after[key] != data {
					t.Errorf("%s was changed", key)
				}
			}
			o := r.options()
			o.Holder = "another"
			r.wantState(r.run(run2, o), report.Done, true)
			r.wantGone(run2, "user:eve")
			r.wantHeld(tinyHoldings().without("user:eve"))
		})
	}
}
