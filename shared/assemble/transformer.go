package assemble

import (
	"context"
	"log/slog"
	"net/http"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

// A Transformer posts complete runs.
type Transformer struct {
	Settings   config.Transform
	Store      staging.Store
	Secret     secret.Source
	Log        *slog.Logger
	OnProgress func(transform.Progress)
	// Holder names the invocation, the same when it is retried.
	Holder string
	// Base sends to Authomize; nil is transport.NewBase.
	Base http.RoundTripper
	// Stats counts a Run's calls, and must be fresh for each; nil counts
	// nowhere else than in the report.
	Stats *transport.Stats
}

// Run transforms a run, "" for the open one. named says that a person asks for
// this run, which may have been transformed before; see transform.Run.
func (t *Transformer) Run(ctx context.Context, run staging.RunID, named bool) (transform.Result, error) {
	return with(t, func(o transform.Options) (transform.Result, error) {
		o.ByPerson = named
		return transform.Run(ctx, run, o)
	})
}

// Approve transforms a run without what a person approves; see
// transform.Approve.
func (t *Transformer) Approve(ctx context.Context, run staging.RunID, a event.Approve) (transform.Result, error) {
	return with(t, func(o transform.Options) (transform.Result, error) {
		return transform.Approve(ctx, run, sweep.Approval{Codes: a.Codes, Reason: a.Reason, By: a.By}, o)
	})
}

// Preview says what Approve would delete; see transform.Preview.
func (t *Transformer) Preview(ctx context.Context, run staging.RunID, a event.Approve) (transform.Going, error) {
	return with(t, func(o transform.Options) (transform.Going, error) {
		return transform.Preview(ctx, run, sweep.Approval{Codes: a.Codes, Reason: a.Reason, By: a.By}, o)
	})
}

// with calls do with a client that lives as long.
func with[T any](t *Transformer, do func(transform.Options) (T, error)) (T, error) {
	stats := t.Stats
	if stats == nil {
		stats = &transport.Stats{}
	}
	h := authomize.NewHTTP(t.Secret, transport.Options{Base: t.Base, Stats: stats, Log: t.Log})
	defer h.CloseIdleConnections()
	client, err := authomize.New(authomize.Options{
		BaseURL: t.Settings.AuthomizeURL, AppID: t.Settings.AppID, HTTP: h,
		ServiceAccountsAsUsers: t.Settings.ServiceAccounts == config.ServiceAccountsAsUsers,
	})
	if err != nil {
		var none T
		return none, err
	}
	return do(transform.Options{
		Store: t.Store, Client: client, Settings: t.Settings, Holder: t.Holder, Log: t.Log, OnProgress: t.OnProgress,
	})
}
