package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
)

// rereadTimeout bounds the second look at an object whose Put failed.
const rereadTimeout = 10 * time.Second

// A Writer stages one collection of a run. It is the only way to do so. It is
// not safe for concurrent use, and holds up to 128 MiB, usually far less than
// PartBytes, since it compresses as it goes.
//
// Once Commit has failed the Writer is of no use: it returns the same error
// again. What was not committed is not staged; Open anew and go on from the
// manifest.
type Writer struct {
	store      Store
	run        RunID
	collection Collection
	now        func() time.Time

	manifest *Manifest
	version  string // of the stored manifest, "" while there is none
	stored   []byte // the manifest as it is stored
	complete bool   // the stored manifest says so
	failed   error

	buffer  *lines // of the next part
	records int
	tasks   *lines // of the next plan object; nil while there is none to make
	// extending is set between ExtendPlan and EndPlan.
	extending bool
	line      []byte
}

// An Option changes how a Writer works.
type Option func(*Writer)

// WithClock sets the clock, which only dates things: no decision depends on
// it. The default is time.Now.
func WithClock(now func() time.Time) Option { return func(w *Writer) { w.now = now } }

// Open loads the manifest of a collection in a run, or starts one that is
// stored by the first Commit. If the manifest is complete already, only Finish
// may follow, and should: an earlier invocation may have died before it could
// write complete.json. ErrCorrupt means that the manifest is damaged.
func Open(ctx context.Context, store Store, run RunID, c Collection, opts ...Option) (*Writer, error) {
	if _, err := ParseRun(string(run)); err != nil {
		return nil, err
	}
	if _, err := ParseCollection(string(c)); err != nil {
		return nil, err
	}
	w := &Writer{store: store, run: run, collection: c, now: time.Now, buffer: newLines()}
	for _, o := range opts {
		o(w)
	}
	m, object, err := loadManifest(ctx, store, run, c)
	switch {
	case errors.Is(err, ErrNotFound):
		now := w.timestamp()
		m = &Manifest{Version: manifestVersion, Run: run, Collection: c, StartedAt: now, UpdatedAt: now}
	case err != nil:
		return nil, err
	}
	w.manifest, w.version, w.stored, w.complete = m, object.Version, object.Data, m.Complete
	return w, nil
}

// Manifest returns the manifest that the next Commit stores. The caller
// changes progress, unread and counters in it, between Append and Commit, so
// that they and the replies count together or not at all.
func (w *Writer) Manifest() *Manifest { return w.manifest }

// Append takes up a reply that holds so many records; it counts from the next
// Commit on. The reply is not kept. An error leaves the Writer as it was,
// unless compression itself failed.
func (w *Writer) Append(r Reply, records int) error {
	if err := w.open(); err != nil {
		return err
	}
	line, err := r.appendLine(w.line[:0])
	w.line = line[:0]
	if err != nil {
		return fmt.Errorf("stage %s: %w", w.collection, err)
	}
	if err := w.buffer.add(line); err != nil {
		return fmt.Errorf("stage %s: reply of %s: %w", w.collection, r.Path, err)
	}
	w.records += records
	return nil
}

// Full tells that PartBytes are buffered and that it is time to Commit.
func (w *Writer) Full() bool { return w.buffer.raw >= PartBytes }

// Commit stores what was appended as a part, and tasks as a plan object, and
// then replaces the manifest, which makes them count. An error that wraps ErrConflict means that another
// invocation is at work on the same collection of the same run: nothing of
// this one counts since its last Commit, and it should stop. With ctx ended
// already, Commit does nothing, and may be called again.
func (w *Writer) Commit(ctx context.Context) error { return w.commit(ctx, false) }

