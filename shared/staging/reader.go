package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
)

// A Snapshot is all committed parts of a complete collection. It is not a
// point in time: PingOne moves while it is read.
type Snapshot struct {
	Manifest *Manifest
	Complete *Complete

	store Store
}

// Load opens a collection that is complete. ErrIncomplete means that it isn't,
// ErrCorrupt that complete.json and the manifest disagree.
func Load(ctx context.Context, store Store, run RunID, c Collection) (*Snapshot, error) {
	key := CompleteKey(run, c)
	object, err := store.Get(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%s of run %s: %w", c, run, ErrIncomplete)
	}
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", c, err)
	}
	complete := new(Complete)
	if err := json.Unmarshal(object.Data, complete); err != nil {
		return nil, fmt.Errorf("%s is not readable, start another run: %w", key, ErrCorrupt)
	}
	m, manifest, err := loadManifest(ctx, store, run, c)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%s is there but the manifest is not, start another run: %w", key, ErrCorrupt)
	}
	if err != nil {
		return nil, err
	}
	if sum := sumOf(manifest.Data); sum != complete.ManifestSHA256 {
		return nil, fmt.Errorf("%s has the SHA-256 %s, complete.json wants %s, start another run: %w",
			ManifestKey(run, c), sum, complete.ManifestSHA256, ErrCorrupt)
	}
	if !m.Complete || !reflect.DeepEqual(m.complete(manifest.Data), complete) {
		return nil, fmt.Errorf("%s and the manifest disagree, start another run: %w", key, ErrCorrupt)
	}
	return &Snapshot{Manifest: m, Complete: complete, store: store}, nil
}

// Replies yields all replies in the order in which they were staged. Each part
// is checked against its sum before anything of it is yielded. The first error
// ends the sequence; ErrCorrupt means that a part is missing or not what was
// staged. Two parts are held at a time: the next one is loaded meanwhile.
//
// A reply's Body may be used until the next step of the iteration only. It is
// known to be what was staged, and is not parsed again.
func (s *Snapshot) Replies(ctx context.Context) iter.Seq2[Reply, error] {
	return Replies(ctx, s.store, s.Manifest)
}

// Replies is Snapshot.Replies for a collection that need not be complete: it
// yields those that its manifest counts.
func Replies(ctx context.Context, store Store, m *Manifest) iter.Seq2[Reply, error] {
	objects := make([]stored, len(m.Parts))
	for i, p := range m.Parts {
		objects[i] = stored{key: collectionKey(m.Run, m.Collection, p.Name), sha256: p.SHA256, rawBytes: p.RawBytes, lines: p.Replies}
	}
	return readReplies(ctx, store, objects, fmt.Sprintf("%s of run %s", m.Collection, m.Run))
}

// readReplies yields the replies of objects; what names them in errors.
func readReplies(ctx context.Context, store Store, objects []stored, what string) iter.Seq2[Reply, error] {
	return func(yield func(Reply, error) bool) {
		for line, err := range readLines(ctx, store, objects) {
			if err != nil {
				yield(Reply{}, fmt.Errorf("read %s: %w", what, err))
				return
			}
			r, err := parseLine(line)
			if err != nil {
				yield(Reply{}, fmt.Errorf("read %s: %w: %w", what, err, ErrCorrupt))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// States tells of each collection whether it is complete in a run.
// ErrUnknownRun means that nothing was staged under the run at all.
func States(ctx context.Context, store Store, run RunID) (map[Collection]bool, error) {
	if _, err := ParseRun(string(run)); err != nil {
		return nil, err
	}
	keys, err := store.List(ctx, RunPrefix(run))
	if err != nil {
		return nil, fmt.Errorf("look for collections of run %s: %w", run, err)
	}
	states := make(map[Collection]bool, len(Collections))
	for _, c := range Collections {
		states[c] = false
	}
	known := false
	for _, key := range keys {
		folder, name, _ := strings.Cut(strings.TrimPrefix(key, RunPrefix(run)), "/")
		c := Collection(folder)
		if _, ours := states[c]; !ours || name == claimName {
			continue
		}
		known = true
		states[c] = states[c] || name == completeName
	}
	if !known {
		return nil, fmt.Errorf("run %s: nothing is staged under %s: %w", run, store, ErrUnknownRun)
	}
	return states, nil
}

// Missing returns the collections that are not complete in a run, in the order
// of Collections. ErrUnknownRun is as for States.
func Missing(ctx context.Context, store Store, run RunID) ([]Collection, error) {
	states, err := States(ctx, store, run)
	if err != nil {
		return nil, err
	}
	var missing []Collection
	for _, c := range Collections {
		if !states[c] {
			missing = append(missing, c)
		}
	}
	return missing, nil
}

// readLines yields the lines of objects, without line feeds, with one object
// loaded ahead. The line belongs to a buffer that is used again.
func readLines(ctx context.Context, store Store, objects []stored) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		loaded, free := make(chan load), make(chan []byte, 2)
		go loadAhead(ctx, store, objects, loaded, free)
		defer func() {
			cancel()
			for range loaded { // ends when the loader has
			}
		}()
		for range objects {
			l, ok := <-loaded
			if !ok { // the loader gives up only when ctx ends
				yield(nil, fmt.Errorf("read staged lines: %w", context.Cause(ctx)))
				return
			}
			if l.err != nil {
				yield(nil, l.err)
				return
			}
			for rest := l.raw; len(rest) > 0; {
				end := bytes.IndexByte(rest, '\n')
				if !yield(rest[:end:end], nil) {
					return
				}
				rest = rest[end+1:]
			}
			free <- l.raw
		}
	}
}

type load struct {
	raw []byte
	err error
}

// loadAhead sends one object after the other and closes loaded. While one is
// being read it holds the next, and no more. It takes buffers from free.
func loadAhead(ctx context.Context, store Store, objects []stored, loaded chan<- load, free <-chan []byte) {
	defer close(loaded)
	var u unpacker
	for _, o := range objects {
		var l load
		select {
		case l.raw = <-free:
		default:
		}
		l.raw, l.err = u.load(ctx, store, o, l.raw)
		select {
		case loaded <- l:
		case <-ctx.Done():
			return
		}
		if l.err != nil {
			return
		}
	}
}
