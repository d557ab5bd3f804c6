package authomize

import (
	"bytes"
	"regexp"
	"slices"

	"github.com/go-json-experiment/json"
)

// maxBytes is the most bytes a request: MaxBodyBytes is not exact, and it costs
// nothing to stay below.
const maxBytes = 900_000

// An entry is one encoded record of a batch.
type entry struct {
	json    []byte
	key     string
	tag     uint32
	without []string // fields that were left out
}

// A batch collects encoded records up to the limits of a request, and brings
// them to the API, in as many requests as it takes.
type batch struct {
	*upload
	first, count int64        // positions in the stream that it stands for
	buf          bytes.Buffer // never emptied: it holds the entries' JSON, fewer allocations than one each
	entries      []entry
	index        map[string]int // key → position in entries
	size         int            // bytes of the request
	result       Result
}

// add takes one record, or reports false where it belongs in the next batch.
// A record that can never be sent is taken into quarantine. Of two with one
// key the later counts, as it would in two batches.
func (b *batch) add(it Item) bool {
	e := entry{key: it.Record.Key(), tag: it.Tag}
	start := b.buf.Len()
	err := json.MarshalWrite(&b.buf, it.Record, lenient)
	e.json = dropControls(b.buf.Bytes()[start:])
	reason := ""
	switch {
	case err != nil:
		reason = reasonEncoding
	case envelope+len(e.json) > maxBytes:
		reason = reasonTooLarge
	}
	if reason != "" {
		b.count++
		b.quarantine(e, reason, "")
		return true
	}
	at, repeated := b.index[e.key]
	size := b.size + len(e.json)
	switch {
	case repeated:
		size -= len(b.entries[at].json)
	case len(b.entries) > 0:
		size++ // comma
	}
	if size > maxBytes || len(b.entries) >= b.maxItems && !repeated {
		return false
	}
	if repeated {
		b.entries[at] = e
		b.result.Duplicates++
	} else {
		b.index[e.key] = len(b.entries)
		b.entries = append(b.entries, e)
	}
	b.size = size
	b.count++
	return true
}

// quarantine counts a record that is kept back or refused.
func (b *batch) quarantine(e entry, reason, ref string) {
	q := Quarantined{Kind: b.kind, Key: e.key, Reason: reason, Ref: ref}
	b.result.Add(Result{QuarantinedTotal: 1, QuarantinedByReason: map[string]int64{reason: 1}, Quarantined: []Quarantined{q}})
}

// controls are control characters in JSON, after the escapes that only look so.
var controls = regexp.MustCompile(`(\\[\\"/nt])|\\[bfr]|\\u00[01].|[\x{7f}-\x{9f}]`)

// dropControls takes control characters other than tab and line feed out of
// JSON: some servers fail on them.
func dropControls(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 && bytes.IndexByte(raw, 0x7f) < 0 && bytes.IndexByte(raw, 0xc2) < 0 {
		return raw
	}
	return controls.ReplaceAll(raw, []byte("$1"))
}

// leaveOut returns e without the fields at fault, or false if one of them is
// not there or has to be.
func (b *batch) leaveOut(e entry, faults []fault) (entry, bool) {
	m := fields(e.json)
	var names []string
	for _, f := range faults {
		if slices.Contains(names, f.field) {
			continue
		}
		if _, ok := m[f.field]; !ok || b.kind.needs(f.field) {
			return e, false
		}
		delete(m, f.field)
		names = append(names, f.field)
	}
	raw, err := json.Marshal(m, json.Deterministic(true), lenient)
	e.json, e.without = raw, slices.Concat(e.without, names)
	return e, err == nil
}
