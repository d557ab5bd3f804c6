package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
)

// latest is the run id that stands for the newest run with a report.
const latest = "latest"

type reportCommand struct {
	Stack   string `help:"The CloudFormation stack whose run it is." placeholder:"NAME" xor:"place"`
	Run     string `help:"The run, such as 20261123T090000Z, or latest." default:"latest" placeholder:"ID"`
	Staging string `help:"Where it is staged: s3://bucket/prefix, file:///folder or a folder (default: STAGING_URL, else ./staging, else ./staging/demo)." placeholder:"URL" xor:"place"`
	EnvFile string `help:"File with settings, NAME=value a line." placeholder:"FILE"`
	JSON    bool   `help:"Write report.json as it is."`
}

func (c *reportCommand) run(ctx context.Context, w world) (int, error) {
	if c.EnvFile != "" {
		if err := loadEnvFile(w, c.EnvFile); err != nil {
			return exitFailed, err
		}
	}
	store, run, err := c.open(ctx, w)
	if err != nil {
		return exitFailed, err
	}
	if c.JSON {
		object, err := store.Get(ctx, staging.ReportKey(run))
		if err != nil {
			return exitFailed, fmt.Errorf("report of run %s: %w", run, err)
		}
		if _, err := fmt.Fprintf(w.Stdout, "%s\n", object.Data); err != nil {
			return exitFailed, fmt.Errorf("write the report: %w", err)
		}
		return exitDone, nil
	}
	r, err := report.Load(ctx, store, run)
	if err != nil {
		return exitFailed, err
	}
	if err := show(w, store, r); err != nil {
		return exitFailed, err
	}
	return exitDone, nil
}

// open finds the run that is asked for.
func (c *reportCommand) open(ctx context.Context, w world) (staging.Store, staging.RunID, error) {
	if c.Stack == "" {
		place, err := stagingURL(w, c.Staging)
		if err != nil {
			return nil, "", err
		}
		return c.find(ctx, w, place)
	}
	s, err := openStack(ctx, w, c.Stack)
	if err != nil {
		return nil, "", err
	}
	run, err := c.among(ctx, s.store)
	if errors.Is(err, staging.ErrNotFound) {
		err = fmt.Errorf("no report of run %s in %s: it has not ended yet, or it is older than the stack keeps runs", c.Run, s.store)
	}
	return s.store, run, err
}

// find looks for the run at place, then among the demonstrations there.
func (c *reportCommand) find(ctx context.Context, w world, place string) (staging.Store, staging.RunID, error) {
	for _, url := range []string{place, strings.TrimSuffix(place, "/") + demoFolder} {
		// Opening a folder would create it.
		if dir, err := dirstore.Parse(url); err == nil && !isFolder(dir) {
			continue
		}
		opened, err := assemble.Store(ctx, url, w.AWS...)
		if err != nil {
			return nil, "", err
		}
		store := permitted{opened}
		run, err := c.among(ctx, store)
		if err == nil || !errors.Is(err, staging.ErrNotFound) {
			return store, run, err
		}
	}
	return nil, "", fmt.Errorf("no report of run %s in %s, nor in the folder of demonstrations there: pingone-authomize run makes one, and run --run ID that of a run which did not come to its end", c.Run, place)
}

func isFolder(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// among is the run that is asked for, if it has a report in store.
func (c *reportCommand) among(ctx context.Context, store staging.Store) (staging.RunID, error) {
	if c.Run != latest {
		run, err := staging.ParseRun(c.Run)
		if err != nil {
			return "", fmt.Errorf("--run: %w", err)
		}
		_, err = store.Get(ctx, staging.ReportKey(run))
		return run, err
	}
	return newestReported(ctx, store)
}

// newestReported is the newest run that has a report; staging.ErrNotFound if
// none has.
func newestReported(ctx context.Context, store staging.Store) (staging.RunID, error) {
	runs, ended, err := runsOf(ctx, store)
	if err != nil {
		return "", err
	}
	for _, run := range slices.Backward(runs) {
		if ended[run] {
			return run, nil
		}
	}
	return "", fmt.Errorf("no run in %s has a report: %w", store, staging.ErrNotFound)
}

// show prints a report and where to read more.
func show(w world, store staging.Store, r *report.Report) error {
	if err := report.Table(w.Stdout, r); err != nil {
		return fmt.Errorf("show the report: %w", err)
	}
	run := staging.RunID(r.Run)
	_, err := fmt.Fprintf(w.Stdout, "\nreport  %s\n        %s\n",
		locate(store, staging.ReportPageKey(run)), locate(store, staging.ReportKey(run)))
	return err
}

// locate is where a person finds an object: a file's path, or a URL.
func locate(store staging.Store, key string) string {
	if dir, err := dirstore.Parse(store.String()); err == nil {
		return filepath.Join(dir, filepath.FromSlash(key))
	}
	return strings.TrimSuffix(store.String(), "/") + "/" + key
}
