package transform_test

import (
	"slices"
	"testing"
	"time"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// A permission that a role lost goes, and its privilege with the last role
// that had it.
func TestVanishedRolePermissionIsSwept(t *testing.T) {
	t.Parallel()
	r, c := newPermissionsRig(t)
	r.firstRun(c)
	r.lists("reader", readEnv)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantSweeps("23 09:29:00", "24 09:29:00 privileges:1 privilegeGrants:1")
	r.wantHeld(permissionHoldings().without("privilege:permission:dir:read:user"))
	r.wantGone(run2, "privilege:permission:dir:read:user")

	c.set(day3)
	r.lists("reader", readUsers)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantHeld(permissionHoldings().without("privilege:role:reader privilege:permission:orgmgt:read:environment"))
	r.wantGone(run3)
}

// What an operator switches off goes with the next sweep, however much it is,
// and comes back when it is switched on.
func TestRolePermissionsSwitchedOff(t *testing.T) {
	t.Parallel()
	r, c := newPermissionsRig(t)
	r.settings.MaxShrinkPercent = 0
	r.firstRun(c)
	r.settings.RolePermissions = false
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantPosts(tinyPosts...)
	r.wantSweeps("23 09:29:00", "24 09:29:00 privileges:7 privilegeGrants:8")
	r.wantHeld(tinyHoldings())

	c.set(day3)
	r.settings.RolePermissions = true
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantHeld(permissionHoldings())
}

// The shrink limit compares role permissions with role permissions, and roles
// with roles: many of the ones hide no loss of the others.
func TestShrinkLimitOfRolePermissions(t *testing.T) {
	t.Parallel()
	const permissions, grants = "role permissions among privileges shrank from 7 to 2 since", "role permissions among privilegeGrants shrank from 8 to 2 since"
	const roles = "privileges shrank from 4 to 3 since"
	noPermissions := func(r *rig) { r.lists("envadmin") }
	noRole := func(r *rig) { r.org.Environment(id("main")).CustomRoles = nil }
	tests := []struct {
		name   string
		change func(r *rig)
		off    bool
		want   []string // none: swept
	}{
		{"a role that lists none any more", noPermissions, false, []string{permissions, grants}},
		{"the same, switched off", noPermissions, true, nil},
		{"a role that is gone", noRole, false, []string{roles}},
		{"the same, switched off", noRole, true, []string{roles}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, c := newPermissionsRig(t)
			r.org.AddRole(id("main"), pingonetest.Role{ID: id("custom"), Name: "Empty", ApplicableTo: []string{"ENVIRONMENT"}})
			r.firstRun(c)
			before := r.held()
			tt.change(r)
			r.settings.RolePermissions = !tt.off
			r.fetch(run2)
			got := r.mustTransform(run2)
			if tt.want == nil {
				r.wantState(got, report.Done, true)
				r.wantHeld(tinyHoldings().with("privileges", "privilege:role:custom"))
				return
			}
			r.wantState(got, report.Held, false, tt.want...)
			r.wantHeld(before)
		})
	}
}

// An approved run is compared with as one that was swept by itself.
func TestApprovedRunCountsRolePermissionsApart(t *testing.T) {
	t.Parallel()
	r, c := newPermissionsRig(t)
	r.firstRun(c)
	r.lists("envadmin", readEnv)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "role permissions among privileges shrank from 7 to 2", "role permissions among privilegeGrants shrank from 8 to 3")
	if _, err := r.approve(run2); err != nil {
		t.Fatal(err)
	}
	c.set(day3)
	r.settings.RolePermissions = false
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantHeld(tinyHoldings())
}

// A role that is in no list any more has no permissions to post, though it is
// held. Nobody can be asked for a role by its id, so a person decides.
func TestLostRoleKeepsItsPermissions(t *testing.T) {
	t.Parallel()
	const lost = "roles: privilege:role:reader is named by roleassignments and was not in the list of roles, though an earlier run was told of it: its permissions would be deleted; if it is right that PingOne lists it no more, approve the sweep"
	loses := func(r *rig) {
		r.org.Roles = slices.DeleteFunc(r.org.Roles, func(role *pingonetest.Role) bool { return role.ID == id("reader") })
	}
	t.Run("held until it is approved", func(t *testing.T) {
		t.Parallel()
		for _, sweep := range []config.SweepMode{config.SweepApply, config.SweepReport} {
			r, c := newPermissionsRig(t)
			r.settings.MaxShrinkPercent = 100
			r.firstRun(c)
			loses(r)
			r.settings.Sweep = sweep
			for i, run := range []staging.RunID{run2, run3} {
				c.set(day2.Add(time.Duration(i) * 24 * time.Hour))
				r.fetch(run)
				r.wantState(r.mustTransform(run), report.Held, false, lost)
				r.wantHeld(permissionHoldings())
			}
			if _, err := r.approve(run3); err != nil {
				t.Fatal(err)
			}
			left := permissionHoldings()
			if sweep == config.SweepApply {
				left = left.without("privilege:permission:dir:read:user").without("privilege:role:reader privilege:permission:orgmgt:read:environment")
			}
			r.wantHeld(left)
			c.set(day3.Add(24 * time.Hour))
			r.fetch(run4)
			r.wantState(r.mustTransform(run4), report.Done, sweep == config.SweepApply)
			r.wantHeld(left)
		}
	})
	t.Run("back in the list", func(t *testing.T) {
		t.Parallel()
		r, c := newPermissionsRig(t)
		r.settings.MaxShrinkPercent = 100
		r.firstRun(c)
		r.restage(run1, run2, nil, func(collection staging.Collection, _, body string) []string {
			if collection == staging.Roles {
				body = without(t, body, id("reader").String())
			}
			return []string{body}
		})
		r.wantState(r.mustTransform(run2), report.Held, false, lost)
		c.set(day3)
		r.fetch(run3)
		r.wantState(r.mustTransform(run3), report.Done, true)
		r.wantHeld(permissionHoldings())
	})
	t.Run("its permissions are not posted", func(t *testing.T) {
		t.Parallel()
		r, c := newPermissionsRig(t)
		r.firstRun(c)
		r.settings.MaxShrinkPercent = 100
		r.settings.RolePermissions = false
		loses(r)
		r.fetch(run2)
		r.wantState(r.mustTransform(run2), report.Done, true)
		r.wantHeld(tinyHoldings())
	})
	t.Run("no list ever held it", func(t *testing.T) {
		t.Parallel()
		r, c := newPermissionsRig(t)
		r.org.Assign(id("main"), user("bob"), role("unlisted", "ENVIRONMENT", "main"))
		r.firstRun(c)
		r.fetch(run2)
		r.wantState(r.mustTransform(run2), report.Done, true)
	})
	t.Run("nobody holds it", func(t *testing.T) {
		t.Parallel()
		r, c := newPermissionsRig(t)
		r.settings.MaxShrinkPercent = 100
		r.org.AddRole(id("main"), pingonetest.Role{ID: id("custom"), Name: "Custom", ApplicableTo: []string{"ENVIRONMENT"}, Permissions: []pingonetest.Permission{readEnv}})
		r.firstRun(c)
		r.org.Environment(id("main")).CustomRoles = nil
		r.fetch(run2)
		r.wantState(r.mustTransform(run2), report.Done, true)
		r.wantHeld(permissionHoldings())
	})
}
