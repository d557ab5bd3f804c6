package authomize

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Failures that callers act upon. Test for them with errors.Is.
var (
	// ErrUnauthorized: 401 or 403.
	ErrUnauthorized = errors.New("authomize refuses the token: check authomizeToken in the secret, and that it was made in the tenant that holds the app")
	// ErrNoApp: 404.
	ErrNoApp = errors.New("authomize has no such app: check AUTHOMIZE_APP_ID and AUTHOMIZE_API_URL")
	// ErrTooLarge: 413, or a batch beyond MaxItems or MaxBodyBytes.
	ErrTooLarge = errors.New("the batch is larger than Authomize takes: send fewer records at once")
	// ErrInvalid: 422, records that don't fit the API's schema.
	ErrInvalid = errors.New("authomize refuses records: compare them with its API description")
	// ErrThrottled: 429, after all retries.
	ErrThrottled = errors.New("authomize asks to slow down: run again later")
	// ErrServer: 5xx, after all retries.
	ErrServer = errors.New("authomize is out of order: run again later, posting twice does no harm")
	// ErrRedirect: 3xx.
	ErrRedirect = errors.New("authomize's address redirects, which is not followed: set AUTHOMIZE_API_URL to the final address")
	// ErrBadReceipt: a 2xx without a usable receipt. The post may have been
	// applied; sending it again does no harm.
	ErrBadReceipt = errors.New("authomize's answer is no receipt: if it stays so, check AUTHOMIZE_API_URL and any proxy between")
	// ErrEmpty: a post without records.
	ErrEmpty = errors.New("there are no records to post: an empty batch is never sent")
	// ErrNoCutoff: a sweep without a time.
	ErrNoCutoff = errors.New("a sweep needs the time of the first accepted post: without it every record would be deleted")
)

// An Error is a reply outside 2xx. It holds no body, no value of a record and
// no header, so it is safe to log.
type Error struct {
	Method string
	Path   string // without query
	Status int
	Detail []Fault // of a 422
}

// A Fault is one thing that a 422 finds wrong. Field and Type hold only
// letters, digits, "_" and ".", never a value.
type Fault struct {
	Index int    // of the item in the batch; -1: none is named
	Field string // of the item, such as email or customProperties.value; "": the whole item
	Type  string // such as value_error.email; "unknown" where none was sent
}

// Error says what happened, to what, and what to do.
func (e *Error) Error() string {
	s := fmt.Sprintf("authomize: %s %s: %d", e.Method, e.Path, e.Status)
	if k := kindOf(e.Status); k != nil {
		s += ": " + k.Error()
	}
	if len(e.Detail) > 0 {
		f := e.Detail[0]
		s += fmt.Sprintf(" (%d faults, the first in field %q of item %d: %s)", len(e.Detail), f.Field, f.Index, f.Type)
	}
	return s
}

// Is lets errors.Is(err, ErrInvalid) and its kin see through an Error.
func (e *Error) Is(target error) bool { return target != nil && target == kindOf(e.Status) }

func kindOf(status int) error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrUnauthorized
	case status == http.StatusNotFound:
		return ErrNoApp
	case status == http.StatusRequestEntityTooLarge:
		return ErrTooLarge
	case status == http.StatusUnprocessableEntity:
		return ErrInvalid
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status >= 500:
		return ErrServer
	case status >= 300 && status < 400:
		return ErrRedirect
	}
	return nil
}

func newError(method, path string, status int, body []byte) *Error {
	e := &Error{Method: method, Path: path, Status: status}
	if status == http.StatusUnprocessableEntity {
		e.Detail = decodeFaults(body)
	}
	return e
}

// decodeFaults reads the faults of a 422. A detail that is plain text, or
// anything else, names none: its text may repeat a person's data.
func decodeFaults(body []byte) []Fault {
	var list []jsontext.Value
	if json.Unmarshal(fields(body)["detail"], &list, lenient) != nil {
		return nil
	}
	var out []Fault
	for _, v := range list {
		m := fields(v)
		if m == nil {
			continue
		}
		f := Fault{Index: -1, Type: word(text(m["type"]))}
		if f.Type == "" {
			f.Type = "unknown"
		}
		var loc []jsontext.Value
		if json.Unmarshal(m["loc"], &loc, lenient) == nil {
			f.Index, f.Field = place(loc)
		}
		out = append(out, f)
	}
	return out
}

// place reads a location such as ["body","data",17,"tags",0]: item 17, field
// tags. Positions inside the item are left out, so that faults of one field
// count as one.
func place(loc []jsontext.Value) (index int, field string) {
	index = -1
	var names []string
	for i, v := range loc {
		s := text(v)
		if s == "" {
			s = v.String()
		}
		if n, err := strconv.Atoi(s); err == nil {
			if index < 0 && n >= 0 {
				index = n
			}
			continue
		}
		if i == 0 && s == "body" || i <= 1 && s == "data" && index < 0 {
			continue
		}
		if w := word(s); w != "" {
			names = append(names, w)
		}
	}
	return index, strings.Join(names, ".")
}

// word returns s if it can only be a name, else "": a location or type may
// hold a key or value that the sender made up.
func word(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '.' {
			return ""
		}
	}
	return s
}
