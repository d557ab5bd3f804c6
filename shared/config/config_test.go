package config_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
)

const (
	envA = "0a1b2c3d-0000-4000-8000-00000000000a"
	envB = "0a1b2c3d-0000-4000-8000-00000000000b"
)

func mustID(s string) pingone.ID {
	id, ok := pingone.ParseID(s)
	if !ok {
		panic("no id: " + s)
	}
	return id
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// env looks settings up in pairs of name and value.
func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

// with are the required settings and some more.
func with(pairs ...string) func(string) string {
	required := []string{"SECRET_ID", "pingone/worker", "STAGING_URL", "s3://bucket/prefix", "AUTHOMIZE_APP_ID", "app-1"}
	return env(append(required, pairs...)...)
}

var common = config.Common{SecretID: "pingone/worker", StagingURL: "s3://bucket/prefix"}

func TestDefaultsOfEachCollection(t *testing.T) {
	t.Parallel()
	want := map[staging.Collection]float64{
		staging.Environments: 3, staging.Populations: 10, staging.Users: 10, staging.Groups: 10, staging.Memberships: 10,
		staging.Roles: 3, staging.RoleAssignments: 3, staging.Applications: 3, staging.Gateways: 3,
	}
	if len(want) != len(staging.Collections) {
		t.Fatal("a collection is missing here")
	}
	for c, perSecond := range want {
		got, err := config.LoadFetch(with(), c)
		if err != nil {
			t.Fatal(err)
		}
		want := config.Fetch{Common: common, PerSecond: perSecond}
		if c == staging.RoleAssignments {
			want.RoleMaxAge, want.RoleRefresh = 7*24*time.Hour, 1000
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c, diff)
		}
	}
}

func TestFetchSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, value string
		want        config.Fetch
	}{
		{"PINGONE_REQUESTS_PER_SECOND", "0.5", config.Fetch{Common: common, PerSecond: 0.5}},
		{"PINGONE_REQUESTS_PER_SECOND", " 10000 ", config.Fetch{Common: common, PerSecond: 10000}},
		{"PINGONE_ENVIRONMENTS", "all", config.Fetch{Common: common, PerSecond: 10, All: true}},
		{"PINGONE_ENVIRONMENTS", "ALL", config.Fetch{Common: common, PerSecond: 10, All: true}},
		{"PINGONE_ENVIRONMENTS", envA, config.Fetch{Common: common, PerSecond: 10, Environments: []pingone.ID{mustID(envA)}}},
		{"PINGONE_ENVIRONMENTS", envB + ", " + strings.ToUpper(envA) + "," + envB, config.Fetch{Common: common, PerSecond: 10, Environments: []pingone.ID{mustID(envB), mustID(envA)}}},
		{"PINGONE_API_URL", "https://API.pingone.eu/v1/", config.Fetch{Common: common, PerSecond: 10, APIURL: mustURL("https://api.pingone.eu")}},
		{"STAGING_URL", "file:///tmp/x", config.Fetch{Common: config.Common{SecretID: common.SecretID, StagingURL: "file:///tmp/x"}, PerSecond: 10}},
		{"MFA_DEVICES", "true", config.Fetch{Common: common, PerSecond: 10, MFADevices: true}},
		{"MFA_DEVICES", " True ", config.Fetch{Common: common, PerSecond: 10, MFADevices: true}},
		{"MFA_DEVICES", "false", config.Fetch{Common: common, PerSecond: 10}},
		{"SECRET_ID", " a\n", config.Fetch{Common: config.Common{SecretID: "a", StagingURL: common.StagingURL}, PerSecond: 10}},
	}
	for _, tt := range tests {
		got, err := config.LoadFetch(with(tt.name, tt.value), staging.Users)
		if err != nil {
			t.Errorf("%s=%q: %v", tt.name, tt.value, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s=%q: %s", tt.name, tt.value, diff)
		}
	}
}

// Only the function that reads users looks at it.
func TestOtherCollectionsDontLookAtMFADevices(t *testing.T) {
	t.Parallel()
	for _, c := range staging.Collections {
		if c == staging.Users {
			continue
		}
		if got, err := config.LoadFetch(with("MFA_DEVICES", "canary"), c); err != nil || got.MFADevices {
			t.Errorf("%s: got %t, %v", c, got.MFADevices, err)
		}
	}
}

