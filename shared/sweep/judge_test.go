package sweep_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

var env, _ = pingone.ParseID("11111111-2222-4333-8444-555555555555")

// counts are users of one environment.
func counts(users int64) sweep.Counts {
	c := sweep.Counts{}
	c.Add("users", sweep.Plain, env, users)
	return c
}

// with adds records without an environment.
func with(c sweep.Counts, kind string, class sweep.Class, n int64) sweep.Counts {
	c.Add(kind, class, pingone.ID{}, n)
	return c
}

// TestJudge has each rule with what makes it hold, and with the nearest that
// does not.
func TestJudge(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		e    sweep.Evidence
		want []sweep.Code
		text string // of the first reason
	}{
		{name: "nothing speaks against it"},
		{"app held records", sweep.Evidence{AppID: "a1", Found: []string{"users user:x"}}, []sweep.Code{sweep.AppNotEmpty}, "app a1 held records before anything was posted to it from here, such as users user:x"},
		{"app was empty, or approved", sweep.Evidence{AppID: "a1", Found: []string{}}, nil, ""},
		{
			"snapshots lost", sweep.Evidence{Lost: map[staging.Collection]staging.RunID{staging.Users: "20261123T090000Z", staging.Roles: "20261122T090000Z"}},
			[]sweep.Code{sweep.HistoryLost}, "users of run 20261123T090000Z, roles of run 20261122T090000Z",
		},
		{"none lost", sweep.Evidence{Lost: map[staging.Collection]staging.RunID{}}, nil, ""},

		{"shrank by a quarter", sweep.Evidence{Before: counts(1000), Now: counts(750), MaxShrink: 20, Since: "20261123T090000Z"}, []sweep.Code{sweep.Shrunk},
			"since run 20261123T090000Z these shrank by more than 20 %: users from 1000 to 750, users of environment " + env.String() + " from 1000 to 750"},
		{"shrank by the limit", sweep.Evidence{Before: counts(1000), Now: counts(800), MaxShrink: 20}, nil, ""},
		{"shrank to nothing", sweep.Evidence{Before: counts(26), Now: sweep.Counts{}, MaxShrink: 20}, []sweep.Code{sweep.Shrunk}, "from 26 to 0"},
		{"small, and all is gone", sweep.Evidence{Before: counts(25), Now: sweep.Counts{}, MaxShrink: 20}, nil, ""},
		{"nothing may shrink", sweep.Evidence{Before: counts(1000), Now: counts(974), MaxShrink: 0}, []sweep.Code{sweep.Shrunk}, ""},
		{"grew", sweep.Evidence{Before: counts(1000), Now: counts(2000), MaxShrink: 0}, nil, ""},
		{"before the first sweep", sweep.Evidence{Now: counts(1000), MaxShrink: 20}, nil, ""},
		{
			"one environment among many", sweep.Evidence{Before: with(counts(100), "users", sweep.Plain, 9900), Now: with(counts(70), "users", sweep.Plain, 9900), MaxShrink: 20},
			[]sweep.Code{sweep.Shrunk}, "users of environment " + env.String() + " from 100 to 70",
		},
		{
			"virtual groupings dilute nothing", sweep.Evidence{
				Before: with(with(sweep.Counts{}, "groupings", sweep.Plain, 100), "groupings", sweep.Virtual, 1000),
				Now:    with(with(sweep.Counts{}, "groupings", sweep.Plain, 70), "groupings", sweep.Virtual, 1000), MaxShrink: 20,
			}, []sweep.Code{sweep.Shrunk}, ": groupings from 100 to 70",
		},
		{
			"and are not diluted", sweep.Evidence{
				Before: with(with(sweep.Counts{}, "groupings", sweep.Plain, 1000), "groupings", sweep.Virtual, 100),
				Now:    with(with(sweep.Counts{}, "groupings", sweep.Plain, 1000), "groupings", sweep.Virtual, 70), MaxShrink: 20,
			}, []sweep.Code{sweep.Shrunk}, ": groupings of our own making from 100 to 70",
		},

		{"a record is refused", sweep.Evidence{Refused: []string{"users user:x"}}, []sweep.Code{sweep.Refused}, "1 in all: users user:x"},
		{"more are refused than can be listed", sweep.Evidence{Cut: 7}, []sweep.Code{sweep.Refused}, "7 of them are too many to be listed"},
		{"nothing is refused that was held before", sweep.Evidence{Refused: []string{}}, nil, ""},

		{"fewer accepted", sweep.Evidence{Receipts: []sweep.Receipts{{Kind: "users", Fewer: 1}}}, []sweep.Code{sweep.Receipted}, "1 users were sent and not accepted"},
		{"more accepted", sweep.Evidence{Receipts: []sweep.Receipts{{Kind: "users", More: 1}}}, []sweep.Code{sweep.Receipted}, "accept more"},
		{"no time", sweep.Evidence{Receipts: []sweep.Receipts{{Kind: "users", Untimed: 1}}}, []sweep.Code{sweep.Receipted}, "give no time"},
		{"unknown ids nobody sent", sweep.Evidence{Receipts: []sweep.Receipts{{Kind: "users", Unmatched: 1}}}, []sweep.Code{sweep.Receipted}, "no record refers to them"},
		{"unknown ids that were accepted", sweep.Evidence{Receipts: []sweep.Receipts{{Kind: "permissions", Accepted: []string{"group:x"}}}}, []sweep.Code{sweep.Receipted}, "were accepted before"},
		{"receipts in order", sweep.Evidence{Receipts: []sweep.Receipts{{Kind: "users"}, {Kind: "assets"}}}, nil, ""},

		{"not shown", sweep.Evidence{Shown: []sweep.Shown{{Kind: "privileges", Posted: 9, Absent: []string{"privilege:x"}, Error: "404"}}}, []sweep.Code{sweep.NotRefreshed}, "1 of 9 privileges (404)"},
		{"all shown", sweep.Evidence{Shown: []sweep.Shown{{Kind: "privileges", Posted: 9}}}, nil, ""},

		{
			"all at once", sweep.Evidence{
				Found: []string{"x"}, Lost: map[staging.Collection]staging.RunID{staging.Users: "r"}, Before: counts(100), Now: sweep.Counts{},
				Refused: []string{"x"}, Receipts: []sweep.Receipts{{More: 1}}, Shown: []sweep.Shown{{Absent: []string{"x"}}},
			}, []sweep.Code{sweep.AppNotEmpty, sweep.HistoryLost, sweep.Shrunk, sweep.Refused, sweep.Receipted, sweep.NotRefreshed}, "",
		},
	}
	for _, tt := range tests {
		var got []sweep.Code
		reasons := sweep.Judge(tt.e)
		for _, r := range reasons {
			got = append(got, r.Code)
			if rule := sweep.RuleOf(r.Code); r.Do != rule.Do || r.Approvable != rule.Approvable {
				t.Errorf("%s: %+v is not as its rule", tt.name, r)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		} else if len(reasons) > 0 && !strings.Contains(reasons[0].Text, tt.text) {
			t.Errorf("%s: %q does not say %q", tt.name, reasons[0].Text, tt.text)
		}
	}
}

