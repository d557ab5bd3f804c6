package oracle

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
)

// machines are the bad days of everything but PingOne.
var machines = []trouble{
	{"invocations are killed", kill}, {"invocations are killed", kill}, {"the store fails", failStore}, {"an object is lost or damaged", damage},
	{"a dry run", dryRun}, {"a narrowed run", narrowRun}, {"three schedules at once", crowd}, {"another app", otherApp},
	{"a run is replayed", replay}, {"a person approves", approveSome}, {"receipts lie", lie}, {"a record is refused", refuseRecord},
	{"Authomize fails", failAuthomize}, {"clocks differ", skew}, {"posting again does not refresh", noRefresh},
}

var errDead = errors.New("the invocation is dead")

func (w *world) faults(name string, f func() stagingtest.Fault) {
	every, rest := 1+w.rnd.IntN(4), w.rnd.IntN(4)
	var mu sync.Mutex
	w.say("  %s: each %d of %d", name, rest, every)
	w.schedule.faulty = func(s staging.Store, at int) staging.Store {
		mu.Lock()
		defer mu.Unlock()
		if at%(every+1) != rest%(every+1) {
			return s
		}
		return stagingtest.NewFaulty(s, f())
	}
	w.lasts(0, func() { w.schedule.faulty = nil })
}

func kill(w *world) {
	w.faults("kill", func() stagingtest.Fault {
		return stagingtest.Fault{N: 1 + w.rnd.IntN(30), Err: errDead, Dead: true, Applied: w.rnd.IntN(2) == 0}
	})
}

func failStore(w *world) {
	w.faults("fail the store", func() stagingtest.Fault {
		return stagingtest.Fault{N: 1 + w.rnd.IntN(30), Err: errors.New("503 slow down"), Applied: w.rnd.IntN(2) == 0}
	})
}

// damage loses or damages an object of one of the newest runs, before a run or
// while it is read.
func damage(w *world) {
	w.tainted = true
	do := func(*pingonetest.Organization) {
		keys, err := w.store.List(w.t.Context(), "runs/")
		if err != nil || len(keys) == 0 {
			return
		}
		if w.rnd.IntN(3) == 0 { // a whole folder
			folder := keys[w.rnd.IntN(len(keys))]
			folder = folder[:strings.LastIndexByte(folder, '/')+1]
			for _, key := range keys {
				if folder != "runs/" && strings.HasPrefix(key, folder) {
					w.store.Delete(key)
				}
			}
			w.say("  lose %s", folder)
			return
		}
		key := keys[max(len(keys)-1-w.rnd.IntN(120), 0)]
		if w.rnd.IntN(2) == 0 || key == staging.OpenKey {
			w.store.Delete(key)
			w.say("  lose %s", key)
			return
		}
		object, err := w.store.Get(w.t.Context(), key)
		if err == nil {
			_, _ = w.store.Put(w.t.Context(), key, object.Data[:len(object.Data)/2], staging.Always)
			w.say("  damage %s", key)
		}
	}
	if w.rnd.IntN(2) == 0 {
		do(w.org)
	} else {
		w.within("damage the store", do)
	}
}

func dryRun(w *world) {
	w.schedule.dry = true
	w.lasts(0, func() { w.schedule.dry = false })
}

func narrowRun(w *world) {
	w.schedule.only = []pingone.ID{w.somewhere().ID}
	w.say("  only %v", short(w.schedule.only[0]))
	w.lasts(0, func() { w.schedule.only = nil })
}

func crowd(w *world) {
	w.say("  three at once")
	w.crowd = 3
	w.lasts(0, func() { w.crowd = 1 })
}

// otherApp posts to an app that holds what somebody else posted.
func otherApp(w *world) {
	w.app = "somebody-elses-app"
	w.say("  to %s", w.app)
	w.authomize.AddForeign(w.app, authomize.Users, "foreign-user")
	w.authomize.AddForeign(w.app, authomize.Identities, "foreign-identity")
	w.lasts(1, func() { w.app = authomizetest.DefaultApp })
}

func replay(w *world) {
	runs, err := staging.Runs(w.t.Context(), w.store)
	if err != nil || len(runs) == 0 {
		return
	}
	w.replay(runs[max(len(runs)-1-w.rnd.IntN(3), 0)])
}

func approveSome(w *world) {
	w.tainted = true
	w.approve(w.last, func(codes []string) []string {
		return slices.DeleteFunc(codes, func(string) bool { return w.rnd.IntN(2) == 0 })
	}, false)
}

func (w *world) authomizeFault(f authomizetest.Fault, what string) {
	w.say("  %s of %s, %d times from %d", what, f.Kind, f.Times, f.From)
	w.authomize.AddFaults(f)
}

func lie(w *world) {
	kind, _ := pick(w, authomize.Kinds)
	do, _ := pick(w, []authomizetest.Action{
		authomizetest.AcceptFewer(1), authomizetest.NoTimestamp(), authomizetest.SetField("numberOfAcceptedEntities", 100_000),
		authomizetest.SetField("invalidSourceIds", []string{"user:" + id(workforce, "user", 0).String()}), authomizetest.NotJSON(),
		authomizetest.SetField("acceptedTimestamp", time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)),
		authomizetest.SetField("acceptedTimestamp", time.Now().Add(-24*time.Hour).UTC().Format(time.RFC3339)),
	})
	w.authomizeFault(authomizetest.Fault{Kind: kind, Method: "POST", Times: 1 + w.rnd.IntN(2), Do: do}, "a receipt lies")
}

func refuseRecord(w *world) {
	e := w.somewhere()
	u, ok := w.user(e)
	field, _ := pick(w, []string{"email", "", "name"})
	if ok {
		w.authomizeFault(authomizetest.Fault{
			Kind: authomize.Users, Method: "POST", Times: 1 + w.rnd.IntN(6), Do: authomizetest.RefuseField(field, "user:"+u.String()),
		}, fmt.Sprintf("refuse %q of %s", field, short(u)))
	}
}

func failAuthomize(w *world) {
	kind, _ := pick(w, authomize.Kinds)
	do, _ := pick(w, []authomizetest.Action{
		authomizetest.Status(500), authomizetest.Status(503), authomizetest.CutAfter(), authomizetest.CutBefore(), authomizetest.Status(403),
		authomizetest.Throttle("7"), authomizetest.TooLarge(500),
	})
	w.authomizeFault(authomizetest.Fault{Kind: kind, From: 1 + w.rnd.IntN(2), Times: 1 + w.rnd.IntN(12), Do: do}, "a fault")
}

// skew sets Authomize's clocks apart.
func skew(w *world) {
	by := func() time.Duration {
		d, _ := pick(w, []time.Duration{0, 0, 2 * time.Minute, -2 * time.Minute, time.Hour, -time.Hour})
		w.judge.skew = max(w.judge.skew, d.Abs())
		return d
	}
	c := authomizetest.Clocks{Accepted: by(), Date: by(), Modified: by()}
	w.say("  clocks %+v", c)
	w.authomize.SetClocks(c)
	w.lasts(1, func() { w.authomize.SetClocks(authomizetest.Clocks{}) })
}

func noRefresh(w *world) {
	w.say("  posting again does not refresh")
	w.authomize.SetRefresh(false)
	w.lasts(1, func() { w.authomize.SetRefresh(true) })
}
