package lambdafn

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/transport"
)

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

// finish writes what every invocation shows that did anything, and before it what
// own does; err is what it failed with. Each hour wakes all functions, and a metric
// costs for each hour in which it is written. The invocation's deadline may be
// near, its context done.
func (s *seen) finish(err error, own func(context.Context)) {
	defer s.end()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), endTime)
	defer cancel()
	own(ctx)
	s.sinceGood()
	if err == nil && !s.unfinished && s.stats.Calls.Load() == 0 {
		return
	}
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
