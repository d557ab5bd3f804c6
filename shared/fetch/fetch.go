// Package fetch reads one collection of PingOne into a run: it plans which
// lists to read, reads them at the pace that the client allows, stages every
// reply as it came, and keeps its place so that any later invocation can go
// on where this one ended.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

const (
	// commitEvery bounds what a killed invocation loses.
	commitEvery = 30 * time.Second
	// saveTimeout is the time that a commit may take, out of the margin that
	// callers leave between ctx's deadline and the end of the invocation.
	saveTimeout = 20 * time.Second
	// maxWorkers bounds the pages in flight, and so the memory.
	maxWorkers = 24
)

// Margin is the time that a caller should keep back between the deadline of
// the ctx it passes to Run and its own end.
const Margin = 30 * time.Second

// Options are what a reading needs.
type Options struct {
	Store  staging.Store
	Client *pingone.Client
	// Stats are those of Client; they must be fresh for each Run.
	Stats *transport.Stats
	// Environments to read, or All that the worker application can read.
	Environments []pingone.ID
	All          bool
	// PerSecond is the pace of Client; it decides how many requests are in
	// flight, since a page takes up to a second.
	PerSecond float64
	// Roles say how the role assignments of users are read.
	Roles RoleOptions
	// Now is the clock that ages of earlier readings are measured by; nil is
	// time.Now.
	Now func() time.Time
	Log *slog.Logger
	// OnProgress, if set, is called after each reply, by one goroutine.
	OnProgress func(Progress)

	// commitEvery is set by tests; 0 is the constant of that name.
	commitEvery time.Duration
}

// Progress is how far a reading is.
type Progress struct {
	Collection   staging.Collection
	Tasks, Total int // lists finished, and in all
	Pages        int
	Records      int
	// Expected is how many records there will be as far as PingOne told, 0
	// if it didn't.
	Expected int
}

// A Result is what a fetch function answers.
type Result struct {
	Run        staging.RunID      `json:"run"`
	Collection staging.Collection `json:"collection"`
	Pages      int                `json:"pages"`
	Records    int                `json:"records"`
	Unread     int                `json:"unread"`
	Complete   bool               `json:"complete"`
	// Progressed tells whether this invocation committed anything; one that
	// did not, and is not complete, would not get further by another.
	Progressed bool `json:"-"`
}

// Run reads a collection into a run, or goes on with it, until it is complete
// or ctx ends; then what was read is committed and the result is not
// complete, without an error. Slices that PingOne refuses for good are noted
// in the manifest. Errors: staging.ErrConflict if another invocation is at
// work on the same, and any fault that outlasted the retries; calling again
// resumes.
func Run(ctx context.Context, run staging.RunID, c staging.Collection, o Options) (Result, error) {
	if _, ok := plans[c]; !ok {
		return Result{}, fmt.Errorf("there is no collection %q", c)
	}
	w, err := staging.Open(ctx, o.Store, run, c)
	if err != nil {
		return Result{}, fmt.Errorf("open %s of run %s: %w", c, run, err)
	}
	r := newReading(w, o)
	err = r.run(ctx)
	if !r.lost && isOutOfTime(ctx, err) {
		r.log.WarnContext(ctx, "unfinished: out of time, what was read is kept", "pages", w.Manifest().Pages)
		err = nil
	}
	r.report(ctx, err)
	return r.result(), err
}

// isOutOfTime tells whether err only says that ctx ended, or that a pause
// would have outlasted it.
func isOutOfTime(ctx context.Context, err error) bool {
	return err != nil && (errors.Is(err, transport.ErrOutOfTime) || ctx.Err() != nil && errors.Is(err, context.Cause(ctx)))
}

// a reading is one invocation's work on one collection.
type reading struct {
	o        Options
	w        *staging.Writer
	log      *slog.Logger
	began    time.Time
	base     staging.Manifest // as it was opened, for the sums over invocations
	unread   *unreadList
	progress *progress
	slices   sliceCounts
	total    int
	expected int
	pages    int // of this invocation, for OnProgress
	records  int
	saved    time.Time
	finished bool
	// lost tells that a commit failed, and with it what was read since the
	// one before.
	lost     bool
	estimate estimate
	// finishedBefore is how many tasks earlier invocations finished.
	finishedBefore int
}

func newReading(w *staging.Writer, o Options) *reading {
	m := w.Manifest()
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	r := &reading{
		o: o, w: w, base: *m, began: time.Now(), saved: time.Now(),
		log:      log.With("run", m.Run, "collection", m.Collection),
		unread:   newUnreadList(m.Unread),
		progress: newProgress(m.Progress),
		slices:   newSliceCounts(m.Slices),
	}
	r.finishedBefore = r.progress.finished()
	return r
}

