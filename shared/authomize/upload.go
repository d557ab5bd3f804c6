package authomize

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Defaults of an Uploader.
const (
	DefaultConcurrency = 4
	DefaultMaxBytes    = 900_000 // MaxBodyBytes is not exact, and costs nothing to stay below
	defaultRetryPause  = time.Second
)

// A Poster sends one batch. *Client is one; a dry run plugs in another. It
// must be safe for concurrent use and keep no item after it returned.
type Poster interface {
	Post(ctx context.Context, kind Kind, items [][]byte) (Receipt, error)
}

// An Item is a record on its way. A pointer in Record encodes faster than a
// value. Tag is the caller's: it is carried to the Result.
type Item struct {
	Record Record
	Tag    uint32
}

// A BatchDone says that a batch is finished: all its records were posted or
// quarantined.
type BatchDone struct {
	Kind         Kind
	First, Count int64  // positions in the stream, from 0: First to First+Count-1
	Result       Result // of these records
}

// An Uploader posts streams of records. Its fields must not change while an
// Upload runs; one Uploader may run several.
type Uploader struct {
	Client      Poster
	Concurrency int           // batches in flight at once; 0: DefaultConcurrency
	MaxItems    int           // records a batch; 0 or beyond the API's limit: MaxItems
	MaxBytes    int           // bytes a request; 0: DefaultMaxBytes; always below MaxBodyBytes
	RetryPause  time.Duration // before a post is repeated whose receipt was none, doubled once; 0: one second

	// OnBatch, if set, is called after each batch, in the order in which they
	// finish, one call at a time. Batches that fail are not reported.
	OnBatch func(BatchDone)
}

// Upload posts the records, which must all be of this kind, and returns when
// none is in flight. The Result is right also beside an error; of a batch that
// failed, it holds what was done. The first error ends the upload: no further
// request is begun. Records that the API refuses are no error but quarantined,
// unless it refuses a whole batch of 100 or more and has accepted none of the
// kind: then the error wraps ErrInvalid. An error yielded by records is
// returned wrapped.
//
// Records must not change once yielded.
func (u *Uploader) Upload(ctx context.Context, kind Kind, records iter.Seq2[Item, error]) (Result, error) {
	p := &upload{Uploader: u, kind: kind}
	p.group.SetLimit(orDefault(u.Concurrency, DefaultConcurrency))
	if err := p.read(ctx, records); err != nil {
		p.fail(err)
	}
	_ = p.group.Wait()
	if p.first != nil {
		return p.result, fmt.Errorf("post %s: %w", kind, p.first)
	}
	return p.result, nil
}

// An upload is one call of Upload.
type upload struct {
	*Uploader
	kind  Kind
	group errgroup.Group // its functions return nil; first holds the error
	free  sync.Pool

	accepted atomic.Int64 // of this kind so far
	failed   atomic.Bool
	mu       sync.Mutex
	first    error // the first failure
	result   Result
}

// errStopped ends the work of a batch when another has failed.
var errStopped = errors.New("stopped by an earlier failure")

// fail keeps the first error; from then on no request is begun.
func (p *upload) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.first == nil {
		p.first = err
	}
	p.failed.Store(true)
}

// stopped is asked before each request and each record.
func (p *upload) stopped(ctx context.Context) bool {
	if ctx.Err() != nil {
		p.fail(context.Cause(ctx))
	}
	return p.failed.Load()
}

// read cuts the stream into batches and hands them on.
func (p *upload) read(ctx context.Context, records iter.Seq2[Item, error]) error {
	b := p.batch(0)
	var position int64
	for item, err := range records {
		switch {
		case err != nil:
			return fmt.Errorf("read record %d: %w", position, err)
		case p.stopped(ctx):
			return errStopped
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
	b, ok := p.free.Get().(*batch)
	if !ok {
		maxItems := min(orDefault(p.MaxItems, MaxItems), MaxItems)
		maxBytes := min(orDefault(p.MaxBytes, DefaultMaxBytes), MaxBodyBytes-1)
		b = newBatch(p.kind, maxItems, maxBytes)
	}
	b.reset(first)
	return b
}

// dispatch delivers b while the stream goes on; it waits while as many as may
// be are in flight.
func (p *upload) dispatch(ctx context.Context, b *batch) {
	p.group.Go(func() error {
		d := delivery{upload: p, batch: b, whole: len(b.entries)}
		err := d.deliver(ctx, b.entries)
		if err != nil {
			p.fail(err)
		}
		p.finish(b, err)
		return nil
	})
}

func (p *upload) finish(b *batch, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.result.Add(b.result)
	if err == nil && p.OnBatch != nil {
		p.OnBatch(BatchDone{Kind: b.kind, First: b.first, Count: b.count, Result: b.result})
	}
	p.free.Put(b)
}

func orDefault(n, d int) int {
	if n <= 0 {
		return d
	}
	return n
}
