package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// newest is the newest run of the stack that has a report.
func (d *deployment) newest() *report.Report {
	d.t.Helper()
	run, err := site{store: d.store()}.reported(d.t.Context(), latest)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := report.Load(d.t.Context(), d.store(), run)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func TestInvokeFollowsToTheReport(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	stdout, stderr := d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	mustContain(t, "stdout", stdout, " done: ", ", swept", "report  s3://staged/runs/")
	mustContain(t, "stderr", stderr, "staged in s3://staged", "read users", "read gateways")
	if diff := cmp.Diff([]string{"environments"}, d.calls()); diff != "" {
		t.Errorf("invoked (-want +got):\n%s", diff)
	}
	if got := d.x.authomize.Count(authomize.Users); got != 40 {
		t.Errorf("%d users in Authomize, want 40", got)
	}
	shown, _ := d.run(t.Context(), exitDone, "report", "--stack", stackName, "--run", d.newest().Run)
	if diff := cmp.Diff(stdout, shown); diff != "" {
		t.Errorf("output (-invoke +report):\n%s", diff)
	}
}

// stuck starts a run that can't end, follows it until so many collections are
// read, and returns its id with what was said.
func (d *deployment) stuck(read int, args ...string) (run, stderr string) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	defer cancel()
	d.stderr.onLine = func(line string) {
		if strings.HasPrefix(line, "  read ") {
			read--
		}
		if read == 0 {
			cancel()
		}
	}
	defer func() { d.stderr.onLine = nil }()
	_, stderr = d.run(ctx, exitInterrupted, append([]string{"invoke", "--stack", stackName}, args...)...)
	d.work.Wait()
	open, err := staging.Current(d.t.Context(), d.store())
	if err != nil {
		d.t.Fatal(err)
	}
	return string(open.Run), stderr
}

func TestInvokeHeldThenReplay(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.x.authomize.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.AcceptFewer(1)})
	stdout, stderr := d.run(t.Context(), exitHeld, "invoke", "--stack", stackName)
	mustContain(t, "stdout", stdout, " held: ", "receipts")
	mustContain(t, "stderr", stderr, "held: a person should look")
	if strings.Contains(stdout, "to approve: ") {
		t.Errorf("nobody may approve this:\n%s", stdout)
	}
	run, posts := d.newest().Run, len(d.x.authomize.Posts())

	first := d.newest()
	stdout, stderr = d.run(t.Context(), exitHeld, "replay", "--stack", stackName, "--run", run)
	mustContain(t, "stdout", stdout, "run "+run+" held: ")
	mustContain(t, "stderr", stderr, "transform of stack example posts run "+run)
	if len(d.x.authomize.Posts()) != 2*posts || !d.newest().FinishedAt.After(first.FinishedAt) {
		t.Errorf("%d posts after %d, finished %s after %s", len(d.x.authomize.Posts()), posts, d.newest().FinishedAt, first.FinishedAt)
	}

	second := d.newest()
	stdout, _ = d.run(t.Context(), exitDone, "replay", "--stack", stackName, "--run", "latest", "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of "+run+" done: ")
	if diff := cmp.Diff(second, d.newest()); diff != "" || len(d.x.authomize.Posts()) != 2*posts {
		t.Errorf("a dry run posted, or changed the report of the stack:\n%s", diff)
	}
}

func TestInvokeDryRun(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	requests := len(d.x.authomize.Requests())
	d.refuse("s3:PutObject", "secretsmanager:GetSecretValue", "lambda:GetFunctionConfiguration") // none is needed

	stdout, stderr := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of ", "would be posted, none was", "report  s3://staged/runs/")
	mustContain(t, "stderr", stderr, "dry run: nothing will be posted", "read users")
	run := d.newest().Run
	for range len(staging.Collections) { // S3 may speak of each as often as it likes
		if _, err := d.call(transformName, fmt.Appendf(nil, `{"detail-type":"Object Created","detail":{"object":{"key":%q}}}`, staging.CompleteKey(staging.RunID(run), staging.Users))); err != nil {
			t.Error(err)
		}
	}
	if n := len(d.x.authomize.Requests()) - requests; n != 0 || !d.newest().DryRun {
		t.Errorf("a dry run sent %d requests to Authomize", n)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "staging")); err == nil {
		t.Error("something was left on this machine")
	}
	_, stderr = d.run(t.Context(), exitFailed, "replay", "--stack", stackName, "--run", run)
	mustContain(t, "stderr", stderr, "run "+run+" is a dry run and stays one")
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	if r := d.newest(); r.DryRun || !r.Sweep.Swept {
		t.Errorf("the next run: dry run %t, swept %t", r.DryRun, r.Sweep.Swept)
	}
}

func TestInvokeEnvironmentsThatCantBe(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.env["PINGONE_ENVIRONMENTS"] = pingonetest.SizedEnvironment().String()
	side := pingonetest.StableID("side").String()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--environments", "all," + side}, "--environments: entry 1 is no environment id (a UUID)"},
		{[]string{"--environments", side}, "no run was opened: environments failed: environment " + side},
	} {
		_, stderr := d.run(t.Context(), exitFailed, append([]string{"invoke", "--stack", stackName}, test.args...)...)
		mustContain(t, "stderr", stderr, test.want)
	}
	if runs, err := staging.Runs(t.Context(), d.store()); err != nil || len(runs) != 0 {
		t.Errorf("runs %v, %v", runs, err)
	}
}

