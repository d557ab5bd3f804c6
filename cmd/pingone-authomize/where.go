package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/transform"
)

// open opens the store; staging.ErrNotFound where there is none.
func (o where) open(ctx context.Context, w world) (site, error) {
	if o.Stack != "" {
		return openStack(ctx, w, o.Stack)
	}
	if err := loadEnvFile(w, o.EnvFile); err != nil {
		return site{}, err
	}
	url, err := stagingURL(w, o.Staging)
	if err != nil {
		return site{}, err
	}
	return o.openURL(ctx, w, url)
}

func (o where) openURL(ctx context.Context, w world, url string) (site, error) {
	// Opening a folder would create it.
	if dir, err := dirstore.Parse(url); err == nil {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return site{}, fmt.Errorf("no report in %s, where nothing is staged: pingone-authomize run makes one: %w", url, staging.ErrNotFound)
		}
	}
	store, err := assemble.Store(ctx, url, w.AWS...)
	return site{store: permitted{store}, flags: o.flags()}, err
}

// transformer transforms on this machine, with the settings of the stack or of
// this machine.
func (s site) transformer(ctx context.Context, w world, dryRun bool) (*assemble.Transformer, error) {
	t := &assemble.Transformer{Store: s.store, Holder: holder(), Log: slog.New(slog.DiscardHandler)}
	if s.stack != nil {
		set, err := s.stack.transformSettings(ctx)
		if err == nil {
			t.Secret, err = assemble.Secret(ctx, set.Common, w.AWS...)
		}
		t.Settings, t.Settings.DryRun = set, set.DryRun || dryRun
		return t, err
	}
	set, err := loadSettings(ctx, override(w.Getenv, s.store.String(), dryRun), w.AWS...)
	t.Settings, t.Secret = set.transform, set.secret
	return t, err
}

// here shows how far a transform on this machine is, and then the outcome.
func (s site) here(ctx context.Context, w world, t *assemble.Transformer, run staging.RunID, do func() (transform.Result, error)) (int, error) {
	log, closeLog, err := openLog(w, s.store.String(), run)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	shown := newLines(w, t.Settings.DryRun)
	t.Log, t.OnProgress = log, shown.posting
	result, err := do()
	shown.close()
	switch {
	case ctx.Err() != nil && (err != nil || result.Unfinished):
		return stopped(ctx, run, err)
	case err != nil:
		return exitFailed, err
	}
	return s.conclude(ctx, w, result)
}

// openLog opens the log file of a run, in the staging folder, or in ./staging
// where staging is not on this machine.
func openLog(w world, url string, run staging.RunID) (*slog.Logger, func(), error) {
	dir, err := dirstore.Parse(url)
	if err != nil {
		wd, err := w.Getwd()
		if err != nil {
			return nil, nil, fmt.Errorf("find a folder for the log: %w", err)
		}
		dir = filepath.Join(wd, "staging")
	}
	dir = filepath.Join(dir, "logs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make a folder for the log: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, string(run)+".jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	return slog.New(slog.NewJSONHandler(f, nil)), func() { _ = f.Close() }, nil
}
