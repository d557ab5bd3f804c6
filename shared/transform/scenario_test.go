package transform_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transform"
	"pingone-authomize/shared/transport"
)

func TestLeaversLeave(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(40)
		r.want(r.run(r.stage(world{users: all})), report.Done)
		r.wantUsers(all...)
		run := r.stage(world{users: without(all, "p003"), gone: []string{"p003"}})
		r.want(r.run(run), report.Done)
		r.wantUsers(without(all, "p003")...)
		r.posts()

		again := r.run(run) // as the hourly event does
		r.want(again, report.Done)
		open := r.run("")
		r.want(open, report.Done)
		if posts := r.posts(); len(posts) > 0 || again.Report != nil || open.Run != run {
			t.Errorf("a run that had ended was posted: %v", posts)
		}
		rep := r.report(run)
		if rep.Gone[0].Count != 1 || rep.Gone[0].By != staging.WitnessFeed || rep.Gone[0].IDs[0] != id("p003").String() {
			t.Errorf("gone: %+v", rep.Gone)
		}
		if rep.Kinds[0].Before != 40 || rep.Kinds[0].Posted != 39 || rep.Sweep.ModifiedBefore == nil {
			t.Errorf("report: %+v, %+v", rep.Kinds[0], rep.Sweep)
		}
	})
}

// TestHeld holds a second run for each code. The leaver stays.
func TestHeld(t *testing.T) {
	all := people(60)
	leaver := world{users: without(all, "p001"), gone: []string{"p001"}}
	tests := []struct {
		name    string
		code    sweep.Code
		first   sweep.Code // that the first run is held for
		before  func(*rig)
		between func(*rig)
		second  world
	}{
		{
			name: "the app is somebody else's", code: sweep.AppNotEmpty, first: sweep.AppNotEmpty, second: leaver,
			before: func(r *rig) { r.app.AddForeign(r.app.AppID, authomize.Users, "user:theirs") },
		},
		{
			name: "the previous snapshot was lost", code: sweep.HistoryLost,
			second: world{users: leaver.users, edit: func(c staging.Collection, m *staging.Manifest) {
				if c == staging.Groups {
					m.Previous = ""
				}
			}},
		},
		{name: "a kind shrank", code: sweep.Shrunk, second: world{users: all[30:]}},
		{
			name: "a record is refused for good", code: sweep.Refused, second: leaver,
			between: func(r *rig) {
				r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseField("", "user:"+id("p007").String())})
			},
		},
		{
			name: "fewer are accepted", code: sweep.Receipted, second: leaver,
			between: func(r *rig) {
				r.app.AddFaults(authomizetest.Fault{Kind: authomize.Groupings, Do: authomizetest.AcceptFewer(1)})
			},
		},
		{
			name: "no time is given", code: sweep.Receipted, second: leaver,
			between: func(r *rig) {
				r.app.AddFaults(authomizetest.Fault{Kind: authomize.Assets, Do: authomizetest.NoTimestamp()})
			},
		},
		{
			name: "what was accepted is called unknown", code: sweep.Receipted, second: leaver,
			between: func(r *rig) {
				r.app.AddFaults(authomizetest.Fault{
					Kind: authomize.GroupingAssociations, Do: authomizetest.SetField("invalidSourceIds", []string{"group:" + id("staff").String()}),
				})
			},
		},
		{name: "posting does not refresh", code: sweep.NotRefreshed, second: leaver, between: func(r *rig) { r.app.SetRefresh(false) }},
		{
			name: "its clock is behind what it says", code: sweep.NotRefreshed, second: leaver,
			between: func(r *rig) { r.app.SetClocks(authomizetest.Clocks{Modified: -time.Hour}) },
		},
		{
			name: "it can't be asked", code: sweep.NotRefreshed, second: leaver,
			between: func(r *rig) {
				r.app.AddFaults(authomizetest.Fault{Method: "GET", Path: "/privileges", Do: authomizetest.Status(404)})
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				if tt.before != nil {
					tt.before(r)
				}
				first := r.run(r.stage(world{users: all}))
				if tt.first != "" {
					r.want(first, report.Held, tt.first)
				} else {
					r.want(first, report.Done)
				}
				if tt.between != nil {
					tt.between(r)
				}
				run := r.stage(tt.second)
				before := r.all()
				r.want(r.run(run), report.Held, tt.code)
				r.wantHolds(before)
				rep := r.report(run)
				rule := sweep.RuleOf(tt.code)
				if h := rep.Sweep.Held[0]; h.Do != rule.Do || h.Text == "" {
					t.Errorf("held: %+v", h)
				}
				if has := strings.Contains(rep.Approve, "--run "+string(run)+" --codes "+string(tt.code)); has != rule.Approvable {
					t.Errorf("the command is %q", rep.Approve)
				}
				if rule.Approvable { // it does not go by itself
					run = r.stage(tt.second)
					r.want(r.run(run), report.Held, tt.code)
				}
				_, err := r.approve(run, string(tt.code))
				if rule.Approvable != (err == nil) || !rule.Approvable && !errors.Is(err, transform.ErrNotApprovable) {
					t.Errorf("approving ends with %v", err)
				}
				if rule.Approvable {
					r.want(r.run(run), report.Done)
				}
			})
		})
	}
}

