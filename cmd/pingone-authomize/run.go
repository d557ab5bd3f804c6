package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/staging"
)

type runCommand struct {
	EnvFile      string     `help:"File with settings, NAME=value a line; variables that are set already win." placeholder:"FILE"`
	DryRun       bool       `help:"Read and map, and say what would be posted and swept. Nothing is posted (as DRY_RUN=true)."`
	Environments []string   `help:"Read only these environments of those that the settings name; the others are carried forward." placeholder:"ID"`
	Staging      string     `help:"Where to stage: s3://bucket/prefix, file:///folder or a folder (default: STAGING_URL, else ./staging)." placeholder:"URL"`
	LogLevel     slog.Level `help:"What to log: debug, info, warn or error." default:"info" placeholder:"LEVEL"`
}

// run does the whole command.
func (c *runCommand) run(ctx context.Context, w world) (int, error) {
	if err := loadEnvFile(w, c.EnvFile); err != nil {
		return exitFailed, err
	}
	url, err := stagingURL(w, c.Staging)
	if err != nil {
		return exitFailed, err
	}
	getenv := w.Getenv
	var fakes *demo
	if c.EnvFile == "" && isDemo(w.Getenv) {
		if fakes, err = startDemo(); err != nil {
			return exitFailed, err
		}
		defer fakes.close()
		getenv, url = fakes.getenv(getenv), strings.TrimSuffix(url, "/")+demoFolder
	}
	s, err := loadSettings(ctx, override(getenv, url, c.DryRun), w.AWS...)
	if err != nil {
		return exitFailed, err
	}
	if err := s.checkToken(ctx); err != nil {
		return exitFailed, err
	}
	code, err := c.sync(ctx, w, s, fakes != nil)
	if fakes != nil && code != exitInterrupted {
		if v := fakes.violations(); len(v) > 0 {
			return exitFailed, errors.Join(err, fmt.Errorf("the fakes were sent requests that no correct client sends:\n  - %s", strings.Join(v, "\n  - ")))
		}
	}
	return code, err
}

// sync reads all collections, transforms and shows the outcome.
func (c *runCommand) sync(ctx context.Context, w world, s settings, isDemo bool) (int, error) {
	store, err := assemble.Store(ctx, s.staging, w.AWS...)
	if err != nil {
		return exitFailed, err
	}
	run, err := c.open(ctx, w, s, store, isDemo)
	if err != nil {
		return exitFailed, err
	}
	log, closeLog, err := openLog(w, s.staging, run.Run, c.LogLevel)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	if isDemo {
		w.say("demo organization, served by fakes on this machine; nothing but what is staged leaves it")
	}
	sayRun(w, run, s.staging)

	shown := newProgress(w, run.DryRun)
	if err := s.readAll(ctx, run.Run, store, log, shown); err != nil {
		shown.close()
		return stopped(ctx, run.Run, err)
	}
	t := assemble.Transformer{Settings: s.transform, Store: store, Secret: s.secret, Log: log, OnProgress: shown.posting, Holder: holder()}
	result, err := t.Run(ctx, run.Run, false)
	shown.close()
	if err != nil || result.Unfinished {
		return stopped(ctx, run.Run, err)
	}
	return view{store, where{Staging: c.Staging, EnvFile: c.EnvFile}.flags()}.conclude(ctx, w, result)
}

// open opens a run, or goes on with the open one.
func (c *runCommand) open(ctx context.Context, w world, s settings, store staging.Store, isDemo bool) (staging.Run, error) {
	only, err := parseOnly(c.Environments)
	if err != nil {
		return staging.Run{}, err
	}
	before, err := staging.Current(ctx, store)
	isNew := errors.Is(err, staging.ErrNoRun)
	if err != nil && !isNew {
		return staging.Run{}, err
	}
	// One that is gone on with was checked when it began.
	if isNew && !isDemo {
		if err := checkFirst(ctx, w, s, permitted{store}); err != nil {
			return staging.Run{}, err
		}
	}
	asked := event.Fetch{Environments: only, DryRun: s.transform.DryRun}
	run, err := s.fetcher(staging.Environments, store).Open(ctx, asked, localUser())
	if err != nil {
		return staging.Run{}, err
	}
	if run.Run == before.Run {
		w.say("going on with run %s, which has not ended", run.Run)
	}
	return run, isAsked(run, asked)
}

// isAsked refuses an open run that is of another sort than the one that is
// asked for.
func isAsked(run staging.Run, asked event.Fetch) error {
	switch {
	case asked.DryRun && !run.DryRun:
		return fmt.Errorf("run %s is being read and is no dry run: let it end first, or make the dry run in another folder with --staging", run.Run)
	case len(asked.Environments) > 0 && !sameIDs(asked.Environments, run.Only):
		return fmt.Errorf("run %s is being read, of other environments: let it end first", run.Run)
	}
	return nil
}

// fetcher reads one collection.
func (s settings) fetcher(c staging.Collection, store staging.Store) *assemble.Fetcher {
	return &assemble.Fetcher{Settings: s.fetch[c], Collection: c, Store: store, Secret: s.secret, Holder: holder()}
}

// readAll reads all collections of a run. They share the pace of each of
// PingOne's limits: the functions in AWS send from several addresses, this
// machine from one.
func (s settings) readAll(ctx context.Context, run staging.RunID, store staging.Store, log *slog.Logger, shown progress) error {
	pacers := s.pacers()
	return readAll(ctx, func(ctx context.Context, c staging.Collection) (fetch.Result, error) {
		f := s.fetcher(c, store)
		f.Log, f.OnProgress, f.Pacers = log, shown.reading, pacers
		return readOne(ctx, c, func(ctx context.Context) (fetch.Result, error) { return f.Run(ctx, run) })
	}, shown)
}
