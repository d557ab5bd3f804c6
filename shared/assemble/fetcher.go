package assemble

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// A Fetcher reads one collection. It may live on between invocations: the
// access token then serves them all.
type Fetcher struct {
	Settings   config.Fetch
	Collection staging.Collection
	Store      staging.Store
	Secret     secret.Source
	Log        *slog.Logger
	OnProgress func(fetch.Progress)
	// Pacers are shared by all Fetchers of a process; nil: this one has its
	// own, anew for each Run.
	Pacers *pingone.Pacers
	// Holder names the invocation, the same when it is retried.
	Holder string
	// Base sends to PingOne; nil is transport.NewBase.
	Base http.RoundTripper
	// Stats counts a Run's calls, and must be fresh for each; nil counts
	// nowhere else than in the manifest.
	Stats *transport.Stats

	tokens *pingone.Tokens
}

// Pick returns the run that an event is about. The root opens it where the
// rules let it; by says who asks. Another function takes the run that an event
// names, if it is open, else the open one.
//
// staging.ErrNoRun means that there is none to read yet, staging.ErrClosed that
// there is none any more, and why.
func (f *Fetcher) Pick(ctx context.Context, asked event.Fetch, by string) (staging.RunID, error) {
	names := asked.Named || asked.Input != ""
	if f.Collection == staging.Environments && !asked.Continued && asked.Input == "" {
		run, err := f.Open(ctx, asked, by)
		return run.Run, err
	}
	open, err := staging.Current(ctx, f.Store)
	switch {
	case err != nil && !(names && errors.Is(err, staging.ErrNoRun)):
		return "", err
	case !names || asked.Run == open.Run:
		return open.Run, nil
	case asked.Run > open.Run:
		return "", fmt.Errorf("run %s: %w: it waits for the function environments to open it", asked.Run, staging.ErrNoRun)
	}
	return "", fmt.Errorf("run %s: %w: run %s is being read since, and a run that is closed is read no further", asked.Run, staging.ErrClosed, open.Run)
}

// Open goes on with the open run or opens one, as the event and the settings
// ask; see staging.OpenRun. It is for the root.
func (f *Fetcher) Open(ctx context.Context, asked event.Fetch, by string) (staging.Run, error) {
	credentials, err := f.Secret.Credentials(ctx)
	if err != nil {
		return staging.Run{}, err
	}
	settings, err := f.Settings.Resolve(credentials, true)
	if err != nil {
		return staging.Run{}, err
	}
	if err := settings.CheckOnly(asked.Environments); err != nil {
		return staging.Run{}, err
	}
	worker, _ := pingone.ParseID(credentials.ClientID) // as PingOne makes them
	return staging.OpenRun(ctx, f.Store, staging.OpenRequest{
		At: asked.Run, Named: asked.Named, GoOn: asked.GoOn,
		Run: staging.Run{
			Environments: settings.Environments, All: settings.All, Only: asked.Environments, DryRun: asked.DryRun, Worker: worker, OpenedBy: by,
		},
	}, time.Now())
}

// Run reads the collection into run; see fetch.Run.
func (f *Fetcher) Run(ctx context.Context, run staging.RunID) (fetch.Result, error) {
	credentials, err := f.Secret.Credentials(ctx)
	if err != nil {
		return fetch.Result{}, err
	}
	settings, err := f.Settings.Resolve(credentials, false)
	if err != nil {
		return fetch.Result{}, err
	}
	home, err := pingone.ParseTokenEndpoint(credentials.TokenEndpoint)
	if err != nil {
		return fetch.Result{}, fmt.Errorf("secret: %w", err)
	}
	if f.tokens == nil {
		f.tokens = pingone.NewTokens(f.Secret, transport.Options{Base: f.Base, Log: f.Log})
	}
	o := fetch.Options{
		Store: f.Store, Stats: f.Stats, Home: home.Environment, ClientID: credentials.ClientID,
		PerSecond: settings.PerSecond, MaxAge: settings.MaxAge, Devices: settings.Devices, ApplicationRoles: settings.ApplicationRoles,
		Holder: f.Holder, Log: f.Log, OnProgress: f.OnProgress,
	}
	if o.Stats == nil {
		o.Stats = &transport.Stats{}
	}
	pacers := f.Pacers
	if pacers == nil {
		pacers = pingone.NewPacers(settings.PerSecond, settings.PerSecond)
	}
	client := pingone.NewHTTP(f.tokens, pacers.Pacing(settings.PerSecond, transport.Options{Base: f.Base, Stats: o.Stats, Log: f.Log}))
	// A connection that is open when a function is frozen is dead afterwards.
	defer client.CloseIdleConnections()
	o.Client = pingone.New(settings.APIURL, client).InFrontOf(home.APIURL)
	return fetch.Run(ctx, run, f.Collection, o)
}
