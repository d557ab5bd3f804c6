package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/staging"
)

// leash ends moto when stdin closes, which the end of this process does, too.
const leash = `"$0" "$@" >/dev/null & pid=$!; cat >/dev/null; kill "$pid"; wait "$pid"`

// motoPath is the moto_server that MOTO_SERVER names, as make check does, else
// that of PATH. CI has one, or these tests would prove nothing there.
func motoPath(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("MOTO_SERVER"); path != "" {
		return path
	}
	path, err := exec.LookPath("moto_server")
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "" || os.Getenv("REQUIRE_SHARED") != "":
		t.Fatal("moto_server is not installed: make check installs it")
	default:
		t.Skip("moto_server is not installed: make check installs it")
	}
	return ""
}

// moto is moto_server, which has CloudFormation, S3, Secrets Manager, IAM and
// the settings of functions, but runs none: what a function answers, or that it
// fails, is up to the tests on the fake of stack_test.go.
type moto struct {
	t    *testing.T
	base string
	x    *tenant
}

func startMoto(t *testing.T) *moto {
	t.Helper()
	path := motoPath(t)
	// A port that we chose might be another one's by the time moto opens it.
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "/bin/sh", "-c", leash, path, "-H", "127.0.0.1", "-p", "0")
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = command.Wait() })
	m := &moto{t: t, base: addressIn(stderr), x: newTenant(t)}
	for end := time.Now().Add(2 * time.Minute); !m.says(http.MethodGet, "/moto-api/", ""); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not start", path)
		}
	}
	return m
}

// addressIn is where moto says that it runs, "" if it ends without a word. The
// rest of what it says is let go.
func addressIn(stderr io.Reader) string {
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		if _, address, found := strings.Cut(lines.Text(), "Running on "); found {
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return strings.TrimSpace(address)
		}
	}
	return ""
}

// says tells whether moto's own API answers well.
func (m *moto) says(method, path, body string) bool {
	r, err := http.NewRequestWithContext(m.t.Context(), method, m.base+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// as are the AWS settings of whoever has this key.
func (m *moto) as(key, secret string) func(*aws.Config) {
	return func(c *aws.Config) {
		c.Region, c.BaseEndpoint, c.RetryMaxAttempts = "eu-west-1", &m.base, 1
		c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, nil
		})
	}
}

