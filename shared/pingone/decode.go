package pingone

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Decoder turns list pages into resources. It reuses its memory, so the
// items of one page are gone when the next one is decoded. Not for concurrent
// use.
type Decoder[T any] struct{ list embedded[T] }

// Items decodes the list named key of a page. An item of another shape than
// T's must not hide the rest: it is left out and counted in broken. The error
// is ErrBadPage.
func (d *Decoder[T]) Items(body []byte, key string) (all []T, broken int, err error) {
	d.list.key = key
	clear(d.list.items[:cap(d.list.items)])
	d.list.items = d.list.items[:0]
	page := struct {
		Embedded embedded[T] `json:"_embedded"`
	}{d.list}
	err = json.Unmarshal(body, &page, lenient)
	d.list = page.Embedded
	if err == nil {
		return d.list.items, 0, nil
	}
	return d.oneByOne(body, key)
}

// oneByOne is the slow way, for a page with a broken item in it.
func (d *Decoder[T]) oneByOne(body []byte, key string) ([]T, int, error) {
	page := struct {
		Embedded embedded[jsontext.Value] `json:"_embedded"`
	}{embedded[jsontext.Value]{key: key}}
	if err := json.Unmarshal(body, &page, lenient); err != nil {
		return nil, 0, fmt.Errorf("%w: its list %s can't be decoded", ErrBadPage, key)
	}
	d.list.items = d.list.items[:0]
	broken := 0
	for _, value := range page.Embedded.items {
		var item T
		if json.Unmarshal(value, &item, lenient) != nil {
			broken++
			continue
		}
		d.list.items = append(d.list.items, item)
	}
	return d.list.items, broken, nil
}

// One decodes a single resource.
func One[T any](body []byte) (T, error) {
	var item T
	if err := json.Unmarshal(body, &item, lenient); err != nil {
		return item, fmt.Errorf("%w: a resource of another shape", ErrBadPage)
	}
	return item, nil
}

// embedded is the _embedded object of a page, of which one list matters.
type embedded[T any] struct {
	key   string
	items []T
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (e *embedded[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		e.items = e.items[:0]
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
		case dec.PeekKind() != '[':
			e.items = e.items[:0] // of two lists of one name the last counts, as in Page.Records
			err = dec.SkipValue()
		default:
			err = json.UnmarshalDecode(dec, &e.items)
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
