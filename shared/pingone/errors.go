package pingone

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
)

// Kinds of failure that callers act upon. Test for them with errors.Is.
var (
	ErrUnauthorized = errors.New("pingone: token refused")         // 401, after a fresh token
	ErrForbidden    = errors.New("pingone: role missing")          // 403
	ErrNotFound     = errors.New("pingone: not found")             // 404
	ErrThrottled    = errors.New("pingone: too many requests")     // 429, after all retries
	ErrRefused      = errors.New("pingone: request refused")       // any other 4xx
	ErrBadLink      = errors.New("pingone: link to another place") // scheme, host or path
	ErrPageLoop     = errors.New("pingone: the list goes round")   // would never end
	ErrBadPage      = errors.New("pingone: reply is not a page")   // 200, yet no page
	// ErrContradiction is that of a page which shows fewer items than it tells of,
	// each time it was asked for.
	ErrContradiction = errors.New("pingone: the page tells of more than it shows")
	ErrCredentials   = errors.New("pingone: credentials refused") // by the token endpoint
)

// An Error is a reply outside 2xx. It holds no body, query or header, so it
// is safe to log.
type Error struct {
	Method        string
	Path          string
	Status        int
	Code          string // PingOne's code, kept as sent even where it is new
	Detail        string // the first detail's code
	Message       string // PingOne's words, cut to 200 runes
	CorrelationID string // for PingOne's support
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pingone: %s %s: %d", e.Method, e.Path, e.Status)
	for _, s := range []string{e.Code, e.Detail} {
		if s != "" {
			b.WriteString(" " + s)
		}
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.CorrelationID != "" {
		b.WriteString(" (correlation id " + e.CorrelationID + ")")
	}
	return b.String()
}

// Is lets errors.Is see the kind of failure through an Error.
func (e *Error) Is(target error) bool {
	switch e.Status {
	case http.StatusUnauthorized:
		return target == ErrUnauthorized
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusTooManyRequests:
		return target == ErrThrottled
	}
	return target == ErrRefused && e.Status/100 == 4
}

// replyError reads PingOne's error body; one of another shape leaves the
// words out.
func replyError(resp *http.Response, path string, body []byte) error {
	e := &Error{
		Method:        http.MethodGet,
		Path:          path,
		Status:        resp.StatusCode,
		CorrelationID: clean(resp.Header.Get("Correlation-Id"), 64),
	}
	if e.Status/100 == 3 {
		e.Message = "redirect refused: the token goes to the configured host only"
		return e
	}
	var in struct {
		ID      string `json:"id"`
		Code    string `json:"code"`
		Message string `json:"message"`
		Details []struct {
			Code string `json:"code"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &in, lenient) != nil {
		return e
	}
	e.Code, e.Message = clean(in.Code, 64), clean(in.Message, 200)
	if len(in.Details) > 0 {
		e.Detail = clean(in.Details[0].Code, 64)
	}
	if e.CorrelationID == "" {
		e.CorrelationID = clean(in.ID, 64)
	}
	return e
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