// TestClocks sets the clocks of Authomize apart. What was posted stays.
func TestClocks(t *testing.T) {
	for name, clocks := range map[string]authomizetest.Clocks{
		"receipts ahead":           {Accepted: 2 * time.Minute},
		"receipts an hour ahead":   {Accepted: time.Hour},
		"receipts and dates ahead": {Accepted: 2 * time.Hour, Date: 2 * time.Hour},
		"receipts behind":          {Accepted: -time.Hour, Date: -time.Hour},
		"all ahead":                {Accepted: time.Hour, Date: time.Hour, Modified: time.Hour},
		"all behind":               {Accepted: -time.Hour, Date: -time.Hour, Modified: -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				all := people(5)
				r.want(r.run(r.stage(world{users: all})), report.Done)
				r.want(r.run(r.stage(world{users: all[1:]})), report.Done)
				r.wantUsers(all[1:]...)
			}, authomizetest.WithClocks(clocks))
		})
	}
}

// A mistyped app id holds from run to run: the other app loses nothing.
func TestAnotherApp(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.app.AddForeign("theirs", authomize.Users, "user:theirs")
		r.want(r.run(r.stage(world{users: people(3)})), report.Done)
		r.useApp("theirs")
		for range 2 {
			r.want(r.run(r.stage(world{users: people(3)})), report.Held, sweep.AppNotEmpty)
		}
		r.useApp(r.app.AppID) // named before, so that nothing has to be approved
		r.want(r.run(r.stage(world{users: people(2)})), report.Done)
		r.wantUsers(people(2)...)
		r.useApp("theirs")
		r.want(r.run(r.stage(world{users: people(2)})), report.Held, sweep.AppNotEmpty)
		for _, d := range r.app.Deleted() {
			if d.App == "theirs" {
				t.Errorf("deleted in the other app: %+v", d)
			}
		}
	})
}

// All that is remembered is lost, and a list loses somebody.
func TestAllIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.want(r.run(r.stage(world{users: people(3)})), report.Done)
		r.store, r.last = new(stagingtest.Memory), ""
		time.Sleep(24 * time.Hour)
		r.want(r.run(r.stage(world{users: people(2)})), report.Held, sweep.AppNotEmpty)
		r.wantUsers(people(3)...)
	})
}

