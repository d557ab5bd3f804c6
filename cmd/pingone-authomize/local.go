package main

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"

	"pingone-authomize/shared/event"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// override puts what the flags say over the environment.
func override(getenv func(string) string, url string, dryRun bool) func(string) string {
	return func(name string) string {
		switch {
		case name == "STAGING_URL":
			return url
		case name == "DRY_RUN" && dryRun:
			return "true"
		}
		return getenv(name)
	}
}

// sayRun says which run it is, and what is special about it.
func sayRun(w world, run staging.Run, where string) {
	w.say("run %s, staged in %s", run.Run, where)
	if run.DryRun {
		w.say("dry run: nothing will be posted")
	}
	if n := len(run.Only); n > 0 {
		w.say("narrowed to %d of the environments: the others are carried forward", n)
	}
}

// stopped tells what happened to a run that did not come to an end.
func stopped(ctx context.Context, run staging.RunID, err error) (int, error) {
	const onward = "what was read is staged; the same command goes on"
	if ctx.Err() != nil {
		return exitInterrupted, fmt.Errorf("run %s was interrupted: %s", run, onward)
	}
	return exitFailed, fmt.Errorf("run %s did not come to an end: %w\n%s", run, err, onward)
}

// holder names this process for leases.
func holder() string { return fmt.Sprintf("%s process %d", hostname(), os.Getpid()) }

func hostname() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown host"
	}
	return host
}

// localUser is who runs this command, for what a run says of itself.
func localUser() string {
	name := "unknown user"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return name + " on " + hostname()
}

// quoted is s as a shell takes it for one word.
func quoted(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,"
	if strings.Trim(s, plain) == "" && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// parseOnly are the environments that a run is narrowed to.
func parseOnly(ids []string) ([]pingone.ID, error) {
	if ids == nil {
		return nil, nil
	}
	only, err := event.ParseEnvironments(ids)
	if err != nil {
		return nil, fmt.Errorf("--environments: %w", err)
	}
	return only, nil
}

// isAsked refuses an open run that is of another sort than the one that is
// asked for.
func isAsked(run staging.Run, asked event.Fetch) error {
	sorted := func(ids []pingone.ID) []pingone.ID { return slices.SortedFunc(slices.Values(ids), pingone.ID.Compare) }
	switch {
	case asked.DryRun && !run.DryRun:
		return fmt.Errorf("run %s is being read and is no dry run: let it end first", run.Run)
	case len(asked.Environments) > 0 && !slices.Equal(sorted(asked.Environments), sorted(run.Only)):
		return fmt.Errorf("run %s is being read, of other environments: let it end first", run.Run)
	}
	return nil
}
