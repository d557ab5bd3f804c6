package pingonetest

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/pingone"
)

// A doc is JSON in the making. Pages of a thousand users are written into it
// without reflection, so that the fake is never what a benchmark measures.
type doc struct{ b []byte }

const timeFormat = "2006-01-02T15:04:05.000Z"

// comma separates from a value before, if there is one.
func (d *doc) comma() {
	if len(d.b) == 0 {
		return
	}
	switch d.b[len(d.b)-1] {
	case '{', '[', ':':
	default:
		d.b = append(d.b, ',')
	}
}

// open begins an object without a key.
func (d *doc) open() {
	d.comma()
	d.b = append(d.b, '{')
}

func (d *doc) close(bracket byte) { d.b = append(d.b, bracket) }

// key writes a key that needs no escaping.
func (d *doc) key(k string) {
	d.comma()
	d.b = append(d.b, '"')
	d.b = append(d.b, k...)
	d.b = append(d.b, '"', ':')
}

func (d *doc) object(k string) {
	d.key(k)
	d.b = append(d.b, '{')
}

func (d *doc) array(k string) {
	d.key(k)
	d.b = append(d.b, '[')
}

// quoted writes any text; broken UTF-8 becomes U+FFFD.
func (d *doc) quoted(s string) {
	d.comma()
	d.b, _ = jsontext.AppendQuote(d.b, s)
}

// text writes a member unless it is empty.
func (d *doc) text(k, v string) {
	if v != "" {
		d.key(k)
		d.quoted(v)
	}
}

func (d *doc) boolean(k string, v bool) {
	d.key(k)
	d.b = strconv.AppendBool(d.b, v)
}

func (d *doc) number(k string, n int) {
	d.key(k)
	d.b = strconv.AppendInt(d.b, int64(n), 10)
}

func (d *doc) when(k string, t time.Time) {
	if t.IsZero() {
		return
	}
	d.key(k)
	d.b = append(d.b, '"')
	d.b = t.UTC().AppendFormat(d.b, timeFormat)
	d.b = append(d.b, '"')
}

func (d *doc) id(k string, id pingone.ID) {
	d.key(k)
	d.b = append(d.b, '"')
	d.b = appendID(d.b, id)
	d.b = append(d.b, '"')
}

// ref writes {"id":…} unless the id is zero.
func (d *doc) ref(k string, id pingone.ID) {
	if !id.IsZero() {
		d.object(k)
		d.id("id", id)
		d.close('}')
	}
}

func (d *doc) refs(k string, ids []pingone.ID) {
	if len(ids) == 0 {
		return
	}
	d.array(k)
	for _, id := range ids {
		d.open()
		d.id("id", id)
		d.close('}')
	}
	d.close(']')
}

func (d *doc) texts(k string, list []string) {
	if len(list) == 0 {
		return
	}
	d.array(k)
	for _, s := range list {
		d.quoted(s)
	}
	d.close(']')
}

// link writes a HAL link whose address needs no escaping.
func (d *doc) link(rel string, href ...string) {
	d.object(rel)
	d.key("href")
	d.b = append(d.b, '"')
	for _, part := range href {
		d.b = append(d.b, part...)
	}
	d.b = append(d.b, '"', '}')
}

// extra merges custom members, sorted by name.
func (d *doc) extra(members map[string]any) {
	for _, k := range slices.Sorted(maps.Keys(members)) {
		d.quoted(k)
		d.b = append(d.b, ':')
		v, err := json.Marshal(members[k], json.Deterministic(true))
		if err != nil {
			panic("pingonetest: extra member " + k + ": " + err.Error())
		}
		d.b = append(d.b, v...)
	}
}

func appendID(b []byte, id pingone.ID) []byte {
	b = hex.AppendEncode(b, id[0:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:16]} {
		b = append(b, '-')
		b = hex.AppendEncode(b, part)
	}
	return b
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
