package functions_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone/pingonetest"
)

// With devices read, a user of the demo organization has MFA if it is allowed
// and a device is active. Nothing else is another than without.
func TestDemoOrganizationWithDevices(t *testing.T) {
	t.Parallel()
	d := deploy(t, pingonetest.Demo())
	want := expect(d.org)
	asked, active := 0, 0
	for _, e := range d.org.Environments {
		for i := range e.Users {
			u := &e.Users[i]
			has := u.MFAEnabled && slices.ContainsFunc(e.Devices[u.ID], func(d pingonetest.Device) bool { return d.Status == "ACTIVE" })
			want[authomize.Users]["user:"+u.ID.String()]["hasMFA"] = has
			if u.MFAEnabled {
				asked++
			}
			if has {
				active++
			}
		}
	}
	if active == 0 || active == asked {
		t.Fatalf("%d of %d users have an active device: nothing is to be seen", active, asked)
	}
	d.env["MFA_DEVICES"] = "true"
	if a := d.fetch(run1)["users"]; a.Records != 5000 || a.Unread != 0 {
		t.Errorf("users: got %+v", a)
	}
	if n := d.pingone.Calls("/v1/environments/*/users/*/devices"); n != asked {
		t.Errorf("%d calls for devices, want one for each of %d users", n, asked)
	}
	began := d.clock.set(run1)
	delete(d.env, "MFA_DEVICES") // transform goes by the run
	got := d.mustTransform(d.start("transform", nil), d.completeEvents(run1)[0])
	if diff := cmp.Diff(transformAnswer{Run: string(run1), State: "done", Posted: want.counts(), Swept: true}, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	d.checkRecords(want)
	d.checkSweep(0, began, nil)
	d.checkReport(run1, want, nil)
}
