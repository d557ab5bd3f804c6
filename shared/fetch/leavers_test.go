package fetch_test

import (
	"testing"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// What ends in PingOne leaves the snapshot of the next run, by either witness:
// the audit feed, or our own rights. Everything else stays.
func TestWhatIsGoneLeaves(t *testing.T) {
	t.Parallel()
	other := id("environment two")
	for name, end := range map[string]struct {
		end  func(o *pingonetest.Organization)
		gone map[staging.Collection][]string
		only string // the witness, if there is no other
	}{
		"a user": {
			end: func(o *pingonetest.Organization) { o.RemoveUser(env, user(3)) },
			gone: map[staging.Collection][]string{
				staging.Users: {user(3).String()}, staging.Memberships: {tie("group", staff, "users", user(3))},
			},
		},
		"a group": {
			end: func(o *pingonetest.Organization) { o.RemoveGroup(env, staff) },
			gone: map[staging.Collection][]string{
				staging.Groups:      {staff.String()},
				staging.Memberships: {tie("group", staff, "users", user(0)), tie("group", id("group everyone"), "groups", staff)},
			},
		},
		"a membership": {
			end:  func(o *pingonetest.Organization) { o.RemoveMember(env, staff, user(3)) },
			gone: map[staging.Collection][]string{staging.Memberships: {tie("group", staff, "users", user(3))}},
		},
		"a membership by a filter": {
			only: "rights",
			end:  func(o *pingonetest.Organization) { o.Match(env, engineers, user(25), false) },
			gone: map[staging.Collection][]string{staging.Memberships: {tie(staging.GroupAny, engineers, "users", user(25))}},
		},
		"a nesting": {
			end:  func(o *pingonetest.Organization) { o.Unnest(env, id("group everyone"), staff) },
			gone: map[staging.Collection][]string{staging.Memberships: {tie("group", id("group everyone"), "groups", staff)}},
		},
		"a population, whose users move": {
			end: func(o *pingonetest.Organization) {
				for n := 30; n < usersInSmall; n++ {
					o.MoveUser(env, user(n), employees)
				}
				o.RemovePopulation(env, contractors)
			},
			gone: map[staging.Collection][]string{staging.Populations: {contractors.String()}},
		},
		"an application": {
			end:  func(o *pingonetest.Organization) { o.RemoveApplication(env, robot) },
			gone: map[staging.Collection][]string{staging.Applications: {robot.String()}},
		},
		"a gateway": {
			end:  func(o *pingonetest.Organization) { o.RemoveGateway(env, bridge) },
			gone: map[staging.Collection][]string{staging.Gateways: {bridge.String()}},
		},
		"a role": {
			end:  func(o *pingonetest.Organization) { o.RemoveRole(env, customRole) },
			gone: map[staging.Collection][]string{staging.Roles: {customRole.String()}},
		},
		"an environment": {
			only: "feed",
			end:  func(o *pingonetest.Organization) { o.RemoveEnvironment(other) },
			gone: map[staging.Collection][]string{
				staging.Environments: {other.String()}, staging.Users: {id("user 3 two").String()}, staging.Groups: {id("group staff two").String()},
			},
		},
	} {
		for witness, deny := range map[string]bool{"feed": false, "rights": true} {
			if end.only != "" && end.only != witness {
				continue
			}
			t.Run(name+" by the "+witness, func(t *testing.T) {
				t.Parallel()
				org := small()
				addSmall(org, other, " two")
				org.SetRights(append(pingonetest.ReadRights(env), pingonetest.ReadRights(other)...)...)
				r := newRig(t, org)
				if deny {
					r.fake.Deny("/v1/environments/*/activities", 403, "ACCESS_FAILED")
				} else {
					r.fake.Deny("/v1/environments/*/applications/*/roleAssignments", 403, "ACCESS_FAILED")
				}
				before := r.sync()
				end.end(org)
				after := r.sync()
				for c, keys := range end.gone {
					for _, key := range keys {
						if _, ok := before.held[c][key]; !ok {
							t.Errorf("%s did not hold %s before", c, key)
						}
						after.is(c, key, "absent")
					}
				}
				r.staysBut(before, after, end.gone)
			})
		}
	}
}

// staysBut checks that only so many left each collection.
func (r *rig) staysBut(before, after *snapshots, gone map[staging.Collection][]string) {
	r.t.Helper()
	for _, c := range []staging.Collection{staging.Populations, staging.Applications, staging.Gateways, staging.Roles} {
		if got, want := len(after.held[c]), len(before.held[c])-len(gone[c]); got != want && len(gone[staging.Environments]) == 0 {
			r.t.Errorf("%s: %d are held, want %d; %+v", c, got, want, after.complete[c].Gone)
		}
	}
}

// A leaver leaves while a list of something else is refused, and those that a
// list has lost stay.
func TestOneRefusedListAgesAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, small(), pingonetest.AllowViolations())
	before := r.sync()
	r.org.RemoveUser(env, user(3))
	r.org.RemoveUser(env, user(33))
	r.fake.Inject(lose(usersPath, -1, user(5), user(35)), status(appsPath, 403, -1))
	after := r.sync()
	for key, want := range map[pingone.ID]string{user(3): "absent", user(33): "absent", user(5): "short", user(35): "short"} {
		after.is(staging.Users, key.String(), want)
	}
	after.is(staging.Applications, robot.String(), "refused")
	after.is(staging.RoleAssignments, before.keys(staging.RoleAssignments)[0], "not-due")
	for _, c := range after.complete[staging.Applications].Carried {
		if c.Reason != staging.Refused || c.Status != 403 || c.Lists != 1 || !c.Oldest.Equal(began.Add(6*60*1e9)) {
			t.Errorf("carried: %+v", c)
		}
	}
}
