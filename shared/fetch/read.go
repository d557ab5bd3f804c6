package fetch

import (
	"context"
	"fmt"
	"math"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// numbered is a task with its place in the plan and where it goes on.
type numbered struct {
	task
	index   int
	from    string
	records int // of the pages before from
	// seen are those whom these pages show, while a list that is counted is
	// read; distinct is how many there were, once it is.
	seen     hashes
	distinct int
	// restarted tells that the list was begun a second time already.
	restarted bool
	// whole tells that the last page is staged already, though not yet that
	// the task is finished.
	whole bool
}

// An event is what a worker tells the writer; events of one task come in
// order.
type event struct {
	numbered
	kind    eventKind
	page    pingone.Page
	refusal *pingone.Error
	short   *staging.Short // beside finished: the list is not whole
}

type eventKind int

const (
	paged     eventKind = iota // one more page
	finished                   // no more pages
	refused                    // no more to be had: refusal says why
	gone                       // its parent was deleted meanwhile
	abandoned                  // not asked for, since its slice is hopeless: refusal says why
	putOff                     // to be asked once more at the end
	restarted                  // from the first page again
)

// readAll works off the plan, or its wider questions, and at the end what was
// put off.
func (r *reading) readAll(ctx context.Context, wider bool) error {
	d := newDoubts(r.slices)
	if err := r.pass(ctx, wider, d); err != nil || len(r.progress.again) == 0 {
		return err
	}
	r.log.InfoContext(ctx, "what was refused is asked for once more")
	for {
		d.again()
		if err := r.pass(ctx, wider, d); err != nil || d.putOff == 0 {
			return err
		}
	}
}

// pass goes through the plan once: workers ask, this goroutine writes. What
// was received is committed even when it ends with an error.
func (r *reading) pass(ctx context.Context, wider bool, d *doubts) error {
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	g, gctx := errgroup.WithContext(inner)
	tasks, events := make(chan numbered), make(chan event)
	// The writer changes the progress while feed looks at what it was.
	start := newProgress(r.progress.save())
	wanted := func(i int) bool { return !start.isDone(i) }
	if d.last {
		wanted = start.again.has
	}
	seen, err := r.seenBefore(ctx, start.open)
	if err != nil {
		return fmt.Errorf("look up what was read of lists that were begun: %w", err)
	}
	s := selection{wider: wider, open: start.open, seen: seen, wanted: wanted}
	g.Go(func() error { defer close(tasks); return r.feed(gctx, tasks, s) })
	for range r.workers(r.total) {
		g.Go(func() error { return r.work(gctx, tasks, events, d) })
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

func (r *reading) countTasks() {
	r.total = 0
	for _, p := range r.w.Manifest().Plan {
		r.total += p.Tasks
	}
}

// workers is how many requests are in flight at most: enough to keep the
// pace when a page takes a second and a half.
func (r *reading) workers(tasks int) int { return workersFor(r.o.PerSecond, tasks) }

func workersFor(perSecond float64, tasks int) int {
	n := int(math.Ceil(1.5*perSecond)) + 1
	return max(1, min(n, maxWorkers, tasks))
}

// A selection is the tasks of the plan that a pass is about, or their wider
// questions; open says where those go on that were begun, and seen whom they
// have shown. What is handed out leaves seen.
type selection struct {
	wider  bool
	open   map[int]staging.OpenTask
	seen   map[int]hashes
	wanted func(index int) bool
}

// feed hands the tasks out. Long lists begin first, since each is read page
// after page: one that is left at the end can't keep the pace.
func (r *reading) feed(ctx context.Context, tasks chan<- numbered, s selection) error {
	switch r.w.Manifest().Collection {
	case staging.Memberships, staging.Users:
	default: // nobody tells how long its lists are
		return r.feedIf(ctx, tasks, s, func(task) bool { return true })
	}
	isLong := func(t task) bool { return t.Expect > pageRecords }
	if err := r.feedIf(ctx, tasks, s, isLong); err != nil {
		return err
	}
	return r.feedIf(ctx, tasks, s, func(t task) bool { return !isLong(t) })
}

func (r *reading) feedIf(ctx context.Context, tasks chan<- numbered, s selection, fits func(task) bool) error {
	i := -1
	for line, err := range r.w.Plan(ctx) {
		if err != nil {
			return err
		}
		i++
		if !s.wanted(i) {
			continue
		}
		o := s.open[i]
		n := numbered{index: i, from: o.Next, records: o.Records, seen: s.seen[i], restarted: o.Restarted, whole: o.Pages > 0 && o.Next == ""}
		if err := json.Unmarshal(line, &n.task); err != nil {
			return fmt.Errorf("task %d of the plan: %w", i, err)
		}
		if n.Wider != s.wider || !fits(n.task) {
			continue
		}
		delete(s.seen, i)
		select {
		case tasks <- n:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (r *reading) work(ctx context.Context, tasks <-chan numbered, events chan<- event, d *doubts) error {
	send := func(ev event) error {
		select {
		case events <- ev:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for t := range tasks {
		why, leave := d.enter(t.task)
		err := r.workOn(ctx, t, why, send, d)
		leave()
		if err != nil {
			return err
		}
	}
	return nil
}

// workOn reads a task to its end, unless why says that it would be refused.
func (r *reading) workOn(ctx context.Context, t numbered, why *pingone.Error, send func(event) error, d *doubts) error {
	switch {
	case why != nil && d.last:
		return send(event{numbered: t, kind: abandoned, refusal: why})
	case why != nil:
		return send(event{numbered: t, kind: putOff})
	}
	end, err := r.readTask(ctx, t, send)
	switch {
	case err != nil:
		return err
	case end.kind != refused:
		d.answered(t.task)
	case d.refused(t.task, end.refusal):
		end.kind = putOff
	default:
		if end, err = r.orShort(ctx, end); err != nil {
			return err
		}
	}
	return send(end)
}

// readTask reads a task, and returns how it ended. A cursor that PingOne no
// longer takes starts it again, once in a run.
func (r *reading) readTask(ctx context.Context, t numbered, send func(event) error) (end event, err error) {
	for {
		pages, err := r.readPages(ctx, &t, send)
		if t.from != "" {
			pages++ // those before from
		}
		refusal := refusalOf(t.task, err)
		switch {
		case err == nil:
			t.distinct, t.seen = t.seen.distinct(), nil
			short, err := r.shortOf(ctx, t)
			return event{numbered: t, kind: finished, short: short}, err
		case refusal == nil:
			return event{}, err
		case isCursorLost(refusal, pages) && !t.restarted:
			t.restarted, t.from, t.records, t.seen = true, "", 0, nil
			if err := send(event{numbered: t, kind: restarted}); err != nil {
				return event{}, err
			}
		default:
			return r.endOf(ctx, t, refusal)
		}
	}
}

// orShort is the end of a list whose page told of more than it showed, and whose
// length PingOne tells elsewhere: short by what is missing, which is for a person
// to judge, as with any list that the worker application sees a part of.
// Populations are compared with their counts once all are read.
func (r *reading) orShort(ctx context.Context, end event) (event, error) {
	switch {
	case end.refusal.Code != contradiction:
		return end, nil
	case end.Parent != nil && end.Parent.Kind == populationParent && end.Expect > 0:
		end.kind, end.refusal = finished, nil
		return end, nil
	case !end.isCounted():
		return end, nil
	}
	end.distinct, end.seen = end.seen.distinct(), nil
	short, err := r.shortOf(ctx, end.numbered)
	if short != nil {
		end.kind, end.refusal, end.short = finished, nil, short
	}
	return end, err
}

func (r *reading) readPages(ctx context.Context, t *numbered, send func(event) error) (pages int, err error) {
	if t.whole {
		return 0, nil
	}
	if t.Key == "" {
		page, err := r.o.Client.Get(ctx, t.Path)
		if err != nil {
			return 0, err
		}
		return 1, send(event{numbered: *t, kind: paged, page: page})
	}
	if left := t.Expect - t.records; left > pageRecords {
		ctx = transport.WithBehind(ctx, int(pagesOf(left))-1)
	}
	for page, err := range r.o.Client.Pages(ctx, t.list(), t.from) {
		if err != nil {
			return pages, err
		}
		pages++
		t.records += page.Records
		if t.isCounted() {
			t.seen.see(page.IDs, r.seed)
		}
		if err := send(event{numbered: *t, kind: paged, page: page}); err != nil {
			return pages, err
		}
	}
	return pages, nil
}

// take notes one event, and commits when it is time.
func (r *reading) take(ctx context.Context, ev event) error {
	switch ev.kind {
	case paged:
		reply := staging.Reply{Environment: ev.Environment, Path: ev.page.Path, Parent: ev.Parent, FetchedAt: ev.page.FetchedAt, Body: ev.page.Body}
		if err := r.stage(reply, recordsOf(ev)); err != nil {
			return err
		}
		r.expect(ev)
		r.progress.paged(ev.index, ev.page, len(r.w.Manifest().Parts))
	case restarted:
		r.log.WarnContext(ctx, "PingOne no longer knows the page to go on from: the list starts again", "path", ev.Path)
		r.progress.restart(ev.index, len(r.w.Manifest().Parts))
	case putOff:
		r.progress.putOff(ev.index)
	default:
		r.settle(ev)
		r.progress.finish(ev.index)
	}
	r.showProgress(ev)
	return r.saveInTime(ctx)
}

// settle counts how a task ended.
func (r *reading) settle(ev event) {
	key, isChild := keyOf(ev.task)
	var s *staging.Slice
	name := ""
	if isChild {
		s, name = r.slices.of(key), key.String()
		if isDevices(ev.task) {
			r.settleDevices(ev, s)
			return
		}
		if ev.Missed && ev.kind == gone {
			return
		}
		s.Asked++
	}
	if ev.short != nil {
		r.w.Manifest().Short = append(r.w.Manifest().Short, *ev.short)
	}
	if isChild && ev.kind == finished {
		s.Read += ev.records
		r.noteSurplus(ev.numbered)
	}
	switch ev.kind {
	case gone:
		s.Gone++
	case refused, abandoned:
		if isChild {
			s.Refused++
		}
		u := unreadOf(ev.Environment, ev.Path, ev.Parent, ev.refusal)
		u.Missing = ev.Missed
		r.unread.add(u, name)
	}
}

// expect adds what PingOne says of a list's length, on its first page.
func (r *reading) expect(ev event) {
	if _, begun := r.progress.open[ev.index]; !begun && !isDevices(ev.task) {
		r.expected += max(ev.page.Count, ev.page.Records)
	}
}

// recordsOf is how many records of the collection a page holds: devices are
// none.
func recordsOf(ev event) int {
	if isDevices(ev.task) {
		return 0
	}
	return ev.page.Records
}

func (r *reading) showProgress(ev event) {
	if r.o.OnProgress == nil {
		return
	}
	m := r.w.Manifest()
	if ev.kind == paged {
		r.pages++
		r.records += recordsOf(ev)
	}
	r.o.OnProgress(Progress{
		Collection: m.Collection, Tasks: r.progress.finished(), Total: r.total,
		Pages: r.base.Pages + r.pages, Records: r.base.Records + r.records, Expected: r.expected,
	})
}
