package observe

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
)

func TestLinesNameTheRunOnce(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	plain := slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	log := slog.New(runHandler{Handler: plain})
	ctx := WithRun(t.Context(), "20261123T090000Z")

	log.InfoContext(ctx, "from the context")
	log.With("run", "20261123T090000Z", "collection", "users").InfoContext(ctx, "from the logger")
	log.With("collection", "users").InfoContext(ctx, "other attributes")
	log.Info("no run")

	want := `level=INFO msg="from the context" run=20261123T090000Z
level=INFO msg="from the logger" run=20261123T090000Z collection=users
level=INFO msg="other attributes" collection=users run=20261123T090000Z
level=INFO msg="no run"
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestNewLoggerIsOfLambda(t *testing.T) {
	t.Parallel()
	if !NewLogger().Enabled(t.Context(), slog.LevelInfo) || NewLogger().Enabled(t.Context(), slog.LevelDebug) {
		t.Error("without AWS_LAMBDA_LOG_LEVEL the level must be INFO")
	}
}

// requestContext is as Lambda makes it.
func requestContext(ctx context.Context) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
}
