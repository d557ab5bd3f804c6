package staging

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

// A Complete is what complete.json holds. All of it follows from the manifest,
// so that writing it twice writes the same.
type Complete struct {
	Sums
	Parts          int       `json:"parts"`
	RawBytes       int64     `json:"rawBytes"`
	Bytes          int64     `json:"bytes"`
	CompletedAt    time.Time `json:"completedAt"`
	ManifestSHA256 string    `json:"manifestSha256"` // of the manifest's bytes, in hex
}

// complete derives complete.json from the bytes of a manifest.
func (m *Manifest) complete(bytes []byte) *Complete {
	c := &Complete{Sums: m.Sums, Parts: len(m.Parts), CompletedAt: m.UpdatedAt, ManifestSHA256: sumOf(bytes)}
	for _, p := range m.Parts {
		c.RawBytes += p.RawBytes
		c.Bytes += p.Bytes
	}
	return c
}

// A Snapshot is all that a complete run holds of a collection.
type Snapshot struct {
	Manifest *Manifest
	Complete *Complete

	store Store
	gone  map[pingone.ID]bool // of what is no tie
}

// Load opens a collection that is complete. ErrIncomplete means that it isn't,
// ErrCorrupt that complete.json and the manifest disagree.
func Load(ctx context.Context, store Store, run RunID, c Collection) (*Snapshot, error) {
	key := CompleteKey(run, c)
	complete, err := ReadJSON[*Complete](ctx, store, key)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%s of run %s: %w", c, run, ErrIncomplete)
	}
	if err != nil {
		return nil, err
	}
	m, manifest, err := loadManifest(ctx, store, run, c)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && !reflect.DeepEqual(m.complete(manifest.Data), complete):
		return nil, fmt.Errorf("%s and the manifest disagree, start another run: %w", key, ErrCorrupt)
	case err != nil:
		return nil, err
	}
	gone := map[pingone.ID]bool{}
	for _, g := range complete.Gone {
		if g.Parent == nil {
			gone[g.ID] = true
		}
	}
	return &Snapshot{Manifest: m, Complete: complete, store: store, gone: gone}, nil
}

// IsGone tells whether an item is proven gone, whatever an older reply shows.
func (s *Snapshot) IsGone(id pingone.ID) bool { return s.gone[id] }

// Replies is [Snapshot.Replies] for a collection that need not be complete.
func Replies(ctx context.Context, store Store, m *Manifest) iter.Seq2[Reply, error] {
	parts := make([]Stored, len(m.Parts))
	for i, p := range m.Parts {
		parts[i] = p.Stored
	}
	return func(yield func(Reply, error) bool) {
		for line, err := range readLines(ctx, store, folder(m.Run, m.Collection), parts) {
			var r Reply
			if err == nil {
				r, err = parseLine(line)
			}
			if err != nil {
				err = fmt.Errorf("read %s of run %s: %w", m.Collection, m.Run, err)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Replies yields all replies in the order in which they were staged. Each part
// is checked against its sum before anything of it is yielded, and two are held
// at a time. A Body may be used until the next step of the iteration only. The
// first error ends the sequence; ErrCorrupt means that a part is not there or
// not what was staged.
func (s *Snapshot) Replies(ctx context.Context) iter.Seq2[Reply, error] {
	return Replies(ctx, s.store, s.Manifest)
}

// Previous yields the snapshots that older runs than run have of a collection,
// newest first. Instead of one that can't be read it yields ErrCorrupt, with the
// name of the object, and goes on with the next older one. Any other error ends
// it.
func Previous(ctx context.Context, store Store, run RunID, c Collection) iter.Seq2[*Snapshot, error] {
	return func(yield func(*Snapshot, error) bool) {
		runs, err := Runs(ctx, store)
		if err != nil {
			yield(nil, err)
			return
		}
		at, _ := slices.BinarySearch(runs, run)
		for _, older := range slices.Backward(runs[:at]) {
			snapshot, err := Load(ctx, store, older, c)
			if errors.Is(err, ErrIncomplete) {
				continue
			}
			if !yield(snapshot, err) || err != nil && !errors.Is(err, ErrCorrupt) {
				return
			}
		}
	}
}
