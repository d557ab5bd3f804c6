package transform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transform"
)

// holdRun2 makes a second run in which too much is gone, and holds it.
func holdRun2(t *testing.T) (*rig, *clock) {
	t.Helper()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.org.RemoveUser(id("main"), id("eve"))
	r.org.RemoveUser(id("main"), id("dan"))
	r.fetch(run2)
	r.wantState(r.mustTransform(run2), report.Held, false, "users shrank from 5 to 3", "accountAssociations shrank from 13 to 9")
	return r, c
}

func (r *rig) approve(run staging.RunID) (transform.Result, error) {
	r.t.Helper()
	o := r.options()
	o.Approve = true
	return transform.Run(r.t.Context(), run, o)
}

// A person lets a held sweep go: what the run did not refresh goes, nothing
// is posted again, and the next run is compared with this one.
func TestApprove(t *testing.T) {
	t.Parallel()
	r, c := holdRun2(t)
	posts := len(r.app.Posts())
	cutoff := r.report(run2).Sweep.Cutoff
	got, err := r.approve(run2)
	if err != nil || got.State != report.Done || !got.Swept {
		t.Fatalf("got %+v, %v, want done and swept", got, err)
	}
	if n := len(r.app.Posts()); n != posts {
		t.Errorf("%d posts, want none after the %d before", n, posts)
	}
	sweeps := r.app.Sweeps()
	if last := sweeps[len(sweeps)-1]; len(sweeps) != 2 || !last.ModifiedBefore.Equal(*cutoff) {
		t.Errorf("sweeps %+v, want a second one, of before %s", sweeps, cutoff)
	}
	r.wantHeld(tinyHoldings().without("user:eve").without("user:dan"))
	rep := r.report(run2)
	if rep.State != report.Done || rep.Sweep.ApprovedAt == nil || len(rep.Sweep.Held) != 2 {
		t.Errorf("report: state %s, sweep %+v; want done, approved, and the reasons kept", rep.State, rep.Sweep)
	}
	if _, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) {
		t.Errorf("a second approval: got %v, want ErrNothingToApprove", err)
	}
	r.fetch(run3)
	c.set(day3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	r.wantGone(run3)
}

// What was approved is forgotten at once: also a run that is not swept says
// nothing of it.
func TestApprovedIsForgotten(t *testing.T) {
	t.Parallel()
	r, c := holdRun2(t)
	if _, err := r.approve(run2); err != nil {
		t.Fatal(err)
	}
	c.set(day3)
	r.org.RemoveUser(id("main"), id("cy"))
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Held, false, "users shrank from 3 to 2", "accountAssociations shrank from 9 to 7")
	r.wantGone(run3, "user:cy")
}

// A run that was posted since may hold again what the approved one lacks: that
// stays known.
func TestApprovedAfterAnotherRun(t *testing.T) {
	t.Parallel()
	r, c := holdRun2(t)
	r.settings.Sweep = config.SweepReport
	c.set(day3)
	r.org.AddUser(id("main"), person("eve"))
	r.fetch(run3)
	r.mustTransform(run3)
	r.settings.Sweep = config.SweepApply
	if _, err := r.approve(run2); err != nil {
		t.Fatal(err)
	}
	want := tinyHoldings().without("user:dan").without("user:eve").with("users", "user:eve").with("accountAssociations", "user:eve all-users:main")
	r.wantHeld(want)
	r.org.RemoveUser(id("main"), id("eve"))
	r.fetch(run4)
	r.mustTransform(run4)
	r.wantGone(run4, "user:eve") // dan went with the approved sweep
}

// What a run could not read, and an organization without users, is deleted by
// no word of anybody.
func TestNeverApprovable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*rig)
		want   string
	}{
		"no user": {func(r *rig) {
			for _, name := range []string{"ann", "bob", "cy", "dan", "eve"} {
				r.org.RemoveUser(id("main"), id(name))
			}
		}, "read no user"},
		"unread": {func(r *rig) { r.fake.Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED") }, "could not read everything (2 lists were refused)"},
		"turned away": {func(r *rig) {
			r.app.AddFaults(authomizetest.Fault{Kind: authomize.AccountAssociations, Do: authomizetest.AcceptFewer(10)})
		}, "had 10 of 13 accountAssociations refused by Authomize, by more than 20 %"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := newTinyRig(t)
			r.firstRun(c)
			tt.change(r)
			r.fetch(run2)
			if got := r.mustTransform(run2); got.State != report.Held {
				t.Fatalf("got %+v", got)
			}
			if _, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			r.wantHeld(tinyHoldings())
			r.wantSweeps("23 09:29:00")
		})
	}
}

func TestNotApprovable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setUp func(*rig)
		run   staging.RunID
		want  error
	}{
		{"a run without a report", func(*rig) {}, run3, staging.ErrNotFound},
		{"a run that is done", func(*rig) {}, run1, transform.ErrNothingToApprove},
		{"another app", func(r *rig) { r.settings.AppID = "other" }, run2, transform.ErrNothingToApprove},
		{"a dry run", func(r *rig) { r.settings.DryRun = true }, run2, transform.ErrNothingToApprove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := holdRun2(t)
			tt.setUp(r)
			if got, err := r.approve(tt.run); !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v, want %v", got, err, tt.want)
			}
			r.wantHeld(tinyHoldings())
		})
	}
}

// A run that was transformed after a newer one would take a moment that is later
// than what only the newer one posted.
func TestNotApprovableAfterANewerRun(t *testing.T) {
	t.Parallel()
	r, c := newTinyRig(t)
	r.firstRun(c)
	r.fetch(run2) // its transform comes late
	r.org.AddUser(id("main"), pingonetest.User{ID: id("fay"), Population: id("people"), Username: "fay"})
	c.set(day3)
	r.fetch(run3)
	r.wantState(r.mustTransform(run3), report.Done, true)
	c.set(day3.Add(2 * time10))
	if got := r.mustTransform(run2); got.State != report.Held {
		t.Fatalf("got %+v, want held: run3 is newer", got)
	}
	if got, err := r.approve(run2); !errors.Is(err, transform.ErrNothingToApprove) {
		t.Errorf("got %+v, %v, want a refusal", got, err)
	}
	if got := r.held()["users"]; !slices.Contains(got, "user:fay") {
		t.Errorf("Authomize holds %v: fay exists, was posted by %s, and is gone", got, run3)
	}
}
