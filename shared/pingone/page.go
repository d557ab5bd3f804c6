package pingone

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Page is one reply, byte for byte.
type Page struct {
	Path    string // without query
	Body    []byte // as PingOne sent it
	Records int    // items of the list; 1 for a single resource
	IDs     []ID   // of the list's items, in order; the zero ID for one without
	// Announced is how many items the page says that it shows: Records, or more
	// where it contradicts itself, each time it was asked for. Then the list is short.
	Announced int
	Count     int    // items in the whole list as PingOne says, often wrong; -1 if it doesn't say
	Next      string // path and query of the next page, "" on the last
	// FetchedAt is the earlier time by our clock and PingOne's: a page is
	// never dated later than it is.
	FetchedAt time.Time

	items []byte // of the list, as they stand in Body
}

type links struct {
	Next Link `json:"next"`
}

// IsLast tells whether a page of a list names no page after it. What can't be
// decoded does not tell, and is not the last one.
func IsLast(body []byte) bool {
	var in struct {
		Links links `json:"_links"`
	}
	return json.Unmarshal(body, &in, lenient) == nil && in.Links.Next.Href == ""
}

// isCounted tells whether the count of a list's only page, which shows so many
// items, is believed. That of total identities counts users (PingOne
// documentation, "Total Identities"). That of a list that comes in pages may be
// wrong ("Read All Users"), and only says that something is there.
func (l List) isCounted(shown int) bool {
	paged := strings.HasPrefix(l.Query, "limit=")
	return l.Key != TotalIdentitiesKey && (!paged || shown == 0)
}

// number reads a count. What is none is taken for an absent one: no page is
// given up for it.
func number(v jsontext.Value) (n int, ok bool) {
	n, err := strconv.Atoi(string(v))
	if err != nil || n < 0 {
		return 0, false
	}
	return n, true
}
