package transform_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// newPermissionsRig is newTinyRig with ROLE_PERMISSIONS=true.
func newPermissionsRig(t *testing.T) (*rig, *clock) {
	t.Helper()
	r, c := newTinyRig(t)
	r.settings.RolePermissions = true
	return r, c
}

// permissionHoldings are what tiny is in Authomize with ROLE_PERMISSIONS=true.
func permissionHoldings() holdings {
	return tinyHoldings().
		with("privileges", "privilege:permission:applications:read:secret", "privilege:permission:applications:update:application",
			"privilege:permission:dir:read:user", "privilege:permission:orgmgt:read:environment", "privilege:permission:orgmgt:update:environment",
			"privilege:permission:permissions:create:customRole", "privilege:permission:permissions:create:userRoleAssignments").
		with("privilegeGrants",
			"privilege:role:envadmin privilege:permission:applications:read:secret",
			"privilege:role:envadmin privilege:permission:applications:update:application",
			"privilege:role:envadmin privilege:permission:orgmgt:read:environment",
			"privilege:role:envadmin privilege:permission:orgmgt:update:environment",
			"privilege:role:envadmin privilege:permission:permissions:create:customRole",
			"privilege:role:envadmin privilege:permission:permissions:create:userRoleAssignments",
			"privilege:role:reader privilege:permission:dir:read:user",
			"privilege:role:reader privilege:permission:orgmgt:read:environment")
}

// permissionPosts are the posts that carry them, in order.
var permissionPosts = []string{
	"users 5", "serviceAccounts 1", "groupings 5", "privileges 10", "assets 4", "privilegeGrants 8", "assetInheritance 1",
	"groupingAssociations 1", "accountAssociations 13", "permissions 4",
}

// lists gives a built-in role other permissions.
func (r *rig) lists(name string, permissions ...pingonetest.Permission) {
	for _, built := range r.org.Roles {
		if built.ID == id(name) {
			built.Permissions = permissions
		}
	}
}

var (
	readUsers = pingonetest.Permission{ID: "dir:read:user", Classifier: "user", Description: "Read users"}
	readEnv   = pingonetest.Permission{ID: "orgmgt:read:environment", Classifier: "environment", Description: "Read environments"}
)

// kind is what a run's report says of one kind.
func (r *rig) kind(run staging.RunID, kind authomize.Kind) report.Kind {
	r.t.Helper()
	for _, k := range r.report(run).Kinds {
		if k.Kind == string(kind) {
			return k
		}
	}
	r.t.Fatalf("no %s in the report", kind)
	return report.Kind{}
}

func TestRolePermissions(t *testing.T) {
	t.Parallel()
	r, c := newPermissionsRig(t)
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantPosts(permissionPosts...)
	r.wantHeld(permissionHoldings())
	want := []string{
		`{"uniqueId":"privilege:app-access","originName":"Use application","type":"Use"}`,
		`{"uniqueId":"privilege:permission:applications:read:secret","originId":"applications:read:secret","originName":"Read the secret of an application","privilegeType":"Metadata Read"}`,
		`{"uniqueId":"privilege:permission:applications:update:application","originId":"applications:update:application","originName":"Update applications","privilegeType":"Metadata Write"}`,
		`{"uniqueId":"privilege:permission:dir:read:user","originId":"dir:read:user","originName":"Read users","privilegeType":"Metadata Read"}`,
		`{"uniqueId":"privilege:permission:orgmgt:read:environment","originId":"orgmgt:read:environment","originName":"Read environments","privilegeType":"Metadata Read"}`,
		`{"uniqueId":"privilege:permission:orgmgt:update:environment","originId":"orgmgt:update:environment","originName":"Update environments","privilegeType":"Metadata Write"}`,
		`{"uniqueId":"privilege:permission:permissions:create:customRole","originId":"permissions:create:customRole","originName":"Create custom roles","privilegeType":"Administrative"}`,
		`{"uniqueId":"privilege:permission:permissions:create:userRoleAssignments","originId":"permissions:create:userRoleAssignments","originName":"Give roles to users","privilegeType":"Administrative"}`,
		`{"uniqueId":"privilege:role:envadmin","originId":"envadmin","originName":"Environment Admin","privilegeType":"Administrative"}`,
		`{"uniqueId":"privilege:role:reader","originId":"reader","originName":"Identity Data Read Only","privilegeType":"Data Read"}`,
	}
	before := r.bodies()
	got := slices.Sorted(slices.Values(before[authomize.Privileges])) // by name, not by id
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("privileges (-want +got):\n%s", diff)
	}
	if a, b := r.kind(run1, authomize.Privileges).RolePermissions, r.kind(run1, authomize.PrivilegeGrants).RolePermissions; a != 7 || b != 8 {
		t.Errorf("the report counts %d privileges and %d grants for role permissions, want 7 and 8", a, b)
	}
	if diff := cmp.Diff(map[string]int64{}, r.report(run1).Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}

	c.set(day2)
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Done, true)
	r.wantPosts(permissionPosts...)
	r.wantGone(run2)
	if diff := cmp.Diff(before, r.bodies()); diff != "" {
		t.Errorf("records of the second run (-first +second):\n%s", diff)
	}
}

