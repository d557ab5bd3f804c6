package transform

import (
	"context"
	"iter"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/records"
)

// post sends every kind in order, from where an earlier invocation ended.
func (t *transform) post(ctx context.Context) error {
	up := &authomize.Uploader{Client: t.o.Client, MaxItems: t.o.MaxItems, Now: t.o.Now}
	if t.dry {
		up.Client = dryPoster{now: t.o.Now}
	}
	up.OnBatch = func(b authomize.BatchDone) { t.finished(ctx, b) }
	for p := &t.notes.Pass; p.Kind < len(authomize.Kinds); {
		if err := t.postKind(ctx, up, authomize.Kinds[p.Kind]); err != nil {
			return err
		}
		p.Kind, p.Offset = p.Kind+1, 0
	}
	return nil
}

// postKind sends what is not posted yet of one kind.
func (t *transform) postKind(ctx context.Context, up *authomize.Uploader, kind authomize.Kind) error {
	p := &t.notes.Pass
	t.progress.first, t.progress.pending = p.Offset, map[int64]authomize.BatchDone{}
	var found records.Findings
	var mapped int64
	stream := counted(&mapped, p.Offset, t.x.Stream(ctx, kind, &found))
	if _, err := up.Upload(ctx, kind, stream); err != nil {
		return err
	}
	p.Mapped[kind] = mapped
	p.Findings.Add(&found)
	r := p.Results[kind]
	t.o.Log.DebugContext(ctx, "kind posted", "kind", kind, "mapped", mapped, "posted", r.Posted,
		"accepted", r.Accepted, "quarantined", r.QuarantinedTotal, "dry_run", t.dry)
	if t.o.OnProgress != nil {
		t.o.OnProgress(Progress{Kind: kind, Posted: r.Posted, Done: true})
	}
	return nil
}

// counted counts the records of a stream and yields those behind the first skip.
func counted(n *int64, skip int64, stream iter.Seq2[authomize.Item, error]) iter.Seq2[authomize.Item, error] {
	return func(yield func(authomize.Item, error) bool) {
		for item, err := range stream {
			if err == nil {
				*n++
			}
			if (err != nil || *n > skip) && !yield(item, err) {
				return
			}
		}
	}
}

// A dryPoster takes every batch and sends none.
type dryPoster struct{ now func() time.Time }

func (d dryPoster) Post(_ context.Context, _ authomize.Kind, items [][]byte) (authomize.Receipt, error) {
	return authomize.Receipt{Accepted: len(items), AcceptedAt: d.now()}, nil
}

// finished notes a batch. Only batches without an open one before them count,
// so that going on at the offset leaves none out.
func (t *transform) finished(ctx context.Context, b authomize.BatchDone) {
	p := &t.notes.Pass
	t.progress.pending[t.progress.first+b.First] = b
	for {
		next, ok := t.progress.pending[p.Offset]
		if !ok {
			break
		}
		delete(t.progress.pending, p.Offset)
		p.Offset += next.Count
		sum := p.Results[b.Kind]
		sum.Add(next.Result)
		p.Results[b.Kind] = sum
	}
	if t.o.OnProgress != nil {
		t.o.OnProgress(Progress{Kind: b.Kind, Posted: p.Offset})
	}
	if t.o.Now().Sub(t.progress.saved) < t.o.SaveEvery {
		return
	}
	if err := t.save(ctx); err != nil {
		// It costs a second posting at worst.
		t.o.Log.WarnContext(ctx, "it could not be saved how far the posting is; a killed transform would post more twice", "err", err)
	}
}
