// Package lambdafn turns the use cases into Lambda functions: it reads the
// settings at cold start, translates events and answers, and keeps time back
// before the invocation ends.
package lambdafn

import (
	"context"
	"encoding/json"
	"os"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/staging"
)

// Fetch runs the function that reads one collection. It doesn't return.
func Fetch(c staging.Collection) {
	log := newLogger()
	settings, err := config.LoadFetch(os.Getenv, c)
	if err != nil {
		refuseToStart(log, err)
	}
	f := &fetchFunction{
		Fetcher:  assemble.Fetcher{Settings: settings, Collection: c, Log: log},
		observer: newObserver(string(c), observe.PingOne, log, os.Getenv, os.Stdout),
	}
	f.Base = f.calls()
	debug.SetMemoryLimit(softMemory) // many groups of a million members at once
	lambda.StartWithOptions(f.handle, lambda.WithEnableSIGTERM())
}

// softMemory is in bytes, without the pages of the binary itself, some 30 MB.
// Above it Go collects garbage all the time rather than pass 256 MiB, which is
// what a fetch function has, and what transform shall stay below at a million
// users (docs/performance.md).
const softMemory = 205 << 20

type fetchFunction struct {
	assemble.Fetcher
	*observer
	lambda invoker // nil: AWS's
}

func (f *fetchFunction) handle(ctx context.Context, payload json.RawMessage) (result fetch.Result, err error) {
	asked, err := event.ParseFetch(payload, time.Now())
	ctx, seen := f.begin(ctx, asked.Run, string(f.Collection))
	defer func() { seen.fetched(f.Store, result, err) }()
	if err != nil {
		return fetch.Result{}, err
	}
	f.Stats, f.Holder, f.Only, f.DryRun = seen.stats, holder(ctx), asked.Environments, asked.DryRun
	working, cancel := withMargin(ctx, fetch.Margin)
	defer cancel()
	if f.Store, f.Secret, err = connect(working, f.Store, f.Secret, f.Settings.Common, f.tracer.AWS); err != nil {
		return fetch.Result{}, err
	}
	result, err = f.Run(working, asked.Run)
	if err == nil && !result.Complete && !result.Busy {
		err = goOn(ctx, f.lambda, asked.Run, payload, result.Progressed, f.tracer.AWS)
	}
	return result, err
}
