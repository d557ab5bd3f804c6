package lambdafn

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
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
