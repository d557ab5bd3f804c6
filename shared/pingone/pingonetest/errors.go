package pingonetest

import (
	"net/http"

	"github.com/google/uuid"
)

// An apiError is a reply in the shape of the management API's errors.
type apiError struct {
	status     int
	code       string
	message    string
	details    []detail
	retryAfter string
	html       string // sent instead of JSON
}

type detail struct{ code, target, message string }

func (e *apiError) Error() string { return e.code }

func (e *apiError) write(d *doc) {
	d.open()
	d.text("id", uuid.NewString())
	d.text("code", e.code)
	d.text("message", e.message)
	if len(e.details) > 0 {
		d.array("details")
		for _, det := range e.details {
			d.open()
			d.text("code", det.code)
			d.text("target", det.target)
			d.text("message", orElse(det.message, e.message))
			d.close('}')
		}
		d.close(']')
	}
	d.close('}')
}

// An oauthError is a reply in the shape of the token endpoint's errors.
type oauthError struct {
	status      int
	code        string
	description string
}

func (e *oauthError) Error() string { return e.code }

func (e *oauthError) write(d *doc, correlation string) {
	d.open()
	d.text("error", e.code)
	d.text("error_description", "Request denied: "+e.description+" (Correlation ID: "+correlation+")")
	d.close('}')
}

func forbidden() *apiError {
	return &apiError{status: http.StatusForbidden, code: "ACCESS_FAILED", message: "The request could not be completed."}
}

func notFound() *apiError {
	return &apiError{status: http.StatusNotFound, code: "NOT_FOUND", message: "Unable to find the requested resource."}
}

func invalid(target, code string) *apiError {
	return &apiError{
		status: http.StatusBadRequest, code: "INVALID_REQUEST", message: "The request could not be completed.",
		details: []detail{{code: code, target: target, message: "The value is not valid."}},
	}
}

func invalidToken() *apiError {
	return &apiError{
		status: http.StatusUnauthorized, code: "ACCESS_FAILED", message: "The request could not be completed.",
		details: []detail{{code: "INVALID_TOKEN", message: "The access token is not valid."}},
	}
}

// refusal is an error with a code of the caller's choice.
func refusal(status int, code string) *apiError {
	e := &apiError{status: status, code: code, message: "The request could not be completed."}
	if status == http.StatusForbidden {
		e.details = []detail{{code: "INSUFFICIENT_PERMISSIONS", message: "You do not have access to this resource."}}
	}
	return e
}
