package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// sequences is how many are tried; each takes a fraction of a second.
const sequences = 40

// Random sequences of SWEEP modes, deletions, hidden populations, approvals,
// replays and runs transformed late: no user who exists is ever deleted, and
// what is really gone is held for once at most when a person approves.
func TestModel(t *testing.T) {
	for seed := range sequences {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			model(t, uint64(seed))
		})
	}
}

func model(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 95
	main := id("main")
	type user struct {
		id  pingone.ID
		pop int
	}
	pop := func(i int) pingone.ID { return pingonetest.StableID("pop", fmt.Sprint(i)) }
	pops := map[int]bool{}
	hidden := map[int]bool{}
	var users []user
	next, nextPop := 0, 0
	addPop := func() {
		r.org.AddPopulation(main, pingonetest.Population{ID: pop(nextPop), Name: fmt.Sprint("P", nextPop)})
		pops[nextPop] = true
		nextPop++
	}
	addUser := func() {
		var live []int
		for p := range pops {
			if !hidden[p] {
				live = append(live, p)
			}
		}
		if len(live) == 0 {
			return
		}
		slices.Sort(live)
		u := user{many("model", next), live[rnd.IntN(len(live))]}
		next++
		users = append(users, u)
		r.org.AddUser(main, pingonetest.User{ID: u.id, Population: pop(u.pop), Username: fmt.Sprint("u", next)})
	}
	for range 3 {
		addPop()
	}
	for range 6 {
		addUser()
	}
	var log []string
	say := func(f string, a ...any) { log = append(log, fmt.Sprintf(f, a...)) }
	day := run1.Time()
	var last staging.RunID
	var pending, done []staging.RunID
	heldClean := map[staging.RunID]bool{} // held, nothing hidden when it was fetched
	clean := map[staging.RunID]bool{}
	visible := map[staging.RunID]map[pingone.ID]bool{}
	posted := map[pingone.ID]bool{}
	modes := []config.SweepMode{config.SweepApply, config.SweepReport, config.SweepNever}
	check := func(what string) {
		held := map[string]bool{}
		for _, u := range r.held()["users"] {
			held[u] = true
		}
		for _, u := range users {
			if posted[u.id] && !held["user:"+u.id.String()] {
				t.Fatalf("after %s: user %s of population %d is gone from Authomize\n%s", what, u.id, u.pop, strings.Join(log, "\n"))
			}
		}
	}
	fetch := func() staging.RunID {
		day = day.Add(24 * time.Hour)
		run := staging.RunID(day.Format("20060102T150405Z"))
		c.set(day.Add(30 * time.Minute))
		r.fetch(run)
		clean[run] = len(hidden) == 0
		visible[run] = map[pingone.ID]bool{}
		for _, u := range users {
			if !hidden[u.pop] {
				visible[run][u.id] = true
			}
		}
		return run
	}
	transformRun := func(run staging.RunID, again bool) report.State {
		day = day.Add(time.Hour)
		c.set(day)
		o := r.options()
		o.Again = again
		got := r.run(run, o)
		for u := range visible[run] {
			posted[u] = true
		}
		say("transform %s again %t, SWEEP=%s: %s swept %t %q", run, again, r.settings.Sweep, got.State, got.Swept, got.Held)
		if got.State == report.Held && clean[run] && !slices.ContainsFunc(got.Held, func(s string) bool { return strings.Contains(s, " is newer and was posted") }) {
			heldClean[run] = true
		} else {
			delete(heldClean, run)
		}
		done = append(done, run)
		last = max(last, run)
		check("transform " + string(run))
		return got.State
	}
	for range 14 {
		switch rnd.IntN(12) {
		case 0, 1:
			if len(users) > 2 {
				i := rnd.IntN(len(users))
				say("delete user %s of %d", users[i].id, users[i].pop)
				r.org.RemoveUser(main, users[i].id)
				users = slices.Delete(users, i, i+1)
			}
		case 2:
			addUser()
			say("add user")
		case 3, 4:
			p := rnd.IntN(nextPop)
			if pops[p] && !hidden[p] {
				say("hide %d", p)
				hidden[p] = true
				r.org.HidePopulation(main, pop(p))
			} else if hidden[p] {
				say("show %d", p)
				delete(hidden, p)
				r.org.ShowPopulation(main, pop(p))
			}
		case 5:
			for p := range hidden {
				r.org.ShowPopulation(main, pop(p))
			}
			clear(hidden)
			say("show all")
		case 6:
			p := rnd.IntN(nextPop)
			if pops[p] && !hidden[p] && len(pops) > 1 {
				say("delete population %d", p)
				for i := len(users) - 1; i >= 0; i-- {
					if users[i].pop == p {
						r.org.RemoveUser(main, users[i].id)
						users = slices.Delete(users, i, i+1)
					}
				}
				r.org.RemovePopulation(main, pop(p))
				delete(pops, p)
				if len(pops) < 3 {
					addPop()
				}
			}
		case 7:
			r.settings.Sweep = modes[rnd.IntN(3)]
		case 8:
			run := fetch()
			say("fetch %s", run)
			pending = append(pending, run)
		case 9:
			if len(pending) > 0 {
				i := rnd.IntN(len(pending))
				run := pending[i]
				pending = slices.Delete(pending, i, i+1)
				transformRun(run, false)
			} else if len(done) > 0 {
				transformRun(done[rnd.IntN(len(done))], true)
			}
		case 10:
			var can []staging.RunID
			for run := range heldClean {
				can = append(can, run)
			}
			slices.Sort(can)
			if len(can) > 0 {
				run := can[rnd.IntN(len(can))]
				got, err := r.approve(run)
				say("approve %s SWEEP=%s: %v %v", run, r.settings.Sweep, got.State, err)
				delete(heldClean, run)
				// Whoever was added later and not posted since is none of this.
				check("approve " + string(run))
			}
		default:
			transformRun(fetch(), false)
		}
	}
	// At the end all is visible. One run, approved if it is held; the next is good.
	for p := range hidden {
		r.org.ShowPopulation(main, pop(p))
	}
	clear(hidden)
	say("show all, end")
	if run := fetch(); transformRun(run, false) == report.Held {
		if run2 := fetch(); transformRun(run2, false) == report.Held {
			if _, err := r.approve(run2); err != nil {
				t.Fatalf("approve: %v\n%s", err, strings.Join(log, "\n"))
			}
		}
	}
	if transformRun(fetch(), false) != report.Done {
		t.Fatalf("held for ever:\n%s", strings.Join(log, "\n"))
	}
	r.settings.Sweep = config.SweepApply
	transformRun(fetch(), false)
	if n := len(r.held()["users"]); n != len(users)+5 {
		t.Errorf("%d users, want %d\n%s", n, len(users)+5, strings.Join(log, "\n"))
	}
}
