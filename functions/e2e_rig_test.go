package functions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"pingone-authomize/functions/internal/awsfake"
	"pingone-authomize/functions/internal/runtimeapi"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

const prefix = "sync" // of the staging URL

// A deployment is the eleven functions of one organization and one app, with a
// bucket and a secret of its own.
type deployment struct {
	*suite
	aws       *awsfake.Server
	t         *testing.T
	org       *pingonetest.Organization
	pingone   *pingonetest.Server
	auth      *authServer
	authomize *authomizetest.Server
	clock     *clock
	bucket    string
	env       map[string]string

	mu      sync.Mutex
	started []*runtimeapi.Function
	fronts  []*httptest.Server
	warm    map[string]*runtimeapi.Function
	answers [][]byte // and failures
}

// deploy is between fakes in this process.
func deploy(t *testing.T, org *pingonetest.Organization) *deployment {
	t.Helper()
	s := theSuite(t)
	return deployOn(t, s, s.quick, org)
}

func deployOn(t *testing.T, shared *suite, aws *awsfake.Server, org *pingonetest.Organization) *deployment {
	t.Helper()
	d := &deployment{
		t: t, suite: shared, aws: aws, org: org, pingone: pingonetest.New(t, org), bucket: "staging-" + uuid.NewString(),
		clock: &clock{now: run1.Time().Add(5 * time.Minute)}, warm: map[string]*runtimeapi.Function{},
	}
	d.auth = newAuthServer(t, d.pingone.URL)
	opts := []authomizetest.Option{authomizetest.WithClock(d.clock.tick), authomizetest.WithToken("atm-" + uuid.NewString())}
	if d.openAPI != nil {
		opts = append(opts, d.openAPI)
	}
	d.authomize = authomizetest.New(t, opts...)
	if err := d.aws.CreateBucket(t.Context(), d.bucket); err != nil {
		t.Fatal(err)
	}
	d.env = map[string]string{
		"SECRET_ID":                   d.secret(d.credentials()),
		"STAGING_URL":                 "s3://" + d.bucket + "/" + prefix,
		"PINGONE_API_URL":             d.pingone.URL,
		"PINGONE_ENVIRONMENTS":        "all",
		"PINGONE_REQUESTS_PER_SECOND": "5000",
		"AUTHOMIZE_API_URL":           d.authomize.URL,
		"AUTHOMIZE_APP_ID":            d.authomize.AppID,
		"REPORT_NAMES":                "false", // so that nothing holds a canary
		"AWS_SECRET_ACCESS_KEY":       "aws-" + uuid.NewString(),
		"AWS_SESSION_TOKEN":           "aws-" + uuid.NewString(),
	}
	t.Cleanup(func() {
		for _, f := range d.started {
			f.Close()
			if unknown := f.Unknown(); len(unknown) > 0 {
				t.Errorf("requests that Lambda's runtime API does not know: %q", unknown)
			}
		}
		for _, s := range d.fronts {
			s.Close()
		}
		d.checkCanaries()
	})
	return d
}

func (d *deployment) credentials() map[string]string {
	home := d.org.Environments[0].ID
	return map[string]string{
		"clientId": d.pingone.ClientID, "clientSecret": d.pingone.ClientSecret,
		"tokenEndpoint":  d.auth.URL + "/" + home.String() + "/as/token",
		"authomizeToken": d.authomize.Token,
	}
}

// secret stores values under a new name, which it returns.
func (d *deployment) secret(values any) string {
	d.t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		d.t.Fatal(err)
	}
	name := "pingone-authomize-" + uuid.NewString()
	if err := d.aws.CreateSecret(d.t.Context(), name, string(text)); err != nil {
		d.t.Fatal(err)
	}
	return name
}

