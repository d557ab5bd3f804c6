package functions_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// expectPermissions is expect with ROLE_PERMISSIONS=true.
func expectPermissions(org *pingonetest.Organization) records {
	out := expect(org)
	org.Read(func() {
		all := org.Roles
		for _, e := range org.Environments {
			all = append(all[:len(all):len(all)], e.CustomRoles...)
		}
		described := map[string]string{}
		for _, r := range all {
			for _, p := range r.Permissions {
				if p.Description != "" {
					described[p.ID] = p.Description
				}
			}
		}
		o := &oracle{org: org, out: out}
		for _, r := range all {
			for _, p := range r.Permissions {
				o.permission(r.ID, p.ID, described[p.ID])
			}
		}
	})
	return out
}

func (o *oracle) permission(role pingone.ID, id, description string) {
	name := description
	if name == "" {
		name = id
	}
	o.add(authomize.Privileges, record{
		"uniqueId": "privilege:permission:" + id, "originId": id, "originName": name,
		"privilegeType": customType(&pingonetest.Role{Permissions: []pingonetest.Permission{{ID: id}}}),
	})
	o.join(authomize.PrivilegeGrants, "privilege:role:"+role.String(), "privilege:permission:"+id)
}

// The permissions of roles are posted, and deleted, as the function's
// variable says; the description of Authomize's API takes them.
func TestRolePermissions(t *testing.T) {
	t.Parallel()
	org := small()
	org.AddRole(smallEnvironment, pingonetest.Role{
		ID: pingonetest.StableID("small", "role"), Name: "Desk", ApplicableTo: []string{"ENVIRONMENT"},
		Permissions: []pingonetest.Permission{{ID: "dir:read:user"}, {ID: "dir:read:device"}, {ID: "dir:update:userPassword"}, {ID: "dir:invite:user"}},
	})
	d := deploy(t, org)
	d.env["ROLE_PERMISSIONS"] = "true"
	want := expectPermissions(org)
	if n := len(want[authomize.PrivilegeGrants]); n < 30 {
		t.Fatalf("%d grants: the organization is no good example any more", n)
	}
	d.clock.set(run1)
	done := transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true, Held: none}
	if diff := cmp.Diff(done, d.sync(run1)); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)

	delete(d.env, "ROLE_PERMISSIONS")
	delete(d.warm, "transform")
	less := expect(org)
	deleted := map[authomize.Kind]int{
		authomize.Privileges:      len(want[authomize.Privileges]) - len(less[authomize.Privileges]),
		authomize.PrivilegeGrants: len(want[authomize.PrivilegeGrants]),
	}
	began := d.clock.set(run2)
	done = transformAnswer{Run: string(run2), State: "done", Posted: less.counts(), Swept: true, Held: none}
	if diff := cmp.Diff(done, d.sync(run2)); diff != "" {
		t.Errorf("answer once it is switched off (-want +got):\n%s", diff)
	}
	d.checkRecords(less)
	sweeps := d.authomize.Sweeps()
	if last := sweeps[len(sweeps)-1]; !last.ModifiedBefore.Equal(began.Add(-10 * time.Minute).Truncate(time.Millisecond)) {
		t.Errorf("swept up to %s, want ten minutes before %s", last.ModifiedBefore, began)
	} else if diff := cmp.Diff(deleted, last.Deleted); diff != "" {
		t.Errorf("swept (-want +got):\n%s", diff)
	}
}
