package main

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/assemble"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"PINGONE_CLIENT_ID": "id", "PINGONE_CLIENT_SECRET": "canary-secret", "AUTHOMIZE_TOKEN": "canary-token", "AUTHOMIZE_APP_ID": "app",
		"PINGONE_TOKEN_ENDPOINT": "https://auth.pingone.eu/11111111-2222-4333-8444-555555555555/as/token",
	}
	for _, test := range []struct {
		name   string
		change map[string]string
		want   []string
	}{
		{"everything", map[string]string{
			"PINGONE_CLIENT_ID": "", "PINGONE_CLIENT_SECRET": "", "PINGONE_TOKEN_ENDPOINT": "https://canary.example/x", "AUTHOMIZE_TOKEN": "",
			"PINGONE_AUTH_METHOD": "jwt", "AUTHOMIZE_APP_ID": "", "AUTHOMIZE_API_URL": "http://canary.example", "PINGONE_API_URL": "canary",
			"PINGONE_ENVIRONMENTS": "canary", "PINGONE_REQUESTS_PER_SECOND": "0", "SWEEP": "maybe", "MAX_SHRINK_PERCENT": "101",
			"DRY_RUN": "perhaps", "STAGING_URL": "ftp://canary",
		}, []string{
			"STAGING_URL: ", "PINGONE_API_URL: ", "PINGONE_ENVIRONMENTS: ", "PINGONE_REQUESTS_PER_SECOND: ", "AUTHOMIZE_APP_ID: ", "AUTHOMIZE_API_URL: ",
			"SWEEP: ", "MAX_SHRINK_PERCENT: ", "DRY_RUN: ", "PINGONE_CLIENT_ID: ", "PINGONE_CLIENT_SECRET: ", "AUTHOMIZE_TOKEN: ",
			"PINGONE_TOKEN_ENDPOINT: ", "PINGONE_AUTH_METHOD: ",
		}},
		{"no credentials", map[string]string{
			"PINGONE_CLIENT_ID": "", "PINGONE_CLIENT_SECRET": "", "PINGONE_TOKEN_ENDPOINT": "", "AUTHOMIZE_TOKEN": "",
		}, []string{"SECRET_ID: it is not set: name the secret"}},
		{"both sorts of credentials", map[string]string{"SECRET_ID": "x"}, []string{"SECRET_ID: it is set, and so is"}},
		{"custom domain", map[string]string{"PINGONE_TOKEN_ENDPOINT": "https://login.example.com/as/token"},
			[]string{"the token endpoint is on a custom domain"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t, good)
			for name, value := range test.change {
				m.env[name] = value
			}
			stdout, stderr := m.run(t.Context(), exitFailed, "run")
			var got []string
			for line := range strings.Lines(stderr) {
				if fault, ok := strings.CutPrefix(line, "  - "); ok {
					got = append(got, fault)
				}
			}
			if len(got) != len(test.want) {
				t.Errorf("%d faults, want %d:\n%s", len(got), len(test.want), stderr)
			}
			for i := range min(len(got), len(test.want)) {
				if !strings.HasPrefix(got[i], test.want[i]) {
					t.Errorf("fault %d is %q, want one that begins with %q", i, got[i], test.want[i])
				}
			}
			mustContain(t, "stderr", stderr, "nothing was read and nothing was posted", ".env.example")
			if strings.Contains(stderr, "canary") || stdout != "" {
				t.Errorf("a value is shown, or something on stdout:\n%s%s", stderr, stdout)
			}
			if left, err := os.ReadDir(m.dir); err != nil || len(left) != 0 {
				t.Errorf("the folder holds %v, %v, want nothing", left, err)
			}
		})
	}
}

func TestBadUse(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "broken.env")
	if err := os.WriteFile(broken, []byte("A=1\nthis is a canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		code int
		args []string
		want string
	}{
		"no command":           {exitUsage, nil, "--help"},
		"unknown command":      {exitUsage, []string{"sync"}, "unexpected argument sync"},
		"no env file":          {exitFailed, []string{"run", "--env-file", filepath.Join(t.TempDir(), "none")}, "copy .env.example"},
		"broken env file":      {exitFailed, []string{"run", "--env-file", broken}, "line 2 is not understood: each line must be NAME=value"},
		"a stack and a folder": {exitUsage, []string{"report", "--stack", "x", "--staging", "y"}, "--stack and --staging can't be used together"},
		"no codes":             {exitUsage, []string{"approve", "--reason", "x"}, "--codes"},
		"no reason":            {exitUsage, []string{"approve", "--codes", "shrunk"}, "--reason"},
		"report of no run":     {exitFailed, []string{"report"}, "where nothing is staged: pingone-authomize run makes one"},
		"report of unknown":    {exitFailed, []string{"report", "--staging", t.TempDir(), "--run", "20200101T000000Z"}, "no report of run 20200101T000000Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, stderr := newMachine(t, nil).run(t.Context(), test.code, test.args...)
			mustContain(t, "stderr", stderr, test.want)
			if strings.Contains(stderr, "canary") {
				t.Error("the env file is quoted")
			}
		})
	}
}

func TestReadEnvFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), ".env")
	text := "\ufeffA=ab$CD~ef#gh\r\n# comment\n\nexport B = \"x y\"\nC='$A'\nD=\nE=a=b\\n\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readEnvFile(file)
	want := map[string]string{"A": "ab$CD~ef#gh", "B": "x y", "C": "$A", "D": "", "E": `a=b\n`}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestStagingURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ flag, env, want string }{
		{"", "", "file:///here/staging"},
		{"", "s3://bucket/prefix", "s3://bucket/prefix"},
		{"file:///there", "s3://bucket/prefix", "file:///there"},
		{"sub/folder", "s3://bucket/prefix", "file:///here/sub/folder"},
		{"/there", "", "file:///there"},
		{"with space", "", "file:///here/with%20space"},
		{"s3:/bucket", "", "--staging s3:/bucket is neither a folder nor a URL: write s3://bucket/prefix or file:///folder"},
		{"file:/folder", "", "--staging file:/folder is neither a folder nor a URL: write s3://bucket/prefix or file:///folder"},
	} {
		w := world{Getenv: func(string) string { return test.env }, Getwd: func() (string, error) { return "/here", nil }}
		got, err := stagingURL(w, test.flag)
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("flag %q, STAGING_URL %q: %q, want %q", test.flag, test.env, got, test.want)
		}
	}
}

func TestEnvExampleListsTheCredentials(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range assemble.EnvSecretNames {
		if !strings.Contains("\n"+string(data), "\n"+name+"=") {
			t.Errorf(".env.example does not list %s", name)
		}
	}
}

func TestCredentialsFromVariables(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"PINGONE_CLIENT_ID": "id", "PINGONE_CLIENT_SECRET": "secret", "AUTHOMIZE_TOKEN": " token\n", "PINGONE_AUTH_METHOD": "POST",
		"PINGONE_TOKEN_ENDPOINT": "https://login.example.com/as/token",
	}
	c, err := assemble.EnvSecret{Getenv: func(name string) string { return env[name] }}.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.ClientID, c.ClientSecret.Reveal(), c.TokenEndpoint, string(c.AuthMethod), c.AuthomizeToken.Reveal()}
	want := []string{"id", "secret", "https://login.example.com/as/token", "post", "token"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("credentials (-want +got):\n%s", diff)
	}
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"staging": "staging", "s3://bucket/prefix": "s3://bucket/prefix", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$HOME": "'$HOME'",
	} {
		if got := quoted(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestMisspelt(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"DRY_RUN": "", "AWS_PROFILE": "", "HTTPS_PROXY": "", "https_proxy": "",
		"SWEPE":               "SWEPE is no setting: .env.example lists them",
		"DRYRUN":              "DRYRUN is no setting: .env.example lists them",
		"PINGONE_ENVIRONMENT": "PINGONE_ENVIRONMENT is no setting: .env.example lists them",
	} {
		got := ""
		if err := misspelt(map[string]string{name: "x"}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	m := newMachine(t, map[string]string{"DRYRUN": "true", "max_shrink_percent": "5", "SWEEP": "report"})
	_, stderr := m.run(t.Context(), exitFailed, "run")
	mustContain(t, "stderr", stderr, "  - DRYRUN is no setting: ", "  - max_shrink_percent is no setting: ")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	stdout, _ := newMachine(t, nil).run(t.Context(), exitDone, "version")
	mustContain(t, "stdout", stdout, "pingone-authomize ", "commit ", "go1.")
	for want, info := range map[string]*debug.BuildInfo{
		"pingone-authomize, built without its version":      nil,
		"pingone-authomize (devel), commit unknown, go1.26": {GoVersion: "go1.26"},
		"pingone-authomize v1.2.3, commit abc with changes, go1.26": {
			GoVersion: "go1.26", Main: debug.Module{Version: "v1.2.3"},
			Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
		},
	} {
		if got := versionOf(info); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
