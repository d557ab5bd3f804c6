package pingone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/transport"
)

// Kinds of failure that callers act upon. Test for them with errors.Is.
var (
	ErrUnauthorized = errors.New("pingone: token refused")             // 401, after a fresh token
	ErrForbidden    = errors.New("pingone: forbidden")                 // 403
	ErrNotFound     = errors.New("pingone: not found")                 // 404
	ErrThrottled    = errors.New("pingone: too many requests")         // 429, after all retries
	ErrBadLink      = errors.New("pingone: link that is not followed") // scheme, host or path
	ErrPageLoop     = errors.New("pingone: the list goes round")       // would never end
	ErrBadPage      = errors.New("pingone: reply is not a page")       // 200, yet no page
	ErrCredentials  = errors.New("pingone: credentials refused")       // by the token endpoint
)

// An Error is a reply outside 2xx. It holds no body, query or header, so it
// is safe to log.
type Error struct {
	Method        string
	Path          string
	Status        int
	Code          string // PingOne's code, as sent even where it is new
	Detail        string // the first detail's code
	Message       string // PingOne's words, cut to 200 runes
	CorrelationID string // for PingOne's support
}

func (e *Error) Error() string {
	words := strings.Join(strings.Fields(e.Code+" "+e.Detail), " ")
	text := strings.TrimSpace(fmt.Sprintf("pingone: %s %s: %d %s", e.Method, e.Path, e.Status, words))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.CorrelationID != "" {
		text += " (correlation id " + e.CorrelationID + ")"
	}
	return text
}

// Is lets errors.Is see the kind of failure through an Error.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	}
	return target == ErrThrottled && e.Status == http.StatusTooManyRequests
}

// unexpected is PingOne's code for a failure of its own, some with status 4xx.
const unexpected = "UNEXPECTED_ERROR"

// transient tells whether the same request may well be answered later.
func (e *Error) transient() bool {
	return e.Status >= 500 || e.Status == http.StatusRequestTimeout || e.Status == http.StatusTooManyRequests || e.Code == unexpected
}

// Refusal returns the reply in err by which PingOne refused a request for good:
// a 4xx that won't pass. It is nil for any other error.
func Refusal(err error) *Error {
	var e *Error
	if errors.As(err, &e) && e.Status/100 == 4 && !e.transient() {
		return e
	}
	return nil
}

// IsTransient tells whether err is a failure that passes by itself, as far as can
// be seen: 5xx, 408, 429, UNEXPECTED_ERROR, a connection that breaks or stalls, a
// body that is no JSON, each after all tries, from the API or the token endpoint.
// A context that ended, or has no time left for another try, is none.
func IsTransient(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var e *Error
	return errors.As(err, new(passingError)) || errors.As(err, &e) && e.transient()
}

// passingError marks an error that has no reply as one that passes by itself.
type passingError struct{ error }

func (p passingError) Unwrap() error { return p.error }

// sendError marks what made a request fail without a reply: the network, unless
// ctx ended or the error is final. That of a token says by itself whether it
// passes. The URL that net/http puts around it has a query, which is for no log.
func sendError(ctx context.Context, err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	if ctx.Err() != nil || transport.IsFinal(err) {
		return err
	}
	return passingError{err}
}

// replyError is the Error of a reply.
func replyError(resp *http.Response, method, path string, body []byte) error {
	e := &Error{Method: method, Path: path, Status: resp.StatusCode, CorrelationID: clean(resp.Header.Get("Correlation-Id"), 64)}
	if e.Status/100 == 3 {
		e.Message = "redirect refused: the token goes to the configured host only"
		return e
	}
	in := readErrorBody(body)
	e.Code, e.Message = clean(in.Code, 64), clean(in.Message, 200)
	e.CorrelationID = cmp.Or(e.CorrelationID, clean(in.ID, 64))
	if len(in.Details) > 0 {
		e.Detail = clean(in.Details[0].Code, 64)
	}
	return e
}

// errorBody is what PingOne says with a status outside 2xx.
type errorBody struct {
	ID      string `json:"id"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Code string `json:"code"`
	} `json:"details"`
}

// readErrorBody leaves out the words of a body of another shape.
func readErrorBody(body []byte) errorBody {
	var in errorBody
	if json.Unmarshal(body, &in, lenient) != nil {
		return errorBody{}
	}
	return in
}

// clean cuts s to n runes of one line. Words around an @ are dropped: they
// may be somebody's address.
func clean(s string, n int) string {
	words := strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
	for i, w := range words {
		if strings.Contains(w, "@") || strings.Contains(w, "%40") {
			words[i] = "[redacted]"
		}
	}
	runes := []rune(strings.Join(words, " "))
	return string(runes[:min(len(runes), n)])
}

// lenient decodes whatever PingOne sends: a broken character or a name that
// occurs twice must not hide a page of users.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
