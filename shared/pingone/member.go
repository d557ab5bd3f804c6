package pingone

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Member is an item of a list of which only the id matters. PingOne sends
// the whole user for each membership; reading over all the rest of it is half
// of the work of a run, so it is done value by value, not token by token.
type Member struct{ ID ID }

// ResourceID implements Resource.
func (m Member) ResourceID() ID { return m.ID }

// UnmarshalJSONFrom implements json.UnmarshalerFrom. The result and what is
// an error are as for a struct with the one field id.
func (m *Member) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*m = Member{}
	if dec.PeekKind() != '{' {
		return json.UnmarshalDecode(dec, &struct{}{}) // null is one without an id
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if name.String() == "id" {
			err = json.UnmarshalDecode(dec, &m.ID)
		} else {
			_, err = dec.ReadValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}
