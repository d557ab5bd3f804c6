package transform

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/staging"
)

// saveEvery is how often the place is kept: what a killed transform posts
// again is bounded by it. A short one keeps nothing at all.
const saveEvery = 10 * time.Second

const placeVersion = 1

// A place is how far the posting of a run is, kept beside the run so that
// another invocation goes on there. The records of a run come in the same
// order each time, so a number is enough.
type place struct {
	Version int    `json:"version"`
	AppID   string `json:"appId"`
	// Input is made of the sums of all manifests and of the program: the
	// place is one in these records, in this order, and in no others.
	Input string `json:"input"`
	// Kinds before this one are posted, and of this one the first Offset
	// records are posted or in quarantine.
	Kind    int                                 `json:"kind"`
	Offset  int64                               `json:"offset"`
	Results map[authomize.Kind]authomize.Result `json:"results"`
	// Finished marks the place of a transform that came to its end.
	Finished bool `json:"finished"`
}

func placeKey(run staging.RunID) string { return staging.RunPrefix(run) + "transform/place.json" }

// loadPlace returns the place of an unfinished transform; nil if there is none.
func loadPlace(ctx context.Context, store staging.Store, run staging.RunID) (*place, error) {
	object, err := store.Get(ctx, placeKey(run))
	if errors.Is(err, staging.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", placeKey(run), err)
	}
	p := new(place)
	if json.Unmarshal(object.Data, p) != nil || p.Version != placeVersion || p.Finished {
		return nil, nil //nolint:nilerr // posting again from the start is harmless
	}
	return p, nil
}

// A journey is a place on the move.
type journey struct {
	store  staging.Store
	run    staging.RunID
	every  time.Duration
	mu     sync.Mutex
	at     place
	begun  place // where this invocation took over
	stored bool  // there is an object
	saved  time.Time

	first   int64                         // stream position at which the upload began
	waiting map[int64]authomize.BatchDone // settled batches behind one that is not
}

// setOut goes on at the place that an earlier invocation kept for the same
// records, or begins.
func setOut(ctx context.Context, run staging.RunID, o Options, input string) (*journey, error) {
	j := &journey{store: o.Store, run: run, every: cmp.Or(o.SaveEvery, saveEvery), saved: time.Now()}
	appID := o.Settings.AppID
	kept, err := loadPlace(ctx, o.Store, run)
	if err != nil {
		return nil, err
	}
	j.at = place{Version: placeVersion, AppID: appID, Input: input, Results: map[authomize.Kind]authomize.Result{}}
	if kept != nil && kept.AppID == appID && kept.Input == input {
		j.at, j.stored = *kept, true
	}
	j.begun = j.at
	return j, nil
}

// skip is how many records of a kind are settled already; posted tells that
// all are.
func (j *journey) skip(kind int) (records int64, posted bool) {
	switch {
	case kind < j.at.Kind:
		return 0, true
	case kind == j.at.Kind:
		return j.at.Offset, false
	}
	return 0, false
}

// begin turns to a kind.
func (j *journey) begin(kind int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if kind > j.at.Kind {
		j.at.Kind, j.at.Offset = kind, 0
	}
	j.first, j.waiting = j.at.Offset, map[int64]authomize.BatchDone{}
}

// settled notes a batch. Only batches without an open one before them count,
// so that going on at the offset misses none.
func (j *journey) settled(ctx context.Context, b authomize.BatchDone) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting[j.first+b.First] = b
	for {
		next, ok := j.waiting[j.at.Offset]
		if !ok {
			break
		}
		delete(j.waiting, j.at.Offset)
		j.at.Offset += next.Count
		sum := j.at.Results[b.Kind]
		sum.Add(next.Result)
		j.at.Results[b.Kind] = sum
	}
	if time.Since(j.saved) < j.every {
		return nil
	}
	return j.save(ctx)
}

// save keeps the place. j.mu is held.
func (j *journey) save(ctx context.Context) error {
	data, err := json.Marshal(j.at, json.Deterministic(true))
	if err != nil {
		return err
	}
	if _, err := j.store.Put(ctx, placeKey(j.run), data, staging.Always); err != nil {
		return fmt.Errorf("keep the place in %s: %w", placeKey(j.run), err)
	}
	j.stored, j.saved = true, time.Now()
	return nil
}

// rest keeps the place for another invocation. progressed tells whether this
// one got any further.
func (j *journey) rest(ctx context.Context) (progressed bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	progressed = j.at.Kind != j.begun.Kind || j.at.Offset != j.begun.Offset
	return progressed, j.save(ctx)
}

// arrive marks the end, if there was a place kept.
func (j *journey) arrive(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.stored {
		return nil
	}
	j.at.Finished = true
	return j.save(ctx)
}

// behind yields the records of a stream behind the first n.
func behind(n int64, records iter.Seq2[authomize.Item, error]) iter.Seq2[authomize.Item, error] {
	return func(yield func(authomize.Item, error) bool) {
		left := n
		for item, err := range records {
			if err == nil && left > 0 {
				left--
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// drained runs through a stream for what it notes on the way: the records are
// posted already.
func drained(records iter.Seq2[authomize.Item, error]) error {
	for _, err := range records {
		if err != nil {
			return err
		}
	}
	return nil
}
