// Package fetch reads one collection of PingOne into a run: it plans which
// lists to read, reads them at the pace that the client allows, stages every
// reply as it came, and keeps its place so that any later invocation can go
// on where this one ended.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
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
	// releaseTimeout is the time that giving a claim back may take, beside: the
	// collection's, and that on the roles of users.
	releaseTimeout = 3 * time.Second
	// maxWorkers bounds the pages in flight, and so the memory: a thousand
	// users, with what a customer adds to them, are 1 to 2 MB.
	maxWorkers = 48
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
	// Terms are what was said of the run. A collection that was begun keeps
	// its own.
	Terms staging.Terms
	// PerSecond is the pace of Client; it decides how many requests are in
	// flight, since a page takes up to a second.
	PerSecond float64
	// Roles say how the role assignments of users are read.
	Roles RoleOptions
	// MFADevices tells that the MFA devices of users are read. A run keeps what
	// its users were begun with.
	MFADevices bool
	// Holder names this invocation, the same when it is tried again. Of several
	// that read one collection at once only one does. "" claims nothing.
	Holder string
	// Now is the clock that claims expire by, and that tells whether another run
	// is alive; nil is time.Now. What PingOne holds is dated by Client.
	Now func() time.Time
	Log *slog.Logger
	// OnProgress, if set, is called after each reply, by one goroutine.
	OnProgress func(Progress)

	// These are set by tests; 0 is the constant of that name.
	commitEvery, claimTime time.Duration
	partitionAbove         int

	estimating bool // nothing is asked for that a plan can do without
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
	// Busy tells that another invocation is at work on it, so that this one
	// did nothing and should not be called again.
	Busy bool `json:"-"`
}

// Run reads a collection into a run, or goes on with it, until it is complete
// or ctx ends; then what was read is committed and the result is not
// complete, without an error. Slices that PingOne refuses for good are noted
// in the manifest. If another invocation is at work on the same, the result is
// Busy. Errors: staging.ErrConflict or ErrClaimed if another one has taken it
// over, ErrTerms, and any fault that outlasted the retries; calling again
// resumes.
func Run(ctx context.Context, run staging.RunID, c staging.Collection, o Options) (Result, error) {
	if _, ok := plans[c]; !ok {
		return Result{}, fmt.Errorf("there is no collection %q", c)
	}
	w, err := staging.Open(ctx, o.Store, run, c)
	if err != nil {
		return Result{}, fmt.Errorf("open %s of run %s: %w", c, run, err)
	}
	if w.Manifest().Complete || o.Holder == "" {
		return read(ctx, ctx, w, o)
	}
	return claimed(ctx, w, o)
}

// read reads what is left of a collection. kept ends with ctx, and when its
// claim is lost.
func read(ctx, kept context.Context, w *staging.Writer, o Options) (Result, error) {
	m := w.Manifest()
	if err := agree(m, o); err != nil {
		return Result{}, fmt.Errorf("%s of run %s: %w", m.Collection, m.Run, err)
	}
	r := newReading(w, o)
	err := r.run(kept)
	if !r.finished && !r.lost && !errors.Is(err, staging.ErrConflict) {
		r.releaseRoles(ctx)
	}
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
	seed     maphash.Seed // of the hashes of members
	total    int
	expected int
	pages    int // of this invocation, for OnProgress
	records  int
	saved    time.Time
	finished bool
	// lost tells that a commit failed, and with it what was read since the
	// one before.
	lost    bool
	surplus []numbered // see noteSurplus
	// finishedBefore is how many tasks earlier invocations finished.
	finishedBefore int
	planner        *planner // while there is no plan
	// users are those that were staged; nil if an earlier invocation staged some,
	// so that all of it is gone through at the end.
	users *listing
	// progressed tells that a commit kept more than earlier invocations had.
	progressed bool
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
		seed:     maphash.MakeSeed(),
	}
	r.finishedBefore = r.progress.finished()
	if m.Collection == staging.Users && m.Pages == 0 {
		r.users = newListing(0)
	}
	return r
}

func (r *reading) run(ctx context.Context) error {
	m := r.w.Manifest()
	if m.Complete { // its last invocation may have died before complete.json
		r.finished = true
		return r.w.Finish(ctx)
	}
	if len(m.Plan) == 0 {
		if _, err := r.plan(ctx); err != nil {
			return fmt.Errorf("plan %s: %w", m.Collection, err)
		}
	} else if err := r.holdRoles(ctx, true); err != nil {
		return fmt.Errorf("take the roles of users up again: %w", err)
	}
	r.countTasks()
	if err := r.readAll(ctx, false); err != nil {
		return fmt.Errorf("read %s: %w", m.Collection, err)
	}
	if err := r.readWider(ctx); err != nil {
		return fmt.Errorf("read members by filters: %w", err)
	}
	if err := r.finishRoles(ctx); err != nil {
		return fmt.Errorf("keep what %s holds: %w", m.Collection, err)
	}
	if err := r.finishUsers(ctx); err != nil {
		return fmt.Errorf("prove that all users were read, and read their devices: %w", err)
	}
	if err := r.proveListed(ctx); err != nil {
		return fmt.Errorf("prove that all %s were read: %w", m.Collection, err)
	}
	r.suspectGone()
	r.note()
	if err := r.w.Finish(ctx); err != nil {
		return err
	}
	r.finished = true
	return nil
}

