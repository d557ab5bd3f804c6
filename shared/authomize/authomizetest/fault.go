package authomizetest

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// A Fault strikes requests by a fixed schedule. A request is checked before
// it strikes.
type Fault struct {
	Kind   authomize.Kind // posts of this kind only; "": any request
	Method string         // requests of this method only; "": any
	Path   string         // requests whose path ends so only, such as /data for the sweep; "": any
	From   int            // the first of these requests that it strikes, counted from 1; 0 is 1
	Times  int            // how many of them in a row; 0: all that follow
	Do     Action
}

// An Action is what a fault does.
type Action struct {
	before func(*call) (reply, bool) // true: this is the reply, nothing is applied
	after  func(*reply)              // changes the reply to what was applied
}

type scheduled struct {
	Fault
	seen int
}

// strikes returns the actions that are due for c.
func (s *Server) strikes(c *call) []Action {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []Action
	for _, f := range s.faults {
		if f.Kind != "" && f.Kind != c.kind || f.Method != "" && f.Method != c.r.Method || !strings.HasSuffix(c.r.URL.Path, f.Path) {
			continue
		}
		f.seen++
		from := max(f.From, 1)
		if f.seen >= from && (f.Times == 0 || f.seen < from+f.Times) {
			due = append(due, f.Do)
		}
	}
	return due
}

func instead(rep reply) Action {
	return Action{before: func(*call) (reply, bool) { return rep, true }}
}

// Status answers with this status and applies nothing.
func Status(code int) Action { return instead(failure(code, http.StatusText(code))) }

// Answer answers with a status, a body as it is, and a content type, and
// applies nothing: as something before the API would.
func Answer(status int, contentType, body string) Action {
	return instead(reply{status: status, header: map[string]string{"Content-Type": contentType}, body: jsontext.Value(body)})
}

// Larger lets a do strike bodies of more bytes than that alone.
func Larger(bytes int, do Action) Action {
	return Action{before: func(c *call) (reply, bool) {
		if do.before == nil || len(c.body) <= bytes {
			return reply{}, false
		}
		return do.before(c)
	}}
}

// Throttle answers 429; retryAfter is the header of that name, in seconds or
// as a date.
func Throttle(retryAfter string) Action {
	rep := failure(http.StatusTooManyRequests, "Too Many Requests")
	rep.header = map[string]string{"Retry-After": retryAfter}
	return instead(rep)
}

// Redirect answers 307 to another address.
func Redirect(location string) Action {
	rep := failure(http.StatusTemporaryRedirect, "Temporary Redirect")
	rep.header = map[string]string{"Location": location}
	return instead(rep)
}

// TooLarge answers 413 to bodies of more bytes than that.
func TooLarge(bytes int) Action {
	return Larger(bytes, Status(http.StatusRequestEntityTooLarge))
}

// Where lets a do strike posts alone that hold a record for which bad is true.
func Where(bad func(record jsontext.Value) bool, do Action) Action {
	return Action{before: func(c *call) (reply, bool) {
		if do.before == nil || !slices.ContainsFunc(c.items, bad) {
			return reply{}, false
		}
		return do.before(c)
	}}
}

// Refuse answers 422 naming the items at these positions, as numbers.
func Refuse(field, kind string, indexes ...int) Action {
	return refuse(field, kind, func(i int) any { return i }, indexes)
}

// RefuseText is Refuse with the positions as strings.
func RefuseText(field, kind string, indexes ...int) Action {
	return refuse(field, kind, func(i int) any { return strconv.Itoa(i) }, indexes)
}

func refuse(field, kind string, position func(int) any, indexes []int) Action {
	var faults []detail
	for _, i := range indexes {
		faults = append(faults, detail{Loc: []any{"body", "data", position(i), field}, Msg: "refused", Type: kind})
	}
	return instead(unprocessable(faults...))
}

// RefuseWhere answers 422 naming the items for which bad is true, as numbers,
// if there are any.
func RefuseWhere(field, kind string, bad func(record jsontext.Value) bool) Action {
	return Action{before: func(c *call) (reply, bool) {
		var faults []detail
		for i, item := range c.items {
			if bad(item) {
				faults = append(faults, detail{Loc: []any{"body", "data", i, field}, Msg: "refused", Type: kind})
			}
		}
		return unprocessable(faults...), faults != nil
	}}
}

// RefuseField answers 422 naming a field of the records with these keys, for as
// long as they have it; without keys of all that have it. With field "" it names
// the whole record.
func RefuseField(field string, keys ...string) Action {
	return Action{before: func(c *call) (reply, bool) {
		var faults []detail
		for i, item := range c.items {
			var r ids
			var m map[string]jsontext.Value
			if json.Unmarshal(item, &r) != nil || json.Unmarshal(item, &m) != nil ||
				len(keys) > 0 && !slices.Contains(keys, r.key(c.kind)) {
				continue
			}
			loc := []any{"body", "data", i}
			if _, has := m[field]; has {
				loc = append(loc, field)
			} else if field != "" {
				continue
			}
			faults = append(faults, detail{Loc: loc, Msg: "refused", Type: "value_error"})
		}
		return unprocessable(faults...), faults != nil
	}}
}

// RefuseUnnamed answers 422 with a plain text, if bad is nil or true for any
// of the items.
func RefuseUnnamed(bad func(record jsontext.Value) bool) Action {
	do := instead(failure(http.StatusUnprocessableEntity, "something is wrong"))
	if bad == nil {
		return do
	}
	return Where(bad, do)
}

// change edits a receipt on its way out.
func change(edit func(map[string]any)) Action {
	return Action{after: func(r *reply) {
		if m, ok := r.body.(map[string]any); ok && r.status == http.StatusOK {
			edit(m)
		}
	}}
}

// AcceptFewer lowers the accepted count of the receipt by n without naming a record.
func AcceptFewer(n int) Action {
	return change(func(m map[string]any) {
		if count, ok := m["numberOfAcceptedEntities"].(int); ok {
			m["numberOfAcceptedEntities"] = max(count-n, 0)
		}
	})
}

// SetField sets a field of the receipt, such as acceptedTimestamp or
// invalidOwnerIds; nil leaves it out.
func SetField(name string, value any) Action {
	return change(func(m map[string]any) {
		m[name] = value
		if value == nil {
			delete(m, name)
		}
	})
}

// NoTimestamp leaves acceptedTimestamp out of the receipt.
func NoTimestamp() Action { return SetField("acceptedTimestamp", nil) }

// NotJSON applies the request and answers 200 with a page of HTML.
func NotJSON() Action {
	return Action{after: func(r *reply) {
		r.body = jsontext.Value("<html>welcome</html>")
		r.header = map[string]string{"Content-Type": "text/html"}
	}}
}

// CutAfter applies the request and cuts the connection: to the client it has
// failed.
func CutAfter() Action { return Action{after: func(r *reply) { r.cut = true }} }

// CutBefore cuts the connection and applies nothing.
func CutBefore() Action { return instead(reply{cut: true}) }

// Delay waits before the request is applied, or until the client is gone.
func Delay(d time.Duration) Action {
	return Action{before: func(c *call) (reply, bool) {
		ctx, cancel := context.WithTimeout(c.r.Context(), d)
		defer cancel()
		<-ctx.Done()
		return reply{}, false
	}}
}
