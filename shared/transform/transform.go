// Package transform turns a complete run into records, posts them to
// Authomize in order, checks every receipt, and deletes what the run did not
// refresh: only if it is proven that the run saw everything.
package transform

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// Margin is the time that a caller should keep back between the deadline of
// the ctx it passes to Run and its own end.
const Margin = 30 * time.Second

// finishTimeout is the time for giving the claim back and writing a report
// of failure, out of the margin.
const finishTimeout = 10 * time.Second

// Authomize is the app that records go to. *authomize.Client is one.
type Authomize interface {
	authomize.Poster
	Sweep(ctx context.Context, modifiedBefore time.Time) (authomize.SweepReceipt, error)
}

// Options are what a transform needs.
type Options struct {
	Store    staging.Store
	Client   Authomize
	Settings config.Transform
	// Holder names this invocation, the same when it is tried again.
	Holder string
	// Again transforms a run that was transformed before.
	Again bool
	// Approve lets go the sweep of a run that was held.
	Approve bool
	Log     *slog.Logger
	// SaveEvery is how often the place is kept at most; 0: ten seconds.
	SaveEvery time.Duration
	// MaxItems are the most records a request; 0: what Authomize takes.
	MaxItems int
	// OnProgress, if set, is called after each batch.
	OnProgress func(Progress)
}

// Progress is how far the posting is.
type Progress struct {
	Kind   authomize.Kind
	Posted int64 // of this kind; mapped only, in a dry run
	Done   bool  // with this kind
}

// A Result is what the transform function answers.
type Result struct {
	Run    staging.RunID    `json:"run"`
	State  report.State     `json:"state"`
	Posted map[string]int64 `json:"posted"`
	Swept  bool             `json:"swept"`
	// Missing are the collections that a waiting run waits for; none if
	// another transform is at work.
	Missing []staging.Collection `json:"missing,omitempty"`
	Held    []string             `json:"held,omitempty"`
	Error   string               `json:"error,omitzero"`
	// Report is what this invocation did; nil if it ended no run, because
	// the run waits or was transformed before.
	Report *report.Report `json:"-"`
	// Cause is the error behind a failed run.
	Cause error `json:"-"`
	// Unfinished tells that the invocation ran out of time and that another
	// will go on where it ended. Progressed tells whether it got any further.
	Unfinished bool `json:"-"`
	Progressed bool `json:"-"`
}

// Run transforms a run if it is complete and nobody else does. What can't be
// mended by trying again (a damaged part, a refused token) is a result with
// state failed; any other fault is an error, and trying again is harmless.
// staging.ErrUnknownRun means that nothing is staged under the run.
func Run(ctx context.Context, run staging.RunID, o Options) (Result, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Log = o.Log.With("run", run)
	if o.Approve {
		return approve(ctx, run, o)
	}
	missing, err := staging.Missing(ctx, o.Store, run)
	if err != nil {
		return Result{}, err
	}
	if len(missing) > 0 {
		o.Log.InfoContext(ctx, "waiting for collections", "missing", missing)
		return Result{Run: run, State: report.Waiting, Posted: map[string]int64{}, Missing: missing}, nil
	}
	if r, ok := earlier(ctx, run, o); ok {
		return r, nil
	}
	return claimed(ctx, run, o)
}

// claimed transforms the run if nobody else does.
func claimed(ctx context.Context, run staging.RunID, o Options) (Result, error) {
	held, err := staging.Claim(ctx, o.Store, run, o.Holder, claimTime, time.Now)
	if errors.Is(err, staging.ErrClaimed) {
		o.Log.InfoContext(ctx, "waiting: another transform is at work", "err", err)
		return Result{Run: run, State: report.Waiting, Posted: map[string]int64{}}, nil
	}
	if err != nil {
		return Result{}, err
	}
	// A redelivered event may have found the claim free because the work was
	// done in between.
	if r, ok := earlier(ctx, run, o); ok {
		return r, release(ctx, held)
	}
	ctx, stop := held.Keep(ctx)
	t := newTransform(run, o)
	if err = t.load(ctx); err == nil {
		if r, ok := earlier(ctx, run, t.o); ok {
			stop()
			return r, release(ctx, held)
		}
		err = t.run(ctx)
	}
	t.outOfTime = isOutOfTime(ctx, err)
	stop()
	return t.end(ctx, held, err)
}

// earlier is the answer of a transform of the same run that ended well.
func earlier(ctx context.Context, run staging.RunID, o Options) (Result, bool) {
	if o.Again {
		return Result{}, false
	}
	rep, err := report.Load(ctx, o.Store, run)
	if err != nil || rep.State != report.Done && rep.State != report.Held || rep.DryRun && !o.Settings.DryRun || rep.AppID != o.Settings.AppID {
		return Result{}, false
	}
	if open, err := loadPlace(ctx, o.Store, run); err != nil || open != nil {
		return Result{}, false // it is being transformed once more
	}
	o.Log.InfoContext(ctx, "this run was transformed already", "state", rep.State)
	return resultOf(run, rep), true
}

