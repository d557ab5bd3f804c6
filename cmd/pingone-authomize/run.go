package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

type runCommand struct {
	EnvFile      string   `help:"File with settings, NAME=value a line; variables that are set already win." placeholder:"FILE"`
	DryRun       bool     `help:"Read and map, and say what would be posted and swept. Nothing is posted (as DRY_RUN=true)."`
	Environments []string `help:"Read only these environments of those that the settings name; the others are carried forward." placeholder:"ID"`
	Staging      string   `help:"Where to stage: s3://bucket/prefix, file:///folder or a folder (default: STAGING_URL, else ./staging)." placeholder:"URL"`
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
	return c.sync(ctx, w, s, fakes != nil)
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
	if isDemo {
		w.say("demo organization, served by fakes on this machine; nothing but what is staged leaves it")
	}
	sayRun(w, run, s.staging)
	if err := s.readAll(ctx, w, run, store); err != nil {
		return stopped(ctx, run.Run, err)
	}
	t := &assemble.Transformer{Settings: s.transform, Store: store, Secret: s.secret, Holder: holder()}
	here := site{store: store, flags: where{Staging: c.Staging, EnvFile: c.EnvFile}.flags()}
	return here.here(ctx, w, t, run.Run, func() (transform.Result, error) {
		result, err := t.Run(ctx, run.Run, false)
		if err != nil {
			_, err = stopped(ctx, run.Run, err)
		}
		return result, err
	})
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
	// Hours of reading would be in vain if nothing could be posted. A run that is
	// gone on with was checked when it began.
	if isNew && !isDemo && !s.transform.DryRun {
		found := &findings{}
		s.checkAuthomize(ctx, found)
		if fault := found.fault(); fault != "" {
			return staging.Run{}, fmt.Errorf("no run can work, so nothing was read and nothing was posted: %s", fault)
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

// fetcher reads one collection.
func (s settings) fetcher(c staging.Collection, store staging.Store) *assemble.Fetcher {
	return &assemble.Fetcher{Settings: s.fetch[c], Collection: c, Store: store, Secret: s.secret, Holder: holder()}
}

// readAll reads all collections of a run. They share the pace of each of
// PingOne's limits: the functions in AWS send from several addresses, this
// machine from one.
func (s settings) readAll(ctx context.Context, w world, run staging.Run, store staging.Store) error {
	log, closeLog, err := openLog(w, s.staging, run.Run)
	if err != nil {
		return err
	}
	defer closeLog()
	shown := newLines(w, run.DryRun)
	defer shown.close()
	pacers := pingone.NewPacers(s.fetch[staging.Roles].PerSecond, s.fetch[staging.Users].PerSecond)
	return readAll(func(c staging.Collection) error {
		f := s.fetcher(c, store)
		f.Log, f.OnProgress, f.Pacers = log, shown.reading, pacers
		result, err := readOne(ctx, c, func(ctx context.Context) (fetch.Result, error) { return f.Run(ctx, run.Run) })
		shown.read(c, result, err)
		return err
	})
}
