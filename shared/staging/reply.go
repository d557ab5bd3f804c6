package staging

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/pingone"
)

// MaxLineBytes is the most that one staged line may take, before compression.
const MaxLineBytes = 64 << 20

// A Reply is one reply of PingOne and where it came from.
type Reply struct {
	// Environment is the zero ID for what belongs to none, such as the list
	// of built-in roles.
	Environment pingone.ID `json:"environment,omitzero"`
	// Path is what was asked for, from /v1 on, query included.
	Path string `json:"path"`
	// Parent is whose child collection this is a page of; nil for none.
	Parent *Parent `json:"parent,omitzero"`
	// FetchedAt is kept in UTC, to the millisecond.
	FetchedAt time.Time `json:"fetchedAt"`
	// Body is the reply as PingOne sent it. Whitespace between tokens is
	// dropped, so that it fits on a line; nothing else is changed. A Body
	// that was read may be used until the next step of the iteration only.
	Body jsontext.Value `json:"-"`
}

// A Parent is the resource that a child collection hangs on.
type Parent struct {
	Kind string     `json:"kind"` // singular: user, group, application, gateway; or GroupAny
	ID   pingone.ID `json:"id"`
}

// GroupAny is the kind of Parent of the members that a group has in any way:
// direct, by its filter, or by a group within it. Those of kind group are
// direct.
const GroupAny = "groupAny"

// IsDevices tells whether a reply is about the MFA devices of its parent, a
// user. Such replies stand among the pages of users.
func (r *Reply) IsDevices() bool { return r.Parent != nil && r.IsOf(pingone.DevicesKey) }

// bodyMember divides a line in two. An unescaped quote can't occur within a
// JSON string, so the first occurrence is the member and nothing else.
var bodyMember = []byte(`,"body":`)

// appendLine appends the reply as one line, with the body as last member. A
// body that is no JSON is an error, which does not quote it.
func (r *Reply) appendLine(dst []byte) ([]byte, error) {
	head := *r
	head.FetchedAt = r.FetchedAt.UTC().Truncate(time.Millisecond)
	text, err := json.Marshal(&head)
	if err != nil {
		return dst, fmt.Errorf("reply of %s: %w", r.Path, err)
	}
	dst = append(dst, text[:len(text)-1]...)
	dst = append(dst, bodyMember...)
	dst, err = jsontext.AppendFormat(dst, r.Body, jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true), jsontext.PreserveRawStrings(true))
	if err != nil {
		return dst, fmt.Errorf("reply of %s: the body of %d bytes is not JSON", r.Path, len(r.Body))
	}
	return append(dst, '}', '\n'), nil
}

var errLine = errors.New("line is not a staged reply")

// parseLine reads a line without its line feed. The body aliases line and is
// not looked into: the sum over the part vouches for it.
func parseLine(line []byte) (Reply, error) {
	at := bytes.Index(line, bodyMember)
	end := len(line) - 1
	if at < 0 || end < at+len(bodyMember) || line[end] != '}' {
		return Reply{}, errLine
	}
	// The comma is swapped for a brace while the head is decoded, which spares a copy.
	line[at] = '}'
	var r Reply
	err := json.Unmarshal(line[:at+1], &r)
	line[at] = ','
	if err != nil {
		return Reply{}, errLine
	}
	r.Body = jsontext.Value(line[at+len(bodyMember) : end : end])
	return r, nil
}