// Finish commits, marks the collection as complete and stores complete.json.
// It may be repeated, also by a later invocation, until it succeeds.
func (w *Writer) Finish(ctx context.Context) error {
	if !w.complete {
		if err := w.commit(ctx, true); err != nil {
			return err
		}
	}
	m, err := decodeManifest(w.stored, w.run, w.collection)
	if err != nil {
		return err
	}
	data, err := encode(m.complete(w.stored))
	if err != nil {
		return fmt.Errorf("finish %s: %w", w.collection, err)
	}
	key := CompleteKey(w.run, w.collection)
	_, err = w.store.Put(ctx, key, data, IfAbsent)
	if err != nil {
		_, err = w.reread(ctx, key, data, err)
	}
	if err != nil {
		return fmt.Errorf("finish %s: %w", w.collection, err)
	}
	return nil
}

func (w *Writer) open() error {
	if w.failed != nil {
		return w.failed
	}
	if w.complete {
		return fmt.Errorf("stage %s in run %s: %w", w.collection, w.run, errComplete)
	}
	return nil
}

func (w *Writer) commit(ctx context.Context, finish bool) error {
	if err := w.open(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("commit %s: %w", w.collection, context.Cause(ctx))
	}
	if w.extending { // to whoever reads the manifest there would be no plan
		return fmt.Errorf("commit %s: its plan is being extended, and that does not count in part", w.collection)
	}
	err := w.putPart(ctx)
	if err == nil && w.tasks != nil && w.tasks.count > 0 {
		err = w.putTasks(ctx)
	}
	if err == nil {
		err = w.putManifest(ctx, finish)
	}
	if err != nil {
		w.failed = fmt.Errorf("commit %s of run %s: %w", w.collection, w.run, err)
	}
	return w.failed
}

func (w *Writer) putPart(ctx context.Context) error {
	if w.buffer.count == 0 {
		return nil
	}
	data, err := w.buffer.bytes()
	if err != nil {
		return err
	}
	m, next := w.manifest, 1
	if n := len(m.Parts); n > 0 {
		next = 1 + numberOf(partPrefix, m.Parts[n-1].Name)
	}
	key := func(n int) string { return PartKey(w.run, w.collection, n) }
	n, err := putNumbered(ctx, w.store, key, next, data)
	if err != nil {
		return err
	}
	m.Parts = append(m.Parts, Part{
		Name: numberedName(partPrefix, n), SHA256: sumOf(data), Bytes: int64(len(data)),
		RawBytes: w.buffer.raw, Replies: w.buffer.count, Records: w.records,
	})
	m.Pages += w.buffer.count
	m.Records += w.records
	w.buffer.reset()
	w.records = 0
	return nil
}

func (w *Writer) putManifest(ctx context.Context, finish bool) error {
	m := w.manifest
	m.Complete = finish
	// A clock that was set back must not make a run end before it began.
	if now := w.timestamp(); now.After(m.UpdatedAt) {
		m.UpdatedAt = now
	}
	// What can't be read again must not be written.
	if err := m.check(w.run, w.collection); err != nil {
		return err
	}
	data, err := encode(m)
	if err != nil {
		return err
	}
	cond := IfAbsent
	if w.version != "" {
		cond = IfVersion(w.version)
	}
	version, err := w.store.Put(ctx, ManifestKey(w.run, w.collection), data, cond)
	if errors.Is(err, ErrConflict) {
		return fmt.Errorf("another invocation is at work on it and this one stops: %w", err)
	}
	if err != nil {
		if version, err = w.reread(ctx, ManifestKey(w.run, w.collection), data, err); err != nil {
			return err
		}
	}
	w.version, w.stored, w.complete = version, data, finish
	return nil
}

// reread finds out whether what a Put should have written is there although it
// failed, as happens when only its answer is lost or when an invocation before
// wrote the same. If not, it returns the Put's error.
func (w *Writer) reread(ctx context.Context, key string, data []byte, putErr error) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rereadTimeout)
	defer cancel()
	object, err := w.store.Get(ctx, key)
	switch {
	case err == nil && bytes.Equal(object.Data, data):
		return object.Version, nil
	case err != nil && errors.Is(putErr, ErrConflict):
		return "", err // whether there is a conflict is not known
	default:
		return "", putErr
	}
}

func (w *Writer) timestamp() time.Time { return w.now().UTC().Truncate(time.Millisecond) }
