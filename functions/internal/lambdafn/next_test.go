package lambdafn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

const ownARN = "arn:aws:lambda:eu-west-1:111122223333:function:users:live"

// lambdaAPI notes what is invoked.
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
	run := staging.RunID(observedRun)
	errAPI := errors.New("AccessDeniedException")
	next := func(n int) []string {
		return []string{fmt.Sprintf(`%s %s {"run":"%s","continuation":%d}`, ownARN, types.InvocationTypeEvent, run, n)}
	}
	tests := []struct {
		name     string
		payload  string
		dry      bool
		outside  bool // of Lambda
		api      error
		want     []string
		wantErr  error
		wantText []string
	}{
		{name: "first, of a schedule", payload: syncEvent, want: next(1)},
		{name: "first, of S3", payload: completed, want: next(1)},
		{name: "first, by hand without a run", payload: `{}`, want: next(1)},
		{name: "in the middle", payload: `{"run":"20261123T090000Z","continuation":41}`, want: next(42)},
		{name: "the last that is allowed", payload: `{"run":"20261123T090000Z","continuation":499}`, want: next(500)},
		{name: "one more", payload: `{"run":"20261123T090000Z","continuation":500}`, wantText: []string{string(run), "500 continuations"}},
		{name: "a dry transform", payload: `{"run":"20261123T090000Z","dryRun":true}`, dry: true,
			want: []string{fmt.Sprintf(`%s %s {"run":"%s","dryRun":true,"continuation":1}`, ownARN, types.InvocationTypeEvent, run)}},
		{name: "not in Lambda", payload: `{}`, outside: true, wantText: []string{"call once more"}},
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
			err := goOn(ctx, api, run, tt.dry, []byte(tt.payload))
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

func isUsers(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/users") }

// A fetch function that runs out of time invokes itself once, for the run that
// it reads, and the chain ends with the collection complete. So does one that
// PingOne gave no answer: it waited, and the next one waits on.
func TestFetchContinuesItself(t *testing.T) {
	t.Parallel()
	w := newWatched(t, nil, pingonetest.WithPageMax(10))
	for _, c := range []staging.Collection{staging.Environments, staging.Populations} {
		if r, err := w.fetch(c, syncEvent); err != nil || !r.Complete {
			t.Fatalf("%s: %+v, %v", c, r, err)
		}
	}
	next := func(n int) string { return fmt.Sprintf(`{"run":"%s","continuation":%d}`, observedRun, n) }
	steps := []struct {
		name, payload string
		cut           int // the invocation's time ends with this request for users
		complete      bool
		asked         int // the number of the continuation that it asks for; 0: none
	}{
		{name: "out of time on the third page", payload: completeOf(staging.Populations), cut: 3, asked: 1},
		{name: "out of time before the first answer", payload: next(1), cut: 1, asked: 2},
		{name: "the hourly event, on the fourth page", payload: strings.Replace(syncEvent, `"}}`, `","open":false}}`, 1), cut: 2, asked: 1},
		{name: "goes on to the end", payload: next(1), complete: true},
		{name: "delivered twice", payload: next(1), complete: true},
	}
	for _, s := range steps {
		w.lambda = lambdaAPI{}
		ctx, cancel := context.WithCancel(w.ctx())
		f := w.fetcher(staging.Users)
		f.Base = &cutting{base: f.Base, of: isUsers, n: s.cut, end: cancel}
		result, err := f.handle(ctx, json.RawMessage(s.payload))
		cancel()
		if err != nil || result.Complete != s.complete || string(result.Run) != observedRun {
			t.Errorf("%s: %+v, %v", s.name, result, err)
		}
		var want []string
		if s.asked > 0 {
			want = []string{ownARN + " Event " + next(s.asked)}
		}
		if d := cmp.Diff(want, w.lambda.asked); d != "" {
			t.Errorf("%s: invoked (-want +got):\n%s", s.name, d)
		}
	}
	snapshot, err := staging.Load(t.Context(), w.store, staging.RunID(observedRun), staging.Users)
	if err != nil {
		t.Fatal(err)
	}
	if c := snapshot.Complete; c.Records != 40 || c.Carried != nil {
		t.Errorf("%d records, carried %+v; want 40", c.Records, c.Carried)
	}
}

// A collection that another invocation reads is left to that one: neither an
// error nor a reason to go on.
func TestFetchThatIsBusyInvokesNobody(t *testing.T) {
	t.Parallel()
	w := newWatched(t, nil)
	if _, err := w.fetch(staging.Environments, syncEvent); err != nil {
		t.Fatal(err)
	}
	run := staging.RunID(observedRun)
	if _, err := staging.Acquire(t.Context(), w.store, staging.LeaseKey(run, staging.Groups), "another", time.Hour, time.Now); err != nil {
		t.Fatal(err)
	}
	w.ping.ResetLog()
	if r, err := w.fetch(staging.Groups, completeOf(staging.Environments)); err != nil || r.Complete || !r.Busy || w.lambda.asked != nil {
		t.Errorf("%+v, %v, invoked %q", r, err, w.lambda.asked)
	}
	if n := w.ping.Calls("/v1/**"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// Time is left for the commit: the margin, or a third of what is left.
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
