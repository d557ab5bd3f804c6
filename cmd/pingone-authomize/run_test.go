package main

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
)

// machine is where the command runs: a folder, an environment, and what was
// written.
type machine struct {
	t              *testing.T
	dir            string
	env            map[string]string
	aws            []func(*aws.Config)
	lookEvery      time.Duration
	stdin          string
	stdout, stderr buffer
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
	// onLine, if set, gets everything that is written.
	onLine func(string)
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.onLine != nil {
		b.onLine(string(p))
	}
	return b.b.Write(p)
}

func (b *buffer) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.b.Reset()
	return b.b.String()
}

func newMachine(t *testing.T, env map[string]string) *machine {
	t.Helper()
	return &machine{t: t, dir: t.TempDir(), env: maps.Clone(env)}
}

// run runs the command and checks its exit code; any will do for -1.
func (m *machine) run(ctx context.Context, wantCode int, args ...string) (stdout, stderr string) {
	m.t.Helper()
	if m.env == nil {
		m.env = map[string]string{}
	}
	code := command(ctx, args, world{
		Getenv: func(name string) string { return m.env[name] },
		Setenv: func(name, value string) error { m.env[name] = value; return nil },
		Getwd:  func() (string, error) { return m.dir, nil },
		Stdin:  strings.NewReader(m.stdin), Stdout: &m.stdout, Stderr: &m.stderr,
		AWS: m.aws, LookEvery: m.lookEvery,
	})
	stdout, stderr = m.stdout.take(), m.stderr.take()
	if code != wantCode && wantCode != -1 {
		m.t.Fatalf("%v: exit code %d, want %d\n%s\n%s", args, code, wantCode, stdout, stderr)
	}
	return stdout, stderr
}

// report is the one of the newest run.
func (m *machine) report() *report.Report {
	m.t.Helper()
	out, _ := m.run(m.t.Context(), exitDone, "report", "--json")
	r := new(report.Report)
	if err := json.Unmarshal([]byte(out), r); err != nil {
		m.t.Fatal(err)
	}
	return r
}

// tenant is a small organization on one side and an Authomize on the other.
type tenant struct {
	org       *pingonetest.Organization
	pingone   *pingonetest.Server
	authomize *authomizetest.Server
}

func newTenant(t *testing.T, opts ...authomizetest.Option) *tenant {
	t.Helper()
	org := pingonetest.Sized(pingonetest.Size{Users: 40, Groups: 4, MembershipsPerUser: 2, RoleHolders: 3, Applications: 10})
	org.Client = pingonetest.StableID("sized", "application", "0")
	return &tenant{org: org, pingone: pingonetest.New(t, org), authomize: authomizetest.New(t, opts...)}
}

// env are the settings to reach the tenant.
func (x *tenant) env() map[string]string {
	return map[string]string{
		"PINGONE_CLIENT_ID": x.pingone.ClientID, "PINGONE_CLIENT_SECRET": x.pingone.ClientSecret,
		"PINGONE_TOKEN_ENDPOINT": x.pingone.TokenEndpoint(pingonetest.SizedEnvironment()),
		"PINGONE_API_URL":        x.pingone.URL, "AUTHOMIZE_TOKEN": x.authomize.Token,
		"AUTHOMIZE_APP_ID": x.authomize.AppID, "AUTHOMIZE_API_URL": x.authomize.URL,
		"PINGONE_REQUESTS_PER_SECOND": "2000",
	}
}

// anHourAgo and now set Authomize's clock: a sweep spares what was posted in the
// last minutes.
func (x *tenant) anHourAgo() {
	x.authomize.SetClocks(authomizetest.Clocks{Accepted: -time.Hour, Date: -time.Hour, Modified: -time.Hour})
}

func (x *tenant) now() { x.authomize.SetClocks(authomizetest.Clocks{}) }

func mustContain(t *testing.T, what, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", what, want, text)
		}
	}
}

// A demonstration needs no setting, and can be repeated. Its fakes end with the
// process: what was posted to those of an interrupted one is posted once more.
func TestDemo(t *testing.T) {
	t.Parallel()
	m := newMachine(t, nil)
	ctx, interrupt := context.WithCancel(t.Context())
	m.stderr.onLine = func(line string) {
		if strings.Contains(line, "  post groupings") {
			interrupt()
		}
	}
	m.run(ctx, exitInterrupted, "run")
	m.stderr.onLine = nil
	for i := range 2 {
		stdout, stderr := m.run(t.Context(), exitDone, "run")
		mustContain(t, "stderr", stderr, "demo organization, served by fakes on this machine; nothing but what is staged leaves it", "read users", "post permissions")
		mustContain(t, "stdout", stdout, " done: 18,751 records posted, swept", "read from PingOne", "posted to Authomize")
		for _, line := range strings.Split(stdout[strings.Index(stdout, "\nreport"):], "\n") {
			path := strings.TrimSpace(strings.TrimPrefix(line, "report"))
			if _, err := os.Stat(path); path != "" && err != nil {
				t.Errorf("the named report is not there: %v", err)
			}
		}
		r := m.report()
		if r.Organization == nil || r.Organization.Name != "Example Demo" || r.Posted()["users"] != 5000 || len(m.runs("staging/demo")) != i+1 {
			t.Errorf("%v, %v posted, runs %v", r.Organization, r.Posted(), m.runs("staging/demo"))
		}
	}
}

