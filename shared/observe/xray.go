package observe

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-xray-sdk-go/daemoncfg"
	"github.com/aws/aws-xray-sdk-go/instrumentation/awsv2"
	"github.com/aws/aws-xray-sdk-go/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/xray"
	"github.com/aws/aws-xray-sdk-go/xraylog"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// This file alone knows X-Ray's SDK, whose support ends on 25 February 2027:
// when it goes, this file changes (docs/decisions/0013-x-ray-until-2027.md).

// tracingVariable names the environment variable with the function's tracing
// mode. Lambda sets daemonVariable, its daemon's address, in either mode, so
// only this one says that tracing is off.
const (
	tracingVariable = "TRACING"
	tracingOn       = "Active"
	daemonVariable  = "AWS_XRAY_DAEMON_ADDRESS"
)

const (
	// maxGroups bounds the subsegments of API calls in an invocation; there
	// are about ten. Calls of further groups are counted under otherGroup.
	maxGroups  = 50
	otherGroup = "other"
	// maxAWSCalls bounds those of AWS calls: X-Ray takes 500 KB a trace.
	// Failed calls come on top.
	maxAWSCalls = 300
)

// A Tracer sends subsegments to X-Ray. A nil Tracer is off and costs nothing.
type Tracer struct{ recorder *xray.Config }

// silence leaves the SDK's plain text out of the log, in which every line is
// JSON. Without a daemon it would write a line for each packet.
var silence = sync.OnceFunc(func() { xray.SetLogger(xraylog.NullLogger) })

// NewTracer returns a tracer that sends to the X-Ray daemon, or nil if TRACING
// is not Active or there is no daemon.
func NewTracer(getenv func(string) string) *Tracer {
	daemon := getenv(daemonVariable)
	if getenv(tracingVariable) != tracingOn || daemon == "" {
		return nil
	}
	silence()
	at, err := daemoncfg.GetDaemonEndpointsFromString(daemon)
	if err != nil || at == nil {
		return nil
	}
	sender, err := xray.NewDefaultEmitter(at.UDPAddr)
	if err != nil {
		return nil
	}
	// In the context, not in the SDK's globals. The strategy is set here
	// because Lambda sets AWS_XRAY_CONTEXT_MISSING to LOG_ERROR.
	return &Tracer{recorder: &xray.Config{
		Emitter: emitter{sender}, ContextMissingStrategy: ctxmissing.NewDefaultIgnoreErrorStrategy(),
	}}
}

// Begin starts tracing an invocation that works on run, and on collection if
// that is not empty. The caller must call end when the work is done. Nothing
// is traced if Lambda did not sample the invocation.
func (t *Tracer) Begin(ctx context.Context, run, collection string) (traced context.Context, end func()) {
	if t == nil {
		return ctx, func() {}
	}
	if !isSampled(ctx) {
		// Hides the trace from the AWS clients, which would make subsegments
		// only to drop them.
		return context.WithValue(ctx, xray.LambdaTraceHeaderKey, nil), func() {} //nolint:staticcheck // Lambda's key
	}
	tr := &trace{annotations: map[string]any{"run": run}, groups: map[string]*group{}}
	if collection != "" {
		tr.annotations["collection"] = collection
	}
	ctx = context.WithValue(ctx, xray.RecorderContextKey{}, t.recorder)
	ctx = context.WithValue(ctx, traceKey{}, tr)
	return ctx, func() { t.send(ctx, tr) }
}

func isSampled(ctx context.Context) bool {
	h, _ := ctx.Value(xray.LambdaTraceHeaderKey).(string)
	return slices.Contains(strings.Split(h, ";"), "Sampled=1")
}

// A trace gathers what one invocation did.
type trace struct {
	annotations map[string]any
	aws         atomic.Int64 // calls
	unsent      atomic.Int64 // subsegments of them
	mu          sync.Mutex
	groups      map[string]*group
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	tr, _ := ctx.Value(traceKey{}).(*trace)
	return tr
}

// nameRun names the run in all that is traced from now on. It is not for
// concurrent use with that.
func (tr *trace) nameRun(run string) {
	if tr == nil {
		return
	}
	named := maps.Clone(tr.annotations) // the old ones may be on their way to X-Ray
	named["run"] = run
	tr.annotations = named
}

// A group sums up calls of one method to one list: thousands of calls are one
// subsegment, which a person can read and X-Ray's limit of 500 KB can hold.
type group struct {
	name        string
	first, last time.Time
	calls       int64
	busy        time.Duration
	statuses    map[string]int64 // by status, or "none" for broken connections
}

// Calls returns a transport that counts into the invocation's trace what base
// sends to an API. It sends no trace header on: that is for AWS alone. Without
// a tracer it is base itself.
func (t *Tracer) Calls(api API, base http.RoundTripper) http.RoundTripper {
	if t == nil {
		return base
	}
	return &calls{api: api, base: base}
}

