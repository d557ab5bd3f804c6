package pingonetest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone/pingonetest"
)

func TestStrictness(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	users := inEnv(ids.Workforce, "/users")
	tests := []struct {
		name      string
		path      string
		status    int
		code      [2]string
		violation string // "" none
	}{
		{"unknown path", "/v1/nothing", 404, [2]string{"NOT_FOUND", ""}, "unknown path"},
		{"malformed id", "/v1/environments/1/users", 404, [2]string{"NOT_FOUND", ""}, "unknown path"},
		{"unknown parameter", users + "?page=2", 400, [2]string{"INVALID_REQUEST", "INVALID_PARAMETER"}, "query parameter"},
		{"repeated parameter", users + "?limit=1&limit=2", 400, [2]string{"INVALID_REQUEST", "INVALID_PARAMETER"}, "query parameter"},
		{"limit 0", users + "?limit=0", 400, [2]string{"INVALID_REQUEST", "OUT_OF_RANGE"}, "limit"},
		{"limit 1001", users + "?limit=1001", 400, [2]string{"INVALID_REQUEST", "OUT_OF_RANGE"}, "limit"},
		{"limit 5001 of environments", "/v1/environments?limit=5001", 400, [2]string{"INVALID_REQUEST", "OUT_OF_RANGE"}, "limit"},
		{"malformed filter", users + "?filter=memberOfGroups%5Bid%5D", 400, [2]string{"INVALID_DATA", "INVALID_FILTER"}, "filter"},
		{"indirect members", users + "?" + strings.Replace(byMember(ids.Level1, true), "DIRECT", "INDIRECT", 1), 400, [2]string{"INVALID_DATA", "INVALID_FILTER"}, "filter"},
		{"cursor made up", users + "?cursor=AAAAAAAAAAAAAAAA", 400, [2]string{"INVALID_REQUEST", "INVALID_VALUE"}, ""},
		{"unknown user", users + "/" + ids.Finance.String(), 404, [2]string{"NOT_FOUND", ""}, ""},
		{"unknown principal", users + "/" + ids.Finance.String() + "/roleAssignments", 404, [2]string{"NOT_FOUND", ""}, ""},
		{"devices of an unknown user", users + "/" + ids.Finance.String() + "/devices", 404, [2]string{"NOT_FOUND", ""}, ""},
		{"devices with a limit", users + "/" + ids.Locked.String() + "/devices?limit=1", 400, [2]string{"INVALID_REQUEST", "INVALID_PARAMETER"}, "query parameter"},
		{"environment that can't be read", inEnv(ids.Unreadable, "/users"), 403, [2]string{"ACCESS_FAILED", "INSUFFICIENT_PERMISSIONS"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pingonetest.New(t, shared(), pingonetest.AllowViolations())
			r := newClient(t, s).get(tt.path)
			if r.status != tt.status || r.code(t) != tt.code {
				t.Errorf("got %d %v, want %d %v", r.status, r.code(t), tt.status, tt.code)
			}
			if r.header.Get("Content-Type") != "application/hal+json;charset=UTF-8" || r.header.Get("Correlation-Id") == "" {
				t.Errorf("headers %v", r.header)
			}
			got := strings.Join(s.Violations(), "\n")
			if (got != "") != (tt.violation != "") || !strings.Contains(got, tt.violation) {
				t.Errorf("violations %q, want %q", got, tt.violation)
			}
		})
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	const grant = "grant_type=client_credentials"
	s := pingonetest.New(t, shared(), pingonetest.WithTokenLifetime(90*time.Second))
	c := &client{t: t, s: s}
	for name, tt := range map[string]struct {
		got    reply
		status int
		error  string
	}{
		"good":                {c.requestToken(s.TokenEndpoint(ids.Workforce), grant, s.ClientID, s.ClientSecret), 200, ""},
		"posted":              {c.requestToken(s.URL+"/as/token", grant+"&client_id="+s.ClientID+"&client_secret="+url.QueryEscape(s.ClientSecret), "", ""), 401, "invalid_client"},
		"wrong secret":        {c.requestToken(s.URL+"/as/token", grant, s.ClientID, "wrong"), 401, "invalid_client"},
		"unknown environment": {c.requestToken(s.TokenEndpoint(ids.Unreadable), grant, s.ClientID, s.ClientSecret), 401, "invalid_client"},
	} {
		var body struct {
			Error       string
			Description string `json:"error_description"`
			ExpiresIn   int    `json:"expires_in"`
		}
		err := json.Unmarshal(tt.got.body, &body)
		denied := strings.HasPrefix(body.Description, "Request denied: Unsupported authentication method (Correlation ID: ")
		if err != nil || tt.got.status != tt.status || body.Error != tt.error || (body.ExpiresIn == 90) != (tt.error == "") || denied != (tt.error != "") {
			t.Errorf("%s: status %d, %+v, %v; want %d, %q", name, tt.got.status, body, err, tt.status, tt.error)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, shared(), pingonetest.AllowViolations())
	c := newClient(t, s)
	step := func(name string, status int, violations int) {
		t.Helper()
		r := c.get("/v1/environments")
		if r.status != status || len(s.Violations()) != violations {
			t.Errorf("%s: status %d, violations %v", name, r.status, s.Violations())
		}
		if status == http.StatusUnauthorized {
			if diff := cmp.Diff([2]string{"ACCESS_FAILED", "INVALID_TOKEN"}, r.code(t)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
	step("good", 200, 0)
	s.RevokeTokens()
	step("revoked is no violation", 401, 0)
	c.login()
	step("new", 200, 0)
	c.token = "foreign"
	step("foreign", 401, 1)
	c.token = ""
	step("none", 401, 2)

	s.RotateSecret("next")
	if r := c.requestToken(s.URL+"/as/token", "grant_type=client_credentials", s.ClientID, s.ClientSecret); r.status != 401 {
		t.Errorf("the old secret answers %d", r.status)
	}
	if r := c.requestToken(s.URL+"/as/token", "grant_type=client_credentials", s.ClientID, "next"); r.status != 200 {
		t.Errorf("the new secret answers %d", r.status)
	}
}

func TestDeny(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, shared(), pingonetest.WithDeny("/v1/environments/*/gateways", 403, "ACCESS_FAILED"))
	c := newClient(t, s)
	path := inEnv(pingonetest.DemoIDs().Workforce, "/gateways")
	if r := c.get(path); r.status != 403 || r.code(t)[0] != "ACCESS_FAILED" {
		t.Errorf("got %d %s", r.status, r.body)
	}
	s.Permit("/v1/environments/*/gateways")
	if r := c.get(path); r.status != 200 {
		t.Errorf("after Permit: %d", r.status)
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	ids := pingonetest.DemoIDs()
	for _, options := range [][]pingonetest.Option{nil, {pingonetest.CountOnly()}} {
		s := pingonetest.New(t, shared(), options...)
		c := newClient(t, s)
		c.all(inEnv(ids.Workforce, "/users?limit=1000"), "users")
		c.get(inEnv(ids.Workforce, "/users/"+ids.Emoji.String()+"/roleAssignments"))
		got := []int{
			s.Calls("/v1/environments/*/users"), s.Calls("/v1/environments/*/users/**"),
			s.Calls("/v1/**"), s.Calls("/as/token"), s.Calls("/v1/roles"),
		}
		if diff := cmp.Diff([]int{4, 1, 5, 1, 0}, got); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	}
}
