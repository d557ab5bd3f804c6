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

// endTime bounds what is written at the end of an invocation, out of the margin.
const endTime = 5 * time.Second

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

// fetched ends an invocation of a fetch function.
func (s *seen) fetched(r fetch.Result, err error) {
	s.finish(err, func(ctx context.Context) {
		if err != nil {
			s.announceFailure(ctx, err)
		}
		// An invocation that finds the collection complete has read nothing, and
		// an earlier one has counted it.
		if r.Complete && r.Progressed {
			s.put(string(r.Collection), observe.Values{
				observe.RecordsRead: float64(r.Records), observe.CarriedLists: float64(r.Carried),
			})
		}
	})
}

// finish writes what every invocation shows, and before it what own does; err
// is what it failed with. The invocation's deadline may be near, its context
// done.
func (s *seen) finish(err error, own func(context.Context)) {
	defer s.end()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), endTime)
	defer cancel()
	own(ctx)
	s.sinceGood()
	s.put(string(s.api), observe.Values{
		observe.APICalls:     float64(s.stats.Calls.Load()),
		observe.Throttled:    float64(s.stats.Throttled.Load()),
		observe.Retries:      float64(s.stats.Retries.Load()),
		observe.TokenRefused: flag(err != nil && s.classOf(err) == observe.FailedByCredentials),
	})
	values := observe.Values{
		observe.InvocationDuration: float64(time.Since(s.began).Milliseconds()),
		observe.Unfinished:         flag(s.unfinished && err == nil),
	}
	if deadline, ok := s.ctx.Deadline(); ok {
		values[observe.InvocationTimeLeft] = max(time.Until(deadline).Seconds(), 0)
	}
	s.put(s.function, values)
}

// put writes a line of metrics. Watching must not fail what is watched.
func (s *seen) put(of string, values observe.Values) {
	if err := s.metrics.Put(s.ctx, of, values); err != nil {
		s.log.ErrorContext(s.ctx, "metrics were not written", "err", err)
	}
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
