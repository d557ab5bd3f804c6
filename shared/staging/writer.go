package staging

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"time"
)

// A Writer stages one collection of a run. It is not safe for concurrent use, and
// holds what was appended since the last Commit, compressed.
//
// Once Commit has failed the Writer is of no use: it returns the same error
// again. What was not committed is not staged; Open anew and go on from the
// manifest.
type Writer struct {
	store  Store
	folder string // the start of all keys
	now    func() time.Time

	manifest *Manifest
	version  string // of the stored manifest, "" while there is none
	failed   error

	buffer  *lines // of the next part
	next    int    // the number to try for it
	records int
	line    []byte
}

// WithClock sets the clock, which only dates things. The default is time.Now.
func WithClock(now func() time.Time) func(*Writer) { return func(w *Writer) { w.now = now } }

// Open loads the manifest of a collection in a run, or starts one that the first
// Commit stores. If it is complete already, only Finish may follow, and should:
// an earlier invocation may have died before it could write complete.json.
// ErrCorrupt means that the manifest is damaged.
func Open(ctx context.Context, store Store, run RunID, c Collection, opts ...func(*Writer)) (*Writer, error) {
	w := &Writer{store: store, folder: folder(run, c), now: time.Now, buffer: newLines()}
	for _, o := range opts {
		o(w)
	}
	m, object, err := loadManifest(ctx, store, run, c)
	switch {
	case errors.Is(err, ErrNotFound):
		now := timestamp(w.now())
		m = &Manifest{Version: manifestVersion, Sums: Sums{Run: run, Collection: c, StartedAt: now}, UpdatedAt: now, Phase: PhaseRead}
	case err != nil:
		return nil, err
	}
	w.manifest, w.version, w.next = m, object.Version, len(m.Parts)+1
	return w, nil
}

// Manifest returns what the next Commit stores. The caller edits it between Append
// and Commit, so that it and the replies count together or not at all.
func (w *Writer) Manifest() *Manifest { return w.manifest }

// Append takes up a reply that holds so many records; it counts from the next
// Commit on. The reply stays the caller's. An error leaves the Writer as it was.
func (w *Writer) Append(r Reply, records int) error {
	if err := w.open(); err != nil {
		return err
	}
	line, err := r.appendLine(w.line[:0])
	w.line = line
	if err == nil {
		err = w.buffer.add(line)
		w.records += records
	}
	return w.wrap("stage", err)
}

// Full tells that partBytes are buffered and that it is time to Commit.
func (w *Writer) Full() bool { return w.buffer.raw >= partBytes }

// Commit stores what was appended as a part and then replaces the manifest,
// which makes it count. ErrConflict means that another invocation is at work on
// the collection: nothing of this one counts since its last Commit, and it
// should stop. With ctx ended already, Commit does nothing, and may be called
// again.
func (w *Writer) Commit(ctx context.Context) error { return w.commit(ctx, false) }

// Finish commits, marks the collection as complete and stores complete.json.
// It may be repeated, also by a later invocation, until it succeeds.
func (w *Writer) Finish(ctx context.Context) error {
	if w.failed != nil || !w.manifest.Complete {
		if err := w.commit(ctx, true); err != nil {
			return err
		}
	}
	m, object, err := loadManifest(ctx, w.store, w.manifest.Run, w.manifest.Collection)
	if err != nil {
		return w.wrap("finish", err)
	}
	want := m.complete(object.Data)
	return w.wrap("finish", Update(ctx, w.store, CompleteKey(m.Run, m.Collection), func(found **Complete) error {
		switch {
		case *found == nil:
			*found = want
			return nil
		case reflect.DeepEqual(*found, want):
			return ErrUnchanged
		default:
			return fmt.Errorf("complete.json is of another reading, start another run: %w", ErrConflict)
		}
	}))
}

func (w *Writer) open() error {
	if w.failed == nil && w.manifest.Complete {
		return w.wrap("stage", errors.New("it is complete, only Finish may follow"))
	}
	return w.failed
}

// wrap says what the Writer was doing, where there is an error.
func (w *Writer) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s of run %s: %w", doing, w.manifest.Collection, w.manifest.Run, err)
}

// WritePlan stores the lists that are to be read, one line each, without line
// breaks. A line may change once the next one is asked for. The plan counts from
// the next Commit on; there is one, and it is written once.
func (w *Writer) WritePlan(ctx context.Context, lines iter.Seq2[[]byte, error]) (err error) {
	defer func() { err = w.wrap("plan", err) }()
	if err := w.open(); err != nil {
		return err
	}
	if w.manifest.Plan != nil {
		return errors.New("there is one already")
	}
	buffer := newLines()
	for line, err := range lines {
		if err != nil {
			return err
		}
		w.line = append(append(w.line[:0], line...), '\n')
		if err := buffer.add(w.line); err != nil {
			return err
		}
	}
	stored, _, err := buffer.store(ctx, w.store, w.folder, planName, 1)
	if err == nil {
		w.manifest.Plan = &PlanObject{Stored: stored, Lists: buffer.count}
	}
	return err
}

// Plan yields the lines of the plan in order; none if there is no plan. Lines and
// errors are as for [Snapshot.Replies].
func (w *Writer) Plan(ctx context.Context) iter.Seq2[[]byte, error] {
	var plan []Stored
	if p := w.manifest.Plan; p != nil {
		plan = []Stored{p.Stored}
	}
	return readLines(ctx, w.store, w.folder, plan)
}

func (w *Writer) commit(ctx context.Context, finish bool) error {
	if err := w.open(); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return w.wrap("commit", err)
	}
	err := w.putPart(ctx)
	if err == nil {
		err = w.putManifest(ctx, finish)
	}
	w.failed = w.wrap("commit", err)
	return w.failed
}

func (w *Writer) putPart(ctx context.Context) error {
	if w.buffer.count == 0 {
		return nil
	}
	stored, next, err := w.buffer.store(ctx, w.store, w.folder, partName, w.next)
	if err != nil {
		return err
	}
	m := w.manifest
	m.Parts = append(m.Parts, Part{Stored: stored, Replies: w.buffer.count, Records: w.records})
	m.Pages, m.Records = m.Pages+w.buffer.count, m.Records+w.records
	w.buffer, w.next, w.records = newLines(), next, 0
	return nil
}

func (w *Writer) putManifest(ctx context.Context, finish bool) error {
	m := w.manifest
	m.Complete = finish
	// A clock that was set back must not make a run end before it began.
	if now := timestamp(w.now()); now.After(m.UpdatedAt) {
		m.UpdatedAt = now
	}
	var err error
	w.version, err = swap(ctx, w.store, manifestKey(m.Run, m.Collection), m, w.version)
	if errors.Is(err, ErrConflict) {
		err = fmt.Errorf("another invocation is at work on it and this one stops: %w", err)
	}
	return err
}