func resultOf(run staging.RunID, r *report.Report) Result {
	return Result{Run: run, State: r.State, Posted: r.Posted(), Swept: r.Sweep.Swept, Held: r.Sweep.Held, Error: r.Error}
}

// a transform is the work on one run.
type transform struct {
	id       staging.RunID
	o        Options
	report   *report.Report
	snaps    map[staging.Collection]*staging.Snapshot
	results  map[authomize.Kind]authomize.Result
	mapped   map[authomize.Kind]int64
	ids      map[authomize.Kind][]taggedID // of the identified kinds
	findings *findings
	parents  *parents
	x        *index
	earliest time.Time // acceptedTimestamp of the run
	journey  *journey  // nil in a dry run, and before posting
	gone     gone
	unasked  map[pingone.ID]int // see findUnasked
	baseline *goodRun           // nil before the first
	// goneNamed are other records that would be swept, though this run names
	// what they stand for, by uniqueId.
	goneNamed []string
	// outOfTime tells that the work was cut off and can go on.
	outOfTime bool
}

func newTransform(run staging.RunID, o Options) *transform {
	return &transform{
		id: run, o: o,
		report: &report.Report{
			Version: report.Version, Run: string(run), DryRun: o.Settings.DryRun, AppID: o.Settings.AppID,
			StartedAt: time.Now().UTC(), Sweep: report.Sweep{Mode: string(o.Settings.Sweep)}, Settings: settingsOf(o.Settings),
		},
		snaps:    map[staging.Collection]*staging.Snapshot{},
		results:  map[authomize.Kind]authomize.Result{},
		mapped:   map[authomize.Kind]int64{},
		ids:      map[authomize.Kind][]taggedID{},
		findings: newFindings(),
		parents:  newParents(),
	}
}

// load opens the run, and heeds what was said of it when it was asked for: a
// dry run stays dry, whoever asks for its transform.
func (t *transform) load(ctx context.Context) error {
	for _, c := range staging.Collections {
		snap, err := staging.Load(ctx, t.o.Store, t.id, c)
		if err != nil {
			return err
		}
		t.snaps[c] = snap
		t.report.Narrowed = t.report.Narrowed || snap.Complete.Narrowed
		t.report.DryRun = t.report.DryRun || snap.Complete.DryRun
	}
	t.o.Settings.DryRun = t.report.DryRun
	return nil
}

func (t *transform) run(ctx context.Context) error {
	x, err := newIndex(ctx, t.snaps, t.findings)
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	t.x = x
	if t.o.Settings.RolePermissions {
		x.addPermissions()
	}
	if err := t.recall(ctx); err != nil {
		return err
	}
	if !t.o.Settings.DryRun {
		if err := markBegun(ctx, t.o.Store, t.id); err != nil {
			return err
		}
		input, err := t.input()
		if err != nil {
			return err
		}
		if t.journey, err = setOut(ctx, t.id, t.o, input); err != nil {
			return err
		}
	}
	if err := t.post(ctx); err != nil {
		return err
	}
	return t.conclude(ctx)
}

// post sends every kind in order, from the place on where an earlier
// invocation ended.
func (t *transform) post(ctx context.Context) error {
	devices, err := readDevices(ctx, t.snaps[staging.Users])
	if err != nil {
		return fmt.Errorf("read the run: %w", err)
	}
	s := &streams{
		x: t.x, snaps: t.snaps, found: t.findings, parents: t.parents, devices: devices,
		serviceUsers: t.o.Settings.ServiceAccounts == config.ServiceAccountsAsUsers,
	}
	for i, kind := range authomize.Kinds {
		records := t.counted(kind, s.of(ctx, kind))
		result, err := t.postKind(ctx, i, kind, records)
		t.results[kind] = result
		if err != nil {
			return err
		}
		if !result.FirstAcceptedAt.IsZero() && (t.earliest.IsZero() || result.FirstAcceptedAt.Before(t.earliest)) {
			t.earliest = result.FirstAcceptedAt
		}
		t.o.Log.DebugContext(ctx, "kind posted", "kind", kind, "mapped", t.mapped[kind], "posted", result.Posted,
			"accepted", result.Accepted, "quarantined", result.QuarantinedTotal, "dry_run", t.o.Settings.DryRun)
		if result.AheadSeconds > 0 {
			t.o.Log.WarnContext(ctx, "Authomize dates receipts ahead of its own replies: the sweep counts from when records were sent, by the clock of the replies",
				"kind", kind, "ahead_s", result.AheadSeconds)
		}
		if t.o.OnProgress != nil {
			t.o.OnProgress(Progress{Kind: kind, Posted: result.Posted, Done: true})
		}
	}
	return nil
}

