package observe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-xray-sdk-go/daemoncfg"
	"github.com/aws/aws-xray-sdk-go/strategy/ctxmissing"
	"github.com/aws/aws-xray-sdk-go/xray"
	"github.com/aws/aws-xray-sdk-go/xraylog"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
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

// maxGroups bounds the subsegments of an invocation, since X-Ray takes 500 KB a
// trace; there are about twenty. Calls of further groups are counted as other.
const maxGroups = 50

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
		Emitter: sender, ContextMissingStrategy: ctxmissing.NewDefaultIgnoreErrorStrategy(),
	}}
}

// Begin starts tracing an invocation that works on run, and on collection if
// that is not empty. The caller must call end when the work is done. Nothing
// is traced if Lambda did not sample the invocation.
func (t *Tracer) Begin(ctx context.Context, run, collection string) (traced context.Context, end func()) {
	if t == nil || !isSampled(ctx) {
		return ctx, func() {}
	}
	tr := &trace{annotations: map[string]any{"run": run}, groups: map[callee]*group{}}
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
	mu          sync.Mutex
	annotations map[string]any
	groups      map[callee]*group
}

type traceKey struct{}

func traceOf(ctx context.Context) *trace {
	tr, _ := ctx.Value(traceKey{}).(*trace)
	return tr
}

// nameRun names the run.
func (tr *trace) nameRun(run string) {
	if tr == nil {
		return
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.annotations["run"] = run
}

// A callee is what calls are summed up by: one method and list of an API, or one
// operation of a service of AWS.
type callee struct {
	service   string
	operation string // "" for the APIs
}

// A group sums up calls to one callee: thousands of calls are one subsegment,
// which a person can read.
type group struct {
	first, last time.Time
	calls       int64
	busy        time.Duration
	statuses    map[string]int64 // by status and AWS's code, "none" for broken connections
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
	tr.add(callee{service: groupName(c.api, r.Method, r.URL.Path)}, began, status)
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

// add counts a call that ends now.
func (tr *trace) add(of callee, began time.Time, status string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.groups[of] == nil && len(tr.groups) >= maxGroups {
		api, _, _ := strings.Cut(of.service, " ")
		of = callee{service: api + " other"}
	}
	g := tr.groups[of]
	if g == nil {
		g = &group{first: began, statuses: map[string]int64{}}
		tr.groups[of] = g
	}
	if began.Before(g.first) {
		g.first = began
	}
	g.last = time.Now()
	g.calls++
	g.busy += g.last.Sub(began)
	g.statuses[status]++
}

// send emits a subsegment for each group. They lie in the past, which the SDK's
// Close can't do.
func (t *Tracer) send(ctx context.Context, tr *trace) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for of, g := range tr.groups {
		if _, s := xray.BeginSubsegment(ctx, of.service); s != nil {
			g.fill(s, of.operation)
			s.Annotations = tr.annotations
			t.recorder.Emitter.Emit(s)
		}
	}
}

func (g *group) fill(s *xray.Segment, operation string) {
	s.Type, s.Namespace, s.InProgress = "subsegment", "remote", false
	if operation != "" {
		s.Namespace, s.AWS = "aws", map[string]any{"operation": operation}
	}
	s.StartTime, s.EndTime = seconds(g.first), seconds(g.last)
	s.Metadata = map[string]map[string]any{"default": {"calls": g.calls, "busy_ms": g.busy.Milliseconds(), "statuses": g.statuses}}
	for status := range g.statuses { // colours the group as X-Ray colours a call
		switch {
		case strings.HasPrefix(status, "429"):
			s.Throttle, s.Error = true, true
		case status[0] == '4':
			s.Error = true
		case status[0] == '5', status == "none":
			s.Fault = true
		}
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// AWS adds to cfg what counts each AWS call into the invocation's trace.
func (t *Tracer) AWS(cfg *aws.Config) {
	if t == nil {
		return
	}
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Trace", countAWS), middleware.After)
	})
}

func countAWS(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	began := time.Now()
	out, metadata, err := next.HandleInitialize(ctx, in)
	if tr := traceOf(ctx); tr != nil {
		tr.add(callee{awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)}, began, awsStatus(err))
	}
	return out, metadata, err
}

// awsStatus holds no words of an error, which repeat addresses and their queries.
func awsStatus(err error) string {
	var reply *smithyhttp.ResponseError
	var refused smithy.APIError
	switch {
	case err == nil:
		return "200"
	case !errors.As(err, &reply), reply.HTTPStatusCode() == 0:
		return "none"
	case errors.As(err, &refused):
		return fmt.Sprintf("%d %s", reply.HTTPStatusCode(), refused.ErrorCode())
	}
	return fmt.Sprint(reply.HTTPStatusCode())
}