func (r *reading) run(ctx context.Context) error {
	m := r.w.Manifest()
	if m.Complete { // its last invocation may have died before complete.json
		r.finished = true
		return r.w.Finish(ctx)
	}
	if len(m.Plan) == 0 {
		if err := r.plan(ctx); err != nil {
			return fmt.Errorf("plan %s: %w", m.Collection, err)
		}
	}
	for _, p := range m.Plan {
		r.total += p.Tasks
	}
	if err := r.readAll(ctx); err != nil {
		return fmt.Errorf("read %s: %w", m.Collection, err)
	}
	if err := r.finishRoles(ctx); err != nil {
		return fmt.Errorf("keep what %s holds: %w", m.Collection, err)
	}
	if err := r.recountUsers(ctx); err != nil {
		return fmt.Errorf("count the users again: %w", err)
	}
	r.suspectGone()
	r.note()
	if err := r.w.Finish(ctx); err != nil {
		return err
	}
	r.finished = true
	return nil
}

func (r *reading) plan(ctx context.Context) error {
	m := r.w.Manifest()
	p := &planner{client: r.o.Client, o: r.o, run: m.Run, log: r.log, unread: newUnreadList(nil), keep: r.keep}
	var failure error
	if err := r.w.WritePlan(ctx, p.tasks(ctx, m.Collection, &failure)); err != nil {
		return err
	}
	if failure != nil {
		m.Plan = nil // half a plan is none
		return failure
	}
	m.Environments, m.Memo = p.read, p.memo
	r.unread, r.estimate = p.unread, p.estimate
	e := r.estimate.total(m.Collection, r.o.Stats.Calls.Load(), r.o.PerSecond)
	r.log.InfoContext(ctx, "planned", "calls", e.Calls, "at_least", e.AtLeast, "planning_calls", e.Planned,
		"per_second", r.o.PerSecond, "estimated_s", int64(e.Takes.Seconds()))
	return r.save(ctx)
}

// keep stages a task's first page, which the plan had to read.
func (r *reading) keep(index int, env pingone.ID, page pingone.Page) error {
	reply := staging.Reply{Environment: env, Path: page.Path, FetchedAt: page.FetchedAt, Body: page.Body}
	if err := r.w.Append(reply, page.Records); err != nil {
		return err
	}
	r.progress.paged(index, page)
	return nil
}

// suspectGone turns slices in which most children were gone into unread ones.
func (r *reading) suspectGone() {
	for k, s := range r.slices {
		if isSuspect(s) {
			r.unread.add(staging.Unread{
				Environment: k.environment, Path: fmt.Sprintf("%s/{%s}/%s", pingone.EnvironmentPath(k.environment), k.parent, k.list), Status: 404,
				Code: "MOST_GONE", Message: fmt.Sprintf("%d of %d were not found, which is no proof that they are gone", s.Gone, s.Asked),
				Skipped: s.Gone,
			}, "")
		}
	}
}

// note puts into the manifest what the next commit is to keep.
func (r *reading) note() {
	m := r.w.Manifest()
	m.Progress = r.progress.save()
	m.Slices = r.slices.save()
	m.Unread = r.unread.entries
	m.Gone = 0
	for _, s := range m.Slices {
		m.Gone += s.Gone
	}
	m.Calls = r.base.Calls + r.o.Stats.Calls.Load()
	m.Retries = r.base.Retries + r.o.Stats.Retries.Load()
	m.Throttled = r.base.Throttled + r.o.Stats.Throttled.Load()
	m.ElapsedMs = r.base.ElapsedMs + time.Since(r.began).Milliseconds()
}

// save commits. It has a time of its own, since out of time is when saving
// matters most.
func (r *reading) save(ctx context.Context) error {
	r.note()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	r.saved = time.Now()
	err := r.w.Commit(ctx)
	r.lost = err != nil
	return err
}

func (r *reading) result() Result {
	m := r.w.Manifest()
	return Result{
		Run: m.Run, Collection: m.Collection, Pages: m.Pages, Records: m.Records, Unread: len(m.Unread), Complete: r.finished,
		Progressed: m.Pages > r.base.Pages || len(m.Plan) > len(r.base.Plan) || r.progress.finished() > r.finishedBefore,
	}
}

// report writes the collection's one line.
func (r *reading) report(ctx context.Context, err error) {
	m := r.w.Manifest()
	attrs := []any{
		"pages", m.Pages, "records", m.Records, "unread", len(m.Unread), "gone", m.Gone,
		"calls", m.Calls, "retries", m.Retries, "throttled", m.Throttled,
		"elapsed_ms", m.ElapsedMs, "complete", r.finished,
	}
	if err != nil {
		r.log.ErrorContext(ctx, "collection failed", append(attrs, "err", err)...)
		return
	}
	for _, u := range m.Unread {
		r.log.WarnContext(ctx, "unread: PingOne refuses it; nothing will be swept", "environment", u.Environment, "path", u.Path,
			"status", u.Status, "code", u.Code, "correlation_id", u.CorrelationID, "others", u.Skipped)
	}
	r.log.InfoContext(ctx, "collection staged", attrs...)
}
