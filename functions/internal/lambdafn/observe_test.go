package lambdafn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

const observedRun = "20261123T090000Z"

// fixed is a secret that never changes.
type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

// events keeps what is put on the bus.
type events struct {
	details []string
	err     error
}

func (e *events) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if e.err != nil {
		return nil, e.err
	}
	for _, entry := range in.Entries {
		e.details = append(e.details, *entry.Detail)
	}
	return &eventbridge.PutEventsOutput{}, nil
}

// tattler fails the test if a request to an API says anything of the trace.
type tattler struct {
	t    *testing.T
	base http.RoundTripper
}

func (c tattler) RoundTrip(r *http.Request) (*http.Response, error) {
	for name := range r.Header {
		if strings.Contains(strings.ToLower(name), "trace") {
			c.t.Errorf("%s is sent the header %s", r.URL.Path, name)
		}
	}
	return c.base.RoundTrip(r)
}

// a watched is a stack of functions in this process.
type watched struct {
	t      *testing.T
	ping   *pingonetest.Server
	app    *authomizetest.Server
	store  staging.Store
	token  string // of Authomize
	env    map[string]string
	out    bytes.Buffer // metrics
	log    bytes.Buffer
	events events
}

func newWatched(t *testing.T, env map[string]string) *watched {
	t.Helper()
	app := authomizetest.New(t)
	return &watched{t: t, ping: pingonetest.New(t, pingonetest.Sized(pingonetest.Size{
		Users: 40, Groups: 3, MembershipsPerUser: 2, RoleHolders: 3, Applications: 2,
	})), app: app, token: app.Token, store: &stagingtest.Memory{}, env: env}
}

func (w *watched) observer(function string, api observe.API) *observer {
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	return newObserver(function, api, log, func(name string) string { return w.env[name] }, &w.out)
}

func (w *watched) credentials() fixed {
	return fixed{
		ClientID: w.ping.ClientID, ClientSecret: secret.NewValue(w.ping.ClientSecret), TokenEndpoint: w.ping.URL + "/as/token",
		AuthMethod: secret.Basic, AuthomizeToken: secret.NewValue(w.token),
	}
}

// ctx is one as Lambda makes it.
func (w *watched) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	w.t.Cleanup(cancel)
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "request-1"})
	return context.WithValue(ctx, "x-amzn-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1") //nolint:staticcheck // the key of aws-lambda-go
}

func (w *watched) fetch(c staging.Collection) error {
	w.t.Helper()
	return w.fetchFor(c, `{"run":"`+observedRun+`"}`)
}

func (w *watched) fetchFor(c staging.Collection, payload string) error {
	w.t.Helper()
	base, err := url.Parse(w.ping.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	f := &fetchFunction{
		Fetcher: assemble.Fetcher{
			Settings: config.Fetch{APIURL: base, All: true, PerSecond: 10_000}, Collection: c,
			Store: w.store, Secret: w.credentials(), Log: slog.New(slog.DiscardHandler),
		},
		observer: w.observer(string(c), observe.PingOne),
	}
	f.Base = f.tracer.Calls(observe.PingOne, tattler{w.t, transport.NewBase()})
	_, err = f.handle(w.ctx(), json.RawMessage(payload))
	return err
}

func (w *watched) transform(payload string) error {
	w.t.Helper()
	f := &transformFunction{
		Transformer: assemble.Transformer{
			Settings: config.Transform{
				Common: config.Common{StagingURL: "s3://bucket/"}, AppID: w.app.AppID, AuthomizeURL: w.app.URL,
				Sweep: config.SweepApply, MaxShrinkPercent: 20,
			},
			Store: w.store, Secret: w.credentials(), Log: slog.New(slog.DiscardHandler),
		},
		observer: w.observer("transform", observe.Authomize), putEvents: w.events.PutEvents,
	}
	f.Base = f.tracer.Calls(observe.Authomize, tattler{w.t, transport.NewBase()})
	_, err := f.handle(w.ctx(), json.RawMessage(payload))
	return err
}

const completed = `{"detail-type":"Object Created","detail":{"object":{"key":"runs/` + observedRun + `/users/complete.json"}}}`

// metrics are the values written since the last look, as name or
// name/dimension; those of the clock are 1 if they are more than 0.
func (w *watched) metrics() map[string]float64 {
	w.t.Helper()
	all := map[string]float64{}
	for line := range strings.Lines(w.out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			w.t.Fatal(err)
		}
		if m["run"] != observedRun || m["requestId"] != "request-1" || m["Stack"] != "sync" {
			w.t.Errorf("unnamed: %s", line)
		}
		for _, d := range observe.Definitions() {
			v, ok := m[string(d.Name)].(float64)
			if !ok {
				continue
			}
			key := string(d.Name)
			if of, ok := m[string(d.By)].(string); ok {
				key += "/" + of
			}
			if d.Unit == "Seconds" && v > 0 || d.Unit == "Milliseconds" {
				v = 1
			}
			if _, twice := all[key]; twice {
				w.t.Errorf("%s is written twice", key)
			}
			all[key] = v
		}
	}
	w.out.Reset()
	return all
}