func TestTransformSettings(t *testing.T) {
	t.Parallel()
	base := config.Transform{Common: common, AppID: "app-1", AuthomizeURL: "https://api.authomize.com", Sweep: config.SweepApply, MaxShrinkPercent: 20, RoleMaxAge: 7 * 24 * time.Hour, ServiceAccounts: config.ServiceAccountsApart}
	tests := []struct {
		name, value string
		change      func(*config.Transform)
	}{
		{"", "", func(*config.Transform) {}},
		{"SWEEP", "apply", func(*config.Transform) {}},
		{"SWEEP", "report", func(c *config.Transform) { c.Sweep = config.SweepReport }},
		{"SWEEP", "never", func(c *config.Transform) { c.Sweep = config.SweepNever }},
		{"MAX_SHRINK_PERCENT", "0", func(c *config.Transform) { c.MaxShrinkPercent = 0 }},
		{"MAX_SHRINK_PERCENT", "100", func(c *config.Transform) { c.MaxShrinkPercent = 100 }},
		{"MAX_SHRINK_PERCENT", "12.5", func(c *config.Transform) { c.MaxShrinkPercent = 12.5 }},
		{"DRY_RUN", "true", func(c *config.Transform) { c.DryRun = true }},
		{"DRY_RUN", "True", func(c *config.Transform) { c.DryRun = true }},
		{"DRY_RUN", "false", func(*config.Transform) {}},
		{"DRY_RUN", " ", func(*config.Transform) {}},
		{"ROLE_ASSIGNMENT_MAX_AGE", "30d", func(c *config.Transform) { c.RoleMaxAge = 30 * 24 * time.Hour }},
		{"ROLE_ASSIGNMENT_MAX_AGE", "36h", func(c *config.Transform) { c.RoleMaxAge = 36 * time.Hour }},
		{"SERVICE_ACCOUNTS", "apart", func(*config.Transform) {}},
		{"SERVICE_ACCOUNTS", "users", func(c *config.Transform) { c.ServiceAccounts = config.ServiceAccountsAsUsers }},
		{"ROLE_PERMISSIONS", "true", func(c *config.Transform) { c.RolePermissions = true }},
		{"ROLE_PERMISSIONS", "false", func(*config.Transform) {}},
		{"AUTHOMIZE_API_URL", "https://EU.authomize.example/", func(c *config.Transform) { c.AuthomizeURL = "https://eu.authomize.example" }},
		{"AUTHOMIZE_API_URL", "http://127.0.0.1:1", func(c *config.Transform) { c.AuthomizeURL = "http://127.0.0.1:1" }},
		{"AUTHOMIZE_APP_ID", " b ", func(c *config.Transform) { c.AppID = "b" }},
	}
	for _, tt := range tests {
		want := base
		tt.change(&want)
		got, err := config.LoadTransform(with(tt.name, tt.value))
		if err != nil {
			t.Errorf("%s=%q: %v", tt.name, tt.value, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s=%q: %s", tt.name, tt.value, diff)
		}
	}
}

// Every value holds a canary: what is wrong may be a secret in a wrong place.
func TestEveryFaultIsNamedAtOnceAndNothingQuoted(t *testing.T) {
	t.Parallel()
	_, err := config.LoadFetch(env(
		"STAGING_URL", "canary",
		"PINGONE_API_URL", "https://u:canary@api.pingone.eu",
		"PINGONE_ENVIRONMENTS", envA+",canary,,00000000-0000-0000-0000-000000000000",
		"PINGONE_REQUESTS_PER_SECOND", "canary",
		"MFA_DEVICES", "canary",
	), staging.Users)
	wantError(t, err, `SECRET_ID: it is not set
STAGING_URL: it must be s3://bucket/prefix or file:///folder
PINGONE_REQUESTS_PER_SECOND: it is no number
PINGONE_API_URL: it must have no user, query or fragment
PINGONE_ENVIRONMENTS: entry 2 is no environment id (a UUID); give ids, comma-separated, or all
PINGONE_ENVIRONMENTS: entry 3 is no environment id (a UUID); give ids, comma-separated, or all
PINGONE_ENVIRONMENTS: entry 4 is no environment id (a UUID); give ids, comma-separated, or all
MFA_DEVICES: it must be true or false`)

	got, err := config.LoadTransform(env(
		"AUTHOMIZE_API_URL", "canary", "SWEEP", "canary", "MAX_SHRINK_PERCENT", "101", "DRY_RUN", "canary", "SERVICE_ACCOUNTS", "canary",
		"ROLE_PERMISSIONS", "canary",
	))
	wantError(t, err, `SECRET_ID: it is not set
STAGING_URL: it is not set
AUTHOMIZE_APP_ID: it is not set
MAX_SHRINK_PERCENT: it must lie between 0 and 100
DRY_RUN: it must be true or false
ROLE_PERMISSIONS: it must be true or false
AUTHOMIZE_API_URL: it is no absolute URL
SWEEP: it must be apply, report or never
SERVICE_ACCOUNTS: it must be apart or users`)
	if !got.DryRun {
		t.Error("a DRY_RUN that is not understood must not post")
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	got := "none"
	if err != nil {
		got = err.Error()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(got, "canary") {
		t.Error("the error quotes a value")
	}
}

func TestValuesOutOfBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"PINGONE_REQUESTS_PER_SECOND", "0", "it must be more than 0 and at most 10000"},
		{"PINGONE_REQUESTS_PER_SECOND", "-1", "it must be more than 0 and at most 10000"},
		{"PINGONE_REQUESTS_PER_SECOND", "10001", "it must be more than 0 and at most 10000"},
		{"PINGONE_REQUESTS_PER_SECOND", "NaN", "it must be more than 0 and at most 10000"},
		{"PINGONE_REQUESTS_PER_SECOND", "Inf", "it must be more than 0 and at most 10000"},
		{"PINGONE_API_URL", "http://api.pingone.eu", "it must begin with https://"},
		{"PINGONE_API_URL", "https://api.pingone.eu/v2", "it must end behind the host, without a path"},
		{"STAGING_URL", "s3://", "it must be s3://bucket/prefix or file:///folder"},
		{"STAGING_URL", "s3:///prefix", "it must be s3://bucket/prefix or file:///folder"},
		{"STAGING_URL", "file:///", "it must be s3://bucket/prefix or file:///folder"},
		{"STAGING_URL", "file://folder", "it must be s3://bucket/prefix or file:///folder"},
		{"STAGING_URL", "/folder", "it must be s3://bucket/prefix or file:///folder"},
		{"PINGONE_ENVIRONMENTS", "all," + envA, "entry 1 is no environment id (a UUID); give ids, comma-separated, or all"},
	} {
		_, err := config.LoadFetch(with(tt.name, tt.value), staging.Users)
		wantError(t, err, tt.name+": "+tt.want)
	}
	for _, value := range []string{"-0.1", "100.1", "NaN", "-Inf"} {
		_, err := config.LoadTransform(with("MAX_SHRINK_PERCENT", value))
		wantError(t, err, "MAX_SHRINK_PERCENT: it must lie between 0 and 100")
	}
	_, err := config.LoadTransform(with("MAX_SHRINK_PERCENT", "20%"))
	wantError(t, err, "MAX_SHRINK_PERCENT: it is no number")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	const standard, custom = "https://auth.pingone.eu/" + envA + "/as/token", "https://login.example.com/as/token"
	const behind = "the token endpoint is on a custom domain, which names neither region nor environment: set "
	const api = "PINGONE_API_URL (like https://api.pingone.eu, by the region of the organization)"
	const envs = "PINGONE_ENVIRONMENTS (environment ids, comma-separated, or all)"
	eu, ca := mustURL("https://api.pingone.eu"), mustURL("https://api.pingone.ca")
	a, b := []pingone.ID{mustID(envA)}, []pingone.ID{mustID(envB)}
	tests := []struct {
		name, endpoint string
		in, want       config.Fetch
		fault          string
	}{
		{"all from the endpoint", standard, config.Fetch{}, config.Fetch{APIURL: eu, Environments: a}, ""},
		{"settings win", standard, config.Fetch{APIURL: ca, Environments: b}, config.Fetch{APIURL: ca, Environments: b}, ""},
		{"all environments", standard, config.Fetch{All: true}, config.Fetch{APIURL: eu, All: true}, ""},
		{"custom, both set", custom, config.Fetch{APIURL: ca, Environments: b}, config.Fetch{APIURL: ca, Environments: b}, ""},
		{"custom, all", custom, config.Fetch{APIURL: ca, All: true}, config.Fetch{APIURL: ca, All: true}, ""},
		{"custom, none set", custom, config.Fetch{}, config.Fetch{}, behind + api + " and " + envs},
		{"custom, no API", custom, config.Fetch{All: true}, config.Fetch{}, behind + api},
		{"custom, no environments", custom, config.Fetch{APIURL: ca}, config.Fetch{}, behind + envs},
		{"malformed", "canary", config.Fetch{}, config.Fetch{}, "secret: token endpoint: it is no absolute URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.in.Resolve(secret.Credentials{TokenEndpoint: tt.endpoint})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.fault == "" && err != nil {
				t.Error(err)
			} else if tt.fault != "" {
				wantError(t, err, tt.fault)
			}
		})
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("all", "https://api.pingone.eu/v1", "3", "20", "true", "s3://b")
	f.Add(envA+","+envB, "http://localhost", "1e9", "NaN", "no", "file:///x")
	f.Fuzz(func(t *testing.T, environments, api, perSecond, shrink, dryRun, stagingURL string) {
		get := with("PINGONE_ENVIRONMENTS", environments, "PINGONE_API_URL", api, "AUTHOMIZE_API_URL", api,
			"PINGONE_REQUESTS_PER_SECOND", perSecond, "MAX_SHRINK_PERCENT", shrink, "DRY_RUN", dryRun, "STAGING_URL", stagingURL)
		if c, err := config.LoadFetch(get, staging.Users); err == nil {
			if !(c.PerSecond > 0 && c.PerSecond <= 10_000) || c.All && len(c.Environments) > 0 {
				t.Errorf("%+v", c)
			}
			for _, id := range c.Environments {
				if id.IsZero() {
					t.Error("a zero id")
				}
			}
			if c.APIURL != nil && (c.APIURL.Host == "" || c.APIURL.Path != "") {
				t.Errorf("API %s", c.APIURL)
			}
		}
		if c, err := config.LoadTransform(get); err == nil && !(c.MaxShrinkPercent >= 0 && c.MaxShrinkPercent <= 100) {
			t.Errorf("%+v", c)
		}
	})
}

