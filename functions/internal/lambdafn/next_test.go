package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/observe"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

const ownARN = "arn:aws:lambda:eu-west-1:111122223333:function:users:live"

// lambdaAPI keeps what is invoked.
type lambdaAPI struct {
	asked []string // "function type payload"
	err   error
}

func (l *lambdaAPI) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	l.asked = append(l.asked, fmt.Sprint(*in.FunctionName, " ", in.InvocationType, " ", string(in.Payload)))
	return &lambda.InvokeOutput{}, l.err
}

func inLambda(ctx context.Context) context.Context {
	return lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: "request-1", InvokedFunctionArn: ownARN})
}

func TestGoOn(t *testing.T) {
	t.Parallel()
	const run = staging.RunID(observedRun)
	errAPI := errors.New("AccessDeniedException")
	next := func(n int) []string {
		return []string{fmt.Sprintf(`%s %s {"run":"%s","continuation":%d}`, ownARN, types.InvocationTypeEvent, run, n)}
	}
	tests := []struct {
		name     string
		payload  string
		stuck    bool
		outside  bool // of Lambda
		api      error
		want     []string
		wantErr  error
		wantText []string
	}{
		{name: "first, of a schedule", payload: `{"scheduledTime":"2026-11-23T09:00:00Z"}`, want: next(1)},
		{name: "first, of the bus", payload: `{"detail-type":"Sync Requested","detail":{"scheduledTime":"2026-11-23T09:00:00Z"}}`, want: next(1)},
		{name: "first, by hand without a run", payload: `{}`, want: next(1)},
		{name: "in the middle", payload: `{"run":"20261123T090000Z","continuation":41}`, want: next(42)},
		{name: "the last that is allowed", payload: `{"run":"20261123T090000Z","continuation":499}`, want: next(500)},
		{name: "one more", payload: `{"run":"20261123T090000Z","continuation":500}`, wantText: []string{string(run), "500 continuations"}},
		{name: "narrowed and dry", payload: `{"detail":{"scheduledTime":"2026-11-23T09:00:00Z","environments":["a"],"dryRun":true}}`,
			want: []string{fmt.Sprintf(`%s %s {"run":"%s","environments":["a"],"dryRun":true,"continuation":1}`, ownARN, types.InvocationTypeEvent, run)}},
		{name: "no progress", payload: `{}`, stuck: true, wantErr: errNoProgress, wantText: []string{"PINGONE_REQUESTS_PER_SECOND"}},
		{name: "no progress at the limit", payload: `{"continuation":500}`, stuck: true, wantErr: errNoProgress},
		{name: "not in Lambda", payload: `{}`, outside: true, wantText: []string{"call again"}},
		{name: "Lambda refuses", payload: `{}`, api: errAPI, want: next(1), wantErr: errAPI, wantText: []string{string(run), "invoke itself"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			api := &lambdaAPI{err: tt.api}
			ctx := t.Context()
			if !tt.outside {
				ctx = inLambda(ctx)
			}
			err := goOn(ctx, api, run, []byte(tt.payload), !tt.stuck)
			if d := cmp.Diff(tt.want, api.asked); d != "" {
				t.Errorf("invoked (-want +got):\n%s", d)
			}
			if fails := tt.wantErr != nil || tt.wantText != nil; (err != nil) != fails || tt.wantErr != nil && !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v, want %v", err, tt.wantErr)
			}
			for _, text := range tt.wantText {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q does not say %q", err, text)
				}
			}
		})
	}
}