// plan makes the work list. What was found is committed from time to time, and
// when it ends with an error, so that the next invocation goes on from there.
func (r *reading) plan(ctx context.Context) (estimate, error) {
	m := r.w.Manifest()
	p := &planner{
		client: r.o.Client, o: r.o, run: m.Run, log: r.log, unread: r.unread, w: r.w, keep: r.keep,
		// What is in the middle of a page goes on when time is up.
		put:  func(line []byte) error { return r.w.AddTask(context.WithoutCancel(ctx), line) },
		save: r.save, saveInTime: r.saveInTime,
	}
	if err := p.resume(m.Planning); err != nil {
		return estimate{}, err
	}
	r.planner = p
	if err := plans[m.Collection](ctx, p); err != nil {
		if !p.inOne && p.kept.isBehind(p.place) {
			if err := r.save(ctx); err != nil {
				return estimate{}, err
			}
		}
		return estimate{}, err
	}
	if err := r.w.EndPlan(context.WithoutCancel(ctx)); err != nil {
		return estimate{}, err
	}
	r.planner = nil
	m.Environments, m.Memo = p.place.Environments, p.memo
	e := p.place.Estimate
	t := e.total(m.Collection, r.base.Calls+r.o.Stats.Calls.Load(), r.o.PerSecond)
	r.log.InfoContext(ctx, "planned", "calls", t.Calls, "at_least", t.AtLeast, "planning_calls", t.Planned, "device_calls_at_most", t.Devices,
		"per_second", r.o.PerSecond, "estimated_s", int64(t.Takes.Seconds()))
	return e, r.save(ctx)
}

// saveInTime commits when it is time to.
func (r *reading) saveInTime(ctx context.Context) error {
	if r.w.Full() || time.Since(r.saved) >= cmp.Or(r.o.commitEvery, commitEvery) {
		return r.save(ctx)
	}
	return nil
}

// keep stages the first page, which the plan had to read, of the task that is
// to be added next.
func (r *reading) keep(index int, env pingone.ID, page pingone.Page) error {
	reply := staging.Reply{Environment: env, Path: page.Path, FetchedAt: page.FetchedAt, Body: page.Body}
	if err := r.stage(reply, page.Records); err != nil {
		return err
	}
	r.progress.paged(index, page, len(r.w.Manifest().Parts))
	return nil
}

// stage appends a page of a task.
func (r *reading) stage(reply staging.Reply, records int) error {
	if err := r.w.Append(reply, records); err != nil || r.users == nil || reply.IsDevices() {
		return err
	}
	return r.users.addReply(reply)
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
	if lost := context.Cause(ctx); errors.Is(lost, staging.ErrClaimed) {
		r.lost = true // who has it now goes on from the last commit
		return lost
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	r.saved = time.Now()
	var err error
	if r.planner != nil {
		err = r.planner.keepPlace(ctx)
	}
	if err == nil {
		err = r.w.Commit(ctx)
	}
	if r.planner != nil {
		r.planner.kept = *r.planner.place
	}
	r.lost = err != nil
	r.progressed = r.progressed || !r.lost && r.isFurther()
	return err
}

// isFurther tells whether there is more than when this invocation began.
func (r *reading) isFurther() bool {
	m := r.w.Manifest()
	if r.planner != nil {
		return r.planner.began.isBehind(r.planner.place)
	}
	if r.progress.again.left() < ranges(r.base.Progress.Again).left() { // of what was put off, some is settled
		return true
	}
	return len(m.Plan) > len(r.base.Plan) || m.Pages > r.base.Pages || r.progress.finished() > r.finishedBefore ||
		len(m.Proven) > len(r.base.Proven) || len(m.Recounts) > len(r.base.Recounts)
}

func (r *reading) result() Result {
	m := r.w.Manifest()
	return Result{
		Run: m.Run, Collection: m.Collection, Pages: m.Pages, Records: m.Records, Unread: len(m.Unread), Complete: r.finished,
		Progressed: r.progressed || r.finished && r.isFurther(),
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
	r.reportDevices(ctx)
	r.log.InfoContext(ctx, "collection staged", attrs...)
}
