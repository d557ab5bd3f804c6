package fetch_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// planningPages are the calls before the first task is read, where all
// environments are asked for.
var planningPages = map[staging.Collection]int{
	staging.Users:           1 + 1, // environments; the first page of users, which tells how many there are
	staging.Memberships:     1 + 2,
	staging.RoleAssignments: 1 + 2 + 1 + 1 + 4,
}

// tasks are the lines of a complete collection's plan, sorted.
func (r *rig) tasks(c staging.Collection) []string {
	r.t.Helper()
	var all []string
	for line, err := range staging.PlanOf(r.t.Context(), r.store, r.snapshot(c).Manifest) {
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, string(line))
	}
	slices.Sort(all)
	return all
}

// headCount is the call for it at the end.
var headCount = map[staging.Collection]int{staging.Users: 1}

// wholePlan is the plan of an invocation that nothing disturbs.
func wholePlan(t *testing.T, c staging.Collection) []string {
	r, _ := smallRig(t)
	r.envs = nil
	r.mustRead(c)
	return r.tasks(c)
}

// Time is up at any page of the planning: what was planned is kept, and the
// next invocation asks for the rest only. Nothing is asked for twice but the
// page that was cut off.
func TestOutOfTimeWhilePlanning(t *testing.T) {
	t.Parallel()
	for c, pages := range planningPages {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			want := wholePlan(t, c)
			for n := 1; n <= pages+1; n++ {
				r, o := smallRig(t)
				r.envs = nil
				options := r.options()
				options.PerSecond = 0 // one worker
				result, before := r.readUntil(c, "/v1/**", "", n, options)
				if len(before) != n-1 || result.Progressed != (n > 1) {
					t.Errorf("out of time at call %d: %d answered, %+v", n, len(before), result)
				}
				r.fake.ResetLog()
				if result := r.mustRead(c); !result.Complete || !result.Progressed {
					t.Errorf("out of time at call %d, the next invocation: %+v", n, result)
				}
				r.wantNothingTwice(before)
				r.wantStaged(c, modelEdges(o, c))
				if d := cmp.Diff(want, r.tasks(c)); d != "" {
					t.Errorf("out of time at call %d: plan (-want +got):\n%s", n, d)
				}
				if got := r.snapshot(c).Complete.Calls; n > 1 && got != int64(smallPages[c]+headCount[c]+1+1) {
					t.Errorf("out of time at call %d: complete.json counts %d calls, want each page once and the one that was cut off", n, got)
				}
			}
		})
	}
}

// A run that is interrupted while it is planned stays dry, and narrowed.
func TestTermsAreKeptWhilePlanning(t *testing.T) {
	t.Parallel()
	r, _ := smallRig(t)
	options := r.options()
	options.PerSecond = 0
	options.Terms = staging.Terms{Narrowed: true, DryRun: true}
	r.readUntil(staging.Memberships, "/v1/**", "", 2, options)
	r.mustRead(staging.Memberships)
	if got := r.snapshot(staging.Memberships).Complete.Terms; got != options.Terms {
		t.Errorf("terms %+v, want %+v", got, options.Terms)
	}
}

// However little each invocation gets done, the chain comes to its end.
func TestChainOfInvocationsThatRunOutOfTime(t *testing.T) {
	t.Parallel()
	for c := range planningPages {
		t.Run(string(c), func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			r.envs = nil
			var before []string
			for range smallPages[c] { // the environments, and all calls but the last
				r.fake = pingonetest.New(t, o, pingonetest.WithPageMax(2)) // without the call that was cut off
				options := r.options()
				options.PerSecond = 0
				result, answered := r.readUntil(c, "/v1/**", "", 2, options)
				if len(answered) != 1 || !result.Progressed {
					t.Fatalf("after %d calls: %d answered, %+v", len(before), len(answered), result)
				}
				for _, page := range answered {
					if slices.Contains(before, page) {
						t.Errorf("asked for again: %s", page)
					}
				}
				before = append(before, answered...)
			}
			r.fake.ResetLog()
			r.mustRead(c)
			r.wantNothingTwice(before)
			r.wantStaged(c, modelEdges(o, c))
			if d := cmp.Diff(wholePlan(t, c), r.tasks(c)); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
		})
	}
}

