package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// fetchNames are the fetch functions, sorted.
func fetchNames() []string {
	var names []string
	for _, c := range staging.Collections {
		names = append(names, string(c))
	}
	return slices.Sorted(slices.Values(names))
}

// newest is the newest run of the stack that has a report.
func (d *deployment) newest() *report.Report {
	d.t.Helper()
	run, err := newestReported(d.t.Context(), d.store())
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
	if diff := cmp.Diff(fetchNames(), d.calls()); diff != "" {
		t.Errorf("invoked (-want +got):\n%s", diff)
	}
	want := `{"run":"` + d.newest().Run + `"}`
	d.mu.Lock()
	for _, e := range d.events {
		if string(e) != want {
			t.Errorf("event %s, want %s", e, want)
		}
	}
	d.mu.Unlock()
	if got := d.x.authomize.Count(authomize.Users); got != 40 {
		t.Errorf("%d users in Authomize, want 40", got)
	}
	shown, _ := d.run(t.Context(), exitDone, "report", "--stack", stackName, "--run", d.newest().Run)
	if diff := cmp.Diff(stdout, shown); diff != "" {
		t.Errorf("output (-invoke +report):\n%s", diff)
	}
	_, stderr = d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--run", d.newest().Run)
	mustContain(t, "stderr", stderr, "has a report", "pingone-authomize replay --stack example --run "+d.newest().Run)
}

// started starts a run and waits until all functions have ended.
func (d *deployment) started() string {
	d.t.Helper()
	stdout, _ := d.run(d.t.Context(), exitDone, "invoke", "--stack", stackName, "--no-wait")
	d.work.Wait()
	return strings.TrimSpace(stdout)
}

func TestInvokeNoWait(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	stdout, stderr := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--no-wait")
	run, err := staging.ParseRun(strings.TrimSpace(stdout))
	if err != nil {
		t.Fatal(err)
	}
	followed, _ := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--follow", "--run", string(run))
	mustContain(t, "stdout", followed, "run "+string(run)+" done: ")
	if n := len(d.calls()); n != 9 {
		t.Errorf("%d functions were started, want 9", n)
	}
	mustContain(t, "stderr", stderr, "pingone-authomize report --stack example --run "+string(run))
	d.work.Wait()
	if got := d.newest().Run; got != string(run) {
		t.Errorf("run %s was done, want %s", got, run)
	}
}

func TestInvokeHeldThenReplayThenApprove(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.x.authomize.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.AcceptFewer(2)})
	stdout, stderr := d.run(t.Context(), exitHeld, "invoke", "--stack", stackName)
	mustContain(t, "stdout", stdout, " held: ", "Authomize accepted 2 groupings fewer")
	mustContain(t, "stderr", stderr, "held: a person should look")
	run := d.newest().Run
	posts := len(d.x.authomize.Posts())

	first := d.newest()
	stdout, stderr = d.run(t.Context(), exitHeld, "replay", "--stack", stackName, "--run", run)
	mustContain(t, "stdout", stdout, "run "+run+" held: ")
	mustContain(t, "stderr", stderr, "is being posted again")
	if len(d.x.authomize.Posts()) != 2*posts || !d.newest().FinishedAt.After(first.FinishedAt) {
		t.Errorf("%d posts after %d, finished %s after %s", len(d.x.authomize.Posts()), posts, d.newest().FinishedAt, first.FinishedAt)
	}

	second := d.newest()
	stdout, _ = d.run(t.Context(), exitDone, "replay", "--stack", stackName, "--run", "latest", "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of "+run+" done: ", d.dir)
	if diff := cmp.Diff(second, d.newest()); diff != "" || len(d.x.authomize.Posts()) != 2*posts {
		t.Errorf("a dry run posted, or changed the report of the stack:\n%s", diff)
	}

	stdout, _ = d.run(t.Context(), exitDone, "replay", "--stack", stackName, "--run", run, "--approve-sweep")
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
	if sweeps := d.x.authomize.Sweeps(); len(sweeps) != 1 || len(d.x.authomize.Posts()) != 2*posts {
		t.Errorf("%d sweeps and %d posts, want 1 and %d", len(sweeps), len(d.x.authomize.Posts()), 2*posts)
	}
	_, stderr = d.run(t.Context(), exitFailed, "replay", "--stack", stackName, "--run", run, "--approve-sweep")
	mustContain(t, "stderr", stderr, "transform failed: there is no held sweep to approve")
}

func TestInvokeDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	before, err := d.store().List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	calls, requests := len(d.calls()), len(d.x.authomize.Requests())
	d.refuse("s3:PutObject", "lambda:InvokeFunction") // neither is needed
	env := d.x.org.Environments[0]
	d.x.org.RemoveUser(env.ID, env.Users[0].ID)
	d.x.pingone.ResetLog()

	stdout, stderr := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of ", "would be posted, none was", d.dir)
	mustContain(t, "stderr", stderr, "nothing changes in AWS", "map  users")
	after, err := d.store().List(t.Context(), "")
	if diff := cmp.Diff(before, after); diff != "" || err != nil {
		t.Errorf("the bucket (-before +after): %v\n%s", err, diff)
	}
	if len(d.calls()) != calls || len(d.x.authomize.Requests()) != requests {
		t.Error("a dry run invoked a function, or asked Authomize")
	}
	// What the bucket remembers is compared with.
	if r := localReport(t, stdout); len(r.Sweep.Gone) == 0 || r.Sweep.Gone[0].Kind != string(authomize.Users) || r.Sweep.Gone[0].Count != 1 {
		t.Errorf("gone %v, want the one user", r.Sweep.Gone)
	}
	for _, args := range [][]string{{"--run", "20260101T000000Z"}, {"--no-wait"}} {
		_, stderr = d.run(t.Context(), exitFailed, append([]string{"invoke", "--stack", stackName, "--dry-run"}, args...)...)
		mustContain(t, "stderr", stderr, "leave out --run and --no-wait")
	}
}

