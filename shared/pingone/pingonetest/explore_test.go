package pingonetest_test

import (
	"net/http"
	"strings"
	"testing"

	"pingone-authomize/shared/pingone/pingonetest"
)

// Nothing in the request may differ from what is documented.
func TestExplorationsAreStrict(t *testing.T) {
	t.Parallel()
	env := pingonetest.DemoIDs().Workforce
	const query = "/dataExplorations?expand=entries&limit=1000"
	const good = `{"dataExplorationTemplate":{"id":"db632bfd-7054-4bde-b108-a384aac2d513"},"fields":[{"name":"userId"}],"filter":"(mfaEnabled eq \"true\")","deliverAs":"ENTRIES","sync":"true"}`
	tests := []struct {
		name, query, body string
		status            int
	}{
		{"good", query, good, 201},
		{"posted to a list", "/users", good, 405},
		{"another template", query, strings.Replace(good, "db632bfd", "db632bfe", 1), 400},
		{"another field", query, strings.Replace(good, "userId", "userid", 1), 400},
		{"fields as text", query, strings.Replace(good, `{"name":"userId"}`, `"userId"`, 1), 400},
		{"no fields", query, strings.Replace(good, `{"name":"userId"}`, "", 1), 400},
		{"another filter", query, strings.Replace(good, `\"true\"`, `true`, 1), 400},
		{"sync is no text", query, strings.Replace(good, `"true"}`, `true}`, 1), 400},
		{"not sync", query, strings.Replace(good, `"true"}`, `"false"}`, 1), 400},
		{"another member", query, strings.Replace(good, `"sync"`, `"limit":5,"sync"`, 1), 400},
		{"no body", query, "", 400},
		{"no expand", "/dataExplorations?limit=1000", good, 400},
		{"limit beyond a page", "/dataExplorations?expand=entries&limit=1001", good, 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pingonetest.New(t, shared(), pingonetest.AllowViolations())
			r := newClient(t, s).post(inEnv(env, tt.query), tt.body)
			if r.status != tt.status || (len(s.Violations()) > 0) != (tt.status != 201) {
				t.Errorf("status %d, violations %v; want %d", r.status, s.Violations(), tt.status)
			}
		})
	}
}

func (c *client) post(path, body string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.s.URL+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Content-Type", "application/json")
	return c.do(req)
}