// PingOne fails for good in mid-plan: the invocation fails, and what was
// planned is kept as well.
func TestFailureWhilePlanning(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	r.fake.Inject(pingonetest.Fault{Match: usersPath, From: 3, Times: 100, Do: pingonetest.FaultStatus, Status: 500})
	if result, err := r.read(staging.RoleAssignments); err == nil || !result.Progressed {
		t.Fatalf("got %+v, %v, want an error and progress", result, err)
	}
	before := r.answered()
	r.fake = pingonetest.New(t, o, pingonetest.WithPageMax(2))
	r.mustRead(staging.RoleAssignments)
	r.wantNothingTwice(before)
	r.wantStaged(staging.RoleAssignments, modelEdges(o, staging.RoleAssignments))
}

// The cursor to go on from is no longer taken: the list begins again, and
// nothing is planned twice.
func TestCursorOfThePlanIsLost(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c    staging.Collection
		path string
		n    int
	}{
		{staging.Memberships, groupsPath, 2},
		{staging.RoleAssignments, groupsPath, 2},
		{staging.RoleAssignments, usersPath, 2},
		{staging.RoleAssignments, usersPath, 4},
	}
	for _, tt := range tests {
		t.Run(string(tt.c)+tt.path[strings.LastIndex(tt.path, "/"):], func(t *testing.T) {
			t.Parallel()
			r, o := smallRig(t)
			r.readUntil(tt.c, tt.path, "", tt.n, r.options())
			r.fake.Inject(pingonetest.Fault{Match: tt.path, Do: pingonetest.FaultCursor})
			r.mustRead(tt.c)
			r.wantStaged(tt.c, modelEdges(o, tt.c))
			if d := cmp.Diff(wholePlan(t, tt.c), r.tasks(tt.c)); d != "" {
				t.Errorf("plan (-want +got):\n%s", d)
			}
		})
	}
}

// The organization moves between two invocations of the planning: who came is
// asked, and who went is gone, not unread.
func TestOrganizationMovesWhileItIsPlanned(t *testing.T) {
	t.Parallel()
	r, o := smallRig(t)
	r.readUntil(staging.RoleAssignments, usersPath, "", 3, r.options())
	o.RemoveUser(smallEnv, smallUser(6)) // ahead
	addSmallUser(o, 7)
	o.Assign(smallEnv, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: smallUser(7)}, pingonetest.RoleAssignment{
		Role: pingonetest.RoleID("Help Desk Admin"), ScopeType: "ENVIRONMENT", Scope: smallEnv,
	})
	r.mustRead(staging.RoleAssignments)
	r.wantStaged(staging.RoleAssignments, modelEdges(o, staging.RoleAssignments))
}

// What is read of the audit feed is not kept in mid-plan, all else is.
func TestOutOfTimeInTheFeed(t *testing.T) {
	t.Parallel()
	r := newRolesRig(t, 12, pingonetest.WithPageMax(5))
	r.wantRun("first run", 12)
	r.assign(1, "Help Desk Admin")
	r.next()
	result, before := r.readUntilIn(r.latest, staging.RoleAssignments, askFeed, "", 2, r.rolesOptions())
	if !result.Progressed {
		t.Errorf("got %+v, want progress", result)
	}
	before = slices.DeleteFunc(before, func(page string) bool { return strings.Contains(page, "/activities") })
	r.fake.ResetLog()
	if asked := r.resume(); asked != 1 {
		t.Errorf("%d users asked, want 1", asked)
	}
	r.wantNothingTwice(before)
	r.wantRight("the run that was out of time in the feed")
	r.wantRun("after that", 0)
}
