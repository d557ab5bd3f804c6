package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/transform"
)

// site is an opened where.
type site struct {
	view
	stack *stack // nil: this machine
}

// open opens the store; staging.ErrNotFound where there is none.
func (o where) open(ctx context.Context, w world) (site, error) {
	if o.Stack != "" {
		s, err := openStack(ctx, w, o.Stack)
		if err != nil {
			return site{}, err
		}
		return site{s.view(), s}, nil
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
	return site{view: view{permitted{store}, o.flags()}}, err
}

// transformer transforms on this machine, with the settings of the stack or of
// this machine.
func (s site) transformer(ctx context.Context, w world, dryRun bool) (*assemble.Transformer, error) {
	t := &assemble.Transformer{Store: s.store, Holder: holder()}
	if s.stack != nil {
		set, err := s.stack.transformSettings(ctx)
		t.Settings, t.Settings.DryRun = set, set.DryRun || dryRun
		return t, err
	}
	set, err := loadSettings(ctx, override(w.Getenv, s.store.String(), dryRun), w.AWS...)
	t.Settings, t.Secret = set.transform, set.secret
	return t, err
}

// here shows how far a transform on this machine is, and then the outcome.
func (s site) here(ctx context.Context, w world, t *assemble.Transformer, run staging.RunID, do func() (transform.Result, error)) (int, error) {
	log, closeLog, err := openLog(w, s.store.String(), run, slog.LevelInfo)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	shown := newProgress(w, t.Settings.DryRun)
	t.Log, t.OnProgress = log, shown.posting
	result, err := do()
	shown.close()
	switch {
	case ctx.Err() != nil && (err != nil || result.Unfinished):
		return exitInterrupted, errors.New("interrupted: the same command goes on")
	case err != nil:
		return exitFailed, err
	}
	return s.conclude(ctx, w, result)
}
