package fetch

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// numbered is a task with its place in the plan and where it goes on.
type numbered struct {
	task
	index   int
	from    string
	records int // of the pages before from
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
	abandoned                  // not asked for: its slice is hopeless
	restarted                  // from the first page again
)

// readAll works off the plan: workers ask, this goroutine writes. What was
// received is committed even when it ends with an error.
func (r *reading) readAll(ctx context.Context) error {
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	g, gctx := errgroup.WithContext(inner)
	tasks, events := make(chan numbered), make(chan event)
	doomed := newDoomed(r.slices)
	g.Go(func() error { defer close(tasks); return r.feed(gctx, tasks) })
	for range r.workers() {
		g.Go(func() error { return r.work(gctx, tasks, events, doomed) })
	}
	var readErr error
	go func() { readErr = g.Wait(); close(events) }()

	var writeErr error
	for ev := range events {
		if writeErr != nil {
			continue // let the workers end
		}
		if writeErr = r.take(ctx, ev, doomed); writeErr != nil {
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

// workers is how many requests are in flight at most: enough to keep the
// pace when a page takes a second and a half.
func (r *reading) workers() int {
	n := int(math.Ceil(1.5*r.o.PerSecond)) + 1
	return max(1, min(n, maxWorkers, r.total))
}

func (r *reading) feed(ctx context.Context, tasks chan<- numbered) error {
	// The writer changes the progress while this reads the plan.
	start := newProgress(r.w.Manifest().Progress)
	i := -1
	for line, err := range r.w.Plan(ctx) {
		if err != nil {
			return err
		}
		i++
		if start.isDone(i) {
			continue
		}
		o, begun := start.open[i]
		n := numbered{index: i, from: o.Next, records: o.Records, whole: begun && o.Next == ""}
		if err := json.Unmarshal(line, &n.task); err != nil {
			return fmt.Errorf("task %d of the plan: %w", i, err)
		}
		select {
		case tasks <- n:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (r *reading) work(ctx context.Context, tasks <-chan numbered, events chan<- event, d *doomed) error {
	send := func(ev event) error {
		select {
		case events <- ev:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for t := range tasks {
		if d.has(t.task) {
			if err := send(event{numbered: t, kind: abandoned}); err != nil {
				return err
			}
			continue
		}
		if err := r.readTask(ctx, t, send); err != nil {
			return err
		}
	}
	return nil
}

// readTask reads a task to its end. A cursor that PingOne no longer takes
// starts it again, once.
func (r *reading) readTask(ctx context.Context, t numbered, send func(event) error) error {
	again := false
	for {
		pages, err := r.readPages(ctx, &t, send)
		if t.from != "" {
			pages++ // those before from
		}
		refusal := refusal(err)
		switch {
		case err == nil && t.Wider != "" && t.records <= max(t.Expect, 0):
			t.Query, t.Wider, t.from, t.whole = t.Wider, "", "", false
		case err == nil:
			short, err := r.shortOf(ctx, t)
			if err != nil {
				return err
			}
			return send(event{numbered: t, kind: finished, short: short})
		case refusal == nil:
			return err
		case isCursorLost(refusal, pages) && !again:
			again, t.from, t.records = true, "", 0
			if err := send(event{numbered: t, kind: restarted}); err != nil {
				return err
			}
		default:
			return send(event{numbered: t, kind: refused, refusal: refusal})
		}
	}
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
	for page, err := range r.o.Client.Pages(ctx, t.list(), t.from) {
		if err != nil {
			return pages, err
		}
		pages++
		t.records += page.Records
		if err := send(event{numbered: *t, kind: paged, page: page}); err != nil {
			return pages, err
		}
	}
	return pages, nil
}

// shortOf compares a child list that was read to its end with what PingOne
// says of its length: at the start, and where that was more, now.
func (r *reading) shortOf(ctx context.Context, t numbered) (*staging.Short, error) {
	if t.Parent == nil || t.Expect < 0 || t.records >= t.Expect {
		return nil, nil
	}
	now, err := recount(ctx, r.o.Client, t.task)
	if err != nil || now < 0 || t.records >= now {
		return nil, err
	}
	return &staging.Short{Environment: t.Environment, Parent: *t.Parent, List: t.Key, Expected: min(now, t.Expect), Read: t.records}, nil
}

// take notes one event, and commits when it is time.
func (r *reading) take(ctx context.Context, ev event, d *doomed) error {
	switch ev.kind {
	case paged:
		reply := staging.Reply{Environment: ev.Environment, Path: ev.page.Path, Parent: ev.Parent, FetchedAt: ev.page.FetchedAt, Body: ev.page.Body}
		if err := r.w.Append(reply, ev.page.Records); err != nil {
			return err
		}
		r.expect(ev)
		r.progress.paged(ev.index, ev.page)
	case restarted:
		r.log.WarnContext(ctx, "PingOne no longer knows the page to go on from: the list starts again", "path", ev.Path)
		r.progress.restart(ev.index)
	default:
		r.settle(ev, d)
		r.progress.finish(ev.index)
	}
	r.showProgress(ev)
	if r.w.Full() || time.Since(r.saved) >= cmp.Or(r.o.commitEvery, commitEvery) {
		return r.save(ctx)
	}
	return nil
}

// settle counts how a task ended.
func (r *reading) settle(ev event, d *doomed) {
	key, isChild := keyOf(ev.task)
	var s *staging.Slice
	name := ""
	if isChild {
		s, name = r.slices.of(key), key.String()
		s.Asked++
	}
	if ev.short != nil {
		r.w.Manifest().Short = append(r.w.Manifest().Short, *ev.short)
	}
	if isChild && ev.kind == finished {
		s.Read += ev.records
	}
	switch {
	case ev.kind == abandoned:
		s.Refused++
		r.unread.skip(name)
	case ev.kind == refused && isChild && ev.refusal.Status == 404:
		s.Gone++
	case ev.kind == refused:
		if isChild {
			s.Refused++
			if isHopeless(s) {
				d.add(key)
			}
		}
		r.unread.add(unreadOf(ev.Environment, ev.Path, ev.Parent, ev.refusal), name)
	}
}

// expect adds what PingOne says of a list's length, on its first page.
func (r *reading) expect(ev event) {
	if _, begun := r.progress.open[ev.index]; !begun {
		r.expected += max(ev.page.Count, ev.page.Records)
	}
}

func (r *reading) showProgress(ev event) {
	if r.o.OnProgress == nil {
		return
	}
	m := r.w.Manifest()
	if ev.kind == paged {
		r.pages++
		r.records += ev.page.Records
	}
	r.o.OnProgress(Progress{
		Collection: m.Collection, Tasks: r.progress.finished(), Total: r.total,
		Pages: r.base.Pages + r.pages, Records: r.base.Records + r.records, Expected: r.expected,
	})
}

// doomed are the slices that nobody is to ask for any more.
type doomed struct {
	mu     sync.Mutex
	slices map[sliceKey]bool
}

func newDoomed(counts sliceCounts) *doomed {
	d := &doomed{slices: map[sliceKey]bool{}}
	for k, s := range counts {
		d.slices[k] = isHopeless(s)
	}
	return d
}

func (d *doomed) add(k sliceKey) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slices[k] = true
}

func (d *doomed) has(t task) bool {
	k, isChild := keyOf(t)
	if !isChild {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.slices[k]
}
