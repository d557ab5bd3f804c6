package lambdafn

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// connect opens store and secret at the first invocation: at
// cold start there would be no answer to put an error into.
func connect(ctx context.Context, store staging.Store, source secret.Source, c config.Common, tune ...func(*aws.Config)) (staging.Store, secret.Source, error) {
	var err error
	if store == nil {
		if store, err = assemble.Store(ctx, c.StagingURL, tune...); err != nil {
			return nil, nil, err
		}
	}
	if source == nil {
		if source, err = assemble.Secret(ctx, c, tune...); err != nil {
			return store, nil, err
		}
	}
	return store, source, nil
}

// withMargin ends ctx before the invocation does, so that there is time left
// to commit: a third of a short invocation, else margin.
func withMargin(ctx context.Context, margin time.Duration) (context.Context, context.CancelFunc) { //nolint:unparam // each use case names its own

	end, ok := ctx.Deadline()

	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-min(margin, time.Until(end)/3)))
}

func newLogger() *slog.Logger {
	log := observe.NewLogger()
	slog.SetDefault(log)
	return log
}

// refuseToStart says what is wrong with the settings, all of it, and ends the
// process, which Lambda reports as an init error.
func refuseToStart(log *slog.Logger, err error) {
	log.Error("cold start failed: correct the function's environment variables", "err", err)
	os.Exit(1)
}

// holder is the same when Lambda retries an invocation.
func holder(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return time.Now().UTC().Format(time.RFC3339Nano)
}

// goodWithin is how old a run may be that counts as good: the time that the
// alarm waits for one.
func goodWithin(getenv func(string) string) time.Duration {
	hours, err := strconv.Atoi(getenv(observe.GoodRunVariable))
	if err != nil {
		hours = mostHours
	}
	return time.Duration(hours) * time.Hour
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// An observer shows AWS what the invocations of one function did.
type observer struct {
	function string
	api      observe.API // the one that the function calls
	log      *slog.Logger
	stack    string // "": nothing is written but the log
	tracer   *observe.Tracer
	metrics  *observe.Metrics
	now      func() time.Time

	goodWithin time.Duration
	putEvents  observe.PutEvents // nil: AWS's
}

// seen is one invocation.
type seen struct {
	*observer
	ctx        context.Context //nolint:containedctx // of the invocation, which this type stands for
	run        staging.RunID   // "" if it is not clear
	began      time.Time
	stats      *transport.Stats
	lastGood   staging.RunID // "" if there is none, or none was looked for
	unfinished bool          // the function invoked itself
	end        func()
}

// begin begins an invocation on the run that its event names, "" for none. The
// caller must use the context it returns, and say how the invocation ended.
func (o *observer) begin(ctx context.Context, run staging.RunID, collection string) (context.Context, *seen) {
	ctx, end := o.tracer.Begin(ctx, string(run), collection)
	ctx = observe.WithRun(ctx, string(run))
	return ctx, &seen{observer: o, ctx: ctx, run: run, began: time.Now(), stats: &transport.Stats{}, end: end}
}

// worksOn returns ctx for the work on a run, by which all that is written from
// now on names it.
func (s *seen) worksOn(ctx context.Context, run staging.RunID) context.Context {
	s.run, s.ctx = run, observe.WithRun(s.ctx, string(run))
	return observe.WithRun(ctx, string(run))
}

// put writes a line of metrics. Watching must not fail what is watched.
func (s *seen) put(of string, values observe.Values) {
	if err := s.metrics.Put(s.ctx, of, values); err != nil {
		s.log.ErrorContext(s.ctx, "metrics were not written", "err", err)
	}
}

const (
	// mostHours is how far the alarm can look back.
	mostHours = 168
	// mostReports bounds how many are looked at for the last good run.
	mostReports = 50
)
