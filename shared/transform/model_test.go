package transform_test

import (
	"fmt"
	"maps"
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

const (
	// sequences is how many are tried; each takes a fraction of a second.
	sequences = 40
	// modelSteps is how long each is.
	modelSteps = 14
)

// Random sequences of SWEEP modes, deletions, hidden populations, users whom a
// list loses, approvals, replays and runs transformed late: no user who exists
// is ever deleted, and what is really gone is held for once at most when a
// person approves.
func TestModel(t *testing.T) {
	for seed := range sequences {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, uint64(seed))
			for range modelSteps {
				w.step()
			}
			w.end()
		})
	}
}

// A world is an organization that changes, and what its runs must keep.
type world struct {
	*rig
	rnd   *rand.Rand
	clock *clock
	day   time.Time
	main  pingone.ID
	// pops are those that exist, hidden those that the worker application may
	// not see.
	pops, hidden      map[int]bool
	nextPop, nextUser int
	people            []inhabitant
	pending, done     []staging.RunID
	clean, approvable map[staging.RunID]bool // fetched with nothing hidden; held in spite of that
	visible           map[staging.RunID][]pingone.ID
	posted            map[pingone.ID]bool
	story             []string
}

type inhabitant struct {
	id  pingone.ID
	pop int
}

func newWorld(t *testing.T, seed uint64) *world {
	r, c := newTinyRig(t)
	r.settings.MaxShrinkPercent = 95
	w := &world{
		rig: r, rnd: rand.New(rand.NewPCG(seed, 7)), clock: c, day: run1.Time(), main: id("main"),
		pops: map[int]bool{}, hidden: map[int]bool{}, clean: map[staging.RunID]bool{}, approvable: map[staging.RunID]bool{},
		visible: map[staging.RunID][]pingone.ID{}, posted: map[pingone.ID]bool{},
	}
	for range 3 {
		w.addPopulation()
	}
	for range 6 {
		w.addUser()
	}
	return w
}

func modelPopulation(i int) pingone.ID { return many("pop", i) }

func (w *world) say(format string, a ...any) { w.story = append(w.story, fmt.Sprintf(format, a...)) }

func (w *world) told() string { return strings.Join(w.story, "\n") }

// step does one thing, by chance.
func (w *world) step() {
	switch w.rnd.IntN(13) {
	case 0, 1:
		w.deleteUser()
	case 2:
		w.addUser()
	case 3, 4:
		w.hideOrShow(w.rnd.IntN(w.nextPop))
	case 5:
		w.showAll()
	case 6:
		w.deletePopulation(w.rnd.IntN(w.nextPop))
	case 7:
		w.settings.Sweep = []config.SweepMode{config.SweepApply, config.SweepReport, config.SweepNever}[w.rnd.IntN(3)]
	case 8:
		w.pending = append(w.pending, w.fetchOne())
	case 9:
		w.transformLate()
	case 10:
		w.approveOne()
	case 11:
		w.loseUser()
	default:
		w.transformOne(w.fetchOne(), false)
	}
}

func (w *world) addPopulation() {
	w.org.AddPopulation(w.main, pingonetest.Population{ID: modelPopulation(w.nextPop), Name: fmt.Sprint("P", w.nextPop)})
	w.pops[w.nextPop] = true
	w.nextPop++
}

func (w *world) addUser() {
	var live []int
	for p := range w.nextPop {
		if w.pops[p] && !w.hidden[p] {
			live = append(live, p)
		}
	}
	if len(live) == 0 {
		return
	}
	u := inhabitant{many("model", w.nextUser), live[w.rnd.IntN(len(live))]}
	w.nextUser++
	w.people = append(w.people, u)
	w.org.AddUser(w.main, pingonetest.User{ID: u.id, Population: modelPopulation(u.pop), Username: fmt.Sprint("u", w.nextUser)})
	w.say("add user %s to %d", u.id, u.pop)
}

func (w *world) deleteUser() {
	if len(w.people) > 2 {
		w.remove(w.rnd.IntN(len(w.people)))
	}
}

func (w *world) remove(i int) {
	w.say("delete user %s of %d", w.people[i].id, w.people[i].pop)
	w.org.RemoveUser(w.main, w.people[i].id)
	w.people = slices.Delete(w.people, i, i+1)
}

// loseUser makes the next list of users leave one out whom Authomize holds.
func (w *world) loseUser() {
	var all []pingone.ID
	for _, u := range w.people {
		if w.posted[u.id] {
			all = append(all, u.id)
		}
	}
	if len(all) == 0 {
		return
	}
	lost := all[w.rnd.IntN(len(all))]
	w.say("the next list of users loses %s", lost)
	w.fake.Inject(pingonetest.Fault{Match: tinyEnvironment + "/users", Do: pingonetest.FaultLose, Lose: lost})
}