// localReport reads the report.json that output names.
func localReport(t *testing.T, stdout string) *report.Report {
	t.Helper()
	fields := strings.Fields(stdout)
	path := fields[len(fields)-1]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := new(report.Report)
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestInvokeThatNeverCompletes(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.setBroken("users", true)
	started := d.started()
	_, stderr := d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--follow", "--run", started, "--timeout", "2s")
	mustContain(t, "stderr", stderr, "after 2s: not complete: users; ", "/pingone-authomize/example/ (users)", "follow it with: pingone-authomize invoke --follow --stack example --run ", "start it again with: pingone-authomize invoke --stack example --run ")
	if len(d.x.authomize.Posts()) != 0 {
		t.Error("an incomplete run was posted")
	}
	run := stderr[strings.LastIndex(stderr, "--run ")+6:]
	d.setBroken("users", false)
	calls := len(d.calls())
	stdout, _ := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--run", strings.TrimSpace(run))
	mustContain(t, "stdout", stdout, "run "+strings.TrimSpace(run)+" done: ")
	if n := len(d.calls()) - calls; n != 1 {
		t.Errorf("%d functions were started again, want users only", n)
	}
}

func TestInvokeWithoutTransform(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.setBroken(transformName, true)
	started := d.started()
	_, stderr := d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--follow", "--run", started, "--timeout", "2s")
	mustContain(t, "stderr", stderr, "without a report of transform", "/pingone-authomize/example/ (transform)", "pingone-authomize report --stack example --run ")
	run := strings.TrimSpace(stderr[strings.LastIndex(stderr, "--run ")+6:])
	_, stderr = d.run(t.Context(), exitFailed, "report", "--stack", stackName)
	mustContain(t, "stderr", stderr, "no report of run latest in s3://staged")
	_, stderr = d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--run", run)
	mustContain(t, "stderr", stderr, "waits for transform or is being posted", "pingone-authomize replay --stack example --run "+run)
	d.setBroken(transformName, false)
	stdout, _ := d.run(t.Context(), exitDone, "replay", "--stack", stackName, "--run", run)
	mustContain(t, "stdout", stdout, "run "+run+" done: ")
}

func TestInvokeInterrupted(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.setBroken("users", true)
	ctx, cancel := context.WithCancel(t.Context())
	d.whenInvoked = func(n int) {
		if n == len(staging.Collections) {
			cancel()
		}
	}
	_, stderr := d.run(ctx, exitInterrupted, "invoke", "--stack", stackName)
	mustContain(t, "stderr", stderr, "interrupted: ", "with: pingone-authomize invoke ", " --run ")
}

func TestInvokeOneFunctionRefused(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.refuse("lambda:InvokeFunction groups")
	_, stderr := d.run(t.Context(), exitFailed, "invoke", "--stack", stackName)
	mustContain(t, "stderr", stderr, "1 of 9 functions were not started", "start groups: AWS refuses it",
		"needs the permission lambda:InvokeFunction on function fn-groups", "start the rest with: pingone-authomize invoke --stack example --run ")
	d.work.Wait()
	if len(d.x.authomize.Posts()) != 0 {
		t.Error("an incomplete run was posted")
	}
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
		"invocation denied": {"lambda:InvokeFunction", []string{"invoke", "--stack", stackName}, []string{"nothing was started: start environments", "lambda:InvokeFunction on function fn-environments"}},
		"settings denied":   {"lambda:GetFunctionConfiguration", []string{"check", "--stack", stackName}, []string{"lambda:GetFunctionConfiguration on function fn-transform"}},
		"secret denied":     {"secretsmanager:GetSecretValue", []string{"invoke", "--stack", stackName, "--dry-run"}, []string{"needs the permission secretsmanager:GetSecretValue"}},
		"replay unknown":    {"", []string{"replay", "--stack", stackName, "--run", "20260101T000000Z"}, []string{"nothing is staged"}},
		"malformed run":     {"", []string{"invoke", "--stack", stackName, "--run", "yesterday"}, []string{"YYYYMMDDThhmmssZ"}},
		"two places":        {"", []string{"report", "--stack", stackName, "--staging", "x"}, []string{"--stack", "--staging"}},
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
	x.authomize.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Times: 1, Do: authomizetest.Status(401)})
	m.run(t.Context(), exitFailed, "run")
	run := m.report().Run
	stdout, _ := m.run(t.Context(), exitDone, "replay", "--run", run, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of "+run)
	if r := m.report(); r.State != report.Failed || r.DryRun {
		t.Errorf("the report is %s, dry run %t; want that of the failed run", r.State, r.DryRun)
	}
	calls := x.pingone.Calls("/v1/**")
	stdout, _ = m.run(t.Context(), exitDone, "replay", "--staging", "staging", "--run", "latest")
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
	if x.pingone.Calls("/v1/**") != calls {
		t.Error("PingOne was asked again")
	}
}
