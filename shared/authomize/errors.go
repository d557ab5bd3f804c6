package authomize

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Failures that callers act upon, for errors.Is. ErrForbidden is a 401 or 403
// though GET /me takes the token, ErrBlocked a 403 that is not Authomize's own,
// ErrBadReceipt a 2xx without a usable reply: what was posted may be there.
var (
	ErrUnauthorized = errors.New("authomize refuses the token: check authomizeToken in the secret, and that it was made in the tenant that holds the app")
	ErrForbidden    = errors.New("authomize takes the token and refuses the request: see its own words, and ask the administrator of the tenant")
	ErrBlocked      = errors.New("a firewall or balancer before Authomize refuses the request: ask whoever runs it, or the network between")
	ErrNoApp        = errors.New("authomize has no such app: check AUTHOMIZE_APP_ID and AUTHOMIZE_API_URL")
	ErrConflict     = errors.New("authomize is busy with the app: run again later, posting twice does no harm")
	ErrTooLarge     = errors.New("the batch is larger than Authomize takes: send fewer records at once")
	ErrInvalid      = errors.New("authomize refuses records: compare them with its API description")
	ErrThrottled    = errors.New("authomize asks to slow down: run again later")
	ErrServer       = errors.New("authomize is out of order: run again later, posting twice does no harm")
	ErrRedirect     = errors.New("authomize's address redirects, which is not followed: set AUTHOMIZE_API_URL to the final address")
	ErrBadReceipt   = errors.New("authomize's answer is no receipt: if it stays so, check AUTHOMIZE_API_URL and any proxy between")
)

var byStatus = map[int]error{
	http.StatusUnauthorized:          ErrUnauthorized,
	http.StatusForbidden:             ErrUnauthorized,
	http.StatusNotFound:              ErrNoApp,
	http.StatusConflict:              ErrConflict,
	http.StatusRequestEntityTooLarge: ErrTooLarge,
	http.StatusUnprocessableEntity:   ErrInvalid,
	http.StatusTooManyRequests:       ErrThrottled,
}

// An Error is a reply outside 2xx. It holds no value of a record and no header,
// so it is safe to log.
type Error struct {
	Status int

	method, path string  // without query
	text         string  // the reply's own, short, without addresses; "": it had none
	blocked      bool    // the reply is no answer of Authomize's
	tokenGood    bool    // GET /me takes the token
	faults       []fault // of a 422
}

// Error says what happened, to what, and what to do.
func (e *Error) Error() string {
	s := fmt.Sprintf("authomize: %s %s: %d", e.method, e.path, e.Status)
	if class := e.class(); class != nil {
		s += ": " + class.Error()
	}
	if e.text != "" {
		s += fmt.Sprintf(" (it says %q)", e.text)
	}
	if len(e.faults) > 0 {
		f := e.faults[0]
		s += fmt.Sprintf(" (%d faults, the first in field %q of item %d: %s)", len(e.faults), f.field, f.index, f.kind)
	}
	return s
}

// Is lets errors.Is(err, ErrInvalid) and its kin see through an Error.
func (e *Error) Is(target error) bool { return target != nil && target == e.class() }

func (e *Error) class() error {
	switch {
	case e.blocked:
		return ErrBlocked
	case e.tokenGood:
		return ErrForbidden
	case e.Status >= 500:
		return ErrServer
	case e.Status/100 == 3:
		return ErrRedirect
	}
	return byStatus[e.Status]
}

func newError(method, path string, resp *http.Response, body []byte) *Error {
	e := &Error{method: method, path: path, Status: resp.StatusCode}
	m := fields(body)
	e.text = clean(text(m["detail"]))
	switch e.Status {
	case http.StatusUnprocessableEntity:
		e.faults = decodeFaults(m["detail"])
	case http.StatusForbidden:
		e.blocked = m == nil || strings.HasPrefix(resp.Header.Get("Server"), "awselb")
	}
	return e
}

var address = regexp.MustCompile(`\S*(@|%40)\S*`)

// clean cuts s to 200 runes of one line. Words around an @ are dropped: they
// may be somebody's address.
func clean(s string) string {
	return fmt.Sprintf("%.200s", strings.Join(strings.Fields(address.ReplaceAllString(s, "[redacted]")), " "))
}

// isWord matches what can only be a name: a location or type may hold a key or
// value that the sender made up.
var isWord = regexp.MustCompile(`^[\w.]{1,64}$`)

// A fault is one thing that a 422 finds wrong.
type fault struct {
	index int    // of the item in the batch; -1: none is named
	field string // of the item, such as email; "": the whole item
	kind  string // such as value_error.email; "unknown" where none was sent
	bytes bool   // it is about the bytes of the request, whatever they hold
}

// decodeFaults reads the faults of a 422. A detail in plain text names none.
func decodeFaults(detail jsontext.Value) []fault {
	var list []struct {
		Loc  []any  `json:"loc"`
		Type string `json:"type"`
	}
	if json.Unmarshal(detail, &list, lenient) != nil {
		return nil
	}
	var faults []fault
	for _, d := range list {
		f := fault{index: -1, kind: cmp.Or(isWord.FindString(d.Type), "unknown")}
		f.bytes = f.kind == "json_invalid" || f.kind == "value_error.jsondecode"
		f.locate(d.Loc)
		faults = append(faults, f)
	}
	return faults
}

// locate reads a location such as ["body","data",17,"tags",0]: field tags of
// item 17. ["body",47] is a position in the bytes.
func (f *fault) locate(loc []any) {
	var at [4]string
	for i := range min(len(loc), len(at)) {
		at[i] = fmt.Sprint(loc[i])
	}
	if n, err := strconv.Atoi(at[2]); err == nil && n >= 0 && at[1] == "data" {
		f.index, f.field = n, isWord.FindString(at[3])
	}
	if _, err := strconv.Atoi(at[1]); err == nil {
		f.bytes = true
	}
}
