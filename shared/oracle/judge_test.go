package oracle

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

// A judge says what is lost and what is stuck.
type judge struct {
	judging sync.Mutex
	mu      sync.Mutex // of history
	history history
	// released are records that a person let go, until they are deleted.
	released map[record]bool
	seen     int            // deletions that were judged
	gone     map[record]int // held though they are true no more: for how many runs
	skew     time.Duration  // the most by which Authomize's clock was off
	runs     int
	heldRuns int
	lost     []record
}

func (j *judge) learn(facts map[fact]bool, now time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.history.update(facts, now)
}

// truth is what exists now.
func (j *judge) truth() map[record]bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return truthOf(j.history.since(time.Now()))
}

// lose judges what was deleted since: nothing may be that exists, and existed
// all the time since it was last posted. What follows from several facts exists
// if those do that Authomize has heard of: held are the records that are left.
func (j *judge) lose(deleted []authomizetest.Deletion, app string, held func() map[record]bool) []record {
	j.judging.Lock()
	defer j.judging.Unlock()
	fresh := deleted[min(j.seen, len(deleted)):]
	j.seen = max(j.seen, len(deleted))
	now, heard, then := map[record]bool(nil), map[record]bool(nil), map[time.Time]map[record]bool{}
	var lost []record
	for _, d := range fresh {
		r := record{d.Kind, d.Key}
		if j.released[r] {
			delete(j.released, r)
			continue
		}
		if d.App != app { // what others posted, or we to a wrong app
			if strings.HasPrefix(d.Key, "foreign") {
				lost = append(lost, r)
			}
			continue
		}
		if now == nil {
			now = j.truth()
		}
		if !now[r] {
			continue
		}
		at := d.Modified.Add(-j.skew)
		if then[at] == nil {
			if heard == nil {
				heard = held()
				for _, d := range fresh {
					heard[record{d.Kind, d.Key}] = true
				}
			}
			then[at] = truthOf(j.since(at, heard))
		}
		if then[at][r] {
			lost = append(lost, r)
		}
	}
	j.lost = append(j.lost, lost...)
	return lost
}

// since are the facts that are true since a time, and that Authomize has heard of.
func (j *judge) since(at time.Time, heard map[record]bool) map[fact]bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := j.history.since(at)
	for f := range all {
		if !heard[f.record()] {
			delete(all, f)
		}
	}
	return all
}

// differs compares what Authomize holds with what exists.
func (j *judge) differs(held map[record]bool) (absent, stuck []record) {
	truth := j.truth()
	for r := range truth {
		if !held[r] {
			absent = append(absent, r)
		}
	}
	for r := range held {
		if !truth[r] {
			stuck = append(stuck, r)
		}
	}
	return sorted(absent), sorted(stuck)
}

// stay counts in how many runs what is gone was held, but those that excuse it,
// and returns what was in more than so many.
func (j *judge) stay(held map[record]bool, most int, isExcused func(record) bool) []record {
	_, stuck := j.differs(held)
	gone := map[record]int{}
	var over []record
	for _, r := range stuck {
		if gone[r] = j.gone[r] + 1; isExcused(r) {
			gone[r]--
		} else if gone[r] > most {
			over = append(over, r)
		}
	}
	j.gone = gone
	return over
}

// held is all that the app of the world holds.
func (w *world) held() map[record]bool {
	all := map[record]bool{}
	for _, kind := range authomize.Kinds {
		for _, key := range w.authomize.Held(authomizetest.DefaultApp, kind) {
			all[record{kind, key}] = true
		}
	}
	return all
}

func sorted(all []record) []record {
	slices.SortFunc(all, func(a, b record) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key)) })
	return all
}

// lost fails the test for whatever was deleted and exists.
func (w *world) lost() {
	w.t.Helper()
	if lost := w.judge.lose(w.authomize.Deleted(), authomizetest.DefaultApp, w.held); len(lost) > 0 {
		w.t.Fatalf("lost %d: %v", len(lost), sorted(lost)[:min(len(lost), 20)])
	}
}

// equal fails the test unless Authomize holds what exists, and nothing else.
func (w *world) equal() {
	w.t.Helper()
	absent, stuck := w.judge.differs(w.held())
	if len(absent)+len(stuck) > 0 {
		w.t.Fatalf("absent %d: %v\nstuck %d: %v", len(absent), absent[:min(len(absent), 20)], len(stuck), stuck[:min(len(stuck), 20)])
	}
}
