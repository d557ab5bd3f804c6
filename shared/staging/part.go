package staging

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	// PartBytes is how much a part or plan object holds before compression,
	// about: the line that crosses the limit still goes in.
	PartBytes = 4 << 20

	// maxRawBytes is the most that any object may hold before compression; a
	// reader sizes its memory by it.
	maxRawBytes = 2 * MaxLineBytes

	// maxLeftovers bounds the search for a free number. There is one leftover
	// for each invocation that died between a part and its manifest.
	maxLeftovers = 10_000

	// maxRatio is what deflate can reach, 1032, rounded up.
	maxRatio = 1100
)

// A lines buffer compresses lines as they come. The zero value is not usable.
type lines struct {
	out   bytes.Buffer
	gz    *gzip.Writer
	raw   int64
	count int
}

func newLines() *lines {
	l := new(lines)
	// Level 1: PingOne's pages shrink by nine tenths at any level.
	l.gz, _ = gzip.NewWriterLevel(&l.out, gzip.BestSpeed)
	return l
}

// add appends a line, which ends with a line feed.
func (l *lines) add(line []byte) error {
	if len(line) > MaxLineBytes {
		return fmt.Errorf("line of %d bytes, more than %d", len(line), MaxLineBytes)
	}
	if l.raw+int64(len(line)) > maxRawBytes {
		return fmt.Errorf("more than %d bytes buffered, commit earlier", maxRawBytes)
	}
	if _, err := l.gz.Write(line); err != nil {
		return err
	}
	l.raw += int64(len(line))
	l.count++
	return nil
}

// bytes ends the compressed stream and returns it; reset comes next.
func (l *lines) bytes() ([]byte, error) {
	err := l.gz.Close()
	return l.out.Bytes(), err
}

func (l *lines) reset() {
	l.out.Reset()
	l.gz.Reset(&l.out)
	l.raw, l.count = 0, 0
}

// putNumbered stores data under the first free number from n on and returns
// that number. What is there already was left by an invocation that died or is
// about to lose; it may be named by a manifest, so it is never overwritten.
func putNumbered(ctx context.Context, store Store, key func(int) string, n int, data []byte) (int, error) {
	for end := n + maxLeftovers; n < end; n++ {
		_, err := store.Put(ctx, key(n), data, IfAbsent)
		if err == nil {
			return n, nil
		}
		if !errors.Is(err, ErrConflict) {
			return 0, err
		}
	}
	return 0, fmt.Errorf("%s and %d before it are taken, start another run: %w", key(n-1), maxLeftovers-1, ErrConflict)
}

// A stored object of lines, as the manifest describes it.
type stored struct {
	key      string
	sha256   string
	rawBytes int64
	lines    int
}

// An unpacker checks and decompresses objects, one after the other.
type unpacker struct{ gz gzip.Reader }

// load gets an object and returns its lines, in buf if that is large enough.
// ErrCorrupt means that it isn't what the manifest describes.
func (u *unpacker) load(ctx context.Context, store Store, s stored, buf []byte) ([]byte, error) {
	object, err := store.Get(ctx, s.key)
	if errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("%s is missing, start another run: %w", s.key, ErrCorrupt)
	}
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if sum := sumOf(object.Data); sum != s.sha256 {
		return nil, fmt.Errorf("%s has the SHA-256 %s, its manifest wants %s, start another run: %w", s.key, sum, s.sha256, ErrCorrupt)
	}
	raw, err := u.unpack(object.Data, s, buf)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", s.key, err, ErrCorrupt)
	}
	return raw, nil
}

func (u *unpacker) unpack(data []byte, s stored, buf []byte) ([]byte, error) {
	if s.rawBytes < 0 || s.rawBytes > maxRawBytes || s.rawBytes > maxRatio*int64(len(data)) {
		return nil, fmt.Errorf("%d bytes can't come out of %d", s.rawBytes, len(data))
	}
	if err := u.gz.Reset(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("not gzip: %w", err)
	}
	if int64(cap(buf)) < s.rawBytes {
		buf = make([]byte, s.rawBytes)
	}
	buf = buf[:s.rawBytes]
	if n, err := io.ReadFull(&u.gz, buf); err != nil {
		return nil, fmt.Errorf("%d bytes come out, its manifest wants %d: %w", n, s.rawBytes, err)
	}
	// The end must be read too: gzip checks its own sum there.
	if n, err := io.ReadFull(&u.gz, make([]byte, 1)); n != 0 {
		return nil, fmt.Errorf("goes on after the %d bytes that its manifest wants", s.rawBytes)
	} else if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("does not end well: %w", err)
	}
	if found := bytes.Count(buf, newline); found != s.lines {
		return nil, fmt.Errorf("has %d lines, its manifest wants %d", found, s.lines)
	}
	if len(buf) > 0 && buf[len(buf)-1] != '\n' {
		return nil, errors.New("its last line is cut off")
	}
	return buf, nil
}

var newline = []byte{'\n'}
