package fetch_test

import (
	"regexp"
	"strings"
	"testing"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// lose leaves an item out of lists of a path for some replies.
func lose(path string, times int, lost ...pingone.ID) pingonetest.Fault {
	return pingonetest.Fault{Match: path, Times: times, Do: pingonetest.FaultLose, Filtered: true, LoseIf: func(id pingone.ID) bool {
		for _, l := range lost {
			if l == id {
				return true
			}
		}
		return false
	}}
}

func status(path string, status, times int) pingonetest.Fault {
	return pingonetest.Fault{Match: path, Times: times, Do: pingonetest.FaultStatus, Status: status, Code: "ACCESS_FAILED"}
}

func edit(path, query string, times int, f func(string) string) pingonetest.Fault {
	return pingonetest.Fault{Match: path, Query: query, Times: times, Do: pingonetest.FaultEdit, Edit: f}
}

const (
	usersPath  = "/v1/environments/*/users"
	groupsPath = "/v1/environments/*/groups"
	appsPath   = "/v1/environments/*/applications"
)

// Nothing changes in PingOne, and one thing after the other goes wrong while it
// is read: whatever it is, all that exists is held, in that run and after it.
func TestNothingThatExistsIsLost(t *testing.T) {
	t.Parallel()
	empty := func(name string) func(string) string {
		return func(string) string { return `{"_embedded":{"` + name + `":[]},"count":0,"size":0}` }
	}
	for name, attempt := range map[string]struct {
		opts   []pingonetest.Option
		faults []pingonetest.Fault
		bad    func(r *rig) (mend func())
	}{
		"the count of direct members of a dynamic group lags": {bad: func(r *rig) func() {
			r.org.Miscount(env, engineers)
			return nil
		}},
		"somebody is put into a dynamic group and taken out while it is read": {faults: []pingonetest.Fault{{
			Match: usersPath, Query: `type eq "DIRECT"`, Times: 3, Do: pingonetest.FaultCall, Call: func(o *pingonetest.Organization) {
				o.AddMember(env, engineers, user(39))
				o.RemoveMember(env, engineers, user(39))
			},
		}}},
		"a member list shows a newcomer in place of a member": {faults: []pingonetest.Fault{
			edit(usersPath, `id eq "`+staff.String()+`"`, 1, func(body string) string {
				return strings.ReplaceAll(body, user(3).String(), user(33).String())
			}),
		}},
		"a user's role list is empty once":    {faults: []pingonetest.Fault{edit("/v1/environments/*/users/"+admin.String()+"/roleAssignments", "", 1, empty("roleAssignments"))}},
		"a group's role list is empty once":   {faults: []pingonetest.Fault{edit("/v1/environments/*/groups/"+staff.String()+"/roleAssignments", "", 1, empty("roleAssignments"))}},
		"a user's role list loses one always": {faults: []pingonetest.Fault{edit("/v1/environments/*/users/"+admin.String()+"/roleAssignments", "", -1, empty("roleAssignments"))}},
		"a holder's application lacks its link": {faults: []pingonetest.Fault{edit(appsPath, "", -1, func(body string) string {
			return regexp.MustCompile(`,?"roleAssignments":\{"href":"[^"]*"\}`).ReplaceAllString(body, "")
		})}},
		"a group vanishes for a moment while roles and members are read": {faults: []pingonetest.Fault{
			status(groupsPath+"/"+staff.String()+"/roleAssignments", 404, 1), status(groupsPath+"/"+staff.String(), 404, -1),
			edit(usersPath, `id eq "`+staff.String()+`"`, 1, empty("users")),
		}},
		"the group list loses two, and every group answers 404": {faults: []pingonetest.Fault{
			lose(groupsPath, -1, staff, engineers), status(groupsPath+"/*", 404, -1),
		}},
		"two groups are hidden, users and populations are not": {bad: func(r *rig) func() {
			r.org.SetRights(pingonetest.RoleAssignment{Role: pingonetest.RoleID("Identity Data Read Only"), ScopeType: "POPULATION", Scope: employees},
				pingonetest.RoleAssignment{Role: pingonetest.RoleID("Configuration Read Only"), ScopeType: "ENVIRONMENT", Scope: env})
			r.org.HideGroups(env, staff, engineers)
			return func() { r.org.ShowGroups(env, staff, engineers); r.org.SetRights(pingonetest.ReadRights(env)...) }
		}},
		"page 1 of 2 has no next link": {opts: []pingonetest.Option{pingonetest.WithPageMax(5)}, faults: []pingonetest.Fault{
			edit(usersPath, `id eq "`+engineers.String()+`"`, 3, func(body string) string {
				return regexp.MustCompile(`,?"next":\{"href":"[^"]*"\}`).ReplaceAllString(body, "")
			}),
		}},
		"a list of members by filter loses one": {faults: []pingonetest.Fault{lose(usersPath, -1, user(25))}},
		"nothing counts members, and a list is empty once": {
			opts:   []pingonetest.Option{pingonetest.WithoutUserCounts(), pingonetest.WithoutGroupCounts(), pingonetest.WithCount(pingonetest.CountMissing), pingonetest.WithoutSize()},
			faults: []pingonetest.Fault{edit(usersPath, `id eq "`+staff.String()+`"`, 1, empty("users"))},
		},
		"a nesting is lost":                      {faults: []pingonetest.Fault{edit(groupsPath, "memberOfGroups", -1, empty("groups"))}},
		"an environment is hidden":               {bad: func(r *rig) func() { r.org.Narrow(env, pingone.ID{}); return func() { r.org.Widen(env, pingone.ID{}) } }},
		"a population is hidden":                 {bad: func(r *rig) func() { r.org.Narrow(env, employees); return func() { r.org.Widen(env, employees) } }},
		"own rights can't be read, users vanish": {faults: []pingonetest.Fault{status(appsPath+"/*/roleAssignments", 403, -1)}, bad: vanish(user(3))},
		"the feed tells of a deletion that failed, and the user vanishes": {bad: func(r *rig) func() {
			r.org.RecordFailure(env, "USER.DELETED", "USER", user(3))
			return vanish(user(3))(r)
		}},
		"every list is refused":     {faults: []pingonetest.Fault{status("/v1/environments/*/*", 403, -1)}},
		"every list fails":          {faults: []pingonetest.Fault{status("/v1/environments/*/*", 500, -1)}},
		"every list is not found":   {faults: []pingonetest.Fault{status("/v1/environments/*/*", 404, -1)}},
		"every question is refused": {faults: []pingonetest.Fault{lose(usersPath, -1, user(3)), status(usersPath+"/*", 403, -1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, small(), append(attempt.opts, pingonetest.AllowViolations())...)
			before := r.sync()
			mend := func() {}
			if attempt.bad != nil {
				if m := attempt.bad(r); m != nil {
					mend = m
				}
			}
			for range 2 {
				r.fake.Inject(attempt.faults...)
				r.holdsAll(before, r.sync())
			}
			mend()
			r.fake.Heal()
			after := r.sync()
			r.holdsAll(before, after)
			for c, held := range after.held {
				for key, carried := range held {
					if carried != "" && carried != staging.NotDue {
						t.Errorf("%s %s is still carried: %s", c, key, carried)
					}
				}
			}
		})
	}
}

func vanish(ids ...pingone.ID) func(*rig) func() {
	return func(r *rig) func() {
		r.org.Vanish(ids...)
		return func() { r.org.Return(ids...) }
	}
}

// holdsAll checks that a snapshot holds all that another one held, but for our
// own rights.
func (r *rig) holdsAll(before, after *snapshots) {
	r.t.Helper()
	for _, c := range collection.All {
		for _, key := range before.keys(c.Name) {
			if _, ok := after.held[c.Name][key]; !ok && !strings.Contains(key, r.fake.ClientID) {
				r.t.Errorf("%s of run %s lost %s; gone: %+v", c.Name, after.run, key, after.complete[c.Name].Gone)
			}
		}
	}
}
