package lambdafn

import (
	"context"
	"encoding/json"
	"os"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/transform"
)

// Transform runs the function that transforms complete runs. It doesn't
// return.
func Transform() {
	// Little garbage collection while there is room, more of it before the
	// memory of a million users passes 256 MiB (docs/performance.md).
	debug.SetGCPercent(200)
	debug.SetMemoryLimit(softMemory)
	log := newLogger()
	settings, err := config.LoadTransform(os.Getenv)
	if err != nil {
		refuseToStart(log, err)
	}
	f := &transformFunction{
		Transformer: assemble.Transformer{Settings: settings, Log: log},
		observer:    newObserver("transform", observe.Authomize, log, os.Getenv, os.Stdout),
	}
	f.Base = f.calls()
	lambda.StartWithOptions(f.handle, lambda.WithEnableSIGTERM())
}

func (f *transformFunction) handle(ctx context.Context, payload json.RawMessage) (result transform.Result, err error) {
	asked, err := event.ParseTransform(payload)
	ctx, seen := f.begin(ctx, asked.Run, "")
	defer func() { f.transformed(seen, !asked.ByPerson(), result, err) }()
	if err != nil {
		return transform.Result{}, eventError{err}
	}
	working, cancel := withMargin(ctx, transform.Margin)
	defer cancel()
	if f.Store, f.Secret, err = connect(working, f.Store, f.Secret, f.Settings.Common, f.tracer.AWS); err != nil {
		return transform.Result{}, err
	}
	seen.findGood(working, f.Store)
	t := f.Transformer
	t.Stats, t.Holder = seen.stats, holder(ctx)
	t.Settings.DryRun = t.Settings.DryRun || asked.DryRun
	if asked.Approve != nil {
		result, err = t.Approve(working, asked.Run, *asked.Approve)
	} else {
		result, err = t.Run(working, asked.Run, asked.ByPerson())
	}
	if err == nil && result.Unfinished {
		seen.unfinished = true
		if !result.Progressed {
			return result, errNoProgress
		}
		err = goOn(ctx, f.lambda, result.Run, asked.DryRun, payload, f.tracer.AWS)
	}
	return result, err
}
