package assemble

import (
	"context"
	"log/slog"
	"net/http"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// A Fetcher reads one collection. It may be kept between invocations: the
// access token then serves them all.
type Fetcher struct {
	Settings   config.Fetch
	Collection staging.Collection
	Store      staging.Store
	Secret     secret.Source
	Log        *slog.Logger
	OnProgress func(fetch.Progress)
	// Only are the environments that the run is narrowed to; none is all of
	// the settings. DryRun tells that it is never to be posted. Both are of
	// one run.
	Only   []pingone.ID
	DryRun bool
	// Pacers are shared by all Fetchers of a process; nil: this one has its
	// own, anew for each Run.
	Pacers *pingone.Pacers
	// Holder names the invocation, the same when it is tried again.
	Holder string
	// Base sends to PingOne; nil is transport.NewBase.
	Base http.RoundTripper
	// Stats counts a Run's calls, and must be fresh for each; nil counts
	// nowhere else than in the manifest.
	Stats *transport.Stats

	tokens *pingone.Tokens
}

// Run reads the collection into run; see fetch.Run.
func (f *Fetcher) Run(ctx context.Context, run staging.RunID) (fetch.Result, error) {
	o, closeIdle, err := f.options(ctx)
	if err != nil {
		return fetch.Result{}, err
	}
	defer closeIdle()
	return fetch.Run(ctx, run, f.Collection, o)
}

// Estimate says what Run would cost; see fetch.Plan.
func (f *Fetcher) Estimate(ctx context.Context, run staging.RunID) (fetch.Estimate, error) {
	o, closeIdle, err := f.options(ctx)
	if err != nil {
		return fetch.Estimate{}, err
	}
	defer closeIdle()
	return fetch.Plan(ctx, run, f.Collection, o)
}

// options are those of one invocation. closeIdle ends its connections: those
// that are open when a function is frozen are dead afterwards.
func (f *Fetcher) options(ctx context.Context) (o fetch.Options, closeIdle func(), err error) {
	credentials, err := f.Secret.Credentials(ctx)
	if err != nil {
		return fetch.Options{}, nil, err
	}
	settings, err := f.Settings.Resolve(credentials)
	if err != nil {
		return fetch.Options{}, nil, err
	}
	if settings, err = settings.Narrow(f.Only); err != nil {
		return fetch.Options{}, nil, err
	}
	if f.tokens == nil {
		f.tokens = pingone.NewTokens(f.Secret, transport.Options{Base: f.Base, Log: f.Log})
	}
	stats := f.Stats
	if stats == nil {
		stats = &transport.Stats{}
	}
	pacers := f.Pacers
	if pacers == nil {
		pacers = pingone.NewPacers(settings.PerSecond, settings.PerSecond)
	}
	client := pingone.NewHTTP(f.tokens, pacers.Pacing(settings.PerSecond, transport.Options{Base: f.Base, Stats: stats, Log: f.Log}))
	return fetch.Options{
		Store:        f.Store,
		Client:       pingone.New(settings.APIURL, client),
		Stats:        stats,
		Environments: settings.Environments,
		All:          settings.All,
		Terms:        staging.Terms{Narrowed: len(f.Only) > 0, DryRun: f.DryRun},
		PerSecond:    settings.PerSecond,
		Roles:        fetch.RoleOptions{MaxAge: settings.RoleMaxAge, Refresh: settings.RoleRefresh},
		MFADevices:   settings.MFADevices,
		Holder:       f.Holder,
		Log:          f.Log,
		OnProgress:   f.OnProgress,
	}, client.CloseIdleConnections, nil
}
