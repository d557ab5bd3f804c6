package transform_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

const (
	run1 = staging.RunID("20261123T090000Z")
	run2 = staging.RunID("20261124T090000Z")
	run3 = staging.RunID("20261125T090000Z")
)

// quick keeps tests from waiting.
var quick = transport.RetryPolicy{Pause: time.Millisecond, MaxPause: 2 * time.Millisecond, BodyTime: 10 * time.Second}

// a rig carries a fake PingOne over to a fake Authomize.
type rig struct {
	t        testing.TB
	org      *pingonetest.Organization
	fake     *pingonetest.Server
	app      *authomizetest.Server
	store    staging.Store
	settings config.Transform
	seen     int  // posts that a test has looked at
	devices  bool // MFA devices are read
}

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

func newRig(t testing.TB, org *pingonetest.Organization, appOpts ...authomizetest.Option) *rig {
	t.Helper()
	return &rig{
		t: t, org: org, fake: pingonetest.New(t, org), app: authomizetest.New(t, appOpts...), store: &stagingtest.Memory{},
		settings: config.Transform{AppID: "app", Sweep: config.SweepApply, MaxShrinkPercent: 20, RoleMaxAge: 7 * 24 * time.Hour},
	}
}

func (r *rig) credentials() fixed {
	return fixed{
		ClientID: r.fake.ClientID, ClientSecret: secret.NewValue(r.fake.ClientSecret), TokenEndpoint: r.fake.URL + "/as/token",
		AuthMethod: secret.Basic, AuthomizeToken: secret.NewValue(r.app.Token),
	}
}

// fetch stages these collections of a run; all if none is named.
func (r *rig) fetch(run staging.RunID, collections ...staging.Collection) {
	r.t.Helper()
	r.fetchUnder(run, staging.Terms{}, nil, collections...)
}

// fetchUnder is fetch under terms, of these environments; all if none is named.
func (r *rig) fetchUnder(run staging.RunID, terms staging.Terms, envs []pingone.ID, collections ...staging.Collection) {
	r.t.Helper()
	if len(collections) == 0 {
		collections = staging.Collections
	}
	base, err := url.Parse(r.fake.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	log := r.fake.CanaryLog(r.t, r.app.Token)
	tokens := pingone.NewTokens(r.credentials(), transport.Options{Retry: quick, Log: log})
	for _, c := range collections {
		stats := &transport.Stats{}
		client := pingone.New(base, pingone.NewHTTP(tokens, transport.Options{Stats: stats, Retry: quick, Log: log}))
		if _, err := fetch.Run(r.t.Context(), run, c, fetch.Options{
			Store: r.store, Client: client, Stats: stats, Environments: envs, All: envs == nil, Terms: terms, PerSecond: 10_000, Log: log, MFADevices: r.devices,
		}); err != nil {
			r.t.Fatalf("fetch %s: %v", c, err)
		}
	}
}

func (r *rig) options() transform.Options {
	r.t.Helper()
	log := r.fake.CanaryLog(r.t, r.app.Token)
	client, err := authomize.New(authomize.Options{
		BaseURL: r.app.URL, AppID: r.app.AppID,
		HTTP: authomize.NewHTTP(r.credentials(), transport.Options{Retry: quick, Log: log}),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return transform.Options{Store: r.store, Client: client, Settings: r.settings, Holder: "test", Log: log}
}

func (r *rig) transform(run staging.RunID) (transform.Result, error) {
	r.t.Helper()
	return transform.Run(r.t.Context(), run, r.options())
}

func (r *rig) mustTransform(run staging.RunID) transform.Result {
	r.t.Helper()
	result, err := r.transform(run)
	if err != nil {
		r.t.Fatalf("transform %s: %v", run, err)
	}
	return result
}

// run transforms with options of the test's own.
func (r *rig) run(run staging.RunID, o transform.Options) transform.Result {
	r.t.Helper()
	result, err := transform.Run(r.t.Context(), run, o)
	if err != nil {
		r.t.Fatalf("transform %s: %v", run, err)
	}
	return result
}

// A hooked Authomize lets a test act before each request. A sweep has the
// kind "sweep".
type hooked struct {
	transform.Authomize
	before func(kind string)
}

func (h *hooked) Post(ctx context.Context, kind authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	h.before(string(kind))
	return h.Authomize.Post(ctx, kind, items)
}

func (h *hooked) Sweep(ctx context.Context, before time.Time) (authomize.SweepReceipt, error) {
	h.before("sweep")
	return h.Authomize.Sweep(ctx, before)
}

// time10 is more than a sweep's margin.
const time10 = 10 * time.Minute
