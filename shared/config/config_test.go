package config_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/insight"
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
	want := map[staging.Collection]config.Fetch{
		staging.Environments: {PerSecond: 3}, staging.Populations: {PerSecond: 10}, staging.Users: {PerSecond: 10}, staging.Groups: {PerSecond: 10},
		staging.Memberships: {PerSecond: 10}, staging.Roles: {PerSecond: 3}, staging.RoleAssignments: {PerSecond: 3, MaxAge: week},
		staging.Applications: {PerSecond: 3}, staging.Gateways: {PerSecond: 3}, staging.Devices: {PerSecond: 10, MaxAge: week},
		staging.ApplicationRoles: {PerSecond: 3},
	}
	if len(want) != len(staging.Collections) {
		t.Fatal("a collection is absent here")
	}
	for c, w := range want {
		w.Common = common
		got, err := config.LoadFetch(with(), c)
		if diff := cmp.Diff(w, got); err != nil || diff != "" {
			t.Errorf("%s: %v, %s", c, err, diff)
		}
	}
}

const week = 7 * 24 * time.Hour

func TestFetchSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		c           staging.Collection
		name, value string
		want        config.Fetch
	}{
		{staging.Users, "PINGONE_REQUESTS_PER_SECOND", "0.5", config.Fetch{PerSecond: 0.5}},
		{staging.Users, "PINGONE_REQUESTS_PER_SECOND", " 10000 ", config.Fetch{PerSecond: 10000}},
		{staging.Users, "PINGONE_API_URL", "https://API.pingone.eu/v1/", config.Fetch{PerSecond: 10, APIURL: mustURL("https://api.pingone.eu")}},
		{staging.Users, "STAGING_URL", "file:///tmp/x", config.Fetch{Common: config.Common{SecretID: common.SecretID, StagingURL: "file:///tmp/x"}, PerSecond: 10}},
		{staging.Users, "SECRET_ID", " a\n", config.Fetch{Common: config.Common{SecretID: "a", StagingURL: common.StagingURL}, PerSecond: 10}},
		{staging.Environments, "PINGONE_ENVIRONMENTS", "all", config.Fetch{PerSecond: 3, All: true}},
		{staging.Environments, "PINGONE_ENVIRONMENTS", "ALL", config.Fetch{PerSecond: 3, All: true}},
		{staging.Environments, "PINGONE_ENVIRONMENTS", envA, config.Fetch{PerSecond: 3, Environments: []pingone.ID{mustID(envA)}}},
		{staging.Environments, "PINGONE_ENVIRONMENTS", envB + ", " + strings.ToUpper(envA) + "," + envB,
			config.Fetch{PerSecond: 3, Environments: []pingone.ID{mustID(envB), mustID(envA)}}},
		{staging.Roles, "APPLICATION_ROLES", "true", config.Fetch{PerSecond: 3, ApplicationRoles: true}},
		{staging.ApplicationRoles, "APPLICATION_ROLES", "TRUE", config.Fetch{PerSecond: 3, ApplicationRoles: true}},
		{staging.Users, "APPLICATION_ROLES", "canary", config.Fetch{PerSecond: 10}},
		{staging.Devices, "MFA_DEVICES", " True ", config.Fetch{PerSecond: 10, MaxAge: week, Devices: true}},
		{staging.Devices, "MFA_DEVICES", "false", config.Fetch{PerSecond: 10, MaxAge: week}},
		{staging.Devices, "MAX_READING_AGE", "30d", config.Fetch{PerSecond: 10, MaxAge: 30 * 24 * time.Hour}},
		{staging.RoleAssignments, "MAX_READING_AGE", " 36h ", config.Fetch{PerSecond: 3, MaxAge: 36 * time.Hour}},
		// Others don't look.
		{staging.Users, "PINGONE_ENVIRONMENTS", "canary", config.Fetch{PerSecond: 10}},
		{staging.Users, "MFA_DEVICES", "canary", config.Fetch{PerSecond: 10}},
		{staging.Users, "MAX_READING_AGE", "canary", config.Fetch{PerSecond: 10}},
		{staging.Users, "SWEEP", "canary", config.Fetch{PerSecond: 10}},
	}
	for _, tt := range tests {
		if tt.want.Common == (config.Common{}) {
			tt.want.Common = common
		}
		got, err := config.LoadFetch(with(tt.name, tt.value), tt.c)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s=%q: %v, %s", tt.name, tt.value, err, diff)
		}
	}
}

