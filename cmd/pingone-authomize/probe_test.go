package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
)

const quickly = "--probe-wait=40ms"

// ticking is a clock that goes on by a second at each request, so that no two
// records have the same time.
func ticking() authomizetest.Option {
	var mu sync.Mutex
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	return authomizetest.WithClock(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	})
}

// probed are the findings of the probes of an API, as "state answer -> what
// follows".
func (c checked) probed(api string) []string {
	var all []string
	for _, f := range c.Checks {
		if strings.HasPrefix(f.Check, "probe "+api+": ") {
			all = append(all, f.State+" "+f.Detail+" -> "+f.Follows)
		}
	}
	return all
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

// Each answer of Authomize, and the setting that follows. What must be set is a
// fault, until it is set.
func TestProbeAuthomize(t *testing.T) {
	t.Parallel()
	// What differs from the answers of the fake as it comes.
	asItComes := []string{
		"ok yes, after 0s -> nothing to set",
		"ok yes -> SERVICE_ACCOUNTS=apart, as it is set",
		"ok yes; what was to go was gone after 0s -> nothing to set; SWEEP=apply is safe",
		"ok was made, and is deleted -> ",
	}
	type change map[int]string
	for name, test := range map[string]struct {
		opts []authomizetest.Option
		set  [2]string
		code int
		want change
	}{
		"as it comes": {},
		"service accounts in no grouping": {opts: []authomizetest.Option{authomizetest.WithoutServiceAccountsInGroupings()}, code: exitFailed, want: change{
			1: "fault no: the roles of worker applications and gateways would go to quarantine -> SERVICE_ACCOUNTS=users",
		}},
		"the same, as it is set": {opts: []authomizetest.Option{authomizetest.WithoutServiceAccountsInGroupings()}, set: [2]string{"SERVICE_ACCOUNTS", "users"}, want: change{
			1: "ok no -> SERVICE_ACCOUNTS=users, as it is set",
		}},
		"set without need": {set: [2]string{"SERVICE_ACCOUNTS", "users"}, want: change{
			1: "ok yes -> SERVICE_ACCOUNTS=users is not needed; SERVICE_ACCOUNTS=apart shows them as what they are",
		}},
		"no refresh": {opts: []authomizetest.Option{authomizetest.WithoutRefresh()}, code: exitFailed, want: change{
			2: "fault no: posting a record twice does not refresh it, so a sweep would delete what exists -> SWEEP=never",
		}},
		"no refresh, as it is set": {opts: []authomizetest.Option{authomizetest.WithoutRefresh()}, set: [2]string{"SWEEP", "never"}, want: change{
			2: "ok no: posting a record twice does not refresh it, so a sweep would delete what exists -> SWEEP=never, as it is set",
		}},
		"sweeps that do nothing": {opts: []authomizetest.Option{authomizetest.WithFaults(authomizetest.Fault{Path: "/data", Do: authomizetest.Status(200)})}, want: change{
			2: "warning what was to go was still there after 0s -> SWEEP=report until it can be seen; repeat it with a longer --probe-wait",
		}},
		"nothing to read back": {opts: []authomizetest.Option{authomizetest.WithFaults(authomizetest.Fault{Method: "GET", Path: "/users", Do: authomizetest.Status(403)})}, want: change{
			0: "warning no: ", 2: "warning it can't be seen, as nothing can be read back -> SWEEP=report until it can be seen",
		}},
		"an app that can't be deleted": {opts: []authomizetest.Option{authomizetest.WithFaults(authomizetest.Fault{Method: "DELETE", Path: "/app-1", Do: authomizetest.Status(403)})}, code: exitFailed, want: change{
			3: "fault delete the app app-1 that was made to be thrown away; do it by hand",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t, append(test.opts, ticking())...)
			m := newMachine(t, x.env())
			m.env[test.set[0]] = test.set[1]
			want := append([]string{}, asItComes...)
			for i, line := range test.want {
				want[i] = line
			}
			matchAll(t, m.check(test.code, "--probe", quickly).probed("Authomize"), want)
			x.wantUntouched(t, map[string]bool{"app-1": strings.HasPrefix(want[3], "fault")})
		})
	}
}

func TestProbeInAnAppMadeByHand(t *testing.T) {
	t.Parallel()
	x := newTenant(t, authomizetest.WithoutNewApps(), authomizetest.WithThrowaway("empty"))
	m := newMachine(t, x.env())
	for _, test := range []struct {
		code int
		app  string
		want string
	}{
		{exitDone, "", "warning make an app: authomize: POST /v2/apps: 403: "},
		{exitDone, "empty", "warning the records that were posted are left in app empty: delete it by hand"},
		{exitFailed, "empty", "fault app empty holds "},
		{exitFailed, x.authomize.AppID, "fault --probe-app is the app that runs post to: nothing was written"},
	} {
		all := m.check(test.code, "--probe", quickly, "--probe-app="+test.app).probed("Authomize")
		if last := all[len(all)-1]; !strings.HasPrefix(last, test.want) {
			t.Errorf("%s: %q, want it to begin with %q", test.app, last, test.want)
		}
	}
	x.wantUntouched(t, map[string]bool{"empty": true})
}

func TestProbePingOne(t *testing.T) {
	t.Parallel()
	const (
		marked  = " -> nothing to set: a run leaves them out and reads them from the group"
		devices = " -> nothing to set: a run asks for each user who has no row"
		refused = " -> with MFA_DEVICES=true a run makes a call for each user who may use MFA; Identity Data Read Only and Configuration Read Only together may open the bulk list"
	)
	demo := pingonetest.Demo
	for name, test := range map[string]struct {
		org  func() *pingonetest.Organization
		opts []pingonetest.Option
		want []string
	}{
		"as it comes": {demo, nil, []string{
			"ok yes, marked by group.id" + marked,
			"ok yes; 2 of 36 users who may use MFA have no row" + devices,
		}},
		"other habits": {demo, []pingonetest.Option{pingonetest.InheritedBy("inheritanceType"), pingonetest.WithRowWithoutDevice()}, []string{
			"ok yes, marked by inheritanceType" + marked,
			"ok yes; 0 of 36 users who may use MFA have no row" + devices,
		}},
		"no marker, no bulk list": {demo, []pingonetest.Option{pingonetest.InheritedBy(""), pingonetest.WithDeny("/v1/environments/*/dataExplorations", 403, "ACCESS_FAILED")}, []string{
			"warning a member holds the same role in the same scope, without any marker: inherited, or given twice -> nothing to set; if it is inherited, it is shown as the user's own as well",
			"ok no (403 ACCESS_FAILED)" + refused,
		}},
		"nothing to see": {func() *pingonetest.Organization { return pingonetest.Sized(pingonetest.Size{Users: 3}) }, nil, []string{
			"warning no group with members and a role was found -> nothing to set",
			"warning no environment has a user who may use MFA -> nothing to set",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			org := test.org()
			x.pingone = pingonetest.New(t, org, test.opts...)
			m := newMachine(t, x.env())
			m.env["PINGONE_TOKEN_ENDPOINT"] = x.pingone.TokenEndpoint(org.Environments[0].ID)
			m.env["PINGONE_ENVIRONMENTS"] = "all"
			stdout, _ := m.run(t.Context(), -1, "check", "--json", "--probe", quickly)
			if diff := cmp.Diff(test.want, parseChecked(t, stdout).probed("PingOne")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
