package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/dirstore"
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

// A site is an opened where: a store of runs, and the flags by which another
// command finds it.
type site struct {
	store staging.Store
	flags string
	stack *stack // nil: this machine
}

// command is a command line about a run.
func (s site) command(name string, run staging.RunID) string {
	return fmt.Sprintf("pingone-authomize %s --run %s%s", name, run, s.flags)
}

// locate is where a person finds an object: a file's path, or a URL.
func (s site) locate(key string) string {
	if dir, err := dirstore.Parse(s.store.String()); err == nil {
		return filepath.Join(dir, filepath.FromSlash(key))
	}
	return strings.TrimSuffix(s.store.String(), "/") + "/" + key
}

// latest is the run id that stands for the newest run with a report.
const latest = "latest"

// reported is the run that is asked for, by its id or as the latest, if it has
// a report; else staging.ErrNotFound.
func (s site) reported(ctx context.Context, asked string) (staging.RunID, error) {
	runs := []staging.RunID{staging.RunID(asked)}
	var err error
	if asked == latest {
		runs, err = staging.Runs(ctx, s.store)
	} else if _, err = staging.ParseRun(asked); err != nil {
		err = fmt.Errorf("--run: %w", err)
	}
	if err != nil {
		return "", err
	}
	for _, run := range slices.Backward(runs) {
		if _, err := s.store.Get(ctx, staging.ReportKey(run)); !errors.Is(err, staging.ErrNotFound) {
			return run, err
		}
	}
	return "", fmt.Errorf("no report of run %s in %s: it has not ended, or is older than what is stored: %w", asked, s.store, staging.ErrNotFound)
}

// stack is a deployment.
type stack struct {
	name      string
	lambda    *lambda.Client
	functions map[string]string // name by collection, and of transform
}

// transformName stands for the transform function among the collections.
const transformName = "transform"
