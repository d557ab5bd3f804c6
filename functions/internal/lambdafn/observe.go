package lambdafn

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// An observer tells AWS what the invocations of one function did.
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

// tellTime bounds what is told at the end of an invocation, out of the margin.
const tellTime = 5 * time.Second

func newObserver(function string, api observe.API, log *slog.Logger, getenv func(string) string, out io.Writer) *observer {
	return &observer{
		function: function, api: api, log: log, stack: getenv(observe.StackVariable),
		tracer: observe.NewTracer(getenv), metrics: observe.NewMetrics(out, getenv),
		now: time.Now, goodWithin: goodWithin(getenv),
	}
}

// calls is the transport to the function's API.
func (o *observer) calls() http.RoundTripper { return o.tracer.Calls(o.api, transport.NewBase()) }

// seen is one invocation.
type seen struct {
	*observer
	ctx   context.Context //nolint:containedctx // of the invocation, which this type stands for
	run   staging.RunID   // "" if the event names none
	began time.Time
	stats *transport.Stats
	end   func()
}

// begin begins an invocation on a run, "" if the event is not understood. The
// caller must use the context it returns, and tell how the invocation ended.
func (o *observer) begin(ctx context.Context, run staging.RunID, collection string) (context.Context, *seen) {
	ctx = observe.WithRun(ctx, string(run))
	ctx, end := o.tracer.Begin(ctx, string(run), collection)
	return ctx, &seen{observer: o, ctx: ctx, run: run, began: time.Now(), stats: &transport.Stats{}, end: end}
}

// telling returns a context for what is told at the end: the invocation's own
// deadline may be near, its context done.
func (s *seen) telling() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(s.ctx), tellTime)
}

// fetched ends an invocation of a fetch function.
func (s *seen) fetched(store staging.Store, r fetch.Result, err error) {
	defer s.end()
	ctx, cancel := s.telling()
	defer cancel()
	if err != nil {
		s.announceFailure(ctx, err)
	}
	// An invocation that finds the collection complete has read nothing, and
	// an earlier one has counted it.
	if r.Complete && r.Progressed {
		s.put(observe.ByCollection, string(r.Collection), observe.Values{
			observe.RecordsRead: float64(r.Records), observe.UnreadSlices: float64(r.Unread),
		})
	}
	s.sinceGood(ctx, store)
	s.ended(err, err == nil && !r.Complete && !r.Busy)
}

// ended writes what every invocation tells; err is what it failed with.
func (s *seen) ended(err error, unfinished bool) {
	s.put(observe.ByAPI, string(s.api), observe.Values{
		observe.APICalls:     float64(s.stats.Calls.Load()),
		observe.Throttled:    float64(s.stats.Throttled.Load()),
		observe.Retries:      float64(s.stats.Retries.Load()),
		observe.TokenRefused: flag(err != nil && s.classOf(err) == observe.FailedByCredentials),
	})
	values := observe.Values{
		observe.InvocationDuration: float64(time.Since(s.began).Milliseconds()),
		observe.Unfinished:         flag(unfinished),
	}
	if deadline, ok := s.ctx.Deadline(); ok {
		values[observe.InvocationTimeLeft] = max(time.Until(deadline).Seconds(), 0)
	}
	s.put(observe.ByFunction, s.function, values)
}

// put writes a line of metrics. Watching must not fail what is watched.
func (s *seen) put(by observe.Dimension, of string, values observe.Values) {
	if err := s.metrics.Put(s.ctx, by, of, values); err != nil {
		s.log.ErrorContext(s.ctx, "metrics are missing", "err", err)
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
