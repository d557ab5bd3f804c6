package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone/pingonetest"
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
	d.x.authomize.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.AcceptFewer(1)})
	stdout, stderr := d.run(t.Context(), exitHeld, "invoke", "--stack", stackName)
	mustContain(t, "stdout", stdout, " held: ", "Authomize accepted 1 groupings fewer")
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

func TestInvokeDryRun(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	state := d.memory()
	requests := len(d.x.authomize.Requests())
	env := d.x.org.Environments[0]
	d.x.org.RemoveUser(env.ID, env.Users[0].ID)
	d.refuse("s3:PutObject", "secretsmanager:GetSecretValue", "lambda:GetFunctionConfiguration") // none is needed

	stdout, stderr := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of ", "would be posted, none was", "report  s3://staged/runs/")
	mustContain(t, "stderr", stderr, "dry run: nothing will be posted", "read users")
	run := d.newest().Run
	for range len(staging.Collections) { // S3 may tell of each as often as it likes
		if _, err := d.call(transformName, fmt.Appendf(nil, `{"detail-type":"Object Created","detail":{"object":{"key":%q}}}`, staging.CompleteKey(staging.RunID(run), staging.Users))); err != nil {
			t.Error(err)
		}
	}
	if n := len(d.x.authomize.Requests()) - requests; n != 0 {
		t.Errorf("a dry run sent %d requests to Authomize", n)
	}
	if diff := cmp.Diff(state, d.memory()); diff != "" {
		t.Errorf("what later runs compare with changed:\n%s", diff)
	}
	if r := d.newest(); !r.DryRun || len(r.Sweep.Gone) == 0 || r.Sweep.Gone[0].Kind != string(authomize.Users) || r.Sweep.Gone[0].Count != 1 {
		t.Errorf("dry run %t, gone %v, want the one user", r.DryRun, r.Sweep.Gone)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "staging")); err == nil {
		t.Error("something was left on this machine")
	}
	_, stderr = d.run(t.Context(), exitFailed, "replay", "--stack", stackName, "--run", run)
	mustContain(t, "stderr", stderr, "run "+run+" is a dry run and stays one")
	d.permit("lambda:GetFunctionConfiguration")
	stdout, _ = d.run(t.Context(), exitDone, "replay", "--stack", stackName, "--run", run, "--dry-run")
	mustContain(t, "stdout", stdout, "dry run of "+run)

	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	if r := d.newest(); r.DryRun || !r.Sweep.Swept {
		t.Errorf("the next run: dry run %t, swept %t", r.DryRun, r.Sweep.Swept)
	}
}

// memory is what later runs compare with.
func (d *deployment) memory() string {
	d.t.Helper()
	all := ""
	for _, key := range []string{"state/transform.json", "state/newest.json"} {
		object, err := d.store().Get(d.t.Context(), key)
		if err != nil {
			d.t.Fatal(err)
		}
		all += string(object.Data) + "\n"
	}
	return all
}

// A dry run that lost functions is gone on with as one, whoever forgets to say so.
func TestInvokeDryRunGoesOnDry(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.refuse("lambda:InvokeFunction groups")
	_, stderr := d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--dry-run")
	line := stderr[strings.Index(stderr, "start the rest with: "):]
	line, _, _ = strings.Cut(line, "\n")
	if !strings.HasSuffix(line, " --dry-run") {
		t.Errorf("%q does not say --dry-run", line)
	}
	d.work.Wait()
	d.permit("lambda:InvokeFunction groups")
	words := strings.Fields(strings.TrimSuffix(line, " --dry-run"))
	run := words[len(words)-1]
	_, stderr = d.run(t.Context(), exitFailed, "invoke", "--stack", stackName, "--run", run, "--environments", pingonetest.SizedEnvironment().String())
	mustContain(t, "stderr", stderr, "run "+run+": it was begun as another sort of run")
	stdout, stderr := d.run(t.Context(), exitDone, "invoke", "--stack", stackName, "--run", run)
	mustContain(t, "stdout", stdout, "dry run of "+run)
	mustContain(t, "stderr", stderr, "dry run: nothing will be posted")
	if len(d.x.authomize.Requests()) != 0 {
		t.Error("a dry run asked Authomize")
	}
}

func TestInvokeEnvironments(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.env["PINGONE_ENVIRONMENTS"], d.env["MAX_SHRINK_PERCENT"] = "all", "100"
	main, side := pingonetest.SizedEnvironment(), pingonetest.StableID("side")
	people, fay, gus := pingonetest.StableID("side", "people"), pingonetest.StableID("side", "fay"), pingonetest.StableID("side", "gus")
	d.x.org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side"})
	d.x.org.AddPopulation(side, pingonetest.Population{ID: people, Name: "People"})
	d.x.org.AddUser(side, pingonetest.User{ID: fay, Population: people, Username: "fay"})
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	full := d.newest().Run
	d.x.org.AddUser(side, pingonetest.User{ID: gus, Population: people, Username: "gus"})
	d.x.org.RemoveUser(main, d.x.org.Environments[0].Users[0].ID)

	stdout, stderr := d.run(t.Context(), exitHeld, "invoke", "--stack", stackName, "--environments", side.String())
	mustContain(t, "stdout", stdout, " held: ", "this run was narrowed on purpose, to environment", side.String())
	mustContain(t, "stderr", stderr, "narrowed to 1 of the environments: nothing will be swept")
	r := d.newest()
	if r.Posted()["users"] != 2 || r.Posted()["groupings"] != 0 || len(r.Sweep.Held) != 1 || len(d.x.authomize.Sweeps()) != 1 {
		t.Errorf("posted %v, held for %q, %d sweeps; want two users, one reason and no new sweep", r.Posted(), r.Sweep.Held, len(d.x.authomize.Sweeps()))
	}
	if !strings.Contains(d.memory(), `"swept":{"run":"`+full+`"`) {
		t.Errorf("later runs compare with %s", d.memory())
	}
	if got := d.x.authomize.Count(authomize.Users); got != 42 {
		t.Errorf("%d users in Authomize, want 42", got)
	}
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	if sweep := d.newest().Sweep; !sweep.Swept || len(sweep.Gone) == 0 || sweep.Gone[0].Kind != string(authomize.Users) || sweep.Gone[0].Count != 1 {
		t.Errorf("the next full run: swept %t, gone %v; want the one user", sweep.Swept, sweep.Gone)
	}
}

func TestInvokeEnvironmentsThatCantBe(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.env["PINGONE_ENVIRONMENTS"] = pingonetest.SizedEnvironment().String()
	side, more := pingonetest.StableID("side").String(), pingonetest.StableID("more").String()
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--environments", "all," + side + ",x"}, []string{"--environments: entry 1 is no environment id (a UUID)\nentry 3 is no environment id"}},
		{[]string{"--environments", side + "," + more}, []string{"--environments: environment " + side + ": a full run does not read it", "environment " + more + ": a full run"}},
		{[]string{"--follow", "--run", "20260101T000000Z", "--environments", side}, []string{"--follow needs --run, and no"}},
		{[]string{"--follow", "--run", "20260101T000000Z", "--dry-run"}, []string{"--follow needs --run, and no"}},
	} {
		_, stderr := d.run(t.Context(), exitFailed, append([]string{"invoke", "--stack", stackName}, test.args...)...)
		mustContain(t, "stderr", stderr, test.want...)
	}
	if len(d.calls()) != 0 {
		t.Errorf("invoked %v", d.calls())
	}
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
