package authomize

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
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

// lenient accepts what a reply may hold besides strict JSON, and turns bytes of
// records that are no UTF-8 into U+FFFD.
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

// text returns a JSON string's text, or "".
func text(v jsontext.Value) string {
	var s string
	_ = json.Unmarshal(v, &s, lenient)
	return s
}

// count reads a whole number from 0, also one that is written as text or as 5.0.
func count(v jsontext.Value) (int, bool) {
	f, err := strconv.ParseFloat(cmp.Or(text(v), v.String()), 64)
	return int(f), err == nil && f == math.Trunc(f) && f >= 0 && f <= math.MaxInt32
}

// instant reads an RFC 3339 time. One without a zone is not guessed at: it
// would decide what a sweep deletes.
func instant(v jsontext.Value) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text(v))
	return t.UTC()
}

// take counts what a receipt says about entries.
func (b *batch) take(entries []entry, receipt Receipt) {
	named := b.quarantineInvalid(entries, receipt.Invalid)
	accepted := min(receipt.Accepted, len(entries)-len(named))
	shortfall := int64(len(entries) - len(named) - accepted)
	r := Result{
		Posted: int64(len(entries)), Accepted: int64(accepted), Shortfall: shortfall,
		AcceptedByTag: map[uint32]int64{}, FirstAcceptedAt: receipt.AcceptedAt, FirstDate: receipt.Date,
	}
	if receipt.Accepted > len(entries) {
		r.Overcounted = 1
	}
	if receipt.AcceptedAt.IsZero() {
		r.MissingTimestamp = 1
	}
	for i, e := range entries {
		if named[i] {
			continue
		}
		r.AcceptedByTag[e.tag]++
		for _, field := range e.without {
			r.Add(Result{Warnings: map[string]Warning{field: {1, []string{e.key}}}})
		}
	}
	for tag, n := range r.AcceptedByTag {
		r.AcceptedByTag[tag] = max(n-shortfall, 0)
	}
	b.result.Add(r)

	b.failing.Store(0)
	b.accepted.Add(int64(accepted))
	if accepted == len(entries) && b.good.Load() == nil {
		b.good.Store(&good{b.kind, entries[0].json})
	}
}

// roles are the ways in which a record refers to another: the list of the
// receipt that names ids which aren't there, and the record's field.
var roles = []struct{ list, name, field string }{
	{"invalidSourceIds", "source", "sourceId"},
	{"invalidTargetIds", "target", "targetId"},
	{"invalidUserIds", "user", "sourceUniqueId"},
	{"invalidGroupingIds", "grouping", "sourceUniqueId"},
	{"invalidPrivilegeIds", "privilege", "privilegeId"},
	{"invalidAssetIds", "asset", "assetId"},
	{"invalidOwnerIds", "owner", "owner"},
}

// quarantineInvalid quarantines the entries that refer to ids that the receipt
// calls invalid in that role, and returns their positions.
func (b *batch) quarantineInvalid(entries []entry, invalid []InvalidID) map[int]bool {
	if len(invalid) == 0 {
		return nil
	}
	found := map[InvalidID]bool{}
	for _, id := range invalid {
		found[id] = false
	}
	positions := map[int]bool{}
	for i, e := range entries {
		record := fields(e.json)
		for _, role := range roles {
			ref := InvalidID{role.list, text(record[role.field])}
			if _, bad := found[ref]; !bad {
				continue
			}
			found[ref] = true
			if !positions[i] {
				positions[i] = true
				b.quarantine(e, "reference refused: "+role.name, ref.ID)
			}
		}
	}
	for _, matched := range found {
		if !matched {
			b.result.UnmatchedIDs++
		}
	}
	return positions
}
