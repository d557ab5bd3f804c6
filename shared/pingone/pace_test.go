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
