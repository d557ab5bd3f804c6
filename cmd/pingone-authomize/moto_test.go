package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"pingone-authomize/shared/staging"
)

// leash ends moto when stdin closes, which the end of this process does, too.
const leash = `"$0" "$@" >/dev/null 2>&1 & pid=$!; cat >/dev/null; kill "$pid"; wait "$pid"`

// startMoto starts moto_server, which has CloudFormation, S3, Secrets Manager and
// the settings of functions, but runs none.
func startMoto(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("moto_server")
	if err != nil {
		t.Skip("moto_server is not installed")
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close() // moto opens its port by itself
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "/bin/sh", "-c", leash, path, "-H", "127.0.0.1", "-p", port)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = command.Wait() })
	base := "http://127.0.0.1:" + port
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/moto-api/", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
			return base
		}
		if time.Now().After(end) {
			t.Skip("moto_server does not start")
		}
	}
}

// motoTemplate is as much of template.yaml as the command sees.
func motoTemplate(x *tenant) string {
	var b strings.Builder
	b.WriteString("Resources:\n  B: {Type: AWS::S3::Bucket}\n")
	b.WriteString("  R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}}}\n")
	for key := range outputs {
		fmt.Fprintf(&b, "  %s: {Type: AWS::Lambda::Function, Properties: {Handler: bootstrap, Runtime: provided.al2023, Role: !GetAtt R.Arn, Code: {ZipFile: x}, Environment: {Variables: {"+
			"SECRET_ID: the-secret, STAGING_URL: !Sub 's3://${B}', AUTHOMIZE_APP_ID: '%s', AUTHOMIZE_API_URL: '%s', PINGONE_API_URL: '%s', PINGONE_REQUESTS_PER_SECOND: '2000'}}}}\n",
			strings.TrimSuffix(key, "Name"), x.authomize.AppID, x.authomize.URL, x.pingone.URL)
	}
	b.WriteString("Outputs:\n  StagingBucketName: {Value: !Ref B}\n")
	for key := range outputs {
		fmt.Fprintf(&b, "  %s: {Value: !Ref %s}\n", key, strings.TrimSuffix(key, "Name"))
	}
	return b.String()
}

func TestStackOnMoto(t *testing.T) {
	t.Parallel()
	base := startMoto(t)
	x := newTenant(t)
	m := newMachine(t, nil)
	tune := func(c *aws.Config) {
		c.Region, c.BaseEndpoint = "eu-west-1", &base
		c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})
	}
	m.aws = []func(*aws.Config){tune}
	cfg := aws.Config{}
	tune(&cfg)
	secret := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q,"tokenEndpoint":%q,"authomizeToken":%q}`,
		x.pingone.ClientID, x.pingone.ClientSecret, x.env()["PINGONE_TOKEN_ENDPOINT"], x.authomize.Token)
	_, err := secretsmanager.NewFromConfig(cfg).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: aws.String("the-secret"), SecretString: &secret})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloudformation.NewFromConfig(cfg).CreateStack(t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(stackName), TemplateBody: aws.String(motoTemplate(x)), Capabilities: []types.Capability{types.CapabilityCapabilityIam},
	})
	if err != nil {
		t.Fatal(err)
	}

	matchAll(t, m.check(exitDone, "--stack", stackName).bad(), nil)
	stdout, _ := m.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--no-wait")
	if _, err := staging.ParseRun(strings.TrimSpace(stdout)); err != nil {
		t.Error(err)
	}
	_, stderr := m.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--dry-run", "--no-wait")
	mustContain(t, "stderr", stderr, "dry run: nothing will be posted")
	_, stderr = m.run(t.Context(), exitFailed, "report", "--stack", stackName)
	mustContain(t, "stderr", stderr, "no report of run latest")
	_, stderr = m.run(t.Context(), exitFailed, "report", "--stack", "other")
	mustContain(t, "stderr", stderr, "there is no stack other in region eu-west-1")
}