// A fetch function that runs out of time invokes itself once, for the run that
// it began, and the chain ends with the collection complete. One that gets
// nowhere fails, and invokes nobody.
func TestFetchContinuesItself(t *testing.T) {
	t.Parallel()
	const usersPath = "/v1/environments/*/users"
	ping := pingonetest.New(t, pingonetest.Sized(pingonetest.Size{Users: 9}), pingonetest.WithPageMax(2))
	base, err := url.Parse(ping.URL)
	if err != nil {
		t.Fatal(err)
	}
	store := &stagingtest.Memory{}
	invoke := func(payload string, hang int) (complete bool, asked []string, err error) {
		api := &lambdaAPI{}
		log := slog.New(slog.DiscardHandler)
		f := &fetchFunction{
			Fetcher: assemble.Fetcher{
				Settings: config.Fetch{APIURL: base, All: true, PerSecond: 10_000}, Collection: staging.Users, Store: store, Log: log,
				Secret: fixed{
					ClientID: ping.ClientID, ClientSecret: secret.NewValue(ping.ClientSecret),
					TokenEndpoint: ping.URL + "/as/token", AuthMethod: secret.Basic,
				},
			},
			observer: newObserver("users", observe.PingOne, log, func(string) string { return "" }, nil),
			lambda:   api,
		}
		f.Base = transport.NewBase()
		// PingOne hangs until the function's time is up.
		ctx, cancel := context.WithCancel(inLambda(t.Context()))
		defer cancel()
		left := make(chan struct{})
		if hang > 0 {
			ping.Inject(pingonetest.Fault{Match: usersPath, From: hang, Do: pingonetest.FaultCall, Call: func(*pingonetest.Organization) {
				cancel()
				<-left
			}})
		}
		result, err := f.handle(ctx, json.RawMessage(payload))
		close(left)
		return result.Complete, api.asked, err
	}
	next := func(n int) string { return fmt.Sprintf(`{"run":"%s","continuation":%d}`, observedRun, n) }
	asked := func(n int) []string { return []string{ownARN + " Event " + next(n)} }

	steps := []struct {
		name, payload string
		hang          int
		complete      bool
		asked         []string
		err           error
	}{
		{name: "out of time on the third page", payload: `{"scheduledTime":"2026-11-23T09:00:00Z"}`, hang: 3, asked: asked(1)},
		{name: "out of time before the first answer", payload: next(1), hang: 1, err: errNoProgress},
		{name: "called again by hand, on the fourth page", payload: `{"run":"` + observedRun + `"}`, hang: 2, asked: asked(1)},
		{name: "goes on to the end", payload: next(1), complete: true},
		{name: "delivered twice", payload: next(1), complete: true},
	}
	for _, s := range steps {
		complete, got, err := invoke(s.payload, s.hang)
		if complete != s.complete || !errors.Is(err, s.err) {
			t.Errorf("%s: complete %t, %v; want %t, %v", s.name, complete, err, s.complete, s.err)
		}
		if d := cmp.Diff(s.asked, got); d != "" {
			t.Errorf("%s: invoked (-want +got):\n%s", s.name, d)
		}
	}
	snapshot, err := staging.Load(t.Context(), store, observedRun, staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	if c := snapshot.Complete; c.Records != 9 || c.Pages != 5 || c.Unread != nil {
		t.Errorf("got %d records on %d pages, unread %+v; want 9 on 5", c.Records, c.Pages, c.Unread)
	}
}

// A collection that another invocation reads is left to that one: neither an
// error nor a reason to go on.
func TestFetchThatIsBusyInvokesNobody(t *testing.T) {
	t.Parallel()
	w := newWatched(t, map[string]string{})
	if _, err := staging.ClaimCollection(t.Context(), w.store, observedRun, staging.Users, "another", time.Hour, time.Now); err != nil {
		t.Fatal(err)
	}
	if err := w.fetch(staging.Users); err != nil { // without a Lambda API to call, going on would be one
		t.Error(err)
	}
	if n := w.ping.Calls("/v1/**"); n != 0 {
		t.Errorf("%d calls", n)
	}
	if _, err := staging.LoadManifest(t.Context(), w.store, observedRun, staging.Users); !errors.Is(err, staging.ErrNotFound) {
		t.Errorf("a manifest was written: %v", err)
	}
}

// Time is kept back for the commit: the margin, or a third of what is left.
func TestWithMargin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for left, want := range map[time.Duration]time.Duration{
			15 * time.Minute: 30 * time.Second, time.Minute: 20 * time.Second, 6 * time.Second: 2 * time.Second,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), left)
			working, stop := withMargin(ctx, 30*time.Second)
			if end, ok := working.Deadline(); !ok || time.Until(end) != left-want {
				t.Errorf("of %s, %s are left to work, want %s", left, time.Until(end), left-want)
			}
			stop()
			cancel()
		}
		working, stop := withMargin(t.Context(), 30*time.Second)
		defer stop()
		if _, ok := working.Deadline(); ok {
			t.Error("without a deadline there is one")
		}
	})
}
