package fetch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/feed"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// longest is how long lists that are due by age are read in one run: a first
// run then posts within hours, administrators first.
const longest = 3 * time.Hour

// A planned list is a line of the plan.
type planned struct {
	collection.List
	// Before are the numbers of its last reading; nil: it has none.
	Before *numbers `json:"before,omitempty"`
	// Never tells that there is no earlier reading.
	Never bool `json:"never,omitzero"`
}

// planned makes the plan, unless there is one, and loads it. No call is made
// for it but the feed's and those for our own rights, so that it is made in one
// go: an invocation that dies begins it anew.
func (r *reading) planned(ctx context.Context) error {
	if r.m.Plan == nil {
		if err := r.makePlan(ctx); err != nil {
			return err
		}
	} else if r.m.Previous != "" && !r.isOff() {
		snap, err := staging.Load(ctx, r.o.Store, r.m.Previous, r.of.Name)
		if err != nil {
			return err
		}
		r.previous = snap
	}
	return r.loadPlan(ctx)
}

func (r *reading) makePlan(ctx context.Context) error {
	last, err := r.findPrevious(ctx)
	if err != nil {
		return err
	}
	if r.previous != nil {
		r.m.Previous = r.previous.Complete.Run
	}
	if r.isOff() {
		r.previous = nil // nothing is carried
	}
	if err := r.beginRights(ctx); err != nil {
		return err
	}
	changed, err := r.readFeed(ctx)
	if err != nil {
		return err
	}
	p := &planner{r: r, last: last, rules: r.rules(changed), seen: map[uint64]struct{}{}}
	chosen, err := p.choose(ctx)
	if err != nil {
		return err
	}
	if err := r.w.WritePlan(ctx, chosen); err != nil {
		return err
	}
	r.m.Marks, r.m.Phase, r.m.AnsweredAt = changed.Marks, staging.PhaseRead, r.o.Now().UTC()
	return r.save(ctx)
}

func (r *reading) rules(changed *feed.Changed) rules {
	return rules{
		due: r.of.Due, now: r.o.Now(), maxAge: r.maxAge(),
		changed: func(l *collection.List) bool { return changed.Has(l.Parent) },
		whole:   func(l *collection.List) bool { return changed.Whole[l.Environment] },
	}
}

// A planner chooses among all lists. It goes through them more than once, since
// there may be a million of which few are read.
type planner struct {
	r     *reading
	last  readings
	rules rules
	seen  map[uint64]struct{} // lists that came before: an input may show an item twice
}

// planBlock is how many lines of a plan are held at a time.
const planBlock = 100_000

// choose yields the lines of the plan.
func (p *planner) choose(ctx context.Context) (iter.Seq2[[]byte, error], error) {
	var envs []pingone.ID
	var all []candidate
	err := p.each(ctx, func(ordinal int32, l *collection.List, before *before) error {
		c, skip := p.rules.of(l, before)
		if skip {
			return nil
		}
		env := slices.Index(envs, l.Environment)
		if env < 0 {
			env, envs = len(envs), append(envs, l.Environment)
		}
		one := candidate{ordinal: ordinal, class: c, pages: pagesOf(l), env: uint16(env)} //nolint:gosec // far fewer environments
		if before != nil && c != isFirst && p.rules.due != collection.EachRun {
			one.at = before.at.UnixMilli()
		}
		all = append(all, one)
		return nil
	})
	if err != nil {
		return nil, err
	}
	most := math.MaxInt32
	if p.rules.due == collection.ByAge {
		most = max(1, int(longest.Seconds()*p.r.o.PerSecond))
	}
	chosen, never := choose(all, shareOf(p.rules.now, p.r.previous, p.rules.maxAge), most)
	if !p.r.of.Lenient {
		for _, c := range never {
			p.r.neverRead(envs[c.env], 1)
		}
	}
	return p.lines(ctx, chosen), nil
}

// pageRecords is how many records a page holds at most.
const pageRecords = pingone.PageSize

// pagesOf is how many pages a list has by its count. Long lists begin first,
// since each is read page after page: one that is left at the end can't keep
// the pace.
func pagesOf(l *collection.List) int32 {
	if l.Counted == nil {
		return 1
	}
	return int32(1 + *l.Counted/pageRecords) //nolint:gosec // of one list
}

// lines are the chosen lists, in their order.
func (p *planner) lines(ctx context.Context, chosen []candidate) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for some := range slices.Chunk(chosen, planBlock) {
			lines, err := p.block(ctx, some)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, line := range lines {
				if !yield(line, nil) {
					return
				}
			}
		}
	}
}

func (p *planner) block(ctx context.Context, chosen []candidate) ([][]byte, error) {
	place := make(map[int32]int, len(chosen))
	for i, c := range chosen {
		place[c.ordinal] = i
	}
	lines := make([][]byte, len(chosen))
	err := p.each(ctx, func(ordinal int32, l *collection.List, before *before) (err error) {
		i, ok := place[ordinal]
		if !ok {
			return nil
		}
		line := planned{List: *l, Never: before == nil}
		if before != nil && before.shown != uncounted {
			line.Before = &numbers{int(before.counted), int(before.shown)}
		}
		lines[i], err = json.Marshal(&line)
		return err
	})
	return lines, err
}

// each goes through the lists that can be read, each once.
func (p *planner) each(ctx context.Context, f func(ordinal int32, l *collection.List, before *before) error) error {
	clear(p.seen)
	ordinal := int32(0)
	for l, err := range p.r.of.Lists(ctx, p.r.in) {
		if err != nil {
			return err
		}
		ordinal++
		k := l.ListKey()
		h := hashOf(k)
		if _, twice := p.seen[h]; twice || l.Carry != "" {
			continue
		}
		p.seen[h] = struct{}{}
		if err := f(ordinal, &l, p.last.of(k)); err != nil {
			return err
		}
	}
	return nil
}

// loadPlan takes up what must be at hand of each list of the plan: eight bytes,
// and which are bulk lists.
func (r *reading) loadPlan(ctx context.Context) error {
	r.lists, r.bulk = make([]uint64, 0, r.m.Plan.Lists), map[int]bool{}
	return r.eachPlanned(ctx, func(i int, l *planned) error {
		r.lists = append(r.lists, hashOf(l.ListKey()))
		if l.Bulk {
			r.bulk[i] = true
		}
		return nil
	})
}

// eachPlanned goes through the plan.
func (r *reading) eachPlanned(ctx context.Context, f func(i int, l *planned) error) error {
	i := 0
	for line, err := range r.w.Plan(ctx) {
		if err != nil {
			return err
		}
		l := new(planned)
		if err := json.Unmarshal(line, l); err != nil {
			return fmt.Errorf("line %d of the plan: %w: %w", i, staging.ErrCorrupt, err)
		}
		if err := f(i, l); err != nil {
			return err
		}
		i++
	}
	return nil
}

// findPrevious is the newest older run in which the collection is complete, and
// what it read. One whose parts can't be read is passed over: an older one is
// as true, only older.
func (r *reading) findPrevious(ctx context.Context) (readings, error) {
	for snap, err := range staging.Previous(ctx, r.o.Store, r.m.Run, r.of.Name) {
		var last readings
		if err == nil {
			last, err = readingsOf(ctx, snap, r.o.Now())
		}
		switch {
		case errors.Is(err, staging.ErrCorrupt):
			r.log.WarnContext(ctx, "the snapshot of an earlier run can't be read; an older one is used", "err", err)
		case err != nil:
			return nil, err
		default:
			r.previous = snap
			return last, nil
		}
	}
	return nil, nil
}
