package pingonetest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pingone-authomize/shared/pingone/pingonetest"
)

// Ping's own Go clients ask for plain JSON, and decode nothing else.
func TestContentTypeAsAskedFor(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, shared())
	c := newClient(t, s)
	for accept, want := range map[string]string{
		"":                     "application/hal+json;charset=UTF-8",
		"*/*":                  "application/hal+json;charset=UTF-8",
		"application/hal+json": "application/hal+json;charset=UTF-8",
		"application/json":     "application/json;charset=UTF-8",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/roles", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		r.Header.Set("Accept", accept)
		resp, err := c.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q: got %q, want %q", accept, got, want)
		}
	}
}

// Documentation and newest description differ on the day of a head count.
func TestDaysOfHeadCounts(t *testing.T) {
	t.Parallel()
	path := inEnv(pingonetest.DemoIDs().Workforce, "/totalIdentities") + "?filter=" +
		url.QueryEscape(`startDate eq "2026-11-29T00:00:00Z" and endDate eq "2026-11-29T12:00:00Z"`)
	for want, opts := range map[string][]pingonetest.Option{
		`"date":"2026-11-29"`: nil,
		`"date":1795910400`:   {pingonetest.WithNumericDates()},
	} {
		r := newClient(t, pingonetest.New(t, shared(), opts...)).get(path)
		if r.status != http.StatusOK || !strings.Contains(string(r.body), want) {
			t.Errorf("got %d %s, want %s", r.status, r.body, want)
		}
	}
}

func TestBareDayIsRefused(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, shared(), pingonetest.AllowViolations())
	path := inEnv(pingonetest.DemoIDs().Workforce, "/totalIdentities") + "?filter="
	r := newClient(t, s).get(path + url.QueryEscape(`startDate eq "2026-11-29" and endDate eq "2026-11-29"`))
	if r.status != http.StatusBadRequest || len(s.Violations()) != 1 {
		t.Errorf("got %d, violations %q", r.status, s.Violations())
	}
}

// What PingOne's description requires of an application, by protocol or type.
func TestApplicationsHaveWhatIsRequired(t *testing.T) {
	t.Parallel()
	required := map[string][]string{
		"SAML":                   {"spEntityId", "acsUrls", "assertionDuration"},
		"WS_FED":                 {"domainName", "replyUrl", "idpSigning"},
		"EXTERNAL_LINK":          {"homePageUrl"},
		"PING_ONE_PORTAL":        {"applyDefaultTheme"},
		"PING_ONE_SELF_SERVICE":  {"applyDefaultTheme"},
		"PING_ONE_ADMIN_CONSOLE": {"tokenEndpointAuthMethod"},
		"WORKER":                 {"tokenEndpointAuthMethod"},
	}
	s := pingonetest.New(t, shared())
	r := newClient(t, s).get(inEnv(pingonetest.DemoIDs().Workforce, "/applications"))
	var list struct {
		Embedded struct {
			Applications []map[string]any
		} `json:"_embedded"`
	}
	if err := json.Unmarshal(r.body, &list); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, app := range list.Embedded.Applications {
		for _, sort := range []any{app["protocol"], app["type"]} {
			name, _ := sort.(string)
			seen[name] = true
			for _, field := range required[name] {
				if app[field] == nil {
					t.Errorf("%s (%s) has no %s", app["name"], name, field)
				}
			}
		}
	}
	for name := range required {
		if !seen[name] {
			t.Errorf("no application is %s", name)
		}
	}
}