func TestNarrow(t *testing.T) {
	t.Parallel()
	a, b := mustID(envA), mustID(envB)
	const why = ": a full run does not read it: name it in PINGONE_ENVIRONMENTS first"
	tests := []struct {
		settings config.Fetch
		only     []pingone.ID
		want     config.Fetch
		fault    string
	}{
		{config.Fetch{All: true}, nil, config.Fetch{All: true}, ""},
		{config.Fetch{All: true}, []pingone.ID{b}, config.Fetch{Environments: []pingone.ID{b}}, ""},
		{config.Fetch{Environments: []pingone.ID{a, b}}, []pingone.ID{b}, config.Fetch{Environments: []pingone.ID{b}}, ""},
		{config.Fetch{}, []pingone.ID{b}, config.Fetch{Environments: []pingone.ID{b}}, ""}, // not resolved
		{config.Fetch{Environments: []pingone.ID{mustID("0a1b2c3d-0000-4000-8000-00000000000c")}}, []pingone.ID{a, b}, config.Fetch{},
			"environment " + envA + why + "\nenvironment " + envB + why},
	}
	for _, tt := range tests {
		got, err := tt.settings.Narrow(tt.only)
		if (err == nil) != (tt.fault == "") || err != nil && err.Error() != tt.fault {
			t.Errorf("error %v, want %q", err, tt.fault)
		}
		if diff := cmp.Diff(tt.want, got); err == nil && diff != "" {
			t.Error(diff)
		}
	}
}
