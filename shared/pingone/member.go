package pingone

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Member is an item of a list of which only the id matters. PingOne sends
// the whole user for each membership; reading over all the rest of it is half
// of the work of a run, so it is done value by value, not token by token.
type Member struct{ ID ID }

// ResourceID implements Resource.
func (m Member) ResourceID() ID { return m.ID }

var errNotMember = errors.New("it is no object, or its id is no text")

// UnmarshalJSONFrom implements json.UnmarshalerFrom. The result and what is
// an error are as for a struct with the one field id.
func (m *Member) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	ok, err := readID(dec, &m.ID)
	if err == nil && !ok {
		err = errNotMember
	}
	return err
}

// An anyItem is an item's id, zero for one without, whatever the item is.
type anyItem ID

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (a *anyItem) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	_, err := readID(dec, (*ID)(a))
	return err
}

// readID reads over an item of a list and finds its id, zero for one without.
// It is not ok for what is no object or has an id that is no text; null is an
// object without an id.
func readID(dec *jsontext.Decoder, id *ID) (ok bool, err error) {
	*id = ID{}
	if kind := dec.PeekKind(); kind != '{' {
		return kind == 'n', dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return false, err
	}
	ok = true
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return false, err
		}
		isID := name.String() == "id"
		if kind := dec.PeekKind(); isID && (kind == '"' || kind == 'n') {
			err = json.UnmarshalDecode(dec, id)
		} else {
			ok = ok && !isID
			_, err = dec.ReadValue()
		}
		if err != nil {
			return false, err
		}
	}
	_, err = dec.ReadToken()
	return ok, err
}
