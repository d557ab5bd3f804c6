package lambdafn

import (
	"context"
	"encoding/json"
	"os"
	"runtime/debug"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

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

type transformFunction struct {
	assemble.Transformer
	*observer
	lambda invoker // nil: AWS's
}

func (f *transformFunction) handle(ctx context.Context, payload json.RawMessage) (result transform.Result, err error) {
	asked, err := event.ParseTransform(payload)
	continued := event.Continuation(payload) > 0
	ctx, seen := f.begin(ctx, asked.Run, "")
	defer func() { f.transformed(seen, asked.Collection != "" || continued, result, err) }()
	if err != nil {
		return transform.Result{}, err
	}
	working, cancel := withMargin(ctx, transform.Margin)
	defer cancel()
	if f.Store, f.Secret, err = connect(working, f.Store, f.Secret, f.Settings.Common, f.tracer.AWS); err != nil {
		return transform.Result{}, err
	}
	t := f.Transformer
	t.Stats = seen.stats
	t.Settings.DryRun = t.Settings.DryRun || asked.DryRun
	result, err = t.Run(working, assemble.Ask{
		Run: asked.Run, Holder: holder(ctx), Again: asked.Collection == "" && !continued, ApproveSweep: asked.ApproveSweep,
	})
	if err == nil && result.Unfinished {
		err = goOn(ctx, f.lambda, asked.Run, payload, result.Progressed, f.tracer.AWS)
	}
	return result, err
}

// holder is the same when Lambda tries an invocation again.
func holder(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return time.Now().UTC().Format(time.RFC3339Nano)
}