func TestTransformSettings(t *testing.T) {
	t.Parallel()
	base := config.Transform{
		Common: common, AppID: "app-1", AuthomizeURL: "https://api.authomize.com", Sweep: config.SweepApply, MaxShrinkPercent: 20, MaxAge: week,
		ServiceAccounts: config.ServiceAccountsApart, Confidence: insight.Likely, ReportNames: true,
	}
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
		{"DRY_RUN", " ", func(*config.Transform) {}},
		{"MAX_READING_AGE", "36h", func(c *config.Transform) { c.MaxAge = 36 * time.Hour }},
		{"MFA_DEVICES", "true", func(c *config.Transform) { c.Devices = true }},
		{"SERVICE_ACCOUNTS", "apart", func(*config.Transform) {}},
		{"SERVICE_ACCOUNTS", "users", func(c *config.Transform) { c.ServiceAccounts = config.ServiceAccountsAsUsers }},
		{"ROLE_PERMISSIONS", "true", func(c *config.Transform) { c.RolePermissions = true }},
		{"ESCALATION_CONFIDENCE", "Documented", func(c *config.Transform) { c.Confidence = insight.Documented }},
		{"REPORT_NAMES", "false", func(c *config.Transform) { c.ReportNames = false }},
		{"ADMIN_ENVIRONMENT", envA, func(c *config.Transform) { c.AdminEnvironment = mustID(envA) }},
		{"AUTHOMIZE_API_URL", "https://EU.authomize.example/", func(c *config.Transform) { c.AuthomizeURL = "https://eu.authomize.example" }},
		{"AUTHOMIZE_API_URL", "http://127.0.0.1:1", func(c *config.Transform) { c.AuthomizeURL = "http://127.0.0.1:1" }},
		{"AUTHOMIZE_APP_ID", " b ", func(c *config.Transform) { c.AppID = "b" }},
	}
	for _, tt := range tests {
		want := base
		tt.change(&want)
		got, err := config.LoadTransform(with(tt.name, tt.value))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s=%q: %v, %s", tt.name, tt.value, err, diff)
		}
	}
}