// Custom roles name permissions by id alone. Whichever role comes first, the
// description of another is the name; and what a role lists twice counts once.
func TestRolePermissionsAreSharedByRoles(t *testing.T) {
	t.Parallel()
	r, _ := newPermissionsRig(t)
	r.lists("reader", pingonetest.Permission{ID: "dir:read:user"}, pingonetest.Permission{ID: "dir:read:user"})
	r.lists("envadmin", pingonetest.Permission{ID: "dir:read:group"}, readUsers)
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, true)
	want := tinyHoldings().with("privileges", "privilege:permission:dir:read:group", "privilege:permission:dir:read:user").
		with("privilegeGrants", "privilege:role:envadmin privilege:permission:dir:read:group",
			"privilege:role:envadmin privilege:permission:dir:read:user", "privilege:role:reader privilege:permission:dir:read:user")
	r.wantHeld(want)
	if k := r.kind(run1, authomize.PrivilegeGrants); k.Mapped != 3 || k.Duplicates != 0 {
		t.Errorf("%d grants mapped, %d of them twice; want 3, none", k.Mapped, k.Duplicates)
	}
	r.wantPrivilege("dir:read:user", `"originName":"Read users"`)
	r.wantPrivilege("dir:read:group", `"originName":"dir:read:group"`)
}

// wantPrivilege asks for something in the body of a permission's privilege.
func (r *rig) wantPrivilege(permission, want string) {
	r.t.Helper()
	for _, body := range r.bodies()[authomize.Privileges] {
		if strings.Contains(body, `"privilege:permission:`+permission+`"`) {
			if !strings.Contains(body, want) {
				r.t.Errorf("privilege %s, want %s", body, want)
			}
			return
		}
	}
	r.t.Errorf("no privilege of %s", permission)
}

// Roles that could not be read keep what an earlier run knew: nothing is
// swept, and no person can let it.
func TestUnreadRolesKeepTheirPermissions(t *testing.T) {
	t.Parallel()
	const env, builtIn = "/v1/environments/*/roles", "/v1/roles"
	for _, denied := range [][]string{{env}, {builtIn}, {env, builtIn}} {
		t.Run(strings.Join(denied, " "), func(t *testing.T) {
			t.Parallel()
			r, c := newPermissionsRig(t)
			r.settings.MaxShrinkPercent = 100
			r.org.AddRole(id("main"), pingonetest.Role{
				ID: id("custom"), Name: "Viewer", ApplicableTo: []string{"ENVIRONMENT"},
				Permissions: []pingonetest.Permission{{ID: "dir:read:user"}, {ID: "dir:read:group"}},
			})
			r.org.Assign(id("main"), user("bob"), role("custom", "ENVIRONMENT", "main"))
			r.firstRun(c)
			before := r.bodies()
			if n := len(before[authomize.PrivilegeGrants]); n != 10 {
				t.Fatalf("%d grants, want 10", n)
			}
			for _, path := range denied {
				r.fake.Deny(path, 403, "ACCESS_FAILED")
			}
			r.fetch(run2)
			got := r.mustTransform(run2)
			if got.State != report.Held || len(got.Held) != len(denied) {
				t.Errorf("got %+v, want held for %d reasons", got, len(denied))
			}
			for _, why := range got.Held {
				if !strings.HasPrefix(why, "roles: /v1/") {
					t.Errorf("held for %q", why)
				}
			}
			if _, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) {
				t.Errorf("approval: %v, want ErrNothingToApprove", err)
			}
			r.wantSweeps("23 09:29:00")
			if diff := cmp.Diff(before, r.bodies()); diff != "" {
				t.Errorf("bodies (-before +after):\n%s", diff)
			}
		})
	}
}

// Posting replaces: an id must not take the place of a description that is
// only known from roles which could not be read.
func TestUnreadRolesKeepTheNamesOfPermissions(t *testing.T) {
	t.Parallel()
	for _, unread := range []bool{true, false} {
		r, c := newPermissionsRig(t)
		r.firstRun(c)
		r.restage(run1, run2, func(m *staging.Manifest) {
			if m.Collection == staging.Roles && unread {
				m.Unread = append(m.Unread, staging.Unread{Path: "/v1/roles", Status: 403, Code: "ACCESS_FAILED"})
			}
		}, func(_ staging.Collection, _, body string) []string {
			return []string{strings.ReplaceAll(body, `"description":"Read users"`, `"description":""`)}
		})
		if got := r.mustTransform(run2); unread {
			r.wantState(got, report.Held, false, "roles: /v1/roles could not be read")
			r.wantPrivilege("dir:read:user", `"originName":"Read users"`)
		} else {
			r.wantState(got, report.Done, true)
			r.wantPrivilege("dir:read:user", `"originName":"dir:read:user"`)
		}
	}
}