// A run that stands still is gone on with by the same command: what is ready is
// started. One of another sort is refused meanwhile.
func TestInvokeThatNeverCompletes(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"plain": nil, "dry": {"--dry-run"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			d.setBroken("users", true)
			run, stderr := d.stuck(6, args...)
			mustContain(t, "stderr", stderr, "interrupted: run "+run+" goes on in AWS all the same; not complete: log groups /pingone-authomize/example/ (users, memberships, roleassignments, devices, applicationroles)",
				"follow it, and start what stands still, with: pingone-authomize invoke --stack example")
			if args == nil {
				_, stderr = d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--dry-run")
				mustContain(t, "stderr", stderr, "run "+run+" is being read and is no dry run: let it end first")
			}
			if len(d.x.authomize.Posts()) != 0 {
				t.Error("an incomplete run was posted")
			}
			d.setBroken("users", false)
			calls := len(d.calls())
			stdout, _ := d.run(t.Context(), exitDone, append([]string{"invoke", "--stack", stackName}, args...)...)
			mustContain(t, "stdout", stdout, "run ", run+" done: ")
			if n := len(d.calls()) - calls; n != 2 {
				t.Errorf("%d functions were started: %v; want environments and users only", n, d.calls())
			}
		})
	}
}

func TestInvokeWithoutTransform(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.setBroken(transformName, true)
	run, stderr := d.stuck(11)
	mustContain(t, "stderr", stderr, "log groups /pingone-authomize/example/ (transform)",
		"pingone-authomize report --run "+run+" --stack example", "start it with: pingone-authomize replay --run "+run+" --stack example")
	_, stderr = d.run(t.Context(), exitFailed, "report", "--stack", stackName)
	mustContain(t, "stderr", stderr, "no report of run latest in s3://staged")
	d.setBroken(transformName, false)
	stdout, _ := d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	mustContain(t, "stdout", stdout, "run "+run+" done: ")
	if got := strings.Join(d.calls(), " "); got != "environments environments transform" {
		t.Errorf("invoked %s", got)
	}
}

func TestInvokeInterrupted(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.setBroken("users", true)
	ctx, cancel := context.WithCancel(t.Context())
	d.whenInvoked = cancel
	_, stderr := d.run(ctx, exitInterrupted, "invoke", "--stack", stackName)
	mustContain(t, "stderr", stderr, "interrupted: ")
}

func TestStackRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refuse string
		args   []string
		want   []string
	}{
		"no such stack":     {"", []string{"report", "--stack", "other"}, []string{"there is no stack other in region eu-west-1", "AWS_PROFILE"}},
		"another's stack":   {"", []string{"invoke", "--stack", "bare"}, []string{"stack bare lacks outputs"}},
		"stack denied":      {"cloudformation:DescribeStacks", []string{"invoke", "--stack", stackName}, []string{"needs the permission cloudformation:DescribeStacks on stack example", "aws sts get-caller-identity"}},
		"list denied":       {"s3:ListBucket", []string{"report", "--stack", stackName}, []string{"needs the permission s3:ListBucket on s3://staged"}},
		"get denied":        {"s3:GetObject", []string{"report", "--stack", stackName, "--run", "20260101T000000Z"}, []string{"needs the permission s3:GetObject on s3://staged/runs/20260101T000000Z/report.json"}},
		"invocation denied": {"lambda:InvokeFunction", []string{"invoke", "--stack", stackName}, []string{"no run was opened: invoke environments", "lambda:InvokeFunction on function fn-environments"}},
		"settings denied":   {"lambda:GetFunctionConfiguration", []string{"check", "--stack", stackName}, []string{"lambda:GetFunctionConfiguration on function fn-transform"}},
		"replay unknown":    {"", []string{"replay", "--stack", stackName, "--run", "20260101T000000Z"}, []string{"unknown run"}},
		"malformed run":     {"", []string{"report", "--stack", stackName, "--run", "yesterday"}, []string{"YYYYMMDDThhmmssZ"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t)
			d.refuse(test.refuse)
			stdout, stderr := d.run(t.Context(), exitFailed, test.args...)
			mustContain(t, "stderr", stderr, test.want...)
			if stdout != "" || len(d.calls()) != 0 {
				t.Errorf("invoked %v, stdout %s", d.calls(), stdout)
			}
		})
	}
}

func TestReplayHere(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	x.authomize.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Times: 2, Do: authomizetest.Status(401)})
	stdout, stderr := m.run(t.Context(), exitFailed, "run")
	run := m.report().Run
	mustContain(t, "stdout", stdout, " failed: ")
	mustContain(t, "stderr", stderr, "go on with: pingone-authomize replay --run "+run)
	stdout, _ = m.run(t.Context(), exitDone, "replay", "--run", run, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of "+run)
	if r := m.report(); r.State != report.Failed || r.DryRun {
		t.Errorf("the report is %s, dry run %t; want that of the failed run", r.State, r.DryRun)
	}
	calls := x.pingone.Calls("/v1/**")
	stdout, _ = m.run(t.Context(), exitDone, "replay", "--staging", "staging", "--run", "latest")
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
	if x.pingone.Calls("/v1/**") != calls {
		t.Error("PingOne was asked")
	}
}