// postKind sends what is not posted yet of one kind. The result is that of
// all invocations.
func (t *transform) postKind(ctx context.Context, i int, kind authomize.Kind, records iter.Seq2[authomize.Item, error]) (authomize.Result, error) {
	up := &authomize.Uploader{Client: t.poster(), MaxItems: t.o.MaxItems}
	if t.journey == nil {
		up.OnBatch = t.onBatch(ctx, kind, 0)
		return up.Upload(ctx, kind, records)
	}
	skip, posted := t.journey.skip(i)
	before := t.journey.at.Results[kind].Clone()
	if posted {
		return before, drained(records)
	}
	t.journey.begin(i)
	up.OnBatch = t.onBatch(ctx, kind, skip)
	result, err := up.Upload(ctx, kind, behind(skip, records))
	before.Add(result)
	return before, err
}

// onBatch keeps the place and shows the progress. A place that can't be kept
// costs a second posting at worst, so it is only logged.
func (t *transform) onBatch(ctx context.Context, kind authomize.Kind, posted int64) func(authomize.BatchDone) {
	return func(b authomize.BatchDone) {
		if t.journey != nil {
			if err := t.journey.settled(ctx, b); err != nil {
				t.o.Log.WarnContext(ctx, "the place could not be kept; a killed transform would post more again", "err", err)
			}
		}
		posted += b.Count
		if t.o.OnProgress != nil {
			t.o.OnProgress(Progress{Kind: kind, Posted: posted})
		}
	}
}

func (t *transform) poster() authomize.Poster {
	if t.o.Settings.DryRun {
		return dryPoster{}
	}
	return t.o.Client
}

// dryPoster takes every batch and sends none.
type dryPoster struct{}

func (dryPoster) Post(_ context.Context, _ authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	return authomize.Receipt{Accepted: len(items), AcceptedAt: time.Now()}, nil
}

// conclude sweeps if that is safe, and remembers what was posted.
func (t *transform) conclude(ctx context.Context) error {
	memory, err := loadMemory(ctx, t.o.Store)
	if err != nil {
		return err
	}
	t.baseline = memory.baseline()
	posted := t.postedIDs()
	if err := t.findGone(ctx, memory, posted); err != nil {
		return err
	}
	if t.goneNamed, err = t.goneThoughNamed(ctx, memory, posted); err != nil {
		return err
	}
	if err := t.findUnasked(ctx, memory); err != nil {
		return err
	}
	if t.report.Narrowed {
		t.report.Sweep.Gone = nil // most of it was not looked for
	}
	if s := memory.state.Swept; s != nil && s.Run == t.id && len(t.report.Sweep.Gone) == 0 {
		t.report.Sweep.Gone = s.Gone // an earlier try swept, and died before its report
	}
	if t.hasCutoff() {
		cutoff := t.earliest.Add(-sweepMargin).UTC()
		t.report.Sweep.Cutoff = &cutoff
	}
	t.report.Sweep.Held = t.reasonsToHold(memory)
	safe := len(t.report.Sweep.Held) == 0
	if safe && t.o.Settings.Sweep == config.SweepApply && !t.o.Settings.DryRun {
		if err := t.sweep(ctx); err != nil {
			return err
		}
	}
	t.report.State = report.Done
	if !safe {
		t.report.State = report.Held
	}
	if t.o.Settings.DryRun {
		return nil
	}
	return memory.remember(ctx, t.id, posted, t.report.Sweep.Swept, func(s *state) { t.noteIn(memory, s) })
}

// sweepMargin is taken off the earliest acceptedTimestamp. Records that are
// gone are hours older, and it is not documented whether the sweep compares
// with the time of acceptance or of processing.
const sweepMargin = time.Minute

// hasCutoff tells whether every receipt said when it was accepted.
func (t *transform) hasCutoff() bool {
	for _, r := range t.results {
		if r.MissingTimestamp > 0 {
			return false
		}
	}
	return !t.earliest.IsZero() && !t.o.Settings.DryRun
}

func (t *transform) sweep(ctx context.Context) error {
	cutoff := t.report.Sweep.Cutoff
	receipt, err := t.o.Client.Sweep(ctx, *cutoff)
	if err != nil {
		return fmt.Errorf("all records are posted, but the sweep failed: %w", err)
	}
	t.report.Sweep.Swept = true
	t.report.Sweep.ModifiedBefore = cutoff
	t.report.Sweep.RequestID = receipt.RequestID
	return nil
}
