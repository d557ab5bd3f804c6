package transform_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transform"
)

var longAgo = time.Date(1999, 12, 1, 9, 0, 0, 0, time.UTC)

// unproven are users who are shown no more and carried forward.
func unproven(names ...string) []carriedUser {
	var all []carriedUser
	for _, name := range names {
		all = append(all, carriedUser{name, staging.Unproven, longAgo})
	}
	return all
}

// TestApprovalOfIDs lets two users go. Who is shown again comes back, who is
// absent later stays, and what was approved stays away.
func TestApprovalOfIDs(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(60)
		r.want(r.run(r.stage(world{users: all})), report.Done)
		rest := without(all, "p001", "p002")
		run := r.stage(world{users: rest, carried: unproven("p001", "p002")})
		r.want(r.run(run), report.Done)
		r.wantUsers(all...)

		r.want(r.mustApprove(run, "unproven:users"), report.Done)
		r.wantUsers(rest...)
		rep := r.report(run)
		if a := rep.Sweep.Approvals; len(a) != 1 || a[0].By != "tester" || a[0].Reason != "they left" || a[0].At.IsZero() {
			t.Errorf("approvals: %+v", a)
		}
		if !rep.Carried[0].Approved || rep.Totals.Carried != 0 {
			t.Errorf("carried: %+v", rep.Carried)
		}

		// p003 is absent now, and nobody said that it may go.
		rest = without(rest, "p003")
		r.want(r.run(r.stage(world{users: rest, carried: unproven("p001", "p002", "p003")})), report.Done)
		r.wantUsers(append(rest, "p003")...)
		// p001 is shown again, and lost once more: that is not approved.
		r.want(r.run(r.stage(world{users: append(rest, "p001"), carried: unproven("p002", "p003")})), report.Done)
		run = r.stage(world{users: rest, carried: unproven("p001", "p002", "p003")})
		r.want(r.run(run), report.Done)
		r.wantUsers(append(rest, "p001", "p003")...)
		if rep := r.report(run); rep.Carried[0].Approved {
			t.Error("what is carried counts as approved, though only a part of it is")
		}
	})
}

// An approval of what is carried discounts it, so that nothing shrinks by it,
// now or later; a reading of a list that came after it is not covered.
func TestApprovalOfLists(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all, old := people(10), []string{}
		for _, name := range people(40) {
			old = append(old, "old-"+name)
		}
		r.want(r.run(r.stage(world{users: all, unlisted: old})), report.Done)
		run := r.stage(world{users: all, unlisted: old})
		r.want(r.run(run), report.Done)
		r.wantUsers(append(old, all...)...)
		r.want(r.mustApprove(run, "unlisted:environments"), report.Done)
		r.wantUsers(all...) // items go with their environment
		r.want(r.run(r.stage(world{users: all, unlisted: old})), report.Done)
		r.want(r.run(r.stage(world{users: all})), report.Done)
		r.wantUsers(all...)
	})
}

// An approval of a list covers the reading that was carried then, and none
// that was made since.
func TestApprovalOfOneReading(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		short := func(names ...string) world {
			return world{users: all[2:], unlisted: names, oldAt: time.Now()}
		}
		first := short("old-1", "old-2")
		r.want(r.run(r.stage(first)), report.Done)
		run := r.stage(first)
		r.want(r.run(run), report.Done)
		r.want(r.mustApprove(run, "unlisted:users"), report.Done)
		r.wantUsers(all[2:]...)
		r.want(r.run(r.stage(first)), report.Done)
		r.wantUsers(all[2:]...)
		r.want(r.run(r.stage(short("old-2", "old-3"))), report.Done)
		r.wantUsers(append(all[2:], "old-2", "old-3")...)
	})
}

// A run that is being read when the one before is approved heeds that.
func TestNewerRunHeedsAnApproval(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		run := r.stage(world{users: all[1:], carried: unproven("p000")})
		r.want(r.run(run), report.Done)
		next := r.stage(world{users: all[1:], carried: unproven("p000")})
		r.want(r.mustApprove(run, "unproven:users"), report.Done)
		r.want(r.run(next), report.Done)
		r.wantUsers(all[1:]...)
		if _, err := r.approve(run, "unproven:users"); !errors.Is(err, transform.ErrNotApprovable) {
			t.Errorf("an older run: %v", err)
		}
	})
}

