package pingone

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder turns list pages into resources. It reuses its memory, so the
// items of one page are gone when the next one is decoded. Not for concurrent
// use.
type Decoder[T any] struct {
	// LeftOut, if set, lets an item that can't be decoded whole hold what can be:
	// it is called for each member of the item that is of another type, with the
	// item's id. Only an item without a readable id is broken then.
	LeftOut func(id ID, member string)

	items []T
}

// Items decodes the list named key of a page. An item of another shape than
// T's must not hide the rest: it is left out and counted in broken. The error
// is ErrBadPage.
func (d *Decoder[T]) Items(body []byte, key string) (all []T, broken int, err error) {
	d.items = d.items[:0]
	if d.items, err = decodeList(body, key, d.items); err == nil {
		return d.items, 0, nil
	}
	values, err := decodeList[jsontext.Value](body, key, nil) // the slow way, for a page with a broken item
	if err != nil {
		return nil, 0, fmt.Errorf("%w: its list %s can't be decoded", ErrBadPage, key)
	}
	d.items = d.items[:0]
	for _, value := range values {
		item, err := One[T](value)
		if err != nil && !d.partly(value, &item) {
			broken++
			continue
		}
		d.items = append(d.items, item)
	}
	return d.items, broken, nil
}

// partly decodes the members of an item one by one, and reports those of another
// type. It is false for an item that is lost.
func (d *Decoder[T]) partly(value jsontext.Value, item *T) bool {
	var members map[string]jsontext.Value
	id, err := One[Member](value)
	if d.LeftOut == nil || err != nil || id.ID.IsZero() || json.Unmarshal(value, &members, lenient) != nil {
		return false
	}
	*item = *new(T)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		before := *item
		alone, err := json.Marshal(map[string]jsontext.Value{name: members[name]}, lenient)
		if err != nil || json.Unmarshal(alone, item, plain) != nil {
			*item = before
			d.LeftOut(id.ID, name)
		}
	}
	return true
}

// plain reads values of another type than documented that say plainly what they
// are: text for a truth value or a number, a number for text, 5.0 for 5. It is
// slower, and for what lenient does not decode.
var plain = json.JoinOptions(lenient, json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, b *bool) error {
		return convert(d, '"', func(text string) (err error) {
			*b, err = strconv.ParseBool(strings.ToLower(strings.TrimSpace(text)))
			return err
		})
	}),
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, s *string) error {
		return convert(d, '0', func(text string) error { *s = text; return nil })
	}),
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, n *int) error {
		return convert(d, d.PeekKind(), func(text string) error {
			f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if *n = int(f); err == nil && float64(*n) != f {
				err = strconv.ErrSyntax
			}
			return err
		})
	}),
)))

// convert hands on a value of a kind as text, and leaves other values alone.
func convert(d *jsontext.Decoder, kind jsontext.Kind, to func(text string) error) error {
	if d.PeekKind() != kind || kind != '"' && kind != '0' {
		return errors.ErrUnsupported
	}
	token, err := d.ReadToken()
	if err == nil {
		err = to(token.String())
	}
	return err
}

// ParseTime reads a time: RFC 3339, or milliseconds since 1970.
func ParseTime(text string) (t time.Time, ok bool) {
	t, err := time.Parse(time.RFC3339, text)
	if err == nil {
		return t, true
	}
	const earliest, latest = 100_000_000_000, 100_000_000_000_000 // 1973, and far ahead
	ms, err := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms).UTC(), err == nil && ms > earliest && ms < latest
}

// One decodes a single resource.
func One[T any](body []byte) (T, error) {
	var item T
	if json.Unmarshal(body, &item, lenient) == nil {
		return item, nil
	}
	item = *new(T)
	if json.Unmarshal(body, &item, plain) != nil {
		return item, fmt.Errorf("%w: a resource of another shape", ErrBadPage)
	}
	return item, nil
}

// decodeList decodes the list named key of a page into items.
func decodeList[T any](body []byte, key string, items []T) ([]T, error) {
	page := struct {
		Embedded embedded[T] `json:"_embedded"`
	}{embedded[T]{key: key, items: items}}
	err := json.Unmarshal(body, &page, lenient)
	return page.Embedded.items, err
}

// embedded is the _embedded object of a page, of which one list matters.
type embedded[T any] struct {
	key        string
	items      []T
	isThere    bool  // the list
	begin, end int64 // of its text in the page
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (e *embedded[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	e.items, e.isThere = e.items[:0], false
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		switch {
		case name.String() != e.key:
			err = dec.SkipValue()
		case dec.PeekKind() != '[': // of two lists of one name the last counts
			e.items, e.isThere = e.items[:0], false
			err = dec.SkipValue()
		default:
			e.isThere, e.begin = true, dec.InputOffset()
			err = json.UnmarshalDecode(dec, &e.items)
			e.end = dec.InputOffset()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
