package staging

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/pingone"
)

// A Reply is one reply of PingOne and where it came from.
type Reply struct {
	Environment pingone.ID `json:"environment,omitzero"` // zero for what belongs to none, such as built-in roles
	Path        string     `json:"path"`                 // of the list or resource, from /v1 on, without query
	Parent      *Parent    `json:"parent,omitzero"`      // whose list this is a page of; nil for none
	FetchedAt   time.Time  `json:"fetchedAt"`            // stored in UTC, to the millisecond
	Carried     Carried    `json:"carried,omitzero"`
	// Counted and Shown stand on a list's last page: how many items PingOne
	// counts in it, if it does, and how many different ones it showed.
	Counted *int `json:"counted,omitempty"`
	Shown   *int `json:"shown,omitempty"`
	// ID is that of a single item or tie that was asked for. Body is then a
	// page of the list with this one in it.
	ID    pingone.ID `json:"id,omitzero"`
	Asked time.Time  `json:"asked,omitzero"` // when ID was asked for last
	// Body is the reply as PingOne sent it, but for whitespace between tokens.
	Body jsontext.Value `json:"body"`
}

// A Parent is the resource that a list hangs on.
type Parent struct {
	Kind string     `json:"kind"` // singular: user, group, application, gateway, population; or GroupAny
	ID   pingone.ID `json:"id"`
}

// GroupAny is the kind of Parent of the members that a group has in any way:
// direct, by its filter, or by a group within it. Kind group is of direct ones.
const GroupAny = "groupAny"

// Carried says why an earlier run's reading was carried forward; "" if it was not.
type Carried string

// The reasons to carry a reading forward.
const (
	NotDue   Carried = "not-due"   // read recently enough, or its turn did not come
	NotAsked Carried = "not-asked" // the event narrowed the run
	Refused  Carried = "refused"   // 401, 403, 404 on the list, after all tries
	Failed   Carried = "failed"    // fails for good while others are answered
	Short    Carried = "short"     // shows fewer than PingOne counts
	Unproven Carried = "unproven"  // absent, and without a witness or not yet asked for
	Unlisted Carried = "unlisted"  // its environment is listed no more
)

// CarriedReasons are all of them.
var CarriedReasons = []Carried{NotDue, NotAsked, Refused, Failed, Short, Unproven, Unlisted}

// Approvable tells whether a person may approve what was carried for this reason.
func (c Carried) Approvable() bool { return c != "" && c != NotDue && c != NotAsked }

// A ListKey names one list of PingOne, or one resource that is read by itself.
type ListKey struct {
	Environment pingone.ID
	Path        string
	Parent      Parent // the zero Parent for none
}

// List names the list that the reply is a page of.
func (r *Reply) List() ListKey {
	k := ListKey{Environment: r.Environment, Path: r.Path}
	if r.Parent != nil {
		k.Parent = *r.Parent
	}
	return k
}

// String is what approvals and reports name a list by, such as
// "/v1/environments/E/groups/G/users groupAny:G".
func (k ListKey) String() string {
	if k.Parent == (Parent{}) {
		return k.Path
	}
	return k.Path + " " + k.Parent.Kind + ":" + k.Parent.ID.String()
}

// Key is the text of List, with a space and ID behind it where that is set.
func (r *Reply) Key() string {
	if r.ID.IsZero() {
		return r.List().String()
	}
	return r.List().String() + " " + r.ID.String()
}

// NoBody is that of a marker.
var NoBody = jsontext.Value("{}")

// IsOf tells whether a reply is a page of the list key, such as users, and not
// about one resource. What was asked for by its id stands in a page, too.
func (r *Reply) IsOf(key string) bool {
	_, single := pingone.ParseID(path.Base(r.Path))
	return pingone.ListName(r.Path) == key || single && !r.ID.IsZero()
}

// IsMarker tells whether the reply only says that a list was never read.
func (r *Reply) IsMarker() bool { return r.Carried != "" && string(r.Body) == string(NoBody) }

// bodyMember divides a line in two: no JSON string can hold its quotes.
var bodyMember = []byte(`,"body":`)

// asSent leaves the body as PingOne sent it, whatever that was.
var asSent = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))

// appendLine appends the reply as one line, with the body as last member. A
// body that is no JSON is an error, which does not quote it.
func (r *Reply) appendLine(dst []byte) ([]byte, error) {
	dated := *r
	dated.FetchedAt, dated.Asked = timestamp(r.FetchedAt), timestamp(r.Asked)
	line := bytes.NewBuffer(dst)
	if json.MarshalWrite(line, &dated, asSent) != nil {
		return dst, fmt.Errorf("reply of %s: the body of %d bytes is not JSON", r.Path, len(r.Body))
	}
	return append(line.Bytes(), '\n'), nil
}

// timestamp is the form of all times here: UTC, to the millisecond.
func timestamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// parseLine reads a line without its line feed. The body aliases line and is
// not looked into: the sum over the part vouches for it.
func parseLine(line []byte) (r Reply, err error) {
	head, body, ok := bytes.Cut(line, bodyMember)
	body, ends := bytes.CutSuffix(body, []byte("}"))
	if !ok || !ends || json.Unmarshal(slices.Concat(head, []byte("}")), &r) != nil {
		return Reply{}, fmt.Errorf("a line is not a staged reply: %w", ErrCorrupt)
	}
	r.Body = body
	return r, nil
}

// PageOf is a page of the list key with one item in it.
func PageOf(key string, item []byte) []byte {
	return slices.Concat([]byte(`{"_embedded":{"`), []byte(key), []byte(`":[`), item, []byte(`]}}`))
}

// Page is the body as a page of the list key, which a single resource is made into.
func (r *Reply) Page(key string) []byte {
	if r.IsOf(key) || r.IsMarker() {
		return r.Body
	}
	return PageOf(key, r.Body)
}
