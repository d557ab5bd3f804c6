package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// A Planning is a plan that is still being made.
type Planning struct {
	// Plan lists the objects of the work list so far.
	Plan []PlanObject `json:"plan,omitempty"`
	// Drafts is the highest number of a draft.
	Drafts int `json:"drafts,omitzero"`
	// Place is where who plans goes on; nobody else looks into it.
	Place jsontext.Value `json:"place,omitzero"`
}

// A Draft is an object that only the making of the plan needs.
type Draft struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

// AddTask adds a task to the work list, which is stored in objects of about
// PartBytes each. It counts from the next Commit on, and the list is not the
// plan before EndPlan. A task is at least one byte, without a line feed, and
// is not kept.
func (w *Writer) AddTask(ctx context.Context, task []byte) error {
	if err := w.openPlan(); err != nil {
		return err
	}
	if len(task) == 0 || bytes.Contains(task, newline) {
		return fmt.Errorf("plan of %s in run %s: a task must be one line, not empty", w.collection, w.run)
	}
	if w.tasks == nil {
		w.tasks = newLines()
	}
	w.line = append(append(w.line[:0], task...), '\n')
	if err := w.tasks.add(w.line); err != nil {
		return fmt.Errorf("plan %s: %w", w.collection, err)
	}
	if w.tasks.raw < PartBytes {
		return nil
	}
	return w.putTasks(ctx)
}

// KeepPlace says where the making of the plan goes on; it counts from the
// next Commit on.
func (w *Writer) KeepPlace(place jsontext.Value) error {
	if err := w.openPlan(); err != nil {
		return err
	}
	w.planning().Place = place
	return nil
}

// ExtendPlan opens a plan that was made for more tasks, which come behind those
// that it has. They count, all of them or none, from the first Commit after
// EndPlan on; before EndPlan, nothing can be committed.
func (w *Writer) ExtendPlan() error {
	if err := w.open(); err != nil {
		return err
	}
	if len(w.manifest.Plan) == 0 {
		return fmt.Errorf("plan of %s in run %s: there is none yet", w.collection, w.run)
	}
	w.manifest.Planning = &Planning{Plan: slices.Clone(w.manifest.Plan)}
	w.manifest.Plan, w.extending = nil, true
	return nil
}

// EndPlan makes the tasks so far the plan; it counts from the next Commit on.
// A plan is made once, and may be extended.
func (w *Writer) EndPlan(ctx context.Context) error {
	if err := w.openPlan(); err != nil {
		return err
	}
	p := w.planning()
	if w.tasks == nil {
		w.tasks = newLines()
	}
	// An empty plan is an object too, to tell it from no plan.
	if w.tasks.count > 0 || len(p.Plan) == 0 {
		if err := w.putTasks(ctx); err != nil {
			return err
		}
	}
	w.manifest.Plan, w.manifest.Planning, w.tasks, w.extending = p.Plan, nil, nil, false
	return nil
}

// openPlan tells whether tasks may be added.
func (w *Writer) openPlan() error {
	if err := w.open(); err != nil {
		return err
	}
	if len(w.manifest.Plan) > 0 {
		return fmt.Errorf("plan of %s in run %s: there is one already", w.collection, w.run)
	}
	return nil
}

func (w *Writer) planning() *Planning {
	if w.manifest.Planning == nil {
		w.manifest.Planning = new(Planning)
	}
	return w.manifest.Planning
}

// putTasks stores the tasks that are buffered. Its error is the Writer's end:
// what was added since the last Commit is lost.
func (w *Writer) putTasks(ctx context.Context) error {
	p, next := w.planning(), 1
	if n := len(p.Plan); n > 0 {
		next = 1 + numberOf(planPrefix, p.Plan[n-1].Name)
	}
	data, err := w.tasks.bytes()
	if err == nil {
		key := func(n int) string { return PlanKey(w.run, w.collection, n) }
		next, err = putNumbered(ctx, w.store, key, next, data)
	}
	if err != nil {
		w.failed = fmt.Errorf("plan %s of run %s: %w", w.collection, w.run, err)
		return w.failed
	}
	p.Plan = append(p.Plan, PlanObject{
		Name: numberedName(planPrefix, next), SHA256: sumOf(data), RawBytes: w.tasks.raw, Tasks: w.tasks.count,
	})
	w.tasks.reset()
	return nil
}

// Plan yields the tasks of the plan in order, also of one that is still being
// made; none if there is no plan. A task may be used until the next step of
// the iteration only. The first error ends the sequence; ErrCorrupt means that
// an object is not what was written.
func (w *Writer) Plan(ctx context.Context) iter.Seq2[[]byte, error] {
	if w.manifest.Planning != nil {
		return planOf(ctx, w.store, w.manifest, w.manifest.Planning.Plan)
	}
	return PlanOf(ctx, w.store, w.manifest)
}

// PlanOf yields the tasks of a plan for those who only look; none of a plan
// that is still being made.
func PlanOf(ctx context.Context, store Store, m *Manifest) iter.Seq2[[]byte, error] {
	return planOf(ctx, store, m, m.Plan)
}

func planOf(ctx context.Context, store Store, m *Manifest, plan []PlanObject) iter.Seq2[[]byte, error] {
	objects := make([]stored, len(plan))
	for i, p := range plan {
		objects[i] = stored{key: collectionKey(m.Run, m.Collection, p.Name), sha256: p.SHA256, rawBytes: p.RawBytes, lines: p.Tasks}
	}
	return readLines(ctx, store, objects)
}

// WriteDraft stores what the making of the plan is to find again. It counts
// once a place that names it is committed.
func (w *Writer) WriteDraft(ctx context.Context, data []byte) (Draft, error) {
	if err := w.openPlan(); err != nil {
		return Draft{}, err
	}
	p := w.planning()
	name := func(n int) string { return fmt.Sprintf("draft-%06d.bin", n) }
	n, err := putNumbered(ctx, w.store, func(n int) string { return collectionKey(w.run, w.collection, name(n)) }, p.Drafts+1, data)
	if err != nil {
		return Draft{}, fmt.Errorf("draft the plan of %s in run %s: %w", w.collection, w.run, err)
	}
	p.Drafts = n
	return Draft{Name: name(n), SHA256: sumOf(data)}, nil
}

// ReadDraft returns what WriteDraft stored. ErrCorrupt means that it is
// missing or something else.
func (w *Writer) ReadDraft(ctx context.Context, d Draft) ([]byte, error) {
	key := collectionKey(w.run, w.collection, d.Name)
	object, err := w.store.Get(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("%s is missing, start another run: %w", key, ErrCorrupt)
	case err != nil:
		return nil, fmt.Errorf("read the draft of a plan: %w", err)
	case sumOf(object.Data) != d.SHA256:
		return nil, fmt.Errorf("%s is not what was stored, start another run: %w", key, ErrCorrupt)
	}
	return object.Data, nil
}

var errComplete = errors.New("it is complete, only Finish may follow")