// Every value holds a canary: what is wrong may be a secret under a wrong name.
func TestEveryFaultIsNamedAtOnceAndNothingQuoted(t *testing.T) {
	t.Parallel()
	_, err := config.LoadFetch(env(
		"STAGING_URL", "canary",
		"PINGONE_API_URL", "https://u:canary@api.pingone.eu",
		"PINGONE_ENVIRONMENTS", envA+",canary,,00000000-0000-0000-0000-000000000000",
		"PINGONE_REQUESTS_PER_SECOND", "canary",
	), staging.Environments)
	wantError(t, err, `SECRET_ID: it is not set
STAGING_URL: it must be s3://bucket/prefix or file:///folder
PINGONE_API_URL: it must have no user, query or fragment
PINGONE_ENVIRONMENTS: entry 2 is no environment id (a UUID); give ids, comma-separated, or all
PINGONE_ENVIRONMENTS: entry 3 is no environment id (a UUID); give ids, comma-separated, or all
PINGONE_ENVIRONMENTS: entry 4 is no environment id (a UUID); give ids, comma-separated, or all
PINGONE_REQUESTS_PER_SECOND: it must be a number more than 0 and at most 10000`)

	got, err := config.LoadTransform(env(
		"AUTHOMIZE_API_URL", "canary", "SWEEP", "canary", "MAX_SHRINK_PERCENT", "101", "DRY_RUN", "canary", "SERVICE_ACCOUNTS", "canary",
		"ROLE_PERMISSIONS", "canary", "ESCALATION_CONFIDENCE", "canary", "ADMIN_ENVIRONMENT", "canary", "REPORT_NAMES", "canary", "MFA_DEVICES", "canary", "MAX_READING_AGE", "canary",
	))
	wantError(t, err, `SECRET_ID: it is not set
STAGING_URL: it is not set
MAX_READING_AGE: it must be a time from 1m to 366d, such as 7d or 36h
MFA_DEVICES: it must be true or false
AUTHOMIZE_APP_ID: it is not set
AUTHOMIZE_API_URL: it is no absolute URL
SWEEP: it must be apply, report or never
MAX_SHRINK_PERCENT: it must be a number from 0 to 100
DRY_RUN: it must be true or false
SERVICE_ACCOUNTS: it must be apart or users
ROLE_PERMISSIONS: it must be true or false
ESCALATION_CONFIDENCE: it must be documented, likely or untested
REPORT_NAMES: it must be true or false
ADMIN_ENVIRONMENT: it must be the id of an environment`)
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
	const perSecond = "it must be a number more than 0 and at most 10000"
	const folder = "it must be s3://bucket/prefix or file:///folder"
	const age = "it must be a time from 1m to 366d, such as 7d or 36h"
	const percent = "it must be a number from 0 to 100"
	for _, tt := range []struct {
		name   string
		values []string
		want   string
	}{
		{"PINGONE_REQUESTS_PER_SECOND", []string{"0", "-1", "10001", "NaN", "Inf", "fast"}, perSecond},
		{"PINGONE_API_URL", []string{"http://api.pingone.eu"}, "it must begin with https://"},
		{"PINGONE_API_URL", []string{"https://api.pingone.eu/v2"}, "it must end behind the host, without a path"},
		{"STAGING_URL", []string{"s3://", "s3:///prefix", "file:///", "file://folder", "/folder"}, folder},
		{"PINGONE_ENVIRONMENTS", []string{"all," + envA}, "entry 1 is no environment id (a UUID); give ids, comma-separated, or all"},
	} {
		for _, value := range tt.values {
			_, err := config.LoadFetch(with(tt.name, value), staging.Environments)
			wantError(t, err, tt.name+": "+tt.want)
		}
	}
	for _, value := range []string{"-0.1", "100.1", "NaN", "-Inf", "20%"} {
		_, err := config.LoadTransform(with("MAX_SHRINK_PERCENT", value))
		wantError(t, err, "MAX_SHRINK_PERCENT: "+percent)
	}
	for _, value := range []string{"soon", "7", "0d", "-1d", "59s", "367d", "99999999999d", "99999999999999999999d"} {
		_, err := config.LoadFetch(with("MAX_READING_AGE", value), staging.RoleAssignments)
		wantError(t, err, "MAX_READING_AGE: "+age)
	}
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
		{"custom, not the root", custom, config.Fetch{APIURL: ca, PerSecond: 1}, config.Fetch{APIURL: ca, PerSecond: 1}, ""},
		{"custom, no API", custom, config.Fetch{All: true}, config.Fetch{}, behind + api},
		{"custom, no environments", custom, config.Fetch{APIURL: ca}, config.Fetch{}, behind + envs},
		{"malformed", "canary", config.Fetch{}, config.Fetch{}, "secret: token endpoint: it is no absolute URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.in.Resolve(secret.Credentials{TokenEndpoint: tt.endpoint}, tt.in.PerSecond == 0)
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
		if c, err := config.LoadFetch(get, staging.Environments); err == nil {
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

func TestCheckOnly(t *testing.T) {
	t.Parallel()
	a, b, c := mustID(envA), mustID(envB), mustID("0a1b2c3d-0000-4000-8000-00000000000c")
	const why = ": a full run does not read it: name it in PINGONE_ENVIRONMENTS first"
	tests := []struct {
		settings config.Fetch
		only     []pingone.ID
		fault    string
	}{
		{config.Fetch{All: true}, nil, ""},
		{config.Fetch{All: true}, []pingone.ID{b}, ""},
		{config.Fetch{Environments: []pingone.ID{a, b}}, []pingone.ID{b}, ""},
		{config.Fetch{}, []pingone.ID{b}, ""}, // not resolved
		{config.Fetch{Environments: []pingone.ID{c}}, []pingone.ID{a, c, b}, "environment " + envA + why + "\nenvironment " + envB + why},
	}
	for _, tt := range tests {
		err := tt.settings.CheckOnly(tt.only)
		if (err == nil) != (tt.fault == "") || err != nil && err.Error() != tt.fault {
			t.Errorf("error %v, want %q", err, tt.fault)
		}
	}
}