func TestNotApprovable(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		refuse := func(why string, run staging.RunID, codes ...string) {
			t.Helper()
			before := r.keys()
			if _, err := r.approve(run, codes...); !errors.Is(err, transform.ErrNotApprovable) {
				t.Errorf("%s: %v", why, err)
			}
			if diff := cmp.Diff(before, r.keys()); diff != "" {
				t.Errorf("%s: it wrote (-before +after):\n%s", why, diff)
			}
		}
		r.app.AddForeign(r.app.AppID, authomize.Users, "user:theirs")
		w := world{users: people(3), carried: []carriedUser{{"p009", staging.Refused, longAgo}}, edit: func(c staging.Collection, m *staging.Manifest) {
			if c == staging.RoleAssignments {
				m.NeverRead = []staging.NeverRead{{Environment: id("main"), Lists: 7}}
			}
		}}
		run := r.stage(w)
		refuse("not posted", run, "app-not-empty")
		r.want(r.run(run), report.Held, sweep.AppNotEmpty)
		refuse("lists were never read", run, "app-not-empty", "refused:users")
		if rep := r.report(run); rep.Approve != "" || rep.Sweep.Held[0].Approvable {
			t.Errorf("report: %+v", rep.Sweep.Held)
		}
		w.edit = nil
		run = r.stage(w)
		r.want(r.run(run), report.Held, sweep.AppNotEmpty)
		refuse("why not all was read is not approved", run, "app-not-empty")
		refuse("not held for it", run, "app-not-empty", "refused:users", "shrunk")
		refuse("nothing is carried so", run, "app-not-empty", "refused:users", "short:groups")
		refuse("no such code", run, "everything")
		refuse("nobody may", run, "receipts")
		refuse("it is its turn's", run, "not-due:users")
		r.useApp("another")
		refuse("posted to another app", run, "app-not-empty", "refused:users")
		r.useApp(r.app.AppID)
		r.settings.DryRun = true
		refuse("a dry run", run, "app-not-empty", "refused:users")
		r.settings.DryRun = false
		_, err := transform.Approve(t.Context(), run, sweep.Approval{Codes: []string{"app-not-empty", "refused:users"}}, r.options())
		if !errors.Is(err, transform.ErrNotApprovable) {
			t.Errorf("without a reason: %v", err)
		}
		if got := r.report(run).Approve; got != "pingone-authomize approve --run "+string(run)+` --codes app-not-empty,refused:users --reason "…"` {
			t.Errorf("the command is %s", got)
		}
		lease, err := staging.Acquire(t.Context(), r.store, staging.LeaseKey(run, ""), "other", 2*time.Hour, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.approve(run, "app-not-empty", "refused:users"); !errors.Is(err, staging.ErrLeased) {
			t.Errorf("while another transform is at work: %v", err)
		}
		if err := lease.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.want(r.mustApprove(run, "app-not-empty", "refused:users"), report.Done)
		r.wantUsers(people(3)...)

		run = r.stage(w)
		ctx, cancel := context.WithCancel(t.Context())
		o := r.options()
		o.OnProgress = func(transform.Progress) { cancel() }
		if got, err := transform.Run(ctx, run, o); err != nil || !got.Unfinished {
			t.Fatalf("%+v, %v", got, err)
		}
		refuse("it is still being posted", run, "refused:users")
	})
}

// Approved under SWEEP=report, only what was named goes later.
func TestApprovedBeforeApplying(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(100)
		r.settings.Sweep = config.SweepReport
		r.want(r.run(r.stage(world{users: all})), report.Done)
		run := r.stage(world{users: all[40:]})
		r.want(r.run(run), report.Held, sweep.Shrunk)
		r.want(r.mustApprove(run, "shrunk"), report.Done)
		r.settings.Sweep = config.SweepApply
		r.want(r.run(r.stage(world{users: all[90:]})), report.Held, sweep.Shrunk)
		r.wantUsers(all...)
		r.want(r.run(r.stage(world{users: all[40:]})), report.Done)
		r.wantUsers(all[40:]...)
	})
}

func TestPreview(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(60)
		r.want(r.run(r.stage(world{users: all})), report.Done)
		run := r.stage(world{users: all[40:], carried: unproven("p001")})
		r.want(r.run(run), report.Held, sweep.Shrunk)
		r.app.AddForeign(r.app.AppID, authomize.Users, "user:made-since") // goes when the run is posted once more
		before, keys, posts := r.all(), r.keys(), len(r.app.Posts())
		going, err := transform.Preview(t.Context(), run, sweep.Approval{Codes: []string{"shrunk", "unproven:users"}, Reason: "left"}, r.options())
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int64{}
		for _, k := range going.Kinds {
			counts[k.Kind] = k.Count
		}
		want := map[string]int64{"users": 41, "accountAssociations": 80}
		if diff := cmp.Diff(want, counts); diff != "" || going.Count() != 121 || len(going.Kinds[0].IDs) != 41 {
			t.Errorf("going (-want +got):\n%s", diff)
		}
		if ids := going.Kinds[0].IDs; !slices.Contains(ids, "user:"+id("p001").String()) || !slices.Contains(ids, "user:made-since") {
			t.Errorf("going are %s", ids)
		}
		r.wantHolds(before)
		if diff := cmp.Diff(keys, r.keys()); diff != "" || len(r.app.Posts()) != posts {
			t.Errorf("it wrote (-before +after):\n%s", diff)
		}
		r.want(r.mustApprove(run, "shrunk", "unproven:users"), report.Done)
		if n := len(r.app.Deleted()); n != 121 {
			t.Errorf("%d were deleted, not as many as the preview said", n)
		}
	})
}
