package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
	"pingone-authomize/shared/transform"
)

// where says which runs are meant: a stack's, or those of this machine.
type where struct {
	Stack   string `help:"The CloudFormation stack whose runs they are." placeholder:"NAME" xor:"where"`
	Staging string `help:"Where they are staged: s3://bucket/prefix, file:///folder or a folder (default: STAGING_URL, else ./staging)." placeholder:"URL" xor:"where"`
	EnvFile string `help:"File with settings, NAME=value a line; variables that are set already win." placeholder:"FILE"`
}

// flags are those of a command line that means the same runs.
func (o where) flags() string {
	var line string
	for _, f := range [][2]string{{" --stack ", o.Stack}, {" --staging ", o.Staging}, {" --env-file ", o.EnvFile}} {
		if f[1] != "" {
			line += f[0] + quoted(f[1])
		}
	}
	return line
}

// A view is a store of runs, and the flags by which another command finds it.
type view struct {
	store staging.Store
	flags string
}

// command is a command line about a run.
func (v view) command(name string, run staging.RunID) string {
	return fmt.Sprintf("pingone-authomize %s --run %s%s", name, run, v.flags)
}

// locate is where a person finds an object: a file's path, or a URL.
func (v view) locate(key string) string {
	if dir, err := dirstore.Parse(v.store.String()); err == nil {
		return filepath.Join(dir, filepath.FromSlash(key))
	}
	return strings.TrimSuffix(v.store.String(), "/") + "/" + key
}

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

// latest is the run id that stands for the newest run with a report.
const latest = "latest"

// reported is the run that is asked for, by its id or as the latest, if it has
// a report; else staging.ErrNotFound.
func (v view) reported(ctx context.Context, asked string) (staging.RunID, error) {
	runs := []staging.RunID{staging.RunID(asked)}
	var err error
	if asked == latest {
		runs, err = staging.Runs(ctx, v.store)
	} else if _, err = staging.ParseRun(asked); err != nil {
		err = fmt.Errorf("--run: %w", err)
	}
	if err != nil {
		return "", err
	}
	for _, run := range slices.Backward(runs) {
		if _, err := v.store.Get(ctx, staging.ReportKey(run)); !errors.Is(err, staging.ErrNotFound) {
			return run, err
		}
	}
	return "", fmt.Errorf("no report of run %s in %s: it has not ended, or is older than what is stored: %w", asked, v.store, staging.ErrNotFound)
}
