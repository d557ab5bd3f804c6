package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/event"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/secret/awssecret"
	"pingone-authomize/shared/staging"
)

const stackName = "example"

// operator is the access key of who uses the command, and operatorARN who that
// is.
const (
	operator    = "operator"
	operatorARN = "arn:aws:iam::123456789012:user/ann"
)

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

	puts    sync.Mutex
	mu      sync.Mutex
	env     map[string]string // of the functions
	refused map[string]bool   // actions of the operator
	asked   map[string]bool   // actions of the operator so far
	broken  map[string]bool   // functions that end with an error
	seen    map[string]bool   // complete.json that S3 spoke of
	invoked []string          // by the operator
	// whenInvoked, if set, is called after each of them.
	whenInvoked func()
	secret      string
}

func deploy(t *testing.T) *deployment {
	t.Helper()
	x := newTenant(t)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	d := &deployment{
		machine: newMachine(t, nil), x: x, ctx: ctx, stop: stop,
		bucket:  gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server(),
		refused: map[string]bool{}, broken: map[string]bool{}, asked: map[string]bool{}, seen: map[string]bool{},
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

// isRefused tells whether a request is the operator's and refused. It notes the
// action.
func (d *deployment) isRefused(r *http.Request, action string) bool {
	if !strings.Contains(r.Header.Get("Authorization"), "Credential="+operator+"/") {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[action] = true
	return d.refused[action]
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
		d.serveForms(w, r)
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
		if r.Method == http.MethodPut { // gofakes3 looks at conditions, and then writes
			d.puts.Lock()
			defer d.puts.Unlock()
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

// serveForms is what speaks in forms: CloudFormation and STS.
func (d *deployment) serveForms(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	code, message := "", ""
	switch {
	case r.Form.Get("Action") == "GetCallerIdentity":
		_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>`+operatorARN+`</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`)
		return
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
		for _, what := range append([]staging.Collection{transformName}, staging.Collections...) {
			members += fmt.Sprintf(`<member><OutputKey>%[1]sFunctionName</OutputKey><OutputValue>fn-%[1]s</OutputValue></member>`, what)
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
		writeJSON(w, map[string]any{"Environment": map[string]any{"Variables": d.variables(name)}})
		return
	}
	payload, _ := io.ReadAll(r.Body)
	if d.isRefused(r, "lambda:InvokeFunction") {
		failAWS(w, 403, "AccessDeniedException")
		return
	}
	d.mu.Lock()
	d.invoked = append(d.invoked, name)
	d.mu.Unlock()
	if d.whenInvoked != nil {
		defer d.whenInvoked()
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

// variables are the environment of a function, as the template sets it: what
// it heeds.
func (d *deployment) variables(name string) map[string]string {
	d.mu.Lock()
	defer d.mu.Unlock()
	env := map[string]string{}
	for _, s := range config.Settings() {
		if slices.Contains(s.Functions, name) && d.env[s.Name] != "" {
			env[s.Name] = d.env[s.Name]
		}
	}
	return env
}

func (d *deployment) getenv(name string) func(string) string {
	env := d.variables(name)
	return func(k string) string { return env[k] }
}

// call does what a function does.
func (d *deployment) call(name string, payload []byte) (any, error) {
	d.mu.Lock()
	broken := d.broken[name]
	d.mu.Unlock()
	switch {
	case broken:
		return nil, fmt.Errorf("%s is broken", name)
	case name == transformName:
		return d.transform(payload)
	}
	asked, err := event.ParseFetch(payload)
	if err != nil {
		return nil, err
	}
	settings, err := config.LoadFetch(d.getenv(name), staging.Collection(name))
	if err != nil {
		return nil, err
	}
	f := assemble.Fetcher{Settings: settings, Collection: staging.Collection(name), Store: d.store(), Secret: d.source(), Holder: fmt.Sprint(time.Now().UnixNano())}
	run, err := f.Pick(d.ctx, asked, "test")
	if err != nil {
		return nil, err
	}
	result, err := f.Run(d.ctx, run)
	if err == nil && result.Complete {
		d.completed(run, f.Collection)
	}
	return result, err
}

// completed sends S3's event of a complete.json, once, to whom it is an input
// of.
func (d *deployment) completed(run staging.RunID, c staging.Collection) {
	key := staging.CompleteKey(run, c)
	d.mu.Lock()
	isNew := !d.seen[key]
	d.seen[key] = true
	d.mu.Unlock()
	if !isNew {
		return
	}
	payload := fmt.Appendf(nil, `{"detail-type":"Object Created","detail":{"object":{"key":%q}}}`, key)
	for _, of := range collection.All {
		if slices.Contains(of.Inputs, c) {
			d.work.Go(func() { _, _ = d.call(string(of.Name), payload) })
		}
	}
	d.work.Go(func() { _, _ = d.call(transformName, payload) })
}

func (d *deployment) transform(payload []byte) (any, error) {
	asked, err := event.ParseTransform(payload)
	if err != nil {
		return nil, err
	}
	settings, err := config.LoadTransform(d.getenv(transformName))
	if err != nil {
		return nil, err
	}
	settings.DryRun = settings.DryRun || asked.DryRun
	t := assemble.Transformer{Settings: settings, Store: d.store(), Secret: d.source(), Holder: fmt.Sprint(time.Now().UnixNano())}
	if asked.Approve != nil {
		return t.Approve(d.ctx, asked.Run, *asked.Approve)
	}
	return t.Run(d.ctx, asked.Run, asked.ByPerson())
}

func (d *deployment) source() secret.Source {
	source, err := assemble.Secret(d.ctx, config.Common{SecretID: "the-secret"}, d.tune)
	if err != nil {
		d.t.Error(err)
		return awssecret.Source{}
	}
	return source
}

// The outputs that the command looks for are among the template's.
func TestOutputsAreTheTemplates(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(template), "\nOutputs:\n")
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+):\n(?:    .*\n)*?    Value: (.*)`).FindAllStringSubmatch(section, -1) {
		if name, isFunction := strings.CutSuffix(m[1], "Name"); isFunction && strings.HasSuffix(name, "Function") {
			got[strings.ToLower(strings.TrimSuffix(name, "Function"))] = strings.TrimPrefix(m[2], "!Ref "+name)
		}
	}
	want := map[string]string{transformName: ""}
	for _, c := range staging.Collections {
		want[string(c)] = ""
	}
	if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(section, "\n  "+bucketOutput+":\n") {
		t.Errorf("outputs of this command (-) and of template.yaml (+):\n%s", diff)
	}
}
