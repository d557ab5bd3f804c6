package main

import (
	"strings"
	"testing"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// shrink removes so many users, more than may be gone without a person's word.
func (x *tenant) shrink(users int) {
	env := pingonetest.SizedEnvironment()
	for i := range users {
		x.org.RemoveUser(env, x.org.Environments[0].Users[i].ID)
	}
}

// A held run says which command comes next. That shows what would go, asks, and
// deletes what was approved and nothing else.
func TestApprove(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	m := newMachine(t, x.env())
	_, stderr := m.run(t.Context(), exitFailed, "approve", "--codes", "shrunk", "--reason", "x")
	mustContain(t, "stderr", stderr, "where nothing is staged")
	x.anHourAgo()
	m.run(t.Context(), exitDone, "run")
	x.now()
	x.shrink(30)
	stdout, _ := m.run(t.Context(), exitHeld, "run")
	run := m.report().Run
	mustContain(t, "stdout", stdout, "shrunk", "to approve: pingone-authomize approve --run "+run+" --codes shrunk --reason ")

	calls := x.pingone.Calls("/v1/**")
	approve := []string{"approve", "--run", run, "--codes", "shrunk", "--reason", "the site in Example was closed"}
	for _, answer := range []string{"", "no\n"} {
		m.stdin = answer
		stdout, stderr = m.run(t.Context(), exitFailed, approve...)
		mustContain(t, "stdout", stdout, "30 users\n  user:", "records would be deleted in app "+x.authomize.AppID)
		mustContain(t, "stderr", stderr, "approve shrunk of run "+run+" as ", "not approved, so nothing was changed")
	}
	if n := len(x.authomize.Sweeps()); n != 1 {
		t.Fatalf("%d sweeps, want that of the first run", n)
	}
	_, stderr = m.run(t.Context(), exitFailed, "approve", "--run", run, "--codes", "receipts,unproven:cars", "--reason", "x", "--yes")
	mustContain(t, "stderr", stderr, "receipts can't be approved", `there is no code "unproven:cars"`)

	m.stdin = "yes\n"
	stdout, _ = m.run(t.Context(), exitDone, approve...)
	mustContain(t, "stdout", stdout, "run "+run+" done: ", ", swept")
	if n, sweeps := x.authomize.Count(authomize.Users), len(x.authomize.Sweeps()); n != 10 || sweeps != 2 {
		t.Errorf("%d users after %d sweeps, want 10 after 2", n, sweeps)
	}
	if x.pingone.Calls("/v1/**") != calls {
		t.Error("PingOne was asked")
	}
	a := m.report().Sweep.Approvals
	if len(a) != 1 || a[0].Reason != "the site in Example was closed" || !strings.Contains(a[0].By, " on ") || a[0].At.IsZero() {
		t.Errorf("approvals %+v", a)
	}
}

// On a stack the transform function does it, and the caller's ARN is stored.
func TestApproveOnAStack(t *testing.T) {
	t.Parallel()
	d := deploy(t)
	d.x.anHourAgo()
	d.run(t.Context(), exitDone, "invoke", "--stack", stackName)
	d.x.now()
	d.x.shrink(30)
	stdout, _ := d.run(t.Context(), exitHeld, "invoke", "--stack", stackName)
	run := d.newest().Run
	approve := []string{"approve", "--run", run, "--codes", "shrunk", "--stack", stackName}
	mustContain(t, "stdout", stdout, "pingone-authomize "+strings.Join(approve[:5], " "), " --stack "+stackName)
	d.stdin = "yes\n"
	stdout, stderr := d.run(t.Context(), exitDone, append(approve, "--reason", "closed")...)
	mustContain(t, "stdout", stdout, "30 users\n  user:", "run "+run+" done: ", ", swept")
	mustContain(t, "stderr", stderr, "approve shrunk of run "+run+" as "+operatorARN+"? Type yes:")
	if a := d.newest().Sweep.Approvals; len(a) != 1 || a[0].By != operatorARN {
		t.Errorf("approvals %+v", a)
	}
	if n := len(d.x.authomize.Deleted()); n < 30 {
		t.Errorf("%d records deleted, want 30 users and what hung on them", n)
	}
	_, stderr = d.run(t.Context(), exitFailed, append(approve, "--reason", "closed", "--yes")...)
	mustContain(t, "stderr", stderr, "transform failed: ")
	if _, err := d.store().Get(t.Context(), staging.ApprovalKey(staging.RunID(run))); err != nil {
		t.Error(err)
	}
}