func TestRealRunFromEnvFile(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, map[string]string{"AUTHOMIZE_APP_ID": x.authomize.AppID})
	env := x.env()
	env["AUTHOMIZE_APP_ID"] = "not-this-one" // what is set already wins
	file := writeEnv(t, env)
	stdout, stderr := m.run(t.Context(), exitDone, "run", "--env-file", file)
	mustContain(t, "stdout", stdout, "done: ", ", swept")
	if strings.Contains(stderr, "demo") {
		t.Errorf("a real run speaks of a demo:\n%s", stderr)
	}
	if got := x.authomize.Count(authomize.Users); got != 40 {
		t.Errorf("%d users in Authomize, want 40", got)
	}
	shown, _ := m.run(t.Context(), exitDone, "report", "--run", m.report().Run)
	if diff := cmp.Diff(stdout, shown); diff != "" {
		t.Errorf("output (-run +report):\n%s", diff)
	}
	m.noSecrets(x, stdout+stderr)
}

// noSecrets looks for credentials and e-mail addresses in output and logs.
func (m *machine) noSecrets(x *tenant, output string) {
	m.t.Helper()
	texts := map[string]string{"output": output}
	logs := filepath.Join(m.dir, "staging", "logs")
	err := filepath.WalkDir(logs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		texts[path] = string(data)
		return err
	})
	if err != nil || len(texts) < 2 {
		m.t.Fatalf("logs: %v, %d files", err, len(texts)-1)
	}
	for name, text := range texts {
		for _, canary := range append(x.pingone.Issued(), x.pingone.ClientSecret, x.authomize.Token, "@sized.example") {
			if strings.Contains(text, canary) {
				m.t.Errorf("%s holds a credential or an e-mail address", name)
			}
		}
	}
}

func writeEnv(t *testing.T, env map[string]string) string {
	t.Helper()
	var b strings.Builder
	for name, value := range env {
		b.WriteString(name + "=" + value + "\n")
	}
	file := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A list that PingOne refuses holds nothing: what it showed is carried forward,
// and output and report say so.
func TestRefusedList(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	x.anHourAgo()
	m.run(t.Context(), exitDone, "run")
	x.now()
	x.pingone.Deny("/v1/environments/*/applications", 403, "ACCESS_FAILED")
	x.org.RemoveUser(pingonetest.SizedEnvironment(), x.org.Environments[0].Users[39].ID)
	stdout, stderr := m.run(t.Context(), exitDone, "run")
	mustContain(t, "stdout", stdout, " done: ", ", swept", "403 ACCESS_FAILED", "Configuration Read Only", "refused:applications", "pingone-authomize approve --run "+m.report().Run)
	mustContain(t, "stderr", stderr, "carried forward")
	if n := x.authomize.Count(authomize.Users); n != 39 {
		t.Errorf("%d users in Authomize, want 39", n)
	}
}

func TestRefusedSecretIsSaidOnce(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	m.env["PINGONE_CLIENT_SECRET"] = "wrong"
	_, stderr := m.run(t.Context(), exitFailed, "run")
	if n := strings.Count(stderr, "credentials refused"); n != 1 || !strings.Contains(stderr, "nothing was read and nothing was posted") {
		t.Errorf("said %d times:\n%s", n, stderr)
	}
	if len(x.authomize.Requests()) != 0 {
		t.Error("something was sent to Authomize")
	}
}

// A secret that is exchanged in the midst of reading stops the run, and the same
// command with the new one goes on with it.
func TestStoppedByAnErrorAndResumed(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	x.pingone.Inject(pingonetest.Fault{Match: "/v1/environments/*/groups", Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
		x.pingone.RotateSecret("another")
		x.pingone.RevokeTokens()
	}})
	m := newMachine(t, x.env())
	_, stderr := m.run(t.Context(), exitFailed, "run")
	mustContain(t, "stderr", stderr, "did not come to an end: ", "credentials refused", "records, stopped", "what was read is staged; the same command goes on\n")
	if len(x.authomize.Posts()) != 0 {
		t.Error("an incomplete run was posted")
	}
	m.env["PINGONE_CLIENT_SECRET"] = "another"
	_, stderr = m.run(t.Context(), exitDone, "run")
	mustContain(t, "stderr", stderr, "going on with run ")
	if got := x.authomize.Count(authomize.Users); got != 40 {
		t.Errorf("%d users in Authomize, want 40", got)
	}
}
