package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

type runCommand struct {
	EnvFile  string `help:"File with settings, NAME=value a line; variables that are set already win." placeholder:"FILE"`
	DryRun   bool   `help:"Read and map, and say what would be posted and swept. Nothing is posted (as DRY_RUN=true)."`
	Staging  string `help:"Where to stage: s3://bucket/prefix, file:///folder or a folder (default: STAGING_URL, else ./staging)." placeholder:"URL"`
	Run      string `help:"Go on with this run, such as 20261123T090000Z, and post it, again if need be." placeholder:"ID" xor:"which"`
	New      bool   `help:"Start a new run, even if the newest one of this folder was not finished." xor:"which"`
	Estimate bool   `help:"Say how many calls a run would take, and how long, and end there."`

	ApproveSweep bool `help:"Let go the held sweep of --run, or else of the newest run: you have read the reasons in its report."`

	LogLevel string `help:"What to log: ${enum}." enum:"debug,info,warn,error" default:"info"`
}

// run does the whole command.
func (c *runCommand) run(ctx context.Context, w world) (int, error) {
	if c.EnvFile != "" {
		if err := loadEnvFile(w, c.EnvFile); err != nil {
			return exitFailed, err
		}
	}
	place, err := stagingURL(w, c.Staging)
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
		getenv, place = fakes.getenv(getenv), strings.TrimSuffix(place, "/")+demoFolder
	}
	s, err := loadSettings(ctx, c.override(getenv, place), w.AWS...)
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

// override puts what the flags say over the environment.
func (c *runCommand) override(getenv func(string) string, place string) func(string) string {
	return func(name string) string {
		switch {
		case name == "STAGING_URL":
			return place
		case name == "DRY_RUN" && c.DryRun:
			return "true"
		}
		return getenv(name)
	}
}

// sync reads all collections, transforms and shows the outcome.
func (c *runCommand) sync(ctx context.Context, w world, s settings, isDemo bool) (int, error) {
	store, err := assemble.Store(ctx, s.staging, w.AWS...)
	if err != nil {
		return exitFailed, err
	}
	if !c.Estimate {
		release, err := occupy(s)
		if err != nil {
			return exitFailed, err
		}
		defer release()
	}
	asked, isNew, err := c.pick(ctx, w, s, store)
	if err != nil {
		return exitFailed, err
	}
	run := asked.Run
	if c.Estimate {
		if isDemo {
			w.say("demo organization, served by fakes on this machine; --env-file FILE estimates yours")
		}
		return exitDone, estimate(ctx, w, run, s, store)
	}
	// One that is gone on with was checked when it began.
	if isNew && !isDemo {
		if err := checkFirst(ctx, w, s, permitted{store}); err != nil {
			return exitFailed, err
		}
	}
	log, closeLog, err := openLog(w, s.staging, run, c.LogLevel)
	if err != nil {
		return exitFailed, err
	}
	defer closeLog()
	c.announce(w, s, run, isDemo)

	if c.ApproveSweep {
		return c.approve(ctx, w, run, s, store, log)
	}
	shown := newProgress(w, s.transform.DryRun)
	if err := readAll(ctx, asked, s, store, log, shown); err != nil {
		shown.close()
		return c.stopped(ctx, run, err)
	}
	t := assemble.Transformer{Settings: s.transform, Store: store, Secret: s.secret, Log: log, OnProgress: shown.posting}
	// A run that is named is posted again, but a dry run must not replace the
	// report of what was posted.
	again := c.Run != "" && !s.transform.DryRun
	result, err := t.Run(ctx, assemble.Ask{Run: run, Holder: holder(), Again: again})
	shown.close()
	if err != nil || result.Unfinished {
		return c.stopped(ctx, run, err)
	}
	return conclude(ctx, w, store, result, c.again(run))
}

// occupy keeps a second process from the same folder: it would take the run that
// is under way for one that was stopped, and both would end.
func occupy(s settings) (release func(), err error) {
	if !s.isFolder() {
		return func() {}, nil // a bucket, where claims hold
	}
	release, err = dirstore.Occupy(s.staging)
	if errors.Is(err, dirstore.ErrOccupied) {
		err = fmt.Errorf("%w: wait until it ends, or give this one a folder of its own with --staging", err)
	}
	return release, err
}

// freshRun is a run of now that nothing is staged under. Run ids have whole
// seconds, and an earlier run may have the same.
func freshRun(ctx context.Context, store staging.Store) (staging.RunID, error) {
	for now := time.Now(); ; now = now.Add(time.Second) {
		run := staging.RunAt(now)
		keys, err := store.List(ctx, staging.RunPrefix(run))
		if err != nil || len(keys) == 0 {
			return run, err
		}
	}
}

func (c *runCommand) announce(w world, s settings, run staging.RunID, isDemo bool) {
	if isDemo {
		leaves := "nothing"
		if !s.isFolder() {
			leaves = "nothing but what is staged"
		}
		w.say("demo organization, served by fakes on this machine; %s leaves it", leaves)
	}
	if s.transform.DryRun {
		w.say("dry run: nothing will be posted")
	}
	w.say("run %s, staged in %s", run, s.staging)
}

// stopped tells what happened to a run that did not come to an end.
func (c *runCommand) stopped(ctx context.Context, run staging.RunID, err error) (int, error) {
	onward := "what was read is kept; go on with: " + c.again(run)
	if ctx.Err() != nil {
		return exitInterrupted, fmt.Errorf("interrupted: %s", onward)
	}
	return exitFailed, fmt.Errorf("run %s did not come to an end: %w\n%s", run, err, onward)
}

// again is the command that goes on with a run.
func (c *runCommand) again(run staging.RunID) string {
	args := []string{"pingone-authomize run"}
	if c.EnvFile != "" {
		args = append(args, "--env-file "+quoted(c.EnvFile))
	}
	if c.DryRun {
		args = append(args, "--dry-run")
	}
	if c.Staging != "" {
		args = append(args, "--staging "+quoted(c.Staging))
	}
	return strings.Join(append(args, "--run "+string(run)), " ")
}

// quoted is s as a shell takes it for one word.
func quoted(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"
	if strings.Trim(s, plain) == "" && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// holder names this process for the claim on a run.
func holder() string {
	return fmt.Sprintf("%s process %d at %d", thisMachine(), os.Getpid(), time.Now().UnixNano())
}

// thisMachine names this machine for the claims on collections: what reads them
// may be killed, and goes on at once when it is started again.
func thisMachine() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown host"
	}
	return host
}
