// Package lambdafn turns the use cases into Lambda functions: it reads the
// settings at cold start, translates events and answers, and leaves time to
// commit before the invocation ends.
package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime/debug"

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
	asked, err := event.ParseFetch(payload)
	ctx, seen := f.begin(ctx, asked.Run, string(f.Collection))
	defer func() { seen.fetched(result, err) }()
	if err != nil {
		return fetch.Result{}, eventError{err}
	}
	f.Stats, f.Holder = seen.stats, holder(ctx)
	working, cancel := withMargin(ctx, fetch.Margin)
	defer cancel()
	if f.Store, f.Secret, err = connect(working, f.Store, f.Secret, f.Settings.Common, f.tracer.AWS); err != nil {
		return fetch.Result{}, err
	}
	seen.findGood(working, f.Store)
	run, err := f.Pick(working, asked, "lambda "+f.Holder)
	if err != nil {
		return f.leave(working, asked, err)
	}
	working = seen.worksOn(working, run)
	result, err = f.Run(working, run)
	if err == nil && isUnfinished(result) {
		seen.unfinished = true
		err = goOn(ctx, f.lambda, run, false, payload, f.tracer.AWS)
	}
	return result, err
}

// leave answers an event about a run that is not open, which is left as it is.
// A person who named a closed run is refused.
func (f *fetchFunction) leave(ctx context.Context, asked event.Fetch, err error) (fetch.Result, error) {
	waiting := errors.Is(err, staging.ErrNoRun)
	if !waiting && (!errors.Is(err, staging.ErrClosed) || asked.Named && !asked.Continued) {
		return fetch.Result{}, err
	}
	f.log.InfoContext(ctx, "nothing was read", "reason", err)
	switch {
	case !waiting:
		return f.Run(ctx, asked.Run)
	case f.Collection == staging.Environments:
		return fetch.Result{Run: asked.Run, Collection: f.Collection}, nil
	default:
		return fetch.Result{Run: asked.Run, Collection: f.Collection, Waiting: []staging.Collection{staging.Environments}}, nil
	}
}

// isUnfinished says whether the collection waits for nothing but time. That an
// invocation read nothing is no reason to end: it waited for PingOne to answer,
// and fetch.Run fails once it has waited for long enough.
func isUnfinished(r fetch.Result) bool { return !r.Complete && !r.Busy && len(r.Waiting) == 0 }