// start starts a new process of a function. Settings with the value "unset"
// are left out.
func (d *deployment) start(name string, settings map[string]string) *runtimeapi.Function {
	d.t.Helper()
	env := maps.Clone(d.env)
	env["AWS_ENDPOINT_URL"] = d.behindRights(name)
	maps.Copy(env, settings)
	maps.DeleteFunc(env, func(_, v string) bool { return v == "unset" })
	f, err := runtimeapi.Start(d.t.Context(), runtimeapi.Config{
		Name: name, Bootstrap: filepath.Join(d.bin, name, "bootstrap"), Env: env, Timeout: 2 * time.Minute,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.started = append(d.started, f)
	return f
}

// function is the warm process of a function.
func (d *deployment) function(name string) *runtimeapi.Function {
	d.t.Helper()
	d.mu.Lock()
	f := d.warm[name]
	d.mu.Unlock()
	if f == nil {
		f = d.start(name, nil)
		d.mu.Lock()
		d.warm[name] = f
		d.mu.Unlock()
	}
	return f
}

// invoke returns the payload of an answer, or what the handler's error says.
// It may be called by several goroutines.
func (d *deployment) invoke(f *runtimeapi.Function, event []byte) (payload []byte, failure string) {
	answer, err := f.Invoke(d.t.Context(), event)
	if err != nil {
		d.t.Errorf("%v\n%s", err, f.Output())
		return nil, err.Error()
	}
	d.mu.Lock()
	d.answers = append(d.answers, answer.Payload, answer.Failure)
	d.mu.Unlock()
	if answer.Failure == nil {
		return answer.Payload, ""
	}
	var e struct{ ErrorMessage, ErrorType string }
	if err := json.Unmarshal(answer.Failure, &e); err != nil || e.ErrorMessage == "" || e.ErrorType == "" {
		d.t.Errorf("an error that Lambda can't read: %s", answer.Failure)
	}
	return nil, e.ErrorMessage
}

// A fetchAnswer is the contract's, no more and no less.
type fetchAnswer struct {
	Run, Collection         string
	Pages, Records, Carried int
	Complete                bool
	Waiting                 []string
}

// A transformAnswer is the contract's, with what a person wants to know beside.
type transformAnswer struct {
	Run, State string
	Posted     map[string]int64
	Swept      bool
	Held       []heldReason
	Waiting    []string
	Error      string
}

type heldReason struct{ Code, Text string }

// answerOf decodes an answer strictly; must names the fields that it has to have.
func answerOf[T any](t *testing.T, payload []byte, must ...string) T {
	t.Helper()
	var v T
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		t.Errorf("answer %s: %v", payload, err)
	}
	for _, field := range must {
		if !bytes.Contains(payload, []byte(`"`+field+`":`)) {
			t.Errorf("answer %s: it has no %s", payload, field)
		}
	}
	return v
}

func (d *deployment) mustFetch(f *runtimeapi.Function, event []byte) fetchAnswer {
	payload, failure := d.invoke(f, event)
	if failure != "" {
		d.t.Errorf("fetch: %s", failure)
		return fetchAnswer{}
	}
	return answerOf[fetchAnswer](d.t, payload, "run", "collection", "pages", "records", "carried", "complete")
}

func (d *deployment) mustTransform(f *runtimeapi.Function, event []byte) transformAnswer {
	payload, failure := d.invoke(f, event)
	if failure != "" {
		d.t.Errorf("transform: %s", failure)
		return transformAnswer{}
	}
	return answerOf[transformAnswer](d.t, payload, "run", "state", "posted", "swept", "held")
}

// fetch starts a run as the stack does: the schedule's event goes to every fetch
// function at once, and each complete.json to the functions that wait for it. It
// returns the answers by collection.
func (d *deployment) fetch(run staging.RunID) map[string]fetchAnswer {
	d.t.Helper()
	answers := d.begin(run)
	for _, c := range staging.Collections {
		if answers[string(c)].Run != string(run) {
			d.t.Fatalf("%s of run %s is not complete; complete are %+v", c, run, answers)
		}
	}
	return answers
}

// begin sends every fetch function the schedule's event, and then S3's event
// of each complete.json to the functions that wait for it, as EventBridge does.
// Some get none. It returns the answers of the collections that are complete.
func (d *deployment) begin(run staging.RunID, without ...staging.Collection) map[string]fetchAnswer {
	d.t.Helper()
	var (
		group   sync.WaitGroup
		mu      sync.Mutex
		answers = map[string]fetchAnswer{}
		send    func(c staging.Collection, event []byte)
	)
	send = func(c staging.Collection, event []byte) {
		if slices.Contains(without, c) {
			return
		}
		a := d.mustFetch(d.function(string(c)), event)
		if a.Collection != string(c) {
			d.t.Errorf("%s answered %+v", c, a)
		}
		mu.Lock()
		_, twice := answers[a.Collection]
		first := a.Complete && a.Run == string(run) && !twice
		if first {
			answers[a.Collection] = a
		}
		mu.Unlock()
		if !first {
			return
		}
		for _, waits := range waitingFor(c) {
			group.Go(func() { send(waits, objectCreated(d.t, d.bucket, prefix+"/"+staging.CompleteKey(run, c))) })
		}
	}
	for _, c := range staging.Collections {
		group.Go(func() { send(c, syncRequested(d.t, string(c), run)) })
	}
	group.Wait()
	return answers
}

// waitingFor are the functions that the template starts by a complete.json.
func waitingFor(input staging.Collection) []staging.Collection {
	var all []staging.Collection
	for _, c := range collection.All {
		if slices.Contains(c.Inputs, input) {
			all = append(all, c.Name)
		}
	}
	return all
}

// sync is a whole run: all fetch functions, and transform for the last of
// their events.
func (d *deployment) sync(run staging.RunID) transformAnswer {
	d.t.Helper()
	d.fetch(run)
	events := d.completeEvents(run)
	return d.mustTransform(d.function("transform"), events[len(events)-1])
}

// completeEvents are what S3 sends for the complete.json objects of a run.
func (d *deployment) completeEvents(run staging.RunID) [][]byte {
	d.t.Helper()
	var events [][]byte
	for _, key := range d.keys(run) {
		if strings.HasSuffix(key, "/complete.json") {
			events = append(events, objectCreated(d.t, d.bucket, key))
		}
	}
	return events
}

// keys are the objects of a run, the bucket's prefix included.
func (d *deployment) keys(run staging.RunID) []string {
	d.t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(d.aws.S3(), &s3.ListObjectsV2Input{
		Bucket: &d.bucket, Prefix: aws.String(prefix + "/" + staging.RunPrefix(run)),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(d.t.Context())
		if err != nil {
			d.t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// object reads a key that begins with the prefix.
func (d *deployment) object(ctx context.Context, key string) ([]byte, error) {
	out, err := d.aws.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &d.bucket, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (d *deployment) mustObject(key string) []byte {
	d.t.Helper()
	data, err := d.object(d.t.Context(), key)
	if err != nil {
		d.t.Fatal(err)
	}
	return data
}

// replace gives an object other bytes. gofakes3 retains the checksum
// of an object that is written over, so it is removed first.
func (d *deployment) replace(key string, data []byte) {
	d.t.Helper()
	d.remove(key)
	if _, err := d.aws.S3().PutObject(d.t.Context(), &s3.PutObjectInput{Bucket: &d.bucket, Key: &key, Body: bytes.NewReader(data)}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *deployment) remove(key string) {
	d.t.Helper()
	if _, err := d.aws.S3().DeleteObject(d.t.Context(), &s3.DeleteObjectInput{Bucket: &d.bucket, Key: &key}); err != nil {
		d.t.Fatal(err)
	}
}

// A clock is Authomize's. Each request is a millisecond after the one before.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) tick() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now
	c.now = c.now.Add(time.Millisecond)
	return at
}

// set moves the clock to the run's time and five minutes, and returns that.
func (c *clock) set(run staging.RunID) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = run.Time().Add(5 * time.Minute)
	return c.now
}

// An authServer stands where auth.pingone.eu does: on another host than the
// API. It hands on token requests and notes the tokens, to look for them in
// what the functions write.
type authServer struct {
	URL string

	mu     sync.Mutex
	tokens []string
}

func newAuthServer(t *testing.T, target string) *authServer {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	a := &authServer{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u) },
		ModifyResponse: func(resp *http.Response) error {
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			resp.Body = io.NopCloser(bytes.NewReader(body))
			var issued struct {
				AccessToken string `json:"access_token"`
			}
			if json.Unmarshal(body, &issued) == nil && issued.AccessToken != "" {
				a.mu.Lock()
				a.tokens = append(a.tokens, issued.AccessToken)
				a.mu.Unlock()
			}
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

func (a *authServer) issued() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.tokens)
}
