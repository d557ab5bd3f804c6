package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
)

// checked is the output of check --json.
type checked struct {
	OK     bool `json:"ok"`
	Checks []struct{ Check, Environment, State, Detail string }
}

func (m *machine) check(wantCode int, args ...string) checked {
	m.t.Helper()
	stdout, stderr := m.run(m.t.Context(), wantCode, append([]string{"check", "--json"}, args...)...)
	var c checked
	if err := json.Unmarshal([]byte(stdout), &c); err != nil || stderr != "" {
		m.t.Fatalf("%v\n%s\n%s", err, stdout, stderr)
	}
	if c.OK != (wantCode == exitDone) {
		m.t.Errorf("ok is %t, the exit code %d", c.OK, wantCode)
	}
	return c
}

// bad are the findings that are not ok, as "check: state: detail".
func (c checked) bad() []string {
	var all []string
	for _, f := range c.Checks {
		if f.State != "ok" {
			all = append(all, f.Check+": "+f.State+": "+f.Detail)
		}
	}
	return all
}

// matchAll compares findings by their beginnings.
func matchAll(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for i := range got {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("found %q, want it to begin with %q", got[i], want[i])
		}
	}
}

func TestCheckAllIsWell(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	c := m.check(exitDone)
	matchAll(t, c.bad(), nil)
	var names []string
	for _, f := range c.Checks {
		names = append(names, f.Check)
	}
	want := []string{
		"settings and secret", "staging", "PingOne token",
		"environments", "populations", "users", "user counts", "groups", "memberships", "roles",
		"roleassignments of users", "roleassignments of groups", "roleassignments of applications", "roleassignments of gateways",
		"audit feed", "applications", "gateways", "granted roles", "PingOne clock", "Authomize token", "Authomize app", "Authomize clock",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	stdout, stderr := m.run(t.Context(), exitDone, "check", "--env-file", writeEnv(t, x.env()))
	mustContain(t, "stdout", stdout, "check ", "environment "+pingonetest.SizedEnvironment().String(), "  users ", "Authomize app ")
	m.run(t.Context(), exitDone, "check") // the object is there already
	for _, canary := range []string{x.pingone.ClientSecret, x.authomize.Token, "@sized.example"} {
		if strings.Contains(stdout+stderr, canary) {
			t.Error("a credential or an e-mail address is shown")
		}
	}
	if n := len(x.authomize.Posts()) + len(x.authomize.Sweeps()); n != 0 {
		t.Errorf("%d posts and sweeps by checks", n)
	}
	if n := x.pingone.Calls("/v1/environments/*/users"); n > 9 {
		t.Errorf("%d calls for users by three checks", n)
	}
}

func TestCheckFaults(t *testing.T) {
	t.Parallel()
	const gateways = "gateways: missing: not readable (403 ACCESS_FAILED): grant the worker application Configuration Read Only on this environment"
	for name, test := range map[string]struct {
		change func(*tenant, map[string]string)
		code   int
		want   []string
	}{
		"settings": {func(_ *tenant, env map[string]string) { env["AUTHOMIZE_APP_ID"], env["SWEEP"] = "", "x" }, exitFailed,
			[]string{"settings and secret: fault: AUTHOMIZE_APP_ID: ", "settings and secret: fault: SWEEP: "}},
		"client secret": {func(x *tenant, _ map[string]string) { x.pingone.RotateSecret("another") }, exitFailed,
			[]string{"PingOne token: fault: pingone: credentials refused"}},
		"role missing": {func(x *tenant, _ map[string]string) {
			x.pingone.Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED")
			x.pingone.Deny("/v1/environments/*/users/*/roleAssignments", 403, "ACCESS_FAILED")
		}, exitFailed, []string{
			"roleassignments of users: missing: not readable (403 ACCESS_FAILED): grant the worker application Identity Data Read Only",
			"roleassignments of gateways: missing: ", gateways,
		}},
		"Authomize token": {func(x *tenant, env map[string]string) {
			env["AUTHOMIZE_TOKEN"] = "wrong"
			x.authomize.ExpectViolation("Authorization is not the bare token")
		}, exitFailed, []string{"Authomize token: fault: authomize: GET /me: 401"}},
		"Authomize app": {func(x *tenant, env map[string]string) {
			env["AUTHOMIZE_APP_ID"] = "another"
			x.authomize.ExpectViolation("there is no such route, or app")
		}, exitFailed, []string{"Authomize app: fault: authomize: GET /v2/apps/another: 404"}},
		"Authomize app not to be seen": {func(x *tenant, _ map[string]string) {
			x.authomize.AddFaults(authomizetest.Fault{Path: "/v2/apps/" + x.authomize.AppID, Do: authomizetest.Status(403)})
		}, exitFailed, []string{"Authomize app: missing: it can't be looked at: "}},
		"no environment": {func(x *tenant, env map[string]string) {
			env["PINGONE_ENVIRONMENTS"] = "all"
			x.pingone.Deny("/v1/environments", 403, "ACCESS_FAILED")
		}, exitFailed, []string{"environments: missing: "}},
		"unknown environment": {func(_ *tenant, env map[string]string) {
			env["PINGONE_ENVIRONMENTS"] = "11111111-2222-4333-8444-555555555555"
		}, exitFailed, []string{
			"environments: missing: not readable (403 ACCESS_FAILED): ", "populations: ", "users: ",
			"user counts: warning: not readable (403 ACCESS_FAILED): a user whom no list shows is gone only if the audit feed says so; grant ",
			"groups: ", "memberships: ", "roles: ", "roleassignments of users: ",
			"roleassignments of groups: ", "roleassignments of applications: ", "roleassignments of gateways: ",
			"audit feed: warning: not readable (403 ACCESS_FAILED): every run reads the members of every group, and sees a change of roles only when the last reading is older than MAX_READING_AGE; grant the worker application the permission audit_reporting:read:activity",
			"applications: ", "gateways: ",
		}},
		"audit feed": {func(x *tenant, _ map[string]string) {
			x.pingone.Deny("/v1/environments/*/activities", 403, "ACCESS_FAILED")
		}, exitDone, []string{
			"audit feed: warning: not readable (403 ACCESS_FAILED): every run reads the members of every group, and sees a change of roles only when the last reading is older than MAX_READING_AGE; grant the worker application the permission audit_reporting:read:activity",
		}},
		"devices, as they are not read": {func(x *tenant, _ map[string]string) {
			x.pingone.Deny("/v1/environments/*/users/*/devices", 403, "ACCESS_FAILED")
			x.pingone.Deny("/v1/environments/*/dataExplorations", 403, "ACCESS_FAILED")
		}, exitDone, nil},
		"devices": {func(_ *tenant, env map[string]string) { env["MFA_DEVICES"] = "true" }, exitDone, nil},
		"devices refused": {func(x *tenant, env map[string]string) {
			env["MFA_DEVICES"] = "true"
			x.pingone.Deny("/v1/environments/*/users/*/devices", 404, "NOT_FOUND")
			x.pingone.Deny("/v1/environments/*/dataExplorations", 404, "NOT_FOUND")
		}, exitDone, []string{
			"devices in bulk: warning: not readable (404 NOT_FOUND): each user who may use MFA is asked for, one call each; grant the worker application Identity Data Read Only and Configuration Read Only",
			"devices of users: warning: not readable (404 NOT_FOUND): hasMFA is left out for users who may use MFA and are not listed in bulk; grant ",
		}},
		"devices neither on nor off": {func(_ *tenant, env map[string]string) { env["MFA_DEVICES"] = "maybe" }, exitFailed, []string{
			"settings and secret: fault: MFA_DEVICES: it must be true or false",
		}},
		"app unknown": {func(x *tenant, _ map[string]string) {
			x.pingone.Deny("/v1/environments/*/applications/*/roleAssignments", 403, "ACCESS_FAILED")
		}, exitFailed, []string{"roleassignments of applications: missing: ",
			"granted roles: warning: can't be read (403 ACCESS_FAILED), so what no list shows is gone only if the audit feed says so: grant the worker application Configuration Read Only on environment " + pingonetest.SizedEnvironment().String() + ", where it lives",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			m := newMachine(t, x.env())
			test.change(x, m.env)
			matchAll(t, m.check(test.code).bad(), test.want)
		})
	}
}

// Where neither populations nor the head count say how many users there are,
// the role to grant is named.
func TestCheckUserCounts(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	x.pingone.Inject(pingonetest.Fault{
		Match: "/v1/environments/*/populations", Times: -1, Do: pingonetest.FaultEdit,
		Edit: func(body string) string { return strings.ReplaceAll(body, `"userCount"`, `"other"`) },
	})
	m := newMachine(t, x.env())
	matchAll(t, m.check(exitDone).bad(), nil)
	x.pingone.Deny("/v1/environments/*/totalIdentities", 403, "ACCESS_FAILED")
	matchAll(t, m.check(exitDone).bad(), []string{
		"user counts: warning: not readable (403 ACCESS_FAILED): a user whom no list shows is gone only if the audit feed says so; grant the worker application Identity Data Read Only",
	})
}

func TestCheckStack(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	matchAll(t, d.check(exitDone, "--stack", stackName).bad(), nil)
	if _, err := d.store().Get(t.Context(), checkKey); err != nil {
		t.Error(err)
	}
	// What only the function for devices has is looked at, too.
	d.env["MFA_DEVICES"] = "true"
	d.x.pingone.Deny("/v1/environments/*/users/*/devices", 403, "ACCESS_FAILED")
	matchAll(t, d.check(exitDone, "--stack", stackName).bad(), []string{"devices of users: warning: not readable (403 ACCESS_FAILED)"})
	delete(d.env, "MFA_DEVICES")
	d.refuse("s3:PutObject")
	matchAll(t, d.check(exitFailed, "--stack", stackName).bad(), []string{"staging: fault: AWS refuses it: the identity that you use needs the permission s3:PutObject on s3://staged/check.json"})
	d.refuse("secretsmanager:GetSecretValue")
	matchAll(t, d.check(exitFailed, "--stack", stackName).bad(), []string{"settings and secret: fault: AWS refuses it: the identity that you use needs the permission secretsmanager:GetSecretValue"})
	empty := deploy(t)
	empty.secret = `{"clientId":"","clientSecret":"","tokenEndpoint":"","authomizeToken":""}`
	matchAll(t, empty.check(exitFailed, "--stack", stackName).bad(), []string{
		"settings and secret: fault: secret the-secret: the secret has no clientId; the secret has no clientSecret; ",
	})
	// Every fault in one message, of whatever kind.
	empty.secret = `{"clientId":"a","tokenEndpoint":"auth.pingone.eu","clientSecret":"","authMethod":"jwt"}`
	matchAll(t, empty.check(exitFailed, "--stack", stackName).bad(), []string{
		"settings and secret: fault: secret the-secret: the secret has no clientSecret; the secret has no authomizeToken; the secret's authMethod is neither basic nor post\ntoken endpoint: it is no absolute URL",
	})
}

func TestCheckStagingThatCantBeWritten(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	if err := os.WriteFile(m.dir+"/staging", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	matchAll(t, m.check(exitFailed).bad(), []string{"staging: fault: "})
}

func TestClock(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		date  string
		state grade
		want  string
	}{
		{time.Now().UTC().Format(http.TimeFormat), ok, "agrees"},
		{time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), warning, "ahead: set its clock"},
		{time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat), warning, "behind: set its clock"},
		{"yesterday", warning, "no reply named its time"},
	} {
		c := &clock{RoundTripper: roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{"Date": {test.date}}, Body: http.NoBody}, nil
		})}
		h := &http.Client{Transport: c}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := h.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		f := &findings{}
		c.judge(f, "clock")
		if len(f.all) != 1 || f.all[0].State != test.state || !strings.Contains(f.all[0].Detail, test.want) {
			t.Errorf("%s: %v", test.date, f.all)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRunChecksFirst(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.env["AUTHOMIZE_TOKEN"] = "wrong"
	x.authomize.ExpectViolation("Authorization is not the bare token")
	_, stderr := m.run(t.Context(), exitFailed, "run")
	mustContain(t, "stderr", stderr, "nothing was read and nothing was posted", "Authomize token: authomize: GET /me: 401")
	if _, err := os.Stat(m.dir + "/staging/runs"); err == nil {
		t.Error("something was staged")
	}
	m.env["AUTHOMIZE_TOKEN"] = x.authomize.Token
	if err := os.RemoveAll(m.dir + "/staging"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(m.dir+"/staging/check.json", 0o700); err != nil {
		t.Fatal(err)
	}
	_, stderr = m.run(t.Context(), exitFailed, "run")
	mustContain(t, "stderr", stderr, "nothing was read and nothing was posted", "staging: ")
	if err := os.Remove(m.dir + "/staging/check.json"); err != nil {
		t.Fatal(err)
	}
	x.pingone.Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED")
	_, stderr = m.run(t.Context(), exitDone, "run")
	mustContain(t, "stderr", stderr, "check: environment "+pingonetest.SizedEnvironment().String()+": gateways: not readable (403 ACCESS_FAILED)", "read gateways")
}