func (w *watched) expect(what string, want map[string]float64) {
	w.t.Helper()
	got := w.metrics()
	for k, v := range want {
		if v < 0 && got[k] > 0 { // any number
			want[k] = got[k]
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s: %s", what, d)
	}
}

func (w *watched) fetchAll() {
	w.t.Helper()
	for _, c := range staging.Collections {
		if err := w.fetch(c); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestMetricsOfFetch(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	if err := w.fetch(staging.Users); err != nil {
		t.Fatal(err)
	}
	always := func(calls float64) map[string]float64 {
		return map[string]float64{
			"APICalls/PingOne": calls, "Retries/PingOne": 0, "Throttled/PingOne": 0, "TokenRefused/PingOne": 0,
			"InvocationDuration/users": 1, "InvocationTimeLeft/users": 1, "Unfinished/users": 0,
		}
	}
	want := always(-1)
	want["RecordsRead/users"], want["UnreadSlices/users"] = -1, 0
	w.expect("complete", want)

	if err := w.fetch(staging.Users); err != nil {
		t.Fatal(err)
	}
	w.expect("redelivered", always(0))

	w.ping.ClientSecret = "another"
	if err := w.fetch(staging.Users); err != nil {
		t.Fatal(err)
	}
	if err := w.fetch(staging.Groups); err == nil {
		t.Fatal("credentials that nobody knows were taken")
	}
	got := w.out.String()
	if strings.Count(got, `"TokenRefused":1`) != 1 || strings.Contains(got, "another") {
		t.Errorf("a refused secret: %s", got)
	}
}

func TestMetricsAndEventOfTransform(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	always := func(calls float64) map[string]float64 {
		return map[string]float64{
			"APICalls/Authomize": calls, "Retries/Authomize": 0, "Throttled/Authomize": 0, "TokenRefused/Authomize": 0,
			"InvocationDuration/transform": 1, "InvocationTimeLeft/transform": 1, "Unfinished/transform": 0, "RunsFailed": 0,
		}
	}
	if err := w.fetch(staging.Users); err != nil {
		t.Fatal(err)
	}
	w.out.Reset()
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	w.expect("waiting", always(0))

	w.fetchAll()
	w.out.Reset()
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	got := w.metrics()
	for name, want := range map[string]float64{
		"RunsCompleted": 1, "RunsFailed": 0, "RunAge": 1, "EventsFailed": 0, "RecordsQuarantined/users": 0,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (%t), want %v", name, v, ok, want)
		}
	}
	if got["RecordsPosted/users"] == 0 || got["GoodRuns"]+got["RunsHeld"] != 1 {
		t.Errorf("metrics of the run: %v", got)
	}

	if len(w.events.details) != 1 {
		t.Fatalf("%d events, want 1", len(w.events.details))
	}
	var e observe.RunFinished
	if err := json.Unmarshal([]byte(w.events.details[0]), &e); err != nil {
		t.Fatal(err)
	}
	if float64(e.Posted["users"]) != got["RecordsPosted/users"] || e.Stack != "sync" || e.Run != observedRun ||
		e.Report != "s3://bucket/runs/"+observedRun+"/report.json" || (e.State == "done") != (got["GoodRuns"] == 1) {
		t.Errorf("event %+v, metrics %v", e, got)
	}

	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	w.expect("redelivered", always(0))
	if len(w.events.details) != 1 {
		t.Error("a redelivered event tells of the run's end once more")
	}
}

func TestEventThatCannotBeSent(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.events.err = errors.New("no bus")
	w.fetchAll()
	w.out.Reset()
	if err := w.transform(completed); err != nil {
		t.Errorf("the run failed of it: %v", err)
	}
	got := w.metrics()
	if got["EventsFailed"] != 1 || got["RunsCompleted"] != 1 || !strings.Contains(w.log.String(), "no bus") {
		t.Errorf("metrics %v, log %s", got, w.log.String())
	}
}

func TestReplayAndDryRun(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	w.out.Reset()
	if err := w.transform(`{"run":"` + observedRun + `","dryRun":true}`); err != nil {
		t.Fatal(err)
	}
	for name := range w.metrics() {
		if strings.HasPrefix(name, "Records") || strings.HasPrefix(name, "RunsC") || name == "GoodRuns" || name == "RunAge" {
			t.Errorf("a dry run writes %s", name)
		}
	}
	if len(w.events.details) != 1 || !strings.Contains(w.events.details[0], `"dryRun":true`) {
		t.Errorf("events of a dry run: %v", w.events.details)
	}
	if err := w.transform(`{"run":"` + observedRun + `"}`); err != nil {
		t.Fatal(err)
	}
	got := w.metrics()
	if _, ok := got["RunAge"]; ok || got["RunsCompleted"] != 1 {
		t.Errorf("metrics of a replay: %v", got)
	}
}

func TestRefusedTokenOfAuthomize(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{"STACK_NAME": "sync"})
	w.fetchAll()
	w.out.Reset()
	w.token = "another"
	w.app.ExpectViolation("Authorization is not the bare token")
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	got := w.metrics()
	for name, want := range map[string]float64{"TokenRefused/Authomize": 1, "RunsFailed": 1, "GoodRuns": 0} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %v (%t), want %v", name, v, ok, want)
		}
	}
	if _, ok := got["RunsCompleted"]; ok || len(w.events.details) != 1 || !strings.Contains(w.events.details[0], `"state":"failed"`) {
		t.Errorf("metrics %v, events %v", got, w.events.details)
	}
}