// A user whom Authomize refuses for good holds one run, until it is approved.
func TestRefusedForGood(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(4)
		refuse := func(field, name string) {
			r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseField(field, "user:"+id(name).String())})
		}
		refuse("", "p000") // from the first day on, so that Authomize never held it
		r.want(r.run(r.stage(world{users: all})), report.Done)
		refuse("email", "p001") // without the field it is taken
		run := r.stage(world{users: all})
		r.want(r.run(run), report.Done)
		if w := r.report(run).Warnings; len(w) == 0 || w[0].Code != report.RefusedField+"users.email" || w[0].Count != 1 {
			t.Errorf("warnings: %+v", w)
		}
		refuse("", "p002")
		for range 2 { // it does not go by itself
			r.want(r.run(r.stage(world{users: all})), report.Held, sweep.Refused)
		}
		r.want(r.mustApprove(r.last, "refused"), report.Done)
		r.want(r.run(r.stage(world{users: all})), report.Done)
		r.wantUsers("p001", "p003")
	})
}

// What was refused for what it refers to, and is then refused by itself, was held
// before: it does not go.
func TestRefusedByItselfLater(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all, user := people(4), "user:"+id("p001").String()
		r.want(r.run(r.stage(world{users: all})), report.Done)
		r.app.AddFaults(
			authomizetest.Fault{Kind: authomize.Users, Method: "POST", Times: 1, Do: authomizetest.RefuseField("", user)},
			authomizetest.Fault{Kind: authomize.AccountAssociations, Method: "POST", Times: 1, Do: authomizetest.SetField("invalidSourceIds", []string{user})},
		)
		r.want(r.run(r.stage(world{users: all})), report.Held, sweep.Refused)
		tie := user + " group:" + id("staff").String()
		r.app.AddFaults(authomizetest.Fault{Kind: authomize.AccountAssociations, Method: "POST", Do: authomizetest.RefuseField("", tie)})
		r.want(r.run(r.stage(world{users: all})), report.Held, sweep.Refused)
		if held := r.app.Held(r.app.AppID, authomize.AccountAssociations); !slices.Contains(held, tie) {
			t.Errorf("%s is gone", tie)
		}
	})
}

func TestWhoMayBePosted(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		run1 := r.stage(world{users: all})
		r.want(r.run(run1), report.Done)
		run2 := r.stage(world{users: all[1:]})
		time.Sleep(7 * time.Hour) // so that another run may be opened
		run3 := r.stageAs(staging.RunAt(time.Now().Add(2*time.Minute)), staging.Run{All: true, DryRun: true}, world{users: all[2:]})
		time.Sleep(time.Hour)

		left := func(run staging.RunID) {
			t.Helper()
			r.posts()
			if got := r.run(run); got.State != report.Waiting || got.Report != nil || len(r.posts()) > 0 {
				t.Errorf("run %s: %+v", run, got)
			}
		}
		left(run2) // since another one is open
		r.want(r.run(run2, byPerson), report.Done)
		left2 := func(run staging.RunID) {
			t.Helper()
			if _, err := r.try(run, byPerson); !errors.Is(err, transform.ErrRefused) {
				t.Errorf("run %s: %v, want a refusal", run, err)
			}
		}
		left2(run1) // since a newer one was posted
		if got := r.run(run1); got.State != report.Done || got.Report != nil {
			t.Errorf("an event for a run that has ended: %+v", got)
		}
		r.posts()
		got := r.run(run3) // which is dry, and so is what a person makes of an older one
		if got.State != report.Done || got.Swept || len(r.posts()) > 0 || !r.report(run3).DryRun {
			t.Errorf("dry run: %+v", got)
		}
		before := r.report(run1)
		r.settings.DryRun = true
		got = r.run(run1, byPerson)
		if got.State != report.Done || got.Swept || got.Report == nil || !got.Report.DryRun || len(r.posts()) > 0 || r.report(run1).StartedAt != before.StartedAt {
			t.Errorf("dry run of an older run: %+v", got)
		}
		r.settings.DryRun = false
		r.wantUsers(all[1:]...)
	})
}