// deploy makes the secret and the stack, and returns the stack's outputs.
func (m *moto) deploy(template string) map[string]string {
	m.t.Helper()
	cfg := aws.Config{}
	m.as("test", "test")(&cfg)
	secret := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"tokenEndpoint":%q,"authomizeToken":%q}`,
		m.x.pingone.ClientID, m.x.pingone.ClientSecret, m.x.env()["PINGONE_TOKEN_ENDPOINT"], m.x.authomize.Token)
	_, err := secretsmanager.NewFromConfig(cfg).CreateSecret(m.t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("the-secret"), SecretString: &secret})
	if err != nil {
		m.t.Fatal(err)
	}
	client := cloudformation.NewFromConfig(cfg)
	_, err = client.CreateStack(m.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(stackName), TemplateBody: &template, Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	})
	if err != nil {
		m.t.Fatal(err)
	}
	out, err := client.DescribeStacks(m.t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String(stackName)})
	if err != nil {
		m.t.Fatal(err)
	}
	found := map[string]string{}
	for _, o := range out.Stacks[0].Outputs {
		found[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return found
}

// motoTemplate is as much of template.yaml as the command sees, and for each
// of the denials a user who may do all but that, with an access key.
func motoTemplate(x *tenant, denials map[string]string) string {
	var resources, out strings.Builder
	resources.WriteString("Resources:\n  B: {Type: AWS::S3::Bucket}\n")
	resources.WriteString("  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}}\n")
	out.WriteString("Outputs:\n  StagingBucketName: {Value: !Ref B}\n")
	for key := range outputs {
		name := strings.TrimSuffix(key, "Name")
		fmt.Fprintf(&resources, "  %s: {Type: AWS::Lambda::Function, Properties: {Handler: bootstrap, Runtime: provided.al2023, Role: !GetAtt R.Arn, Code: {ZipFile: x}, Environment: {Variables: {"+
			"SECRET_ID: the-secret, STAGING_URL: !Sub 's3://${B}', AUTHOMIZE_APP_ID: '%s', AUTHOMIZE_API_URL: '%s', PINGONE_API_URL: '%s', PINGONE_REQUESTS_PER_SECOND: '2000'}}}}\n",
			name, x.authomize.AppID, x.authomize.URL, x.pingone.URL)
		fmt.Fprintf(&out, "  %s: {Value: !Ref %s}\n", key, name)
	}
	for user, denied := range denials {
		fmt.Fprintf(&resources, "  %[1]s: {Type: AWS::IAM::User, Properties: {UserName: %[1]s}}\n"+
			"  %[1]sPolicy: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Users: [!Ref %[1]s], PolicyDocument: {Version: '2012-10-17', Statement: ["+
			"{Effect: Allow, Action: '*', Resource: '*'}, {Effect: Deny, Action: '%[2]s', Resource: '*'}]}}}\n"+
			"  %[1]sKey: {Type: AWS::IAM::AccessKey, Properties: {UserName: !Ref %[1]s}}\n", user, denied)
		fmt.Fprintf(&out, "  %[1]sKey: {Value: !Ref %[1]sKey}\n  %[1]sSecret: {Value: !GetAtt %[1]sKey.SecretAccessKey}\n", user)
	}
	return resources.String() + out.String()
}

func TestStackOnMoto(t *testing.T) {
	t.Parallel()
	server := startMoto(t)
	server.deploy(motoTemplate(server.x, nil))
	m := newMachine(t, nil)
	m.aws = append(m.aws, server.as("test", "test"))

	matchAll(t, m.check(exitDone, "--stack", stackName).bad(), nil)
	stdout, _ := m.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--no-wait")
	if _, err := staging.ParseRun(strings.TrimSpace(stdout)); err != nil {
		t.Error(err)
	}
	_, stderr := m.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--dry-run", "--no-wait")
	mustContain(t, "stderr", stderr, "dry run: nothing will be posted")
	_, stderr = m.run(t.Context(), exitFailed, "report", "--stack", stackName)
	mustContain(t, "stderr", stderr, "no report of run latest")
	for _, command := range []string{"report", "invoke", "check"} {
		stdout, stderr = m.run(t.Context(), exitFailed, command, "--stack", "other")
		mustContain(t, command, stdout+stderr, "there is no stack other in region eu-west-1")
	}
}

// S3's refusals, once moto checks rights. The others are left to
// TestStackRefusals: moto answers them in XML where CloudFormation has another
// form, and Lambda and Secrets Manager speak JSON, and it miscounts the
// signature of a GET with a query, such as a list.
func TestDenialsOnMoto(t *testing.T) {
	t.Parallel()
	server := startMoto(t)
	keys := server.deploy(motoTemplate(server.x, map[string]string{"Reader": "s3:PutObject", "Writer": "s3:GetObject"}))
	if !server.says(http.MethodPost, "/moto-api/reset-auth", "0") {
		t.Fatal("moto does not begin to check rights")
	}
	m := newMachine(t, nil)
	m.aws = append(m.aws, server.as(keys["WriterKey"], keys["WriterSecret"]))
	_, stderr := m.run(t.Context(), exitFailed, "report", "--stack", stackName, "--run", "20260101T000000Z")
	mustContain(t, "stderr", stderr, "AWS refuses it: the identity that you use needs the permission s3:GetObject on s3://"+keys[bucketOutput]+"/runs/20260101T000000Z/report.json")

	for user, wants := range map[string][2]string{
		"Reader": {"", "AWS refuses it: the identity that you use needs the permission s3:PutObject on s3://" + keys[bucketOutput] + "/" + checkKey},
		"Writer": {"AWS refuses it: the identity that you use needs the permission s3:GetObject on s3://" + keys[bucketOutput] + "/" + checkKey, ""},
	} {
		s, err := openStack(t.Context(), world{AWS: []func(*aws.Config){server.as(keys[user+"Key"], keys[user+"Secret"])}}, stackName)
		if err != nil {
			t.Fatal(err)
		}
		_, get := s.store.Get(t.Context(), checkKey)
		_, put := s.store.Put(t.Context(), checkKey, []byte("{}"), staging.Always)
		for i, err := range []error{get, put} {
			switch {
			case wants[i] != "" && (err == nil || !strings.Contains(err.Error(), wants[i])):
				t.Errorf("%s got %v, want %q", user, err, wants[i])
			case wants[i] == "" && err != nil && !errors.Is(err, staging.ErrNotFound):
				t.Errorf("%s was refused: %v", user, err)
			}
		}
	}
}

// What the command looks for is what template.yaml puts out.
func TestOutputsAreTheTemplates(t *testing.T) {
	t.Parallel()
	template, err := os.ReadFile(filepath.Join("..", "..", "template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(template), "\nOutputs:\n")
	if !found {
		t.Fatal("template.yaml has no Outputs")
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  (\w+):\n(?:    .*\n)*?    Value: (.*)`).FindAllStringSubmatch(section, -1) {
		if name, isFunction := strings.CutSuffix(m[1], "FunctionName"); isFunction || m[1] == bucketOutput {
			got[m[1]] = strings.ToLower(name) + " " + m[2]
		}
	}
	want := map[string]string{bucketOutput: strings.ToLower(bucketOutput) + " !Ref StagingBucket"}
	for key, what := range outputs {
		want[key] = what + " !Ref " + strings.TrimSuffix(key, "Name")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs of this command (-) and of template.yaml (+):\n%s", diff)
	}
}
