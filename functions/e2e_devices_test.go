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
// and a device is active. Nothing else is another than without.
func TestDemoOrganizationWithDevices(t *testing.T) {
	t.Parallel()
	d := deploy(t, pingonetest.Demo())
	want := expect(d.org)
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
	d.env["MFA_DEVICES"] = "true"
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