func (w *world) hideOrShow(p int) {
	switch {
	case w.hidden[p]:
		w.say("show %d", p)
		delete(w.hidden, p)
		w.org.ShowPopulation(w.main, modelPopulation(p))
	case w.pops[p]:
		w.say("hide %d", p)
		w.hidden[p] = true
		w.org.HidePopulation(w.main, modelPopulation(p))
	}
}

func (w *world) showAll() {
	for p := range w.hidden {
		w.org.ShowPopulation(w.main, modelPopulation(p))
	}
	clear(w.hidden)
	w.say("show all")
}

func (w *world) deletePopulation(p int) {
	if !w.pops[p] || w.hidden[p] || len(w.pops) < 2 {
		return
	}
	for i := len(w.people) - 1; i >= 0; i-- {
		if w.people[i].pop == p {
			w.remove(i)
		}
	}
	w.say("delete population %d", p)
	w.org.RemovePopulation(w.main, modelPopulation(p))
	delete(w.pops, p)
	if len(w.pops) < 3 {
		w.addPopulation()
	}
}

// fetchOne stages a run, a day after the one before.
func (w *world) fetchOne() staging.RunID {
	w.day = w.day.Add(24 * time.Hour)
	run := staging.RunID(w.day.Format("20060102T150405Z"))
	w.clock.set(w.day.Add(30 * time.Minute))
	w.fetch(run)
	w.clean[run] = len(w.hidden) == 0
	for _, u := range w.people {
		if !w.hidden[u.pop] {
			w.visible[run] = append(w.visible[run], u.id)
		}
	}
	w.say("fetch %s", run)
	return run
}

func (w *world) transformOne(run staging.RunID, again bool) report.State {
	w.day = w.day.Add(time.Hour)
	w.clock.set(w.day)
	o := w.options()
	o.Again = again
	got := w.run(run, o)
	for _, u := range w.visible[run] {
		w.posted[u] = true
	}
	w.say("transform %s again %t, SWEEP=%s: %s swept %t %q", run, again, w.settings.Sweep, got.State, got.Swept, got.Held)
	late := slices.ContainsFunc(got.Held, func(s string) bool { return strings.Contains(s, " is newer and was posted") })
	w.approvable[run] = got.State == report.Held && w.clean[run] && !late
	w.done = append(w.done, run)
	w.wantEverybody("transform " + string(run))
	return got.State
}

// transformLate transforms a run that was staged before, or one again.
func (w *world) transformLate() {
	switch {
	case len(w.pending) > 0:
		i := w.rnd.IntN(len(w.pending))
		run := w.pending[i]
		w.pending = slices.Delete(w.pending, i, i+1)
		w.transformOne(run, false)
	case len(w.done) > 0:
		w.transformOne(w.done[w.rnd.IntN(len(w.done))], true)
	}
}

// approveOne is a person who knows that nothing was hidden from a held run.
func (w *world) approveOne() {
	can := slices.DeleteFunc(slices.Sorted(maps.Keys(w.approvable)), func(run staging.RunID) bool { return !w.approvable[run] })
	if len(can) == 0 {
		return
	}
	run := can[w.rnd.IntN(len(can))]
	got, err := w.approve(run)
	w.say("approve %s SWEEP=%s: %v %v", run, w.settings.Sweep, got.State, err)
	w.approvable[run] = false
	w.wantEverybody("approve " + string(run))
}

// wantEverybody checks that whoever exists and was posted is still held.
func (w *world) wantEverybody(after string) {
	w.t.Helper()
	held := w.held()["users"]
	for _, u := range w.people {
		if w.posted[u.id] && !slices.Contains(held, "user:"+u.id.String()) {
			w.t.Fatalf("after %s: user %s of population %d is gone from Authomize\n%s", after, u.id, u.pop, w.told())
		}
	}
}

// end shows all that was hidden. One run, approved if need be, settles it; the
// next is good, and what is really gone goes.
func (w *world) end() {
	w.t.Helper()
	w.showAll()
	if w.transformOne(w.fetchOne(), false) == report.Held {
		if run := w.fetchOne(); w.transformOne(run, false) == report.Held {
			if _, err := w.approve(run); err != nil {
				w.t.Fatalf("approve: %v\n%s", err, w.told())
			}
		}
	}
	if w.transformOne(w.fetchOne(), false) != report.Done {
		w.t.Fatalf("held for ever:\n%s", w.told())
	}
	w.settings.Sweep = config.SweepApply
	w.transformOne(w.fetchOne(), false)
	if n := len(w.held()["users"]); n != len(w.people)+5 {
		w.t.Errorf("%d users, want %d\n%s", n, len(w.people)+5, w.told())
	}
}
