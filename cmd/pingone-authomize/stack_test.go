package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/secret/awssecret"
	"pingone-authomize/shared/staging"
)

const stackName = "example"

// operator is the access key of who uses the command.
const operator = "operator"

// deployment is a stack on a fake AWS, whose functions run in this process:
// S3 by gofakes3, the rest as far as the command needs it.
type deployment struct {
	*machine
	x      *tenant
	tune   func(*aws.Config) // of the functions
	bucket http.Handler
	stop   context.CancelFunc
	work   sync.WaitGroup
	ctx    context.Context //nolint:containedctx // of the functions

	mu      sync.Mutex
	env     map[string]string // of the functions
	refused map[string]bool   // actions of the operator, or "lambda:InvokeFunction users"
	asked   map[string]bool   // actions of the operator so far
	broken  map[string]bool   // functions that end with an error
	invoked []string
	// whenInvoked, if set, is told how many invocations there were.
	whenInvoked func(int)
	events      []json.RawMessage
	secret      string
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	x := newTenant(t)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	d := &deployment{
		machine: newMachine(t, nil), x: x, ctx: ctx, stop: stop,
		bucket:  gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server(),
		refused: map[string]bool{}, broken: map[string]bool{}, asked: map[string]bool{},
	}
	server := httptest.NewServer(d)
	as := func(who string) func(c *aws.Config) {
		return func(c *aws.Config) {
			c.Region, c.BaseEndpoint, c.RetryMaxAttempts = "eu-west-1", aws.String(server.URL), 1
			c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: who, SecretAccessKey: "test"}, nil
			})
			c.RequestChecksumCalculation, c.ResponseChecksumValidation = aws.RequestChecksumCalculationWhenRequired, aws.ResponseChecksumValidationWhenRequired
		}
	}
	d.tune = as("function")
	d.aws, d.lookEvery = []func(*aws.Config){as(operator)}, 20*time.Millisecond
	t.Cleanup(func() { stop(); d.work.Wait(); server.Close() })
	d.env = map[string]string{
		"SECRET_ID": "the-secret", "STAGING_URL": "s3://staged", "STACK_NAME": stackName, "PINGONE_REQUESTS_PER_SECOND": "2000",
		"PINGONE_API_URL": x.pingone.URL, "AUTHOMIZE_APP_ID": x.authomize.AppID, "AUTHOMIZE_API_URL": x.authomize.URL,
	}
	d.secret = fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"tokenEndpoint":%q,"authomizeToken":%q}`,
		x.pingone.ClientID, x.pingone.ClientSecret, x.env()["PINGONE_TOKEN_ENDPOINT"], x.authomize.Token)
	cfg := aws.Config{}
	d.tune(&cfg)
	if _, err := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("staged")}); err != nil {
		t.Fatal(err)
	}
	return d
}

// refuse makes AWS refuse an action from now on.
func (d *deployment) refuse(actions ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range actions {
		d.refused[a] = true
	}
}

// permit takes a refusal back.
func (d *deployment) permit(action string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.refused, action)
}

// isRefused tells whether a request is the operator's and refused. It notes the
// first action, which is IAM's.
func (d *deployment) isRefused(r *http.Request, actions ...string) bool {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+operator+"/") {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[actions[0]] = true
	return slices.ContainsFunc(actions, func(a string) bool { return d.refused[a] })
}

func (d *deployment) setBroken(name string, broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken[name] = broken
}

// calls are the functions that were invoked, sorted.
func (d *deployment) calls() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(slices.Values(d.invoked))
}

func (d *deployment) store() staging.Store {
	store, err := assemble.Store(d.ctx, "s3://staged", d.tune)
	if err != nil {
		d.t.Error(err)
	}
	return store
}

// ServeHTTP is AWS.
func (d *deployment) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(r.URL.Path, "/2015-03-31/functions/"):
		d.serveLambda(w, r)
	case target == "secretsmanager.GetSecretValue":
		if d.isRefused(r, "secretsmanager:GetSecretValue") {
			failAWS(w, 400, "AccessDeniedException")
			return
		}
		writeJSON(w, map[string]string{"Name": "the-secret", "SecretString": d.secret})
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		d.serveCloudFormation(w, r)
	default:
		action := map[string]string{"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject"}[r.Method]
		if r.Method == "GET" && r.URL.Query().Has("list-type") {
			action = "s3:ListBucket"
		}
		if d.isRefused(r, action) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			return
		}
		d.bucket.ServeHTTP(w, r)
	}
}

func failAWS(w http.ResponseWriter, status int, code string) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"__type":%q,"Message":"refused"}`, code)
}

func writeJSON(w http.ResponseWriter, v any) { _ = json.NewEncoder(w).Encode(v) }

