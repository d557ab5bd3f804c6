package staging

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math"
	"sync"

	"github.com/klauspost/compress/gzip"
)

const (
	// partBytes is how much a part holds before compression, about: the line
	// that crosses the limit still goes in.
	partBytes = 4 << 20
	// maxLeftovers bounds the search for a free number. There is one leftover
	// for each invocation that died between an object and its manifest.
	maxLeftovers = 10_000
)

// A lines buffer compresses lines as they come.
type lines struct {
	out   bytes.Buffer
	gz    *gzip.Writer
	raw   int64
	count int
}

func newLines() *lines {
	l := new(lines)
	l.gz, _ = gzip.NewWriterLevel(&l.out, gzip.BestSpeed) // pages shrink by nine tenths at any level
	return l
}

// add appends a line, which ends with a line feed.
func (l *lines) add(line []byte) error {
	_, err := l.gz.Write(line)
	l.raw += int64(len(line))
	l.count++
	return err
}

// store puts all lines under the first free name from the nth on. What is there
// already was left by an invocation that died or is about to lose; it may be
// named by a manifest, so it is never overwritten.
func (l *lines) store(ctx context.Context, store Store, folder string, name func(int) string, n int) (s Stored, next int, err error) {
	if err := l.gz.Close(); err != nil {
		return Stored{}, 0, err
	}
	data := l.out.Bytes()
	for end := n + maxLeftovers; n < end; n++ {
		_, err := store.Put(ctx, folder+name(n), data, IfAbsent)
		switch {
		case err == nil:
			return Stored{Name: name(n), SHA256: sumOf(data), Bytes: int64(len(data)), RawBytes: l.raw}, n + 1, nil
		case !errors.Is(err, ErrConflict):
			return Stored{}, 0, err
		}
	}
	return Stored{}, 0, fmt.Errorf("%s and %d before it are taken, start another run: %w", folder+name(n-1), maxLeftovers-1, ErrConflict)
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// get returns an object's compressed bytes. ErrCorrupt means that it is not
// what the manifest names.
func (s *Stored) get(ctx context.Context, store Store, folder string) ([]byte, error) {
	object, err := store.Get(ctx, folder+s.Name)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("it is not there, start another run: %w", ErrCorrupt)
	}
	if sum := sumOf(object.Data); err == nil && sum != s.SHA256 {
		return nil, fmt.Errorf("it has the SHA-256 %s, its manifest wants %s, start another run: %w", sum, s.SHA256, ErrCorrupt)
	}
	return object.Data, err
}

// readLines yields the lines of objects, without line feeds, with one object
// loaded ahead. A line may be used until the next step only. The sum of an
// object is checked before anything of it is yielded.
func readLines(ctx context.Context, store Store, folder string, objects []Stored) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		load := func(i int) (wait func() ([]byte, error)) {
			var data []byte
			var err error
			var loading sync.WaitGroup
			if i < len(objects) {
				loading.Go(func() { data, err = objects[i].get(ctx, store, folder) })
			}
			return func() ([]byte, error) { loading.Wait(); return data, err }
		}
		ahead := load(0)
		defer func() { _, _ = ahead() }()
		defer cancel()
		var gz gzip.Reader
		size := int64(1)
		for _, o := range objects {
			size = max(size, min(o.RawBytes, partBytes))
		}
		buffer := make([]byte, size)
		for i, o := range objects {
			data, err := ahead()
			ahead = load(i + 1)
			more := false
			if err == nil {
				more, err = unpack(&gz, data, buffer, yield)
			}
			if err != nil {
				yield(nil, fmt.Errorf("%s: %w", folder+o.Name, err))
			}
			if !more {
				return
			}
		}
	}
}

// unpack yields the lines of an object until yield returns false; then there is
// no more.
func unpack(gz *gzip.Reader, data, buffer []byte, yield func([]byte, error) bool) (more bool, err error) {
	if err := gz.Reset(bytes.NewReader(data)); err != nil {
		return false, err
	}
	lines := bufio.NewScanner(gz)
	lines.Buffer(buffer, math.MaxInt)
	for lines.Scan() {
		if !yield(lines.Bytes(), nil) {
			return false, nil
		}
	}
	return lines.Err() == nil, lines.Err()
}