// A run that lies ahead is not posted, and none is held for it.
func TestRunAhead(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		ahead := r.stageAs(staging.RunAt(time.Now().Add(9*time.Minute)), staging.Run{All: true}, world{users: people(3)})
		o := func(o *transform.Options) { o.Now = func() time.Time { return time.Now().Add(-20 * time.Hour) } }
		if got := r.run(ahead, o); got.State != report.Waiting {
			t.Errorf("%+v", got)
		}
		if _, err := r.try(ahead, o, byPerson); !errors.Is(err, transform.ErrRefused) {
			t.Errorf("%v, want a refusal", err)
		}
		r.want(r.run(ahead), report.Done)
	})
}

func TestWaitsForCollections(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		if got := r.run(""); got.State != report.Waiting || got.Run != "" {
			t.Errorf("without an open run: %+v", got)
		}
		run := staging.RunAt(time.Now())
		if _, err := r.try(run); !errors.Is(err, staging.ErrUnknownRun) {
			t.Errorf("%v, want an unknown run", err)
		}
		r.stage(world{users: people(3)})
		for _, key := range r.keys() {
			if strings.HasSuffix(key, "/groups/complete.json") {
				r.delete(key)
			}
		}
		if got := r.run(run); got.State != report.Waiting || !slices.Equal(got.Waiting, []staging.Collection{staging.Groups}) {
			t.Errorf("%+v", got)
		}
	})
}

// The settings let nothing be deleted: the report lists what would go.
func TestSweepModes(t *testing.T) {
	for _, mode := range []config.SweepMode{config.SweepReport, config.SweepNever} {
		t.Run(string(mode), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				r.settings.Sweep = mode
				all := people(5)
				r.want(r.run(r.stage(world{users: all})), report.Done)
				run := r.stage(world{users: all[1:]})
				r.want(r.run(run), report.Done)
				r.wantUsers(all...)
				gone := r.report(run).Sweep.Gone
				if len(gone) != 2 || gone[0].Kind != "users" || gone[0].IDs[0] != "user:"+id("p000").String() || gone[1].Count != 2 {
					t.Errorf("what would go: %+v", gone)
				}
				r.settings.Sweep = config.SweepApply
				r.want(r.run(r.stage(world{users: all[1:]})), report.Done)
				r.wantUsers(all[1:]...)
			})
		})
	}
}

// What trying again can't help ends the run. Anything else is tried again, and
// does not look as if the run went on.
func TestFaults(t *testing.T) {
	for _, tt := range []struct {
		status int
		final  bool
	}{{401, true}, {404, true}, {500, false}} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			bubble(t, func(t *testing.T, r *rig) {
				run := r.stage(world{users: people(3)})
				r.app.AddFaults(authomizetest.Fault{From: 12, Do: authomizetest.Status(tt.status)}) // after a look into the app
				got, err := r.try(run)
				if tt.final != (err == nil) || tt.final && (got.State != report.Failed || got.Cause == nil || r.report(run).Error == "") {
					t.Fatalf("%+v, %v", got, err)
				}
				if tt.final { // an event does not try it again, a person may
					if got := r.run(run); got.State != report.Failed || got.Report != nil {
						t.Errorf("%+v", got)
					}
					return
				}
				before := r.lastWrite(run)
				time.Sleep(time.Hour)
				late := func(o *transform.Options) { o.Client = &outOfTime{o.Client} }
				if got, err := r.try(run, late); err != nil || !got.Unfinished || got.Progressed {
					t.Errorf("out of time: %+v, %v", got, err)
				}
				if _, err := r.try(run); err == nil || !r.lastWrite(run).Equal(before) {
					t.Errorf("%v; written at %s, after %s", err, r.lastWrite(run), before)
				}
			})
		})
	}
}

// An outOfTime Authomize takes nothing before the time is over.
type outOfTime struct{ transform.Authomize }

