package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
)

// WritePlan stores a work list, one task a line, in objects of about PartBytes
// each. It counts from the next Commit on. A plan is written once: a second
// one is an error. A task is at least one byte, without a line feed, and is
// not kept. After an error the plan may be written again.
func (w *Writer) WritePlan(ctx context.Context, tasks iter.Seq[[]byte]) error {
	if err := w.open(); err != nil {
		return err
	}
	if len(w.manifest.Plan) > 0 {
		return fmt.Errorf("plan of %s in run %s: there is one already", w.collection, w.run)
	}
	p := planWriter{writer: w, lines: newLines(), next: 1}
	var line []byte
	for task := range tasks {
		if len(task) == 0 || bytes.Contains(task, newline) {
			return fmt.Errorf("plan of %s in run %s: a task must be one line, not empty", w.collection, w.run)
		}
		line = append(append(line[:0], task...), '\n')
		if err := p.add(ctx, line); err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
	}
	// An empty plan is an object too, to tell it from no plan.
	if p.lines.count > 0 || len(p.objects) == 0 {
		if err := p.flush(ctx); err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
	}
	w.manifest.Plan = p.objects
	return nil
}

type planWriter struct {
	writer  *Writer
	lines   *lines
	objects []PlanObject
	next    int
}

func (p *planWriter) add(ctx context.Context, line []byte) error {
	if err := p.lines.add(line); err != nil {
		return err
	}
	if p.lines.raw < PartBytes {
		return nil
	}
	return p.flush(ctx)
}

func (p *planWriter) flush(ctx context.Context) error {
	data, err := p.lines.bytes()
	if err != nil {
		return err
	}
	w := p.writer
	key := func(n int) string { return PlanKey(w.run, w.collection, n) }
	n, err := putNumbered(ctx, w.store, key, p.next, data)
	if err != nil {
		return err
	}
	p.objects = append(p.objects, PlanObject{
		Name: numberedName(planPrefix, n), SHA256: sumOf(data), RawBytes: p.lines.raw, Tasks: p.lines.count,
	})
	p.next = n + 1
	p.lines.reset()
	return nil
}

// Plan yields the tasks of the plan in order; none if there is no plan. A task
// may be used until the next step of the iteration only. The first error ends
// the sequence; ErrCorrupt means that an object is not what was written.
func (w *Writer) Plan(ctx context.Context) iter.Seq2[[]byte, error] {
	return PlanOf(ctx, w.store, w.manifest)
}

// PlanOf is Writer.Plan for those who only look.
func PlanOf(ctx context.Context, store Store, m *Manifest) iter.Seq2[[]byte, error] {
	objects := make([]stored, len(m.Plan))
	for i, p := range m.Plan {
		objects[i] = stored{key: collectionKey(m.Run, m.Collection, p.Name), sha256: p.SHA256, rawBytes: p.RawBytes, lines: p.Tasks}
	}
	return readLines(ctx, store, objects)
}

var errComplete = errors.New("it is complete, only Finish may follow")
