package authomize

import (
	"cmp"
	"context"
	"fmt"
	"iter"
)

// Upload posts the records, which must all be of this kind, and returns when
// none is in flight. The Result is right also beside an error; of a batch that
// failed, it holds what was done. The first error ends the upload: no further
// request is begun. Records that the API refuses are no error: they are posted
// without the fields that it names, or quarantined. It is an error if it accepts
// none of the kind, after 100 records that it names or ten posts, or if ten
// posts in a row end in 5xx. An error yielded by records is returned wrapped.
func (u *Uploader) Upload(ctx context.Context, kind Kind, records iter.Seq2[Item, error]) (Result, error) {
	p := &upload{Uploader: u, kind: kind, maxItems: min(cmp.Or(u.MaxItems, MaxItems), MaxItems)}
	p.going, p.stop = context.WithCancelCause(ctx)
	defer p.stop(nil)
	p.group.SetLimit(cmp.Or(u.inFlight, 4))
	if err := p.read(ctx, records); err != nil {
		p.stop(err)
	}
	_ = p.group.Wait()
	if err := context.Cause(p.going); err != nil {
		return p.result, fmt.Errorf("post %s: %w", kind, err)
	}
	return p.result, nil
}

// read cuts the stream into batches and hands them on.
func (p *upload) read(ctx context.Context, records iter.Seq2[Item, error]) error {
	b := p.batch(0)
	var position int64
	for item, err := range records {
		switch {
		case err != nil:
			return fmt.Errorf("read record %d: %w", position, err)
		case p.going.Err() != nil:
			return context.Cause(p.going)
		case item.Record == nil || item.Record.Kind() != p.kind:
			return fmt.Errorf("record %d is of another kind", position)
		}
		if !b.add(item) {
			p.dispatch(ctx, b)
			b = p.batch(position)
			b.add(item)
		}
		position++
	}
	if b.count > 0 {
		p.dispatch(ctx, b)
	}
	return nil
}

// batch returns an empty batch for records from position first on.
func (p *upload) batch(first int64) *batch {
	b := &batch{upload: p, first: first, size: envelope, index: map[string]int{}}
	b.buf.Grow(MaxBodyBytes) // with the record that belongs in the next batch
	return b
}

// dispatch delivers b while the stream goes on; it waits while as many as may
// be are in flight.
func (p *upload) dispatch(ctx context.Context, b *batch) {
	p.group.Go(func() error {
		left, err := b.send(ctx, b.entries)
		if err == nil {
			err = b.halve(ctx, left)
		}
		if err != nil {
			p.stop(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.result.Add(b.result)
		if err == nil && p.OnBatch != nil {
			p.OnBatch(BatchDone{Kind: b.kind, First: b.first, Count: b.count, Result: b.result})
		}
		return nil
	})
}
