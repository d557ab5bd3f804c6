package authomize

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Receipt is the API's answer to a batch.
type Receipt struct {
	// Accepted is how many records passed, by the API's own count. Whether it
	// counts records with invalid references is not documented.
	Accepted int
	// AcceptedAt is zero where the receipt names no time, or one that can't be
	// read or has no zone. The API's clock may be wrong: see Cutoff.
	AcceptedAt time.Time
	// Date is when the reply was made by its own header; zero where it has none.
	Date    time.Time
	Invalid []InvalidID
}

// InvalidID is an id that a record refers to and the API doesn't have.
type InvalidID struct{ List, ID string } // List: field of the receipt, such as invalidSourceIds

// decodeReceipt reads what it understands. Only the accepted count must be
// there: without it nothing is proven.
func decodeReceipt(m map[string]jsontext.Value) (Receipt, error) {
	n, ok := count(m["numberOfAcceptedEntities"])
	if !ok {
		return Receipt{}, fmt.Errorf("%w: its numberOfAcceptedEntities is no count", ErrBadReceipt)
	}
	r := Receipt{Accepted: n, AcceptedAt: instant(m["acceptedTimestamp"])}
	r.addInvalid(m)
	r.addInvalid(fields(m["data"]))
	return r, nil
}

// addInvalid collects every list named invalid…Ids, those of kinds that are
// new tomorrow as well. What is no list, or no text, counts as an id too, so
// that nothing that the API complains of is passed over.
func (r *Receipt) addInvalid(m map[string]jsontext.Value) {
	for name, v := range m {
		if !strings.HasPrefix(name, "invalid") || !strings.HasSuffix(name, "Ids") {
			continue
		}
		var ids []jsontext.Value
		if json.Unmarshal(v, &ids, lenient) != nil {
			ids = []jsontext.Value{v}
		}
		for _, id := range ids {
			r.Invalid = append(r.Invalid, InvalidID{name, cmp.Or(text(id), id.String())})
		}
	}
}