func (d *deployment) serveCloudFormation(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	code, message := "", ""
	switch {
	case r.Form.Get("Action") != "DescribeStacks":
		code = "InvalidAction"
	case d.isRefused(r, "cloudformation:DescribeStacks"):
		code = "AccessDenied"
	case r.Form.Get("StackName") == "bare":
	case r.Form.Get("StackName") != stackName:
		code, message = "ValidationError", "Stack with id "+r.Form.Get("StackName")+" does not exist"
	}
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
		return
	}
	members := ""
	if r.Form.Get("StackName") == stackName {
		members = `<member><OutputKey>StagingBucketName</OutputKey><OutputValue>staged</OutputValue></member>`
		for key, what := range outputs {
			members += fmt.Sprintf(`<member><OutputKey>%s</OutputKey><OutputValue>fn-%s</OutputValue></member>`, key, what)
		}
	}
	_, _ = fmt.Fprintf(w, `<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>%s</StackName><StackStatus>CREATE_COMPLETE</StackStatus>`+
		`<CreationTime>2026-11-23T09:00:00Z</CreationTime><Outputs>%s</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`, r.Form.Get("StackName"), members)
}

func (d *deployment) serveLambda(w http.ResponseWriter, r *http.Request) {
	name, operation, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/2015-03-31/functions/fn-"), "/")
	if operation == "configuration" {
		if d.isRefused(r, "lambda:GetFunctionConfiguration") {
			failAWS(w, 403, "AccessDeniedException")
			return
		}
		writeJSON(w, map[string]any{"Environment": map[string]any{"Variables": d.functionEnv(name)}})
		return
	}
	payload, _ := io.ReadAll(r.Body)
	if d.isRefused(r, "lambda:InvokeFunction", "lambda:InvokeFunction "+name) {
		failAWS(w, 403, "AccessDeniedException")
		return
	}
	d.mu.Lock()
	d.invoked, d.events = append(d.invoked, name), append(d.events, payload)
	count := len(d.invoked)
	d.mu.Unlock()
	if d.whenInvoked != nil {
		defer d.whenInvoked(count)
	}
	if r.Header.Get("X-Amz-Invocation-Type") == "Event" {
		w.WriteHeader(http.StatusAccepted)
		d.work.Go(func() { _, _ = d.call(name, payload) })
		return
	}
	answer, err := d.call(name, payload)
	if err != nil {
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		writeJSON(w, map[string]string{"errorMessage": err.Error(), "errorType": "errorString"})
		return
	}
	writeJSON(w, answer)
}

// functionEnv is the environment of a function, as the template sets it.
func (d *deployment) functionEnv(name string) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	env := map[string]string{}
	for k, v := range d.env {
		isTransforms := strings.HasPrefix(k, "AUTHOMIZE_") || k == "SWEEP" || k == "DRY_RUN" || k == "MAX_SHRINK_PERCENT" || k == "SERVICE_ACCOUNTS" || k == "ROLE_PERMISSIONS"
		if k == "MFA_DEVICES" && name != string(staging.Users) {
			continue
		}
		if strings.HasPrefix(k, "PINGONE_") && name == transformName || isTransforms && name != transformName {
			continue
		}
		env[k] = v
	}
	return env
}

// call does what a function does, and S3's event after it.
func (d *deployment) call(name string, payload []byte) (any, error) {
	d.mu.Lock()
	broken := d.broken[name]
	d.mu.Unlock()
	if broken {
		return nil, fmt.Errorf("%s is broken", name)
	}
	env := d.functionEnv(name)
	getenv := func(k string) string { return env[k] }
	if name == transformName {
		return d.transform(getenv, payload)
	}
	asked, err := event.ParseFetch(payload, time.Now())
	if err != nil {
		return nil, err
	}
	settings, err := config.LoadFetch(getenv, staging.Collection(name))
	if err != nil {
		return nil, err
	}
	f := assemble.Fetcher{Settings: settings, Collection: staging.Collection(name), Store: d.store(), Secret: d.source(), Only: asked.Environments, DryRun: asked.DryRun}
	result, err := f.Run(d.ctx, asked.Run)
	if err == nil && result.Complete {
		key := staging.CompleteKey(asked.Run, staging.Collection(name))
		env := d.functionEnv(transformName)
		_, err = d.transform(func(k string) string { return env[k] }, fmt.Appendf(nil, `{"detail-type":"Object Created","detail":{"object":{"key":%q}}}`, key))
	}
	return result, err
}

func (d *deployment) transform(getenv func(string) string, payload []byte) (any, error) {
	d.mu.Lock()
	broken := d.broken[transformName]
	d.mu.Unlock()
	if broken {
		return nil, fmt.Errorf("transform is broken")
	}
	asked, err := event.ParseTransform(payload)
	if err != nil {
		return nil, err
	}
	settings, err := config.LoadTransform(getenv)
	if err != nil {
		return nil, err
	}
	settings.DryRun = settings.DryRun || asked.DryRun
	t := assemble.Transformer{Settings: settings, Store: d.store(), Secret: d.source()}
	return t.Run(d.ctx, assemble.Ask{Run: asked.Run, Holder: fmt.Sprint(time.Now().UnixNano()), Again: asked.Collection == "", ApproveSweep: asked.ApproveSweep})
}

func (d *deployment) source() secret.Source {
	source, err := assemble.Secret(d.ctx, config.Common{SecretID: "the-secret"}, d.tune)
	if err != nil {
		d.t.Error(err)
		return awssecret.Source{}
	}
	return source
}
