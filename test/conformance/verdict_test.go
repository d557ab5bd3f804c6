package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// said is what a verdict makes of a header.
func said(t *testing.T, header string) (text string, ok bool) {
	t.Helper()
	v := newVerdict()
	for i := range exceptions {
		v.used[i] = true
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/environments/a1ab76e8-0a98-50b6-b0e4-85c350963a76/users", nil)
	v.hear("PingOne", r, &http.Response{Header: http.Header{violationsHeader: {header}}})
	var out strings.Builder
	ok = v.write(func(format string, args ...any) {
		if format == "  - %s" {
			out.WriteString(args[0].(string) + "\n")
		}
	})
	return out.String(), ok
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	const (
		missing  = `{"location":["response","body","_embedded","users","3"],"message":"must have required property 'username'"}`
		excepted = `{"location":["response","body","_embedded","users","4"],"message":"must have required property 'email'"}`
		choice   = `{"location":["response","body","x","0"],"message":"must match exactly one schema in oneOf"}`
		other    = `{"location":["response","body","x","0","type"],"message":"another shape"}`
	)
	const lacks = "1 times: PingOne: GET /v1/environments/*/users: response.body._embedded.users.*: must have required property 'username'\n"
	const chosen = "1 times: PingOne: GET /v1/environments/*/users: response.body.x.*: must match exactly one schema in oneOf\n"
	for name, tt := range map[string]struct{ header, want string }{
		"nothing":                 {"", ""},
		"a fault":                 {"[" + missing + "]", lacks},
		"an exception":            {"[" + excepted + "]", ""},
		"a fault and more":        {"[" + excepted + "," + missing + "]", lacks},
		"why it is another shape": {"[" + other + "," + choice + "]", chosen},
		"cut off":                 {"Too many violations! [" + other + "," + choice + "," + other[:20], chosen},
		"no list":                 {"?", "1 times: PingOne: GET /v1/environments/*/users: : ?\n"},
	} {
		if got, ok := said(t, tt.header); got != tt.want || ok != (tt.want == "") {
			t.Errorf("%s: got %q %v, want %q", name, got, ok, tt.want)
		}
	}
}

func TestNeedlessExceptionIsAFault(t *testing.T) {
	t.Parallel()
	if newVerdict().write(func(string, ...any) {}) {
		t.Error("nothing was found, and no exception is called needless")
	}
}
