package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize/authomizetest"
)

const quickly = "--probe-wait=40ms"

// probed are the findings of probes, as "check: state".
func (c checked) probed() []string {
	var all []string
	for _, f := range c.Checks {
		if strings.HasPrefix(f.Check, "probe ") {
			all = append(all, f.Check+": "+f.State)
		}
	}
	return all
}

func TestCheckProbe(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	c := newMachine(t, x.env()).check(exitDone, "--probe", quickly)
	want := []string{
		"probe PingOne: do a user's roles include those of groups?: warning",
		"probe PingOne: are MFA devices listed in bulk, and users without one?: warning",
		"probe Authomize: can records be read back?: ok",
		"probe Authomize: may service accounts be in groupings?: ok",
		"probe Authomize: may a VirtualGroup have members and permissions?: ok",
		"probe Authomize: does the sweep spare what was posted twice?: ok",
		"probe Authomize: an app to throw away: ok",
	}
	if diff := cmp.Diff(want, c.probed()); diff != "" {
		t.Errorf("probes (-want +got):\n%s", diff)
	}
	x.wantUntouched(t, map[string]bool{"app-1": false})
}

// wantUntouched tells that nothing was posted to the app that runs post to,
// and what became of the apps that were made.
func (x *tenant) wantUntouched(t *testing.T, throwaways map[string]bool) {
	t.Helper()
	for _, r := range x.authomize.Requests() {
		if r.Method != "GET" && strings.HasPrefix(r.Path, "/v2/apps/"+x.authomize.AppID) {
			t.Errorf("%s %s in the app that runs post to", r.Method, r.Path)
		}
	}
	if diff := cmp.Diff(throwaways, x.authomize.Throwaways()); diff != "" {
		t.Errorf("throwaways (-want +got):\n%s", diff)
	}
}

// What must be set counts as missing, until it is set.
func TestCheckProbeSaysWhatToSet(t *testing.T) {
	t.Parallel()
	x := newTenant(t, authomizetest.WithoutServiceAccountsInGroupings())
	m := newMachine(t, x.env())
	stdout, _ := m.run(t.Context(), exitFailed, "check", "--probe", quickly)
	mustContain(t, "stdout", stdout, "may service accounts be in groupings?", "SERVICE_ACCOUNTS=users")
	m.env["SERVICE_ACCOUNTS"] = "users"
	m.check(exitDone, "--probe", quickly)
	x.wantUntouched(t, map[string]bool{"app-1": false, "app-2": false})
}

func TestCheckProbeInAnAppMadeByHand(t *testing.T) {
	t.Parallel()
	x := newTenant(t, authomizetest.WithoutNewApps(), authomizetest.WithThrowaway("empty"))
	m := newMachine(t, x.env())
	probeApp := func(code int, args ...string) string {
		t.Helper()
		for _, f := range m.check(code, append(args, "--probe", quickly)...).Checks {
			if f.Check == "probe Authomize: an app to throw away" {
				return f.State + ": " + f.Detail
			}
		}
		return ""
	}
	for _, test := range []struct {
		code int
		args []string
		want string
	}{
		{exitDone, nil, "warning: make an app: authomize: POST /v2/apps: 403: "},
		{exitDone, []string{"--probe-app=empty"}, "warning: the records that were posted are left in app empty: delete it by hand"},
		{exitFailed, []string{"--probe-app=empty"}, "fault: app empty holds "},
		{exitFailed, []string{"--probe-app=" + x.authomize.AppID}, "fault: --probe-app is the app that runs post to: nothing was written"},
	} {
		if got := probeApp(test.code, test.args...); !strings.HasPrefix(got, test.want) {
			t.Errorf("%v: %q, want it to begin with %q", test.args, got, test.want)
		}
	}
	x.wantUntouched(t, map[string]bool{"empty": true})
}

// An app that can't be deleted is named.
func TestCheckProbeCantDelete(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	x.authomize.AddFaults(authomizetest.Fault{Method: "DELETE", Path: "/app-1", Do: authomizetest.Status(403)})
	c := newMachine(t, x.env()).check(exitFailed, "--probe", quickly)
	found := false
	for _, line := range c.bad() {
		found = found || strings.Contains(line, "delete the app app-1 that was made to be thrown away; do it by hand")
	}
	if !found {
		t.Errorf("the app that is left is not named: %v", c.bad())
	}
}