// A permission without an id, as in replies of 2022, has no grant, and is
// counted.
func TestRolePermissionWithoutID(t *testing.T) {
	t.Parallel()
	r, _ := newPermissionsRig(t)
	r.lists("reader", pingonetest.Permission{Classifier: "user", Description: "Read users"}, readEnv,
		pingonetest.Permission{ID: "dir:read: group"})
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, true)
	r.wantHeld(permissionHoldings().without("privilege:permission:dir:read:user"))
	want := []report.Quarantined{{
		Kind: "privilegeGrants", Key: "privilege:role:" + id("reader").String(), Reason: "permission of the role has no id", Others: 1,
	}}
	if diff := cmp.Diff(want, r.report(run1).Quarantine); diff != "" {
		t.Errorf("quarantine (-want +got):\n%s", diff)
	}
	if got := r.kind(run1, authomize.PrivilegeGrants).Quarantined; got["permission of the role has no id"] != 2 {
		t.Errorf("quarantine by reason %v, want 2", got)
	}
}

// cutOff transforms run1 in small posts and ends the invocation before the
// given post of a kind.
func (r *rig) cutOff(kind authomize.Kind, post int64) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	o := r.options()
	o.MaxItems = 2
	var posts atomic.Int64
	o.Client = &hooked{Authomize: o.Client, before: func(k string) {
		if k == string(kind) && posts.Add(1) == post {
			cancel()
		}
	}}
	got, err := transform.Run(ctx, run1, o)
	if err != nil || !got.Unfinished {
		r.t.Fatalf("got %+v, %v, want unfinished", got, err)
	}
	r.posts()
}

// An invocation that goes on counts role permissions of all; with the other
// setting there are other records, and it begins anew.
func TestRolePermissionsOverInvocations(t *testing.T) {
	t.Parallel()
	r, _ := newPermissionsRig(t)
	r.fetch(run1)
	r.cutOff(authomize.PrivilegeGrants, 3)
	r.wantState(r.mustTransform(run1), report.Done, true)
	if posts := r.posts(); slices.ContainsFunc(posts, func(p string) bool { return strings.HasPrefix(p, "privileges ") }) {
		t.Errorf("privileges were posted again: %q", posts)
	}
	r.wantHeld(permissionHoldings())
	for kind, want := range map[authomize.Kind]int64{authomize.Privileges: 7, authomize.PrivilegeGrants: 8} {
		if k := r.kind(run1, kind); k.RolePermissions != want || k.Accepted != k.Mapped {
			t.Errorf("%s: %d for role permissions, %d of %d accepted; want %d, all", kind, k.RolePermissions, k.Accepted, k.Mapped, want)
		}
	}

	r, _ = newPermissionsRig(t)
	r.fetch(run1)
	r.cutOff(authomize.PrivilegeGrants, 3)
	r.settings.RolePermissions = false
	r.wantState(r.mustTransform(run1), report.Done, true)
	late := func(post string) bool { return strings.HasPrefix(post, "privilegeGrants ") } // of the invocation that was cut off
	if diff := cmp.Diff(tinyPosts, slices.DeleteFunc(r.posts(), late)); diff != "" {
		t.Errorf("posts (-want +got):\n%s", diff)
	}
}

// A grant that Authomize does not know both privileges of holds the sweep, as
// any other record that it refuses.
func TestRefusedRolePermission(t *testing.T) {
	t.Parallel()
	r, _ := newPermissionsRig(t)
	r.app.AddFaults(authomizetest.Fault{Kind: authomize.PrivilegeGrants, Do: authomizetest.SetField("data", map[string]any{
		"invalidTargetIds": []string{"privilege:permission:orgmgt:read:environment"},
	})})
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Held, false, "2 privilegeGrants were refused by Authomize and not refreshed: see quarantine")
}

// A dry run names the records, and posts and keeps nothing.
func TestRolePermissionsInADryRun(t *testing.T) {
	t.Parallel()
	r, _ := newPermissionsRig(t)
	r.settings.DryRun = true
	r.fetch(run1)
	r.wantState(r.mustTransform(run1), report.Done, false)
	if k := r.kind(run1, authomize.PrivilegeGrants); k.Mapped != 8 || k.Accepted != 0 || k.RolePermissions != 0 {
		t.Errorf("%d mapped, %d accepted, %d for role permissions; want 8, 0, 0", k.Mapped, k.Accepted, k.RolePermissions)
	}
	if s := r.state(); len(s) != 0 {
		t.Errorf("a dry run left %v", s)
	}
}