func (*outOfTime) Post(context.Context, authomize.Kind, [][]byte) (authomize.Receipt, error) {
	return authomize.Receipt{}, transport.ErrOutOfTime
}

// A slow Authomize shows nothing before a time.
type slow struct {
	transform.Authomize
	until time.Time
}

func (s *slow) Refreshed(ctx context.Context, kind authomize.Kind, since time.Time) iter.Seq2[string, error] {
	if time.Now().Before(s.until) {
		return func(func(string, error) bool) {}
	}
	return s.Authomize.Refreshed(ctx, kind, since)
}

func TestWaitsUntilAuthomizeShowsIt(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run := r.stage(world{users: people(3)})
		began := time.Now()
		r.want(r.run(run, func(o *transform.Options) { o.Client = &slow{o.Client, began.Add(10 * time.Minute)} }), report.Done)
		if took := time.Since(began); took < 10*time.Minute || took > 15*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// Out of time, a transform says so, and the next one goes on.
func TestOutOfTime(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run := r.stage(world{users: people(40)})
		ctx, cancel := context.WithCancel(t.Context())
		o := r.options()
		o.MaxItems = 10
		o.OnProgress = func(p transform.Progress) {
			if p.Kind == authomize.AccountAssociations && p.Posted >= 10 {
				cancel()
			}
		}
		got, err := transform.Run(ctx, run, o)
		if err != nil || got.State != report.Waiting || !got.Unfinished || !got.Progressed {
			t.Fatalf("%+v, %v", got, err)
		}
		r.posts()
		r.settings.DryRun = true // which begins anew, and leaves what was reached
		dry := r.run(run, byPerson)
		if k := dry.Report.Kinds; len(r.posts()) > 0 || k[0].Mapped != 40 || k[8].Mapped != 80 {
			t.Errorf("dry run: %+v", k)
		}
		r.settings.DryRun = false
		r.want(r.run(run), report.Done)
		if posts := r.posts(); posts[authomize.Users] > 0 || posts[authomize.AccountAssociations] > 70 || posts[authomize.Permissions] == 0 {
			t.Errorf("posted then: %v", posts)
		}
		for _, k := range r.report(run).Kinds {
			if k.Mapped != k.Posted || k.Mapped != k.Accepted {
				t.Errorf("%+v", k)
			}
		}

		// The same while Authomize is asked for what was posted.
		r.app.SetRefresh(false)
		run = r.stage(world{users: people(40)})
		for n := range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
			got, err := transform.Run(ctx, run, r.options())
			cancel()
			if err != nil || !got.Unfinished || !got.Progressed {
				t.Fatalf("%d: %+v, %v", n, got, err)
			}
		}
		r.posts()
		r.want(r.run(run), report.Held, sweep.NotRefreshed)
		if posts := r.posts(); len(posts) > 0 {
			t.Errorf("posted once more: %v", posts)
		}
	})
}

// Permissions of roles that the settings ask for no more are no loss.
func TestRolePermissionsSwitchedOff(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		w := world{users: people(3), permissions: 40}
		r.settings.RolePermissions = true
		r.want(r.run(r.stage(w)), report.Done)
		if n := r.app.Count(authomize.PrivilegeGrants); n != 40 {
			t.Fatalf("%d grants", n)
		}
		w.permissions = 10
		r.want(r.run(r.stage(w)), report.Held, sweep.Shrunk)
		r.settings.RolePermissions = false
		r.want(r.run(r.stage(w)), report.Done)
		if n := r.app.Count(authomize.PrivilegeGrants); n != 0 {
			t.Errorf("%d grants are left", n)
		}
	})
}

// A run that holds nothing deletes nothing: there is no moment to sweep from.
func TestNothingAtAll(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.want(r.run(r.stage(world{users: people(3)})), report.Done)
		r.want(r.run(r.stage(world{nothing: true})), report.Held, sweep.Receipted)
		r.wantUsers(people(3)...)
	})
}
