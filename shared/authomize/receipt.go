package authomize

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Receipt is the API's answer to a batch.
type Receipt struct {
	RequestID string
	// Accepted is how many records passed, by the API's own count. Whether it
	// counts records with invalid references is not documented.
	Accepted int
	// AcceptedAt is zero where the receipt names no time, or one that can't be
	// read or has no zone. It is never ahead of the reply itself: see Ahead.
	AcceptedAt time.Time
	// Ahead is by how much the receipt's time was ahead of the reply that brings
	// it, if by more than half a minute: a clock that is wrong, or local time
	// that is said to be UTC. A sweep from such a moment on would delete what was
	// just posted, so AcceptedAt is when the request was sent.
	Ahead time.Duration
	// Invalid holds the ids that the API didn't know, by the field of the
	// receipt that lists them, such as invalidSourceIds. Empty lists are left out.
	Invalid map[string][]string
}

// A SweepReceipt says that a sweep was taken on; it is done later.
type SweepReceipt struct {
	RequestID  string
	AcceptedAt time.Time // zero as in Receipt
}

// Me is who a token belongs to.
type Me struct {
	ID      string `json:"id"`
	Tenant  string `json:"tenant"`
	Version string `json:"version"`
}

// lenient accepts what a reply from outside may hold besides strict JSON.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// fields splits a JSON object; nil if b is something else.
func fields(b []byte) map[string]jsontext.Value {
	var m map[string]jsontext.Value
	if json.Unmarshal(b, &m, lenient) != nil {
		return nil
	}
	return m
}

// decodeReceipt reads what it understands. Only the accepted count must be
// there: without it nothing is proven.
func decodeReceipt(b []byte) (Receipt, error) {
	m := fields(b)
	if m == nil {
		return Receipt{}, fmt.Errorf("%w: it is no JSON object", ErrBadReceipt)
	}
	var n *int
	if json.Unmarshal(m["numberOfAcceptedEntities"], &n, lenient) != nil || n == nil || *n < 0 {
		return Receipt{}, fmt.Errorf("%w: it has no numberOfAcceptedEntities", ErrBadReceipt)
	}
	r := Receipt{RequestID: text(m["requestId"]), Accepted: *n, AcceptedAt: instant(m["acceptedTimestamp"])}
	r.addInvalid(m)
	r.addInvalid(fields(m["data"]))
	return r, nil
}

// maxAhead is how much later than its reply a receipt's time may be. The reply
// is dated in whole seconds.
const maxAhead = 30 * time.Second

// heed compares the receipt's time with when the reply was made, by the API's
// clock, and how long it took.
func (r *Receipt) heed(at time.Time, took time.Duration) {
	if ahead := r.AcceptedAt.Sub(at); ahead > maxAhead {
		r.Ahead, r.AcceptedAt = ahead, at.Add(-took).UTC()
	}
}

// addInvalid collects every list named invalid…Ids, those of kinds that are
// new tomorrow as well. Anything but a list counts as a list of it alone: it
// names something, and if that is no record of the batch, it is counted.
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
			if r.Invalid == nil {
				r.Invalid = map[string][]string{}
			}
			s := text(id)
			if s == "" {
				s = id.String() // a number or an object, say: kept, so that it is counted
			}
			r.Invalid[name] = append(r.Invalid[name], s)
		}
	}
}

func decodeSweepReceipt(b []byte) (SweepReceipt, error) {
	m := fields(b)
	if m == nil {
		return SweepReceipt{}, fmt.Errorf("%w: it is no JSON object", ErrBadReceipt)
	}
	return SweepReceipt{RequestID: text(m["requestId"]), AcceptedAt: instant(m["acceptedTimestamp"])}, nil
}

func decodeMe(b []byte) (Me, error) {
	m := fields(b)
	if m == nil {
		return Me{}, fmt.Errorf("%w: it is no JSON object", ErrBadReceipt)
	}
	return Me{ID: text(m["id"]), Tenant: text(m["tenant"]), Version: text(m["version"])}, nil
}

// text returns a JSON string's text, or "".
func text(v jsontext.Value) string {
	var s string
	if json.Unmarshal(v, &s, lenient) != nil {
		return ""
	}
	return s
}

// instant reads an RFC 3339 time. One without a zone is not guessed at: it
// would decide what a sweep deletes.
func instant(v jsontext.Value) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text(v))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
