package observe

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

const runKey = "run"

type runContextKey struct{}

// WithRun returns a context whose log lines and metrics name the run, and names
// it in the invocation's trace. What an event is about may show only later.
func WithRun(ctx context.Context, run string) context.Context {
	traceOf(ctx).nameRun(run)
	return context.WithValue(ctx, runContextKey{}, run)
}

func runOf(ctx context.Context) string {
	run, _ := ctx.Value(runContextKey{}).(string)
	return run
}

// NewLogger returns a logger that writes to stdout as Lambda's logging
// settings say (AWS_LAMBDA_LOG_FORMAT, AWS_LAMBDA_LOG_LEVEL). Each line names
// the request, and the run of WithRun.
func NewLogger() *slog.Logger {
	return slog.New(runHandler{Handler: lambdacontext.NewLogHandler()})
}

// runHandler adds the run of the context, unless the logger has it already.
type runHandler struct {
	slog.Handler
	named bool
}

// Handle implements slog.Handler.
func (h runHandler) Handle(ctx context.Context, r slog.Record) error {
	if run := runOf(ctx); run != "" && !h.named {
		r = r.Clone()
		r.AddAttrs(slog.String(runKey, run))
	}
	return h.Handler.Handle(ctx, r) //nolint:wrapcheck // a handler in front of another has nothing to add
}

// WithAttrs implements slog.Handler.
func (h runHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := runHandler{Handler: h.Handler.WithAttrs(attrs), named: h.named}
	for _, a := range attrs {
		next.named = next.named || a.Key == runKey
	}
	return next
}

// WithGroup implements slog.Handler.
func (h runHandler) WithGroup(name string) slog.Handler {
	return runHandler{Handler: h.Handler.WithGroup(name), named: h.named}
}
