package fetch

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

// readList looks at a list once, and sends its pages and its end.
func (r *reader) readList(ctx context.Context, j job, send func(event) error) error {
	l := j.l
	if why := r.refusals.spare(&l.List); why != nil {
		e := &ended{is: staging.Deferred, err: why}
		if r.second {
			e.is = staging.Ending(staging.Refused)
		}
		return send(event{job: j, end: e})
	}
	if err := r.outage.wait(ctx); err != nil {
		return err
	}
	began := r.o.Now()
	seen, err := r.lookAt(ctx, j, send)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, transport.ErrOutOfTime) || errors.Is(err, errSend) || err != nil && isFatal(err) {
		return err
	}
	seen.err, seen.second, seen.before, seen.optional = err, r.second, l.Before, l.Optional
	r.outage.hear(err != nil && pingone.IsTransient(err))
	r.refusals.hear(&l.List, err)
	if seen.second && err != nil {
		if seen.up, err = r.isUp(ctx, began); err != nil {
			return err
		}
	}
	if env, ok, err := r.environment(l.Environment); err == nil && ok {
		seen.leaving = env.Leaving
	}
	e := &ended{is: judge(seen), err: seen.err, anew: !pingone.IsTransient(seen.err)}
	if e.is == "" && isUnauthorized(seen.err) {
		return seen.err
	}
	return send(event{job: j, end: e})
}

// environment may be asked for by all workers: the inputs have loaded them.
func (r *reader) environment(id pingone.ID) (collection.Environment, bool, error) {
	if len(r.of.Inputs) == 0 || id.IsZero() {
		return collection.Environment{}, false, nil
	}
	return r.in.Environment(context.Background(), id)
}

// isUp tells whether PingOne answers others: it did since a time, or it does
// now.
func (r *reader) isUp(ctx context.Context, since time.Time) (bool, error) {
	if r.outage.heard().After(since) {
		return true, nil
	}
	up, err := r.probe(ctx)
	if up {
		r.outage.hear(false)
	}
	return up, err
}

var errSend = errors.New("the page could not be handed on")

// lookAt reads a list to its end and says what it showed. A cursor that PingOne
// no longer takes begins it again, once in a run.
func (r *reader) lookAt(ctx context.Context, j job, send func(event) error) (look, error) {
	l := j.l
	seen := look{counted: uncounted}
	if l.Counted != nil {
		seen.counted = *l.Counted
	}
	if r.second {
		r.recount(ctx, l, &seen)
	}
	from, restarted, pages := j.open.Next, j.open.Restarted, j.open.Pages
	if from == "" && pages > 0 { // it ended with its last page
		seen.shown, seen.pages = len(j.seen), pages
		return seen, nil
	}
	shown := j.seen
	for {
		n, err := r.readPages(ctx, j, from, &shown, &seen, send)
		pages += n
		seen.shown, seen.pages = len(shown), pages
		if err == nil || !isCursorLost(err, pages) || restarted {
			return seen, err
		}
		from, restarted, pages, shown = "", true, 0, nil
		if err := send(event{job: j, restarted: true}); err != nil {
			return seen, fmt.Errorf("%w: %w", errSend, err)
		}
	}
}

// recount asks the parent how long the list is by now.
func (r *reader) recount(ctx context.Context, l *planned, seen *look) {
	if r.of.Recount == nil {
		return
	}
	path, count := r.of.Recount(&l.List)
	if path == "" {
		return
	}
	page, err := r.o.Client.Get(ctx, path)
	if err != nil {
		return // the count of the plan is as good
	}
	if n := count(page.Body); n != nil {
		seen.counted = *n
	}
}

func (r *reader) readPages(ctx context.Context, j job, from string, shown *map[uint64]struct{}, seen *look, send func(event) error) (pages int, err error) {
	l := j.l
	if l.Counted != nil && *l.Counted > pageRecords {
		ctx = transport.WithBehind(ctx, *l.Counted/pageRecords)
	}
	for page, err := range r.pagesFrom(ctx, l, from) {
		if err != nil {
			return pages, err
		}
		pages++
		r.outage.hear(false)
		if *shown == nil {
			*shown = make(map[uint64]struct{}, len(page.IDs))
		}
		see(*shown, page.IDs)
		if !l.Bulk { // whose rows are more than those whom they are about
			seen.counted = max(seen.counted, page.Count)
		}
		seen.cut = seen.cut || page.Announced > page.Records
		ev := event{job: j, page: &page}
		if page.Next == "" {
			n := len(*shown)
			ev.shown = &n
			if c := seen.counted; c != uncounted {
				ev.counted = &c
			}
		}
		if err := send(ev); err != nil {
			return pages, fmt.Errorf("%w: %w", errSend, err)
		}
	}
	return pages, nil
}

// isCursorLost tells whether PingOne refused a page behind others as a bad
// request: that of a cursor which is too old.
func isCursorLost(err error, pages int) bool {
	refusal := pingone.Refusal(err)
	return refusal != nil && refusal.Status == http.StatusBadRequest && pages > 0
}

// A reader goes through lists of the plan: workers ask, one goroutine writes.
type reader struct {
	*reading
	progress *progress
	outage   *outage
	refusals *refusals
	second   bool // it is the second look
	pages    int  // of this invocation, for OnProgress
	records  int
}

// A job is a list to read, from where an earlier invocation stopped.
type job struct {
	list int // its place in the plan
	l    *planned
	open staging.OpenList
	seen map[uint64]struct{} // what it showed so far
}

// An event is a page of a list, or its end.
type event struct {
	job
	page           *pingone.Page
	counted, shown *int // on the last page
	restarted      bool
	end            *ended
}

// ended says how a list ended.
type ended struct {
	is   staging.Ending
	err  error
	anew bool // the second look begins with the first page
}

// pagesFrom yields the pages of a list behind a cursor.
func (r *reader) pagesFrom(ctx context.Context, l *planned, from string) iter.Seq2[pingone.Page, error] {
	switch {
	case l.Bulk && from == "":
		return r.o.Client.Explore(ctx, l.Environment)
	case l.Key != "":
		return r.o.Client.Pages(ctx, l.List.List, from)
	}
	return func(yield func(pingone.Page, error) bool) { yield(r.o.Client.Get(ctx, l.Path)) }
}
