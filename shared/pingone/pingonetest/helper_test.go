package pingonetest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// shared is the demo organization for tests that only read it.
var shared = sync.OnceValue(pingonetest.Demo)

// A reply is what came back, read to the end.
type reply struct {
	status int
	header http.Header
	body   []byte
	err    error // while the body was read
}

// A page is the part of a reply that all lists share.
type page struct {
	Links struct {
		Next struct{ Href string }
	} `json:"_links"`
	Embedded map[string][]struct{ ID pingone.ID } `json:"_embedded"`
	Count    *int
	Size     *int
}

// A client holds a token of a server and follows no redirect.
type client struct {
	t     *testing.T
	s     *pingonetest.Server
	token string
	http  http.Client
}

func newClient(t *testing.T, s *pingonetest.Server) *client {
	t.Helper()
	c := &client{t: t, s: s, http: http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.login()
	return c
}

func (c *client) login() {
	c.t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	r := c.requestToken(c.s.URL+"/as/token", "grant_type=client_credentials", c.s.ClientID, c.s.ClientSecret)
	if err := json.Unmarshal(r.body, &token); err != nil || r.status != http.StatusOK {
		c.t.Fatalf("token: status %d, %v", r.status, err)
	}
	c.token = token.AccessToken
}

func (c *client) requestToken(endpoint, form, id, secret string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, endpoint, strings.NewReader(form))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	return c.do(req)
}

// get takes an absolute address or a path and query.
func (c *client) get(address string) reply {
	c.t.Helper()
	if !strings.HasPrefix(address, "http") {
		address = c.s.URL + address
	}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	return c.do(req)
}

func (c *client) do(req *http.Request) reply {
	c.t.Helper()
	res, err := c.http.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = res.Body.Close() }() // read to the end
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, body, err}
}

func (c *client) page(address string) page {
	c.t.Helper()
	r := c.get(address)
	var p page
	if r.status != http.StatusOK || r.err != nil {
		c.t.Fatalf("GET %s: status %d, %v: %s", address, r.status, r.err, r.body)
	}
	if err := json.Unmarshal(r.body, &p); err != nil {
		c.t.Fatalf("GET %s: %v", address, err)
	}
	return p
}

// all follows the links and returns the ids and the sizes of the pages.
func (c *client) all(address, name string) (ids []pingone.ID, sizes []int) {
	c.t.Helper()
	for address != "" {
		p := c.page(address)
		for _, item := range p.Embedded[name] {
			ids = append(ids, item.ID)
		}
		sizes = append(sizes, len(p.Embedded[name]))
		address = p.Links.Next.Href
	}
	return ids, sizes
}

// code is the code of an error reply and that of its first detail.
func (r reply) code(t *testing.T) [2]string {
	t.Helper()
	var e struct {
		ID, Code, Message string
		Details           []struct{ Code string }
	}
	if err := json.Unmarshal(r.body, &e); err != nil || e.ID == "" || e.Message == "" {
		t.Fatalf("not an error body: %s", r.body)
	}
	if len(e.Details) == 0 {
		return [2]string{e.Code, ""}
	}
	return [2]string{e.Code, e.Details[0].Code}
}

func inEnv(env pingone.ID, rest string) string { return "/v1/environments/" + env.String() + rest }

func byMember(group pingone.ID, direct bool) string {
	f := `memberOfGroups[id eq "` + group.String() + `"]`
	if direct {
		f = `memberOfGroups[id eq "` + group.String() + `" and type eq "DIRECT"]`
	}
	return "filter=" + url.QueryEscape(f)
}

// events are the audit events of one action, newest first.
func (c *client) events(env pingone.ID, action string) []pingone.Activity {
	c.t.Helper()
	filter := url.QueryEscape(`recordedat ge "2000-01-01T00:00:00Z" and action.type eq "` + action + `"`)
	return c.activities(inEnv(env, "/activities?limit=500&filter="+filter))
}

// activities follows the links.
func (c *client) activities(address string) []pingone.Activity {
	c.t.Helper()
	var all []pingone.Activity
	for address != "" {
		var p struct {
			page
			Embedded struct{ Activities []pingone.Activity } `json:"_embedded"`
		}
		if err := json.Unmarshal(c.get(address).body, &p); err != nil {
			c.t.Fatal(err)
		}
		all = append(all, p.Embedded.Activities...)
		address = p.Links.Next.Href
	}
	return all
}
