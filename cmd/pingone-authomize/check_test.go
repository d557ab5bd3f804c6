package main

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// checked is the output of check --json.
type checked struct {
	OK     bool `json:"ok"`
	Checks []struct{ Check, Environment, State, Detail, Follows string }
}

func (m *machine) check(wantCode int, args ...string) checked {
	m.t.Helper()
	stdout, stderr := m.run(m.t.Context(), wantCode, append([]string{"check", "--json"}, args...)...)
	c := parseChecked(m.t, stdout)
	if c.OK != (wantCode == exitDone) || stderr != "" {
		m.t.Errorf("ok is %t, the exit code %d\n%s", c.OK, wantCode, stderr)
	}
	return c
}

func parseChecked(t *testing.T, stdout string) (c checked) {
	t.Helper()
	if err := json.Unmarshal([]byte(stdout), &c); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
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
		"audit feed", "applications", "gateways", "rate limits", "granted roles", "Authomize token", "Authomize app",
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
	if n := x.pingone.Calls("/v1/environments/*/users"); n != 18 { // two pages of three environments
		t.Errorf("%d calls for users by three checks", n)
	}
}

func TestCheckFaults(t *testing.T) {
	t.Parallel()
	const gateways = "gateways: fault: not readable (403 ACCESS_FAILED): grant the worker application Configuration Read Only on this environment"
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
			"roleassignments of users: fault: not readable (403 ACCESS_FAILED): grant the worker application Identity Data Read Only",
			"roleassignments of gateways: fault: ", gateways,
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
		}, exitDone, []string{"Authomize app: warning: it can't be looked at: "}},
		"no environment": {func(x *tenant, env map[string]string) {
			env["PINGONE_ENVIRONMENTS"] = "all"
			x.pingone.Deny("/v1/environments", 403, "ACCESS_FAILED")
		}, exitFailed, []string{"environments: fault: "}},
		"unknown environment": {func(_ *tenant, env map[string]string) {
			env["PINGONE_ENVIRONMENTS"] = "11111111-2222-4333-8444-555555555555"
		}, exitFailed, []string{
			"environments: fault: not readable (403 ACCESS_FAILED): ", "populations: ", "users: ",
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
		"application roles": {func(x *tenant, env map[string]string) {
			env["APPLICATION_ROLES"] = "true"
			x.org.AddApplicationRole(pingonetest.SizedEnvironment(), pingonetest.ApplicationRole{ID: pingonetest.StableID("role")})
		}, exitDone, nil},
		"application roles without a licence": {func(_ *tenant, env map[string]string) { env["APPLICATION_ROLES"] = "true" }, exitDone, []string{
			"application roles: warning: not readable (403 ACCESS_FAILED): a run shows none; where PingOne Authorize is licensed, grant ",
		}},
		"custom domain": {func(x *tenant, env map[string]string) {
			env["PINGONE_TOKEN_ENDPOINT"], env["PINGONE_ENVIRONMENTS"] = x.pingone.URL+"/as/token", pingonetest.SizedEnvironment().String()
		}, exitDone, []string{"granted roles: warning: can't be read (a custom domain hides where the worker application lives), so what no list shows is gone only if"}},
		"too fast": {func(x *tenant, env map[string]string) {
			env["PINGONE_REQUESTS_PER_SECOND"] = "20"
			x.org.Limits = map[string]int{"rlgConfigRpm": 600, "rlgDirAccessRps": 50}
		}, exitDone, []string{"rate limits: warning: requests a second for the licence, and in brackets for one address: configuration 10 (3.5), directory 50 (17.5); " +
			"a run asks for 20 of configuration and 20 of directory, so PingOne will answer 429: set PINGONE_REQUESTS_PER_SECOND to 3.5, or allow your address more"}},
		"limits not told": {func(x *tenant, _ map[string]string) { x.org.Limits = nil }, exitDone, nil},
		"limits refused": {func(x *tenant, _ map[string]string) {
			x.pingone.Deny("/v1/environments/*/capabilities", 403, "ACCESS_FAILED")
		}, exitDone, nil},
		"app unknown": {func(x *tenant, _ map[string]string) {
			x.pingone.Deny("/v1/environments/*/applications/*/roleAssignments", 403, "ACCESS_FAILED")
		}, exitFailed, []string{"roleassignments of applications: fault: ",
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

// A run whose records nobody would take does not begin.
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
}

// A careless store writes whatever some conditions say.
type careless struct {
	staging.Store
	ignores func(staging.Condition) bool
}

func (c careless) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if c.ignores(cond) {
		cond = staging.Always
	}
	return c.Store.Put(ctx, key, data, cond)
}

func TestCheckTriesConditionalWrites(t *testing.T) {
	t.Parallel()
	for header, ignores := range map[string]func(staging.Condition) bool{
		"If-None-Match": func(c staging.Condition) bool { return c == staging.IfAbsent },
		"If-Match":      func(c staging.Condition) bool { _, ok := c.Version(); return ok },
		"":              func(staging.Condition) bool { return false },
	} {
		var found findings
		checkStaging(t.Context(), careless{new(stagingtest.Memory), ignores}, &found)
		got := found.all[0]
		if isFault := header != ""; (got.State == fault) != isFault || isFault && !strings.Contains(got.Detail, "("+header+")") {
			t.Errorf("a store that ignores %q: %s: %s", header, got.State, got.Detail)
		}
	}
}
