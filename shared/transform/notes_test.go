package transform_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
	"pingone-authomize/shared/transform"
)

// withoutHistory says that no earlier snapshot of groups was readable.
func withoutHistory(c staging.Collection, m *staging.Manifest) {
	if c == staging.Groups {
		m.Previous = ""
	}
}

// What was lost stands until it is approved, also where a run in between that
// was not posted lost it.
func TestHistory(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		r.want(r.run(r.stage(world{users: all})), report.Done)
		dry := func(edit func(staging.Collection, *staging.Manifest)) {
			time.Sleep(24 * time.Hour)
			run := r.stageAs(staging.RunAt(time.Now()), staging.Run{All: true, DryRun: true}, world{users: all, edit: edit})
			r.run(run)
		}
		dry(nil) // is in between, and lost nothing
		r.want(r.run(r.stage(world{users: all})), report.Done)
		dry(withoutHistory)
		for range 2 {
			r.want(r.run(r.stage(world{users: all[1:]})), report.Held, sweep.HistoryLost)
		}
		r.wantUsers(all...)
		r.want(r.mustApprove(r.last, "history-lost"), report.Done)
		r.wantUsers(all[1:]...)
		time.Sleep(24 * time.Hour)
		r.stageAs(staging.RunAt(time.Now()), staging.Run{All: true, DryRun: true}, world{users: all[1:]})
		r.run(r.last)
		r.delete(staging.CompleteKey(r.last, staging.Users)) // so that nobody can tell what came in between
		r.want(r.run(r.stage(world{users: all[2:]})), report.Held, sweep.HistoryLost)
	})
}

// Where the folder of a run is gone, nobody can tell whether it was posted: what
// only that run showed must not go unseen. It stands until it is approved.
func TestLostFolder(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		run1 := r.stage(world{users: all[1:]})
		r.want(r.run(run1), report.Done)
		run2 := r.stage(world{users: all})
		r.want(r.run(run2), report.Done)
		r.delete(staging.RunPrefix(run2))
		r.last = run1
		for range 2 {
			r.want(r.run(r.stage(world{users: all[1:]})), report.Held, sweep.HistoryLost)
		}
		r.wantUsers(all...)
		r.want(r.mustApprove(r.last, "history-lost"), report.Done)
		r.wantUsers(all[1:]...)
		r.want(r.run(r.stage(world{users: all[1:]})), report.Done)
	})
}

// While the run before is being posted, the next one waits.
func TestWaitsForTheRunBefore(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run1 := r.stage(world{users: people(3)})
		r.want(r.run(run1), report.Done)
		run2 := r.stage(world{users: people(3)})
		for _, key := range []string{staging.LeaseKey(run1, ""), staging.LeaseKey(run2, "")} {
			lease, err := staging.Acquire(t.Context(), r.store, key, "other", time.Hour, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			r.posts()
			if got := r.run(run2); got.State != report.Waiting || got.Report != nil || len(r.posts()) > 0 {
				t.Errorf("%s is held by another, yet %+v", key, got)
			}
			if err := lease.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		r.want(r.run(run2), report.Done)
	})
}

// Notes that can't be read are as good as none for a later run, but tell that
// the run was posted.
func TestDamagedNotes(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		run1 := r.stage(world{users: all})
		r.want(r.run(run1), report.Done)
		run2 := r.stage(world{users: all})
		r.want(r.run(run2), report.Done)
		if _, err := r.store.Put(t.Context(), staging.TransformKey(run2), []byte("{"), staging.Always); err != nil {
			t.Fatal(err)
		}
		if _, err := r.try(run1, byPerson); !errors.Is(err, transform.ErrRefused) {
			t.Errorf("an older run: %v", err)
		}
		if got := r.run(run2, byPerson); got.State != report.Failed || !errors.Is(got.Cause, staging.ErrCorrupt) {
			t.Errorf("the run itself: %+v", got)
		}
		r.want(r.run(r.stage(world{users: all[1:]})), report.Done)
		r.wantUsers(all[1:]...)
	})
}

