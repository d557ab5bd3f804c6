package assemble

import (
	"context"
	"log/slog"
	"net/http"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
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
	// Base sends to Authomize; nil is transport.NewBase.
	Base http.RoundTripper
	// Stats counts a Run's calls, and must be fresh for each; nil counts
	// nowhere else than in the report.
	Stats *transport.Stats
}

// An Ask says what is wanted of a run.
type Ask struct {
	Run staging.RunID
	// Holder names the invocation.
	Holder string
	// Again transforms a run that was transformed before.
	Again bool
	// ApproveSweep lets go a held sweep instead.
	ApproveSweep bool
}

// Run does what is asked; see transform.Run.
func (t *Transformer) Run(ctx context.Context, ask Ask) (transform.Result, error) {
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
		return transform.Result{}, err
	}
	return transform.Run(ctx, ask.Run, transform.Options{
		Store: t.Store, Client: client, Settings: t.Settings,
		Holder: ask.Holder, Again: ask.Again, Approve: ask.ApproveSweep, Log: t.Log, OnProgress: t.OnProgress,
	})
}
