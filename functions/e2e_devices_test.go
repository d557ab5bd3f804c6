package functions_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// With devices read, a user of the demo organization has MFA if it is allowed
// and a device is active; with roles within applications, these are there, too.
// Nothing else is another than without.
func TestDemoOrganizationWithDevices(t *testing.T) {
	t.Parallel()
	d := deploy(t, pingonetest.Demo())
	want := expect(d.org)
	addApplicationRoles(want, d.org)
	mayUse, active := 0, 0
	for _, e := range d.org.Environments {
		for i := range e.Users {
			u := &e.Users[i]
			has := u.MFAEnabled && slices.ContainsFunc(e.Devices[u.ID], func(d pingonetest.Device) bool { return d.Status == "ACTIVE" })
			want[authomize.Users]["user:"+u.ID.String()]["hasMFA"] = has
			if u.MFAEnabled {
				mayUse++
			}
			if has {
				active++
			}
		}
	}
	if active == 0 || active == mayUse {
		t.Fatalf("%d of %d users have an active device: nothing is to be seen", active, mayUse)
	}
	d.env["MFA_DEVICES"], d.env["APPLICATION_ROLES"] = "true", "true"
	if a := d.fetch(run1)["devices"]; a.Records == 0 || a.Carried != 0 {
		snap, err := staging.Load(t.Context(), d.store(), run1, staging.Devices)
		if err != nil {
			t.Fatal(err)
		}
		t.Errorf("devices: got %+v, carried %+v", a, snap.Complete.Carried)
	}
	// Once an environment in bulk, and one by one only who is not shown there.
	bulk, single := d.pingone.Calls("/v1/environments/*/dataExplorations"), d.pingone.Calls("/v1/environments/*/users/*/devices")
	if bulk != len(d.org.Environments) || single == 0 || single > mayUse-active {
		t.Errorf("%d explorations of %d environments, and %d calls for one user of the %d without an active device", bulk, len(d.org.Environments), single, mayUse-active)
	}
	began := d.clock.set(run1)
	got := d.mustTransform(d.start("transform", nil), d.completeEvents(run1)[0])
	if diff := cmp.Diff(transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true, Held: none}, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)
	d.checkSweep(0, began, nil)
}

// addApplicationRoles adds what roles within applications become: all a privilege,
// and where somebody holds one, a grouping that may use it in the environment.
func addApplicationRoles(want records, org *pingonetest.Organization) {
	for _, e := range org.Environments {
		for _, r := range e.ApplicationRoles {
			id := r.ID.String()
			role, privilege := "app-role:"+id, "privilege:app-role:"+id
			want[authomize.Privileges][privilege] = record{"uniqueId": privilege, "originId": id, "originName": r.Name, "type": "Use"}
			if len(r.Holders) == 0 {
				continue
			}
			want[authomize.Groupings][role] = record{
				"uniqueId": role, "originId": id, "name": r.Name, "originType": "PingOne Application Role", "type": "Group", "isRole": true, "alternativeName": r.Description,
			}
			environment := "environment:" + e.ID.String()
			want[authomize.Permissions][role+" "+privilege+" "+environment] = record{
				"sourceUniqueId": role, "sourceType": "Grouping", "privilegeId": privilege, "assetId": environment, "isRole": true,
			}
			for _, user := range r.Holders {
				want[authomize.AccountAssociations]["user:"+user.String()+" "+role] = record{"sourceId": "user:" + user.String(), "targetId": role}
			}
		}
	}
}
