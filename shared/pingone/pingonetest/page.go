package pingonetest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// A listing is one page of a paged collection.
type listing struct {
	name  string // of the array in _embedded
	count int
	// filter and limit are what the request asked for; limit may be "".
	limit     int
	after     int // position of the cursor, -1 at the start
	positions []int
	more      bool
}

// paged reads limit and cursor. A page holds at most def items without a
// limit, and a limit may be at most top.
func (c *call) paged(name string, def, top int) (*listing, error) {
	l := &listing{name: name, limit: def, after: -1}
	if text, ok := c.param("limit"); ok {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > top {
			c.s.violate("GET %s: limit %q is not in 1..%d", c.r.URL.Path, text, top)
			return nil, invalid("limit", "OUT_OF_RANGE")
		}
		l.limit = n
	}
	if c.s.set.pageMax > 0 {
		l.limit = min(l.limit, c.s.set.pageMax)
	}
	if text, ok := c.param("cursor"); ok {
		after, ok := c.readCursor(text)
		if !ok {
			return nil, invalid("cursor", "INVALID_VALUE")
		}
		l.after = after
	}
	return l, nil
}

func (c *call) param(name string) (string, bool) {
	values, ok := c.query[name]
	if !ok {
		return "", false
	}
	return values[0], true
}

// take fills the page from positions that come in order after the cursor.
func (l *listing) take(positions iter.Seq[int]) {
	for p := range positions {
		if len(l.positions) == l.limit {
			l.more = true
			return
		}
		l.positions = append(l.positions, p)
	}
}

// begin writes everything of the page up to its items.
func (c *call) begin(l *listing) {
	c.open()
	c.object("_links")
	c.key("self")
	c.open()
	c.text("href", c.self())
	c.close('}')
	if next := c.next(l); next != "" {
		c.key("next")
		c.open()
		c.text("href", next)
		c.close('}')
	}
	c.close('}')
	c.object("_embedded")
	c.array(l.name)
}

// end writes what follows the items.
func (c *call) end(l *listing) {
	c.close(']')
	c.close('}')
	switch c.s.set.count {
	case CountRight:
		c.number("count", l.count-c.uncounted())
	case CountWrong:
		c.number("count", l.count*2+7)
	}
	if !c.s.set.noSize {
		c.number("size", len(l.positions)-c.lost)
	}
	c.close('}')
}

// self is the request's address as PingOne would write it.
func (c *call) self() string {
	if c.r.URL.RawQuery == "" {
		return c.s.public + c.path
	}
	return c.s.public + c.path + "?" + c.r.URL.RawQuery
}

// next is the address of the next page, or "".
func (c *call) next(l *listing) string {
	if c.fault != nil {
		switch c.fault.Do {
		case FaultForeignNext:
			return "https://pingone.invalid" + c.r.URL.RequestURI()
		case FaultLoopNext:
			return c.self()
		}
	}
	if !l.more {
		return ""
	}
	query := url.Values{}
	for _, name := range []string{"limit", "filter"} {
		if v, ok := c.param(name); ok {
			query.Set(name, v)
		}
	}
	query.Set("cursor", c.cursor(l.positions[len(l.positions)-1]))
	return c.s.public + c.path + "?" + query.Encode()
}

// A cursor is a position with a checksum over what it is a position in, so
// that one made up or used elsewhere is refused.
func (c *call) cursor(position int) string {
	b := binary.BigEndian.AppendUint32(nil, uint32(position)) //nolint:gosec // an index, never negative
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, c.checksum(b)))
}

func (c *call) readCursor(text string) (int, bool) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 12 || binary.BigEndian.Uint64(b[4:]) != c.checksum(b[:4]) {
		return 0, false
	}
	return int(binary.BigEndian.Uint32(b)), true
}

func (c *call) checksum(position []byte) uint64 {
	filter, _ := c.param("filter")
	h := fnv.New64a()
	for _, part := range []string{c.s.org.ID.String(), strings.ToLower(c.path), filter, string(position)} {
		_, _ = h.Write([]byte(part)) // never fails
	}
	return h.Sum64()
}

// unpaged writes a collection that comes whole. The limit is accepted and
// dropped, from the self link too; withCount is false where PingOne sends none.
func (c *call) unpaged(name string, size int, withCount bool, items func()) error {
	if text, ok := c.param("limit"); ok {
		if n, err := strconv.Atoi(text); err != nil || n < 1 {
			c.s.violate("GET %s: limit %q", c.r.URL.Path, text)
			return invalid("limit", "INVALID_VALUE")
		}
	}
	c.open()
	c.object("_links")
	c.link("self", c.s.public, c.path)
	if next := c.next(&listing{}); next != "" {
		c.key("next")
		c.open()
		c.text("href", next)
		c.close('}')
	}
	c.close('}')
	c.object("_embedded")
	c.array(name)
	items()
	c.close(']')
	c.close('}')
	if withCount {
		c.number("count", size-c.uncounted())
	}
	c.number("size", size-c.lost)
	c.close('}')
	return nil
}
