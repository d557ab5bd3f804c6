package fetch

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/staging"
)

// read reads the lists of the plan: those that show many parents at once first,
// then the others.
func (r *reading) read(ctx context.Context) error {
	if len(r.of.Inputs) > 0 { // before the workers ask
		if _, err := r.in.Environments(ctx); err != nil {
			return err
		}
	}
	rd := r.newReader()
	if err := rd.looks(ctx, func(i int) bool { return r.bulk[i] }); err != nil {
		return err
	}
	if err := r.loadCovered(ctx); err != nil {
		return err
	}
	if err := rd.looks(ctx, func(i int) bool { return !r.bulk[i] }); err != nil {
		return err
	}
	return r.next(ctx, staging.PhaseCarry)
}

func (r *reading) newReader() *reader {
	rd := &reader{
		reading: r, progress: newProgress(len(r.lists), &r.m.Progress), refusals: &refusals{}, outage: r.newOutage(r.m.AnsweredAt),
	}
	r.note = func() {
		r.m.Progress = rd.progress.saved()
		if at := rd.outage.heard().UTC(); at.After(r.m.AnsweredAt) {
			r.m.AnsweredAt = at
		}
	}
	return rd
}

// looks reads the wanted lists, and looks once more at those that were deferred.
// While an outage lasts, that goes on.
func (r *reader) looks(ctx context.Context, wanted func(list int) bool) error {
	r.second = false
	if err := r.pass(ctx, "", wanted); err != nil {
		return err
	}
	r.second = true
	r.refusals.lookTwice()
	for n := r.progress.count(staging.Deferred, wanted); n > 0; n = r.progress.count(staging.Deferred, wanted) {
		r.log.InfoContext(ctx, "lists that were not read whole, or lost much, are asked for once more", "lists", n)
		if err := r.pass(ctx, staging.Deferred, wanted); err != nil {
			return err
		}
	}
	return nil
}

// pass reads the wanted lists that stand so once. What was received is committed
// even when it ends with an error.
func (r *reader) pass(ctx context.Context, is staging.Ending, wanted func(list int) bool) error {
	start := r.progress.clone() // the other one moves meanwhile
	seen, err := r.seenBefore(ctx, start)
	if err != nil {
		return err
	}
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	g, gctx := errgroup.WithContext(inner)
	todo, events := make(chan job), make(chan event)
	g.Go(func() error {
		defer close(todo)
		return r.eachPlanned(gctx, func(i int, l *planned) error {
			if start.of(i) != is || !wanted(i) {
				return nil
			}
			return r.hand(gctx, job{list: i, l: l, open: start.open[i], seen: seen[i]}, todo, events)
		})
	})
	for range workersFor(r.o.PerSecond, len(r.lists)) {
		g.Go(func() error { return r.work(gctx, todo, events) })
	}
	var readErr error
	go func() { readErr = g.Wait(); close(events) }()
	var writeErr error
	for ev := range events {
		if writeErr != nil {
			continue // let the workers end
		}
		if writeErr = r.take(ctx, ev); writeErr != nil {
			stop(writeErr)
		}
	}
	if writeErr != nil {
		return writeErr
	}
	if err := r.save(ctx); err != nil {
		return err
	}
	return readErr
}

// seenBefore is what lists have shown that were begun and not ended, by their
// place in the plan.
func (r *reader) seenBefore(ctx context.Context, start *progress) (map[int]map[uint64]struct{}, error) {
	if len(start.open) == 0 {
		return nil, nil
	}
	m, first := *r.m, len(r.m.Parts)
	all, begun := map[int]map[uint64]struct{}{}, map[uint64]map[uint64]struct{}{}
	for i, open := range start.open {
		all[i] = map[uint64]struct{}{}
		begun[r.lists[i]], first = all[i], min(first, open.Part)
	}
	m.Parts = m.Parts[first:]
	d := decoder{of: r.of}
	for reply, err := range staging.Replies(ctx, r.o.Store, &m) {
		if err != nil {
			return nil, fmt.Errorf("look up what lists that were begun have shown: %w", err)
		}
		seen, ok := begun[hashOf(reply.List())]
		if !ok || reply.Carried != "" || !reply.ID.IsZero() {
			continue
		}
		ids, err := d.ids(&reply)
		if err != nil {
			return nil, err
		}
		see(seen, ids)
	}
	return all, nil
}

// hand gives a list to the workers, unless it need not be read. Lists that are
// due by age are read for some hours of a run; then the rest is carried.
func (r *reader) hand(ctx context.Context, j job, todo chan<- job, events chan<- event) error {
	switch {
	case !r.second && r.isOver():
		return send(ctx, events, event{job: j, end: &ended{is: staging.Ending(staging.NotDue)}})
	case r.isCovered(j.l):
		return send(ctx, events, event{job: j, end: &ended{is: staging.Whole}})
	}
	select {
	case todo <- j:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *reader) isOver() bool {
	return r.mayWait() && r.o.Now().Sub(r.m.StartedAt) > longest
}

func send(ctx context.Context, events chan<- event, ev event) error {
	select {
	case events <- ev:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take stages a page, or notes an end, and commits when it is time.
func (r *reader) take(ctx context.Context, ev event) error {
	l := ev.l
	switch {
	case ev.page != nil:
		reply := staging.Reply{
			Environment: l.Environment, Path: l.Path, Parent: l.Parent, FetchedAt: ev.page.FetchedAt,
			Counted: ev.counted, Shown: ev.shown, Body: ev.page.Body,
		}
		if err := r.append(&reply, ev.page.Records); err != nil {
			return err
		}
		r.progress.paged(ev.list, ev.page, len(r.m.Parts))
		r.pages, r.records, r.progressed = r.pages+1, r.records+ev.page.Records, true
	case ev.restarted:
		r.log.WarnContext(ctx, "PingOne takes the cursor of a list no longer: the list begins again", "path", l.Path)
		r.progress.restart(ev.list, len(r.m.Parts))
	default:
		r.end(ctx, ev.list, l, ev.end)
	}
	r.show()
	return r.saveInTime(ctx)
}

func (r *reader) end(ctx context.Context, list int, l *planned, e *ended) {
	if e.is == "" { // nothing is decided
		return
	}
	r.progressed = true
	r.progress.end(list, e.is)
	if e.is != staging.Deferred || e.anew {
		delete(r.progress.open, list)
	}
	switch reason := e.is.Reason(); {
	case reason == staging.NotDue && l.Never:
		r.neverRead(l.Environment, 1)
	case reason != "" && reason != staging.NotDue:
		blame(r.sumOf(l.Environment, reason, l.Path), e.err)
		r.log.WarnContext(ctx, "a list could not be read whole", "reason", reason, "path", l.Path, "parent", l.ListKey().Parent, "err", e.err)
	}
}

func (r *reader) show() {
	if r.o.OnProgress != nil {
		r.o.OnProgress(Progress{
			Collection: r.of.Name, Lists: r.progress.ended, Total: len(r.lists), Pages: r.m.Pages + r.pages, Records: r.m.Records + r.records,
		})
	}
}

func (r *reader) work(ctx context.Context, todo <-chan job, events chan<- event) error {
	for j := range todo {
		if err := r.readList(ctx, j, func(ev event) error { return send(ctx, events, ev) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *reading) isCovered(l *planned) bool {
	return !l.Bulk && l.Parent != nil && r.covered.has(l.Parent.ID)
}
