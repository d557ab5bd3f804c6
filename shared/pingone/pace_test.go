package pingone_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/transport"
)

func TestRateGroupOf(t *testing.T) {
	t.Parallel()
	const env = "/v1/environments/e"
	tests := map[string]pingone.RateGroup{
		"/v1/environments":                pingone.Configuration,
		env:                               pingone.Configuration,
		"/v1/roles":                       pingone.Configuration,
		"/v1/organizations/o":             pingone.Configuration,
		env + "/users":                    pingone.Directory,
		env + "/users/u":                  pingone.Directory,
		env + "/groups":                   pingone.Directory,
		env + "/populations":              pingone.Directory,
		env + "/users/u/roleAssignments":  pingone.Configuration,
		env + "/groups/g/roleAssignments": pingone.Configuration,
		env + "/users/u/devices":          pingone.MFA,
		env + "/applications":             pingone.Configuration,
		env + "/gateways":                 pingone.Configuration,
		env + "/roles":                    pingone.Configuration,
		env + "/activities":               pingone.Audit,
	}
	for path, want := range tests {
		if got := pingone.RateGroupOf(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// script answers at once, and counts.
type script func(*http.Request) int

func (s script) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: s(r), Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// A 429 of the audit limit slows audit down and leaves the directory alone;
// both together never pass the setting.
func TestPacingByGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		audits := 0
		o := pingone.Pacing(2, transport.Options{Base: script(func(r *http.Request) int {
			if strings.HasSuffix(r.URL.Path, "/activities") {
				if audits++; audits == 1 {
					return http.StatusTooManyRequests
				}
			}
			return http.StatusOK
		})})
		client := transport.New(o)
		get := func(path string) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
		}
		get("/v1/environments/e/activities")
		began := time.Now()
		for range 10 {
			get("/v1/environments/e/users")
		}
		if got := time.Since(began); got != 5*time.Second {
			t.Errorf("10 requests took %s, want 5s: the full pace of 2 a second", got)
		}
	})
}

// Clients that share pacers share the pace, and a 429 of one slows down all.
func TestSharedPacers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pacers := pingone.NewPacers(3, 10)
		throttle := false
		base := script(func(*http.Request) int {
			if throttle {
				throttle = false
				return http.StatusTooManyRequests
			}
			return http.StatusOK
		})
		clients := []*http.Client{
			transport.New(pacers.Pacing(3, transport.Options{Base: base})), transport.New(pacers.Pacing(3, transport.Options{Base: base})),
		}
		get := func(client int) time.Time {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/v1/environments/e/roles", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := clients[client].Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return time.Now()
		}
		began := time.Now()
		for i := range 31 {
			get(i % 2)
		}
		if got := time.Since(began).Round(time.Millisecond); got != 10*time.Second {
			t.Errorf("31 requests of two clients took %s, want 10s: 3 a second", got)
		}
		throttle = true
		last := get(0)
		if got := get(1).Sub(last).Round(time.Millisecond); got < 666*time.Millisecond {
			t.Errorf("after a 429 of the one, the other waited %s, want the half pace", got)
		}
	})
}
