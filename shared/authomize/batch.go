package authomize

import (
	"bytes"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// An entry is one encoded record of a batch.
type entry struct {
	start, end int // of its JSON in the batch's buffer
	key        string
	tag        uint32
}

// A batch collects encoded records of one kind up to the limits of a request.
// It is used again once it was delivered, so that a stream of any length takes
// the memory of a few batches.
type batch struct {
	kind     Kind
	maxItems int
	maxBytes int

	first, count int64 // positions in the stream that it stands for
	size         int   // bytes of the request
	buf          bytes.Buffer
	enc          *jsontext.Encoder
	entries      []entry
	index        map[string]int // key → position in entries
	result       Result
}

func newBatch(kind Kind, maxItems, maxBytes int) *batch {
	b := &batch{kind: kind, maxItems: maxItems, maxBytes: maxBytes, index: map[string]int{}}
	b.enc = jsontext.NewEncoder(&b.buf, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	return b
}

// reset empties the batch for records from position first on.
func (b *batch) reset(first int64) {
	b.first, b.count, b.size = first, 0, envelope
	b.entries = b.entries[:0]
	clear(b.index)
	b.result = Result{}
	b.truncate(0)
}

func (b *batch) truncate(n int) {
	b.buf.Truncate(n)
	b.enc.Reset(&b.buf, b.enc.Options())
}

// add takes one record, or reports false where it belongs in the next batch.
// A record that can never be sent is taken into quarantine. Of two with one
// key the later counts, as it would in two batches.
func (b *batch) add(it Item) bool {
	key := it.Record.Key()
	at, again := b.index[key]
	if len(b.entries) >= b.maxItems && !again || b.buf.Len() > 2*b.maxBytes {
		return false // the second holds off a stream that repeats one key for ever
	}
	start := b.buf.Len()
	if json.MarshalEncode(b.enc, it.Record) != nil {
		b.truncate(start)
		b.quarantine(it, ReasonEncoding)
		return true
	}
	end := b.buf.Len() - 1 // without the encoder's line feed
	size := b.size + end - start
	switch {
	case envelope+end-start > b.maxBytes:
		b.truncate(start)
		b.quarantine(it, ReasonTooLarge)
		return true
	case again:
		size -= b.entries[at].end - b.entries[at].start
	case len(b.entries) > 0:
		size++ // comma
	}
	if size > b.maxBytes {
		b.truncate(start)
		return false
	}
	e := entry{start: start, end: end, key: key, tag: it.Tag}
	if again {
		b.entries[at] = e
		b.result.Duplicates++
	} else {
		b.index[key] = len(b.entries)
		b.entries = append(b.entries, e)
	}
	b.size = size
	b.count++
	return true
}

func (b *batch) quarantine(it Item, reason string) {
	b.count++
	b.result.quarantine(Quarantined{Kind: b.kind, Key: it.Record.Key(), Tag: it.Tag, Reason: reason})
}

// items returns the encoded records of entries.
func (b *batch) items(entries []entry) [][]byte {
	raw := b.buf.Bytes()
	out := make([][]byte, len(entries))
	for i, e := range entries {
		out[i] = raw[e.start:e.end:e.end]
	}
	return out
}
