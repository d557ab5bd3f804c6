package lambdafn

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

// observedRun is an hour old: a run may not lie ahead of the clock.
var (
	observedRun = string(staging.RunAt(time.Now().Add(-time.Hour)))
	syncEvent   = `{"detail-type":"Sync Requested","detail":{"stack":"sync","scheduledTime":"` + staging.RunID(observedRun).Time().Format(time.RFC3339) + `"}}`
	completed   = completeOf(staging.Users)
	replayed    = `{"run":"` + observedRun + `"}`
)

// completeOf is S3's event of a complete.json.
func completeOf(c staging.Collection) string {
	return `{"detail-type":"Object Created","detail":{"object":{"key":"` + staging.CompleteKey(staging.RunID(observedRun), c) + `"}}}`
}

// fixed is a secret that never changes.
type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

// events notes what is put on the bus.
type events struct {
	types   []string
	details []string
	err     error
}

func (e *events) PutEvents(_ context.Context, in *eventbridge.PutEventsInput, _ ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error) {
	if e.err != nil {
		return nil, e.err
	}
	for _, entry := range in.Entries {
		e.types, e.details = append(e.types, *entry.DetailType), append(e.details, *entry.Detail)
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
	after  time.Duration // observedRun's scheduled time
	lambda lambdaAPI
}

func newWatched(t *testing.T, env map[string]string, opts ...pingonetest.Option) *watched {
	t.Helper()
	app := authomizetest.New(t)
	return &watched{t: t, ping: pingonetest.New(t, pingonetest.Sized(pingonetest.Size{
		Users: 40, Groups: 3, MembershipsPerUser: 2, RoleHolders: 3, Applications: 2,
	}), opts...), app: app, token: app.Token, store: &stagingtest.Memory{}, env: env, after: time.Hour}
}

func (w *watched) observer(function string, api observe.API) *observer {
	log := slog.New(slog.NewJSONHandler(&w.log, nil))
	o := newObserver(function, api, log, func(name string) string { return w.env[name] }, &w.out)
	o.putEvents = w.events.PutEvents
	o.now = func() time.Time { return staging.RunID(observedRun).Time().Add(w.after) }
	return o
}

func (w *watched) credentials() fixed {
	return fixed{
		ClientID: w.ping.ClientID, ClientSecret: secret.NewValue(w.ping.ClientSecret), TokenEndpoint: w.ping.TokenEndpoint(pingonetest.SizedEnvironment()),
		AuthMethod: secret.Basic, AuthomizeToken: secret.NewValue(w.token),
	}
}

// ctx is one as Lambda makes it.
func (w *watched) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	w.t.Cleanup(cancel)
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "request-1", InvokedFunctionArn: ownARN})
	return context.WithValue(ctx, "x-amzn-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1") //nolint:staticcheck // the key of aws-lambda-go
}

// fetch invokes the function that reads c. The run is open once environments
// was.
func (w *watched) fetch(c staging.Collection, payload string) (fetch.Result, error) {
	w.t.Helper()
	return w.fetcher(c).handle(w.ctx(), json.RawMessage(payload))
}

// fetcher is the function as a cold start makes it.
func (w *watched) fetcher(c staging.Collection) *fetchFunction {
	w.t.Helper()
	base, err := url.Parse(w.ping.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	f := &fetchFunction{
		Fetcher: assemble.Fetcher{
			Settings: config.Fetch{APIURL: base, All: true, PerSecond: 10_000, MaxAge: 7 * 24 * time.Hour}, Collection: c,
			Store: w.store, Secret: w.credentials(), Log: slog.New(slog.DiscardHandler),
		},
		observer: w.observer(string(c), observe.PingOne),
		lambda:   &w.lambda,
	}
	f.Base = f.tracer.Calls(observe.PingOne, tattler{w.t, transport.NewBase()})
	return f
}

// fetchAll reads a whole run with the schedule's event and those of S3, or with
// another event for the root.
func (w *watched) fetchAll(root ...string) {
	w.t.Helper()
	done := map[staging.Collection]bool{}
	for len(done) < len(collection.All) {
		before := len(done)
		for _, c := range collection.All {
			if done[c.Name] || slices.ContainsFunc(c.Inputs, func(in staging.Collection) bool { return !done[in] }) {
				continue
			}
			payload := append(root, syncEvent)[0]
			if len(c.Inputs) > 0 {
				payload = completeOf(c.Inputs[0])
			}
			result, err := w.fetch(c.Name, payload)
			if err != nil || !result.Complete {
				w.t.Fatalf("%s: %+v, %v", c.Name, result, err)
			}
			done[c.Name] = true
		}
		if len(done) == before {
			w.t.Fatal("the inputs form a circle")
		}
	}
	w.out.Reset()
}

func (w *watched) transform(payload string) error {
	w.t.Helper()
	_, err := w.transformer().handle(w.ctx(), json.RawMessage(payload))
	return err
}

// transformer is the function as a cold start makes it.
func (w *watched) transformer() *transformFunction {
	w.t.Helper()
	f := &transformFunction{
		Transformer: assemble.Transformer{
			Settings: config.Transform{
				Common: config.Common{StagingURL: "s3://bucket/"}, AppID: w.app.AppID, AuthomizeURL: w.app.URL,
				Sweep: config.SweepApply, MaxShrinkPercent: 20, MaxAge: 7 * 24 * time.Hour,
			},
			Store: w.store, Secret: w.credentials(), Log: slog.New(slog.DiscardHandler),
		},
		observer: w.observer("transform", observe.Authomize),
		lambda:   &w.lambda,
	}
	f.Base = f.tracer.Calls(observe.Authomize, tattler{w.t, transport.NewBase()})
	return f
}

// lines are the lines of metrics written since the last reset.
func (w *watched) lines() []map[string]any {
	w.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(w.out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			w.t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// values are the values written since the last reset.
func (w *watched) values() map[string]float64 {
	w.t.Helper()
	all := map[string]float64{}
	for _, m := range w.lines() {
		for name, v := range m {
			if number, ok := v.(float64); ok {
				all[name] = number
			}
		}
	}
	return all
}

// metrics are the values written since the last look, as name or
// name/dimension; those of the clock are 1 if they are more than 0.
func (w *watched) metrics() map[string]float64 {
	w.t.Helper()
	all := map[string]float64{}
	for _, m := range w.lines() {
		if m["run"] != observedRun || m["requestId"] != "request-1" || m["Stack"] != "sync" {
			w.t.Errorf("unnamed: %v", m)
		}
		for _, d := range observe.Defined() {
			v, ok := m[d.Name].(float64)
			if !ok {
				continue
			}
			key := d.Name
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
