package authomize

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
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

// A BatchDone says that all records of a batch were posted or quarantined.
type BatchDone struct {
	Kind         Kind
	First, Count int64  // positions in the stream, from 0: First to First+Count-1
	Result       Result // of these records
}

// An Uploader posts streams of records. Its fields must not change while an
// Upload runs; one Uploader runs them all, one after the other.
type Uploader struct {
	Client   Poster
	MaxItems int              // records a batch; 0 or beyond the API's limit: MaxItems
	Now      func() time.Time // our clock

	// OnBatch, if set, is called after each batch, in the order in which they
	// finish, one call at a time. Batches that fail are not reported.
	OnBatch func(BatchDone)

	inFlight int // batches at once; 0: 4
	good     atomic.Pointer[good]
}

// A good record was accepted. Where another one fails for good, it is posted
// once more to see whether any passes.
type good struct {
	kind Kind
	json []byte
}

// An upload is one call of Upload.
type upload struct {
	*Uploader
	kind     Kind
	maxItems int
	going    context.Context         // ends with the first failure, which doesn't cut the posts under way
	stop     context.CancelCauseFunc // of going
	group    errgroup.Group          // its functions return nil

	accepted atomic.Int64 // of this kind so far
	named    atomic.Int64 // records that were refused by name
	failing  atomic.Int64 // posts in a row that failed without naming a record
	mu       sync.Mutex
	result   Result
}