// Where records are made otherwise, none of those that were posted count.
func TestOtherRecordsStartAtTheFirst(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run := r.stage(world{users: people(40)})
		ctx, cancel := context.WithCancel(t.Context())
		o := r.options()
		o.OnProgress = func(p transform.Progress) {
			if p.Kind == authomize.Assets && p.Done {
				cancel()
			}
		}
		if got, err := transform.Run(ctx, run, o); err != nil || !got.Unfinished {
			t.Fatalf("%+v, %v", got, err)
		}
		r.posts()
		r.settings.ServiceAccounts = config.ServiceAccountsAsUsers
		r.want(r.run(run), report.Done)
		if posts := r.posts(); posts[authomize.Users] != 40 {
			t.Errorf("posted then: %v", posts)
		}
	})
}

// A person may have a run transformed once more, from what was read then.
func TestOnceMore(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		all := people(5)
		run := r.stage(world{users: all})
		r.want(r.run(run), report.Done)
		time.Sleep(time.Hour)
		r.app.AddForeign(r.app.AppID, authomize.Users, "user:made-by-hand")
		time.Sleep(time.Hour)
		r.posts()
		r.want(r.run(run, byPerson), report.Done)
		if posts := r.posts(); posts[authomize.Users] != 5 {
			t.Errorf("posted: %v", posts)
		}
		r.wantUsers(all...)
	})
}

// What is refused in a second pass of a run was accepted in the first one.
func TestRefusedInASecondPass(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run := r.stage(world{users: people(3)})
		r.want(r.run(run), report.Done)
		time.Sleep(time.Hour)
		r.app.AddFaults(authomizetest.Fault{Kind: authomize.Users, Do: authomizetest.RefuseField("", "user:"+id("p001").String())})
		r.want(r.run(run, byPerson), report.Held, sweep.Refused)
		r.wantUsers(people(3)...)
	})
}

// A transform whose run another one has begun anew leaves that alone.
func TestTakenOver(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run := r.stage(world{users: people(3)})
		o := r.options()
		o.OnProgress = func(p transform.Progress) {
			if p.Kind == authomize.Assets && p.Done {
				r.want(r.run(run), report.Done)
				time.Sleep(time.Second) // too short to see that the lease is lost
				r.want(r.run(run, byPerson), report.Done)
			}
		}
		before := time.Now()
		if got, err := transform.Run(t.Context(), run, o); err == nil {
			t.Errorf("it ends with %+v", got)
		}
		if rep := r.report(run); !rep.StartedAt.After(before) || rep.State != report.Done {
			t.Errorf("the report is of %s", rep.StartedAt)
		}
	})
}

// A putHook acts before a key is written.
type putHook struct {
	staging.Store
	key    string
	before func()
}

func (p *putHook) Put(ctx context.Context, key string, data []byte, cond staging.Condition) (string, error) {
	if before := p.before; key == p.key && before != nil {
		p.before = nil
		before()
	}
	return p.Store.Put(ctx, key, data, cond)
}

// A newer run is posted in the moment in which a person has an older one posted.
func TestOvertaken(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run1 := r.stage(world{users: people(3)})
		run2 := r.stage(world{users: people(2)})
		o := r.options()
		o.ByPerson = true
		o.Store = &putHook{Store: r.store, key: staging.TransformKey(run1), before: func() {
			r.want(r.run(run2), report.Done)
			r.posts()
		}}
		if _, err := transform.Run(t.Context(), run1, o); !errors.Is(err, transform.ErrRefused) || len(r.posts()) > 0 {
			t.Errorf("the older run ends with %v", err)
		}
	})
}

// Where only the audit feed proves that something is gone, the report says so.
func TestWitnessesThatLack(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		run := r.stage(world{users: people(2), edit: func(c staging.Collection, m *staging.Manifest) {
			if c == staging.Users {
				m.Rights, m.Counts = []staging.Rights{{Read: true}, {}}, nil
			}
		}})
		r.want(r.run(run), report.Done)
		want := []report.Warning{
			{Code: report.RightsUnreadable, Count: 1, IDs: []string{"users"}},
			{Code: report.UsersNotCounted, Count: 1, IDs: []string{id("main").String()}},
		}
		if diff := cmp.Diff(want, r.report(run).Warnings[:2]); diff != "" {
			t.Errorf("warnings (-want +got):\n%s", diff)
		}
	})
}
