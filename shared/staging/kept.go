package staging

import (
	"context"
	"fmt"
	"iter"
)

// Kept is an object of replies that outlive their run, outside of any run's
// folder. Whoever keeps it notes it somewhere, and reads it by that note.
type Kept struct {
	Key      string `json:"key"`
	SHA256   string `json:"sha256"`
	RawBytes int64  `json:"rawBytes"`
	Replies  int    `json:"replies"`
}

// WriteKept stores replies in objects of about PartBytes each, the nth, from
// 1 on, under key(n), whatever is there. None is stored for no replies. The
// first error of replies ends it and is returned.
func WriteKept(ctx context.Context, store Store, key func(n int) string, replies iter.Seq2[Reply, error]) ([]Kept, error) {
	var objects []Kept
	buffer := newLines()
	flush := func() error {
		data, err := buffer.bytes()
		if err != nil {
			return err
		}
		k := Kept{Key: key(len(objects) + 1), SHA256: sumOf(data), RawBytes: buffer.raw, Replies: buffer.count}
		if _, err := store.Put(ctx, k.Key, data, Always); err != nil {
			return fmt.Errorf("keep replies: %w", err)
		}
		objects = append(objects, k)
		buffer.reset()
		return nil
	}
	var line []byte
	for r, err := range replies {
		if err != nil {
			return nil, err
		}
		if line, err = r.appendLine(line[:0]); err != nil {
			return nil, fmt.Errorf("keep: %w", err)
		}
		if err := buffer.add(line); err != nil {
			return nil, fmt.Errorf("keep reply of %s: %w", r.Path, err)
		}
		if buffer.raw < PartBytes {
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
	}
	if buffer.count > 0 {
		if err := flush(); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// ReadKept yields the replies of objects, in order, each object checked
// before anything of it is yielded. The first error ends the sequence;
// ErrCorrupt means that an object is missing or holds something else by now.
// A reply's Body may be used until the next step of the iteration only.
func ReadKept(ctx context.Context, store Store, objects []Kept) iter.Seq2[Reply, error] {
	all := make([]stored, len(objects))
	for i, k := range objects {
		all[i] = stored{key: k.Key, sha256: k.SHA256, rawBytes: k.RawBytes, lines: k.Replies}
	}
	return readReplies(ctx, store, all, "kept replies")
}
