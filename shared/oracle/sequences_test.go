package oracle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// isLong tells whether the long tests are wanted.
func isLong() bool { return os.Getenv("LONG") == "1" }

// TestSequences lets runs read and post through random sequences of bad days.
// Nothing that exists may be lost; when all days are good again, nothing that is
// gone may stay. SEQUENCES=n tries that many; SEED=n one, and tells what happens.
func TestSequences(t *testing.T) {
	t.Parallel()
	first, sequences := uint64(1), uint64(40)
	if isLong() {
		sequences = 2000
	}
	if n, err := strconv.ParseUint(os.Getenv("SEQUENCES"), 10, 64); err == nil {
		sequences = n
	}
	if seed, err := strconv.ParseUint(os.Getenv("SEED"), 10, 64); err == nil {
		first, sequences = seed, 1
	}
	for seed := first; seed < first+sequences; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			inWorld(t, seed, small(), (*world).sequence, habits(seed)...)
		})
	}
}

// habits are what a tenant does in its own way.
func habits(seed uint64) []pingonetest.Option {
	rnd := rand.New(rand.NewPCG(seed, 7))
	opts := []pingonetest.Option{pingonetest.WithPageMax(2 + rnd.IntN(9))}
	for _, o := range []pingonetest.Option{
		pingonetest.WithCount(pingonetest.CountMissing), pingonetest.WithCount(pingonetest.CountWrong), pingonetest.WithoutSize(),
		pingonetest.WithoutUserCounts(), pingonetest.WithoutGroupCounts(), pingonetest.InheritedBy("type"), pingonetest.InheritedBy("inheritanceType"),
	} {
		if rnd.IntN(6) == 0 {
			opts = append(opts, o)
		}
	}
	return opts
}

// sequence is two good runs, a dozen bad ones, and good ones again.
func (w *world) sequence() {
	for range 2 {
		w.step(0, 0)
	}
	w.equal()
	w.tainted = false
	for range 12 {
		w.step(w.rnd.IntN(5), w.rnd.IntN(4))
	}
	w.mend(true)
	w.pingone.Heal()
	w.authomize.Heal()
	w.calm()
	if os.Getenv("SEED") != "" {
		w.tell()
	}
}

// step is one run, and what happens before it and meanwhile.
func (w *world) step(deeds, bad int) {
	time.Sleep(6*time.Hour + time.Duration(w.rnd.IntN(60))*time.Minute)
	w.plan = map[staging.Collection][]func(){}
	w.live(deeds)
	for range bad {
		all := troubles
		if w.rnd.IntN(3) == 0 {
			all = machines
		}
		one := all[w.rnd.IntN(len(all))]
		w.say("  trouble: %s", one.name)
		one.do(w)
	}
	if deeds > 0 {
		w.within("meanwhile", func(*pingonetest.Organization) {})
		c := staging.Collections[w.rnd.IntN(len(staging.Collections))]
		w.plan[c] = append(w.plan[c], func() { w.live(w.rnd.IntN(3)) })
	}
	w.runs()
	w.mend(false)
}

// runs are one run, or as many invocations as a crowd makes, at once.
func (w *world) runs() {
	var all sync.WaitGroup
	for range w.crowd - 1 {
		all.Go(func() {
			if _, err := w.sync(nil); err != nil {
				w.say("  beside: %v", err)
			}
		})
	}
	run, err := w.sync(func(c staging.Collection) {
		for _, do := range w.plan[c] {
			do()
		}
		delete(w.plan, c)
	})
	if err != nil {
		w.say("  given up: %v", err)
	}
	all.Wait()
	w.last = run
}

// calm lets good days come, and as many as a reading may be old. A person approves
// what holds a run, or what was taken from the worker, if it is gone.
func (w *world) calm() {
	w.say("calm")
	for n := range 8 {
		if n > 3 {
			time.Sleep(2 * 24 * time.Hour)
		}
		w.step(0, 0)
		if absent, stuck := w.judge.differs(w.held()); len(absent)+len(stuck) == 0 {
			return
		} else if n > 6 && w.state == report.Done && !w.tainted {
			break // nothing stands in the way
		}
		if n > 0 {
			w.approve(w.last, func(codes []string) []string { return codes }, true)
		}
	}
	w.equal()
}