type calls struct {
	api  API
	base http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (c *calls) RoundTrip(r *http.Request) (*http.Response, error) {
	tr := traceOf(r.Context())
	if tr == nil {
		return c.base.RoundTrip(r)
	}
	began := time.Now()
	resp, err := c.base.RoundTrip(r)
	status := "none"
	if err == nil {
		status = fmt.Sprint(resp.StatusCode)
	}
	tr.add(groupName(c.api, r.Method, r.URL.Path), began, time.Now(), status)
	return resp, err
}

// CloseIdleConnections lets http.Client do so through this layer.
func (c *calls) CloseIdleConnections() {
	if b, ok := c.base.(interface{ CloseIdleConnections() }); ok {
		b.CloseIdleConnections()
	}
}

// groupName names a list without the ids on the way to it: "PingOne GET
// environments/users" for all users of all environments.
func groupName(api API, method, path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if api == Authomize && len(parts) > 2 && parts[1] == "apps" {
		parts = parts[3:] // an app's id may look like a word
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" || strings.ContainsAny(s, "0123456789@%") })
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", api, method, strings.Join(parts, "/")))
}

func (tr *trace) add(name string, began, ended time.Time, status string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	g := tr.groups[name]
	if g == nil {
		if len(tr.groups) >= maxGroups {
			api, _, _ := strings.Cut(name, " ")
			name = api + " " + otherGroup
		}
		if g = tr.groups[name]; g == nil {
			g = &group{name: name, first: began, statuses: map[string]int64{}}
			tr.groups[name] = g
		}
	}
	if began.Before(g.first) {
		g.first = began
	}
	if ended.After(g.last) {
		g.last = ended
	}
	g.calls++
	g.busy += ended.Sub(began)
	g.statuses[status]++
}

// send emits a subsegment for each group.
func (t *Tracer) send(ctx context.Context, tr *trace) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(tr.groups)) {
		g := tr.groups[name]
		t.emit(ctx, tr, g.name, g.first, g.last, map[string]any{
			"calls": g.calls, "busy_ms": g.busy.Milliseconds(), "statuses": g.statuses,
		}, func(s *xray.Segment) { mark(s, g.statuses) })
	}
	if more := tr.unsent.Load(); more > 0 {
		now := time.Now()
		t.emit(ctx, tr, "AWS further calls", now, now, map[string]any{"calls": more}, func(*xray.Segment) {})
	}
}

// emit sends a subsegment that lies in the past, which the SDK's Close can't.
func (t *Tracer) emit(ctx context.Context, tr *trace, name string, from, to time.Time, data map[string]any, finish func(*xray.Segment)) {
	_, s := xray.BeginSubsegment(ctx, name)
	if s == nil {
		return
	}
	s.Lock()
	defer s.Unlock()
	s.Type, s.Namespace, s.InProgress = "subsegment", "remote", false
	s.StartTime, s.EndTime = seconds(from), seconds(to)
	s.Annotations = tr.annotations
	s.Metadata = map[string]map[string]any{"default": data}
	finish(s)
	t.recorder.Emitter.Emit(s)
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// mark colours a group as X-Ray colours a call.
func mark(s *xray.Segment, statuses map[string]int64) {
	for status := range statuses {
		switch {
		case status == "429":
			s.Throttle, s.Error = true, true
		case status[0] == '4':
			s.Error = true
		case status[0] == '5', status == "none":
			s.Fault = true
		}
	}
}

// AWS adds to cfg what makes a subsegment of each AWS call.
func (t *Tracer) AWS(cfg *aws.Config) {
	if t == nil {
		return
	}
	awsv2.AWSV2Instrumentor(&cfg.APIOptions)
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Annotate", annotate), middleware.After)
	})
}

// annotate comes behind the SDK's own middleware, which has begun the
// subsegment and will close it.
func annotate(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	s, tr := xray.GetSegment(ctx), traceOf(ctx)
	if s == nil || tr == nil {
		return next.HandleInitialize(ctx, in)
	}
	over := tr.aws.Add(1) > maxAWSCalls
	out, metadata, err := next.HandleInitialize(ctx, in)
	s.Lock()
	defer s.Unlock()
	s.Annotations = tr.annotations
	if over && err == nil {
		s.Dummy = true // the SDK sends no dummies
		tr.unsent.Add(1)
	}
	var refused smithy.APIError
	if errors.As(err, &refused) {
		s.Metadata = map[string]map[string]any{"default": {"code": refused.ErrorCode()}}
	}
	return out, metadata, err
}

// emitter takes out of a subsegment what might hold more than it should: an
// error's text repeats addresses with their queries, a request's headers.
type emitter struct{ next xray.Emitter }

// Emit implements xray.Emitter. The SDK holds the segment's lock.
func (e emitter) Emit(s *xray.Segment) {
	s.Cause = nil
	if s.HTTP != nil {
		s.HTTP.Request = nil
		// The SDK calls each error a fault; a 404 or 412 of S3 is none.
		if r := s.HTTP.Response; r != nil && r.Status >= 400 && r.Status < 500 {
			s.Fault = false
		}
	}
	e.next.Emit(s)
}

// RefreshEmitterWithAddress implements xray.Emitter.
func (e emitter) RefreshEmitterWithAddress(a *net.UDPAddr) { e.next.RefreshEmitterWithAddress(a) }