// What was lost or found can be approved once every list was read, or together
// with the reasons why it was not.
func TestApprovableAfterReading(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		lists      sweep.Lists
		approvable bool
		needs      []string
	}{
		{sweep.Lists{}, true, nil},
		{sweep.Lists{Carried: []string{"refused:users"}}, true, []string{"refused:users"}},
		{sweep.Lists{Carried: []string{"refused:users"}, Waiting: []string{"7 lists of roles"}}, false, nil},
	} {
		reasons := sweep.Judge(sweep.Evidence{
			Lists: tt.lists, Found: []string{"x"}, Lost: map[staging.Collection]staging.RunID{staging.Users: "r"}, Refused: []string{"x"},
		})
		for _, r := range reasons[:2] {
			if r.Approvable != tt.approvable || !slices.Equal(r.Needs, tt.needs) || strings.Contains(r.Text, "7 lists of roles") == tt.approvable {
				t.Errorf("%+v: %+v", tt.lists, r)
			}
		}
		if r := reasons[2]; !r.Approvable || r.Needs != nil {
			t.Errorf("%+v: %+v", tt.lists, r)
		}
	}
}

func TestReasonsListTheFirstIDs(t *testing.T) {
	t.Parallel()
	r := sweep.Judge(sweep.Evidence{Refused: slices.Repeat([]string{"users user:x"}, 150), Cut: 5})[0]
	if r.Count != 155 || len(r.IDs) != 100 {
		t.Errorf("%d in all, %d listed", r.Count, len(r.IDs))
	}
}

func TestCounts(t *testing.T) {
	t.Parallel()
	c := sweep.Counts{}
	for _, class := range []sweep.Class{sweep.Plain, sweep.Virtual, sweep.RolePermissions} {
		c.Add("privileges", class, env, 2)
	}
	if got := c.Of("privileges"); got != 6 {
		t.Errorf("%d privileges, want 6", got)
	}
	rest := c.Without(sweep.RolePermissions)
	if rest.Of("privileges") != 4 || len(rest) != 4 || c.Of("privileges") != 6 {
		t.Errorf("without a class: %v of %v", rest, c)
	}
}

func TestCheckApproval(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"shrunk": "", "refused": "", "app-not-empty": "", "history-lost": "",
		"refused:applications": "", "failed:users": "", "short:users": "", "unproven:users": "", "unlisted:environments": "",
		"receipts": "can't be approved: start another run", "not-refreshed": "can't be approved",
		"not-due:users": "can't be approved: nothing", "not-asked:users": "can't be approved",
		"all": "there is no code", "refused:everything": "there is no code", "unproven": "there is no code", ":users": "there is no code", "": "there is no code",
	} {
		err := (&sweep.Approval{Codes: []string{code}, Reason: "they left"}).Check()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", code, err, want)
		}
	}
	err := (&sweep.Approval{Reason: " "}).Check()
	if err == nil || !strings.Contains(err.Error(), "no code is given") || !strings.Contains(err.Error(), "no reason is given") {
		t.Errorf("an empty approval: %v", err)
	}
}

// Each way and rule has all its words, and staging agrees on what may be
// approved.
func TestTables(t *testing.T) {
	t.Parallel()
	var ways []staging.Carried
	for _, w := range sweep.Ways {
		ways = append(ways, w.Carried)
		if w.When == "" || w.Do == "" || w.Approvable != w.Carried.Approvable() {
			t.Errorf("%+v", w)
		}
		if !strings.Contains(sweep.WaysTable(), "| `"+string(w.Carried)+"` | "+w.When+" | "+w.Do+" |") {
			t.Errorf("the table does not hold %s", w.Carried)
		}
	}
	if diff := cmp.Diff(staging.CarriedReasons, ways); diff != "" {
		t.Errorf("ways (-want +got):\n%s", diff)
	}
	for _, r := range sweep.Rules {
		if r.When == "" || r.Do == "" || !strings.Contains(sweep.RulesTable(), "| `"+string(r.Code)+"` | "+r.When+" | "+r.Do+" |") {
			t.Errorf("%+v", r)
		}
	}
	if got := strings.Count(sweep.RulesTable(), "| yes |"); got != 2 {
		t.Errorf("%d rules may be overruled at once, want shrunk and refused", got)
	}
}