func TestWithoutStackAndDaemonNothingIsTold(t *testing.T) {
	t.Parallel()
	w := newWatched(t, nil)
	w.fetchAll()
	if err := w.transform(completed); err != nil {
		t.Fatal(err)
	}
	if w.out.Len() > 0 || w.log.Len() > 0 || len(w.events.details) > 0 {
		t.Errorf("metrics %q, log %q, events %v", w.out.String(), w.log.String(), w.events.details)
	}
}

// What is sent to X-Ray is tested in shared/observe; here that a function has
// it, and that the APIs are sent none of it (tattler).
func TestTraceOfAFunction(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	w := newWatched(t, map[string]string{"AWS_XRAY_DAEMON_ADDRESS": conn.LocalAddr().String()})
	if err := w.fetch(staging.Users); err != nil {
		t.Fatal(err)
	}
	var names []string
	buf := make([]byte, 64<<10)
	for {
		if err := conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			break
		}
		_, body, _ := strings.Cut(string(buf[:n]), "\n")
		var s struct {
			Name        string
			Annotations map[string]string
		}
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[string]string{"run": observedRun, "collection": "users"}, s.Annotations); d != "" {
			t.Error(d)
		}
		names = append(names, s.Name)
	}
	want := []string{"PingOne GET environments", "PingOne GET environments/users", "PingOne POST as/token"}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
}
