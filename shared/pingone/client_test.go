package pingone_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
)

func TestPagesFollowTheNextLinkAndNothingElse(t *testing.T) {
	t.Parallel()
	var asked []string
	var url string
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		if got := req.Header.Get("Authorization"); got != "Bearer token-1" {
			t.Errorf("Authorization %q", got)
		}
		asked = append(asked, req.URL.RequestURI())
		next := func(cursor string) string {
			return fmt.Sprintf(`"_links":{"self":{"href":"x"},"next":{"href":"%s/v1/environments/%s/users?limit=1000&cursor=%s"}},`, url, envText, cursor)
		}
		body := map[string]string{
			"":    `{` + next("a%2Bb") + `"_embedded":{"users":[{"id":"1"},{"id":"2"}]},"count":4711,"size":2}`, // a short page, a wrong count
			"a+b": `{` + next("c") + `"_embedded":{"users":[]}}`,                                                // an empty one, no count
			"c":   `{"_embedded":{"users":[{},[],3]},"count":"many"}`,                                           // a count that is none
		}[req.URL.Query().Get("cursor")]
		_, _ = io.WriteString(w, body)
	})
	url = r.server.URL
	pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Path, Next     string
		Records, Count int
	}
	path := "/v1/environments/" + envText + "/users"
	var got []facts
	for _, p := range pages {
		got = append(got, facts{p.Path, p.Next, p.Records, p.Count})
		if p.FetchedAt.IsZero() || len(p.Body) == 0 {
			t.Error("a page without time or body")
		}
	}
	want := []facts{
		{path, path + "?limit=1000&cursor=a%2Bb", 2, 4711},
		{path, path + "?limit=1000&cursor=c", 0, -1},
		{path, "", 3, -1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantAsked := []string{path + "?limit=1000", path + "?limit=1000&cursor=a%2Bb", path + "?limit=1000&cursor=c"}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Error(diff)
	}

	asked = nil
	if pages, err = r.read(t.Context(), pingone.UsersOf(env), pages[0].Next); err != nil || len(pages) != 2 {
		t.Errorf("%d pages, %v; want the two behind the first", len(pages), err)
	}
	if diff := cmp.Diff(wantAsked[1:], asked); diff != "" {
		t.Errorf("going on: %s", diff)
	}
}

func TestABodyComesByteForByte(t *testing.T) {
	t.Parallel()
	const body = "{ \"_embedded\" : {\"users\":[{\"name\":\"\xff\\ud800\",\"a\":1,\"a\":2.50}]}\r\n}\n"
	r := newRig(t, text(200, body))
	pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
	if err != nil || len(pages) != 1 || string(pages[0].Body) != body {
		t.Errorf("%v, %v", pages, err)
	}
}

func TestStoppingEarlyAsksForNothingMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, text(200, `{"_links":{"next":{"href":"/v1/x?cursor=1"}},"_embedded":{"users":[]}}`))
	for range r.Pages(t.Context(), pingone.UsersOf(env), "") {
		break
	}
	if r.calls.Load() != 1 {
		t.Errorf("%d calls, want 1", r.calls.Load())
	}
}

// Behind a proxy PingOne's links name its own host: they are asked of the proxy.
func TestLinksOfPingOnesOwnHostAreAskedOfTheProxy(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, r *http.Request) {
		next := `"next":{"href":"https://api.pingone.eu` + r.URL.Path + `?cursor=2"}`
		if r.URL.Query().Get("cursor") != "" {
			next = ""
		}
		_, _ = fmt.Fprintf(w, `{"_links":{%s},"_embedded":{"users":[{}]}}`, next)
	})
	for region, want := range map[string]int{"https://api.pingone.eu": 2, "https://api.pingone.com": 0, "": 0} {
		r.Client = r.InFrontOf(region)
		pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
		if len(pages) != want || (err == nil) != (want > 0) || err != nil && !errors.Is(err, pingone.ErrBadLink) {
			t.Errorf("in front of %q: %d pages, %v; want %d", region, len(pages), err, want)
		}
	}
}

func TestForeignLinksAreRefused(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	for name, link := range map[string]func(own string) string{
		"another port":            func(string) string { return other.URL + "/v1/x" },
		"another host":            func(string) string { return "https://evil.example/v1/x?cursor=canary" },
		"no scheme":               func(string) string { return "//evil.example/v1/x" },
		"another scheme":          func(own string) string { return "https" + strings.TrimPrefix(own, "http") + "/v1/x" },
		"user":                    func(own string) string { return strings.Replace(own, "http://", "http://u:canary@", 1) + "/v1/x" },
		"user that looks so":      func(own string) string { return own + "@" + strings.TrimPrefix(other.URL, "http://") + "/v1/x" },
		"longer host":             func(own string) string { return own + ".evil.example/v1/x" },
		"outside /v1":             func(own string) string { return own + "/as/token" },
		"out of /v1 by dots":      func(own string) string { return own + "/v1/../as/token" },
		"out by encoded dots":     func(own string) string { return own + "/v1/%2e%2e/as/token" },
		"out by encoded slash":    func(own string) string { return own + "/v1/..%2Fas/token" },
		"relative out of /v1":     func(string) string { return "../../as/token" },
		"only /v1":                func(own string) string { return own + "/v1" },
		"another kind of address": func(string) string { return "mailto:canary-name" },
		"no address":              func(string) string { return "http://[::1" },
		"control character":       func(string) string { return `http://evil\u0000.example` },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var own string
			r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"_links":{"next":{"href":"%s"}},"_embedded":{"users":[{}]}}`, link(own))
			})
			own = r.server.URL
			pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
			if !errors.Is(err, pingone.ErrBadLink) || len(pages) != 0 {
				t.Fatalf("%d pages, %v; want none and ErrBadLink", len(pages), err)
			}
			wantClean(t, err.Error())
			if r.calls.Load() != 1 || elsewhere.Load() != 0 || r.tokens.Load() != 1 {
				t.Errorf("%d calls, %d elsewhere, %d at the token endpoint; want 1, 0, 1", r.calls.Load(), elsewhere.Load(), r.tokens.Load())
			}
			// As a link to go on from it is refused, too, before anything is sent.
			if _, err := r.read(t.Context(), pingone.UsersOf(env), link(own)); !errors.Is(err, pingone.ErrBadLink) || r.calls.Load() != 1 {
				t.Errorf("from: %v, %d calls; want ErrBadLink and no more", err, r.calls.Load())
			}
		})
	}
}

func TestAnUpperCaseHostIsTheSameHost(t *testing.T) {
	t.Parallel()
	r := newRig(t, text(200, `{"_embedded":{"users":[]}}`))
	from := strings.ToUpper(r.server.URL) + "/v1/x"
	if _, err := r.read(t.Context(), pingone.UsersOf(env), from); err != nil {
		t.Error(err)
	}
}

func TestListsWithoutTheirList(t *testing.T) {
	t.Parallel()
	const none = "no _embedded.users in it, and no count that says it is empty"
	const shape = "its JSON has another shape"
	tests := []struct {
		body    string
		records int
		fault   string // "" for a good page
	}{
		{`{"_embedded":{"users":[]}}`, 0, ""},
		{`{"count":0}`, 0, ""},
		{`{"size":0}`, 0, ""},
		{`{"_embedded":{"users":null},"size":0}`, 0, ""},
		{`{"_embedded":{"other":3,"users":[{},{}],"more":{"users":[1]}},"_links":null}`, 2, ""},
		{`{"_embedded":{"users":[1]},"_embedded":{"users":[1,2]}}`, 2, ""},
		{`{"_embedded":{"users":[{}]},"count":-1,"size":1.5}`, 1, ""},
		{`{"_embedded":{"users":[{}]},"_links":{"next":{}}}`, 1, ""},
		{`{}`, 0, none},
		{`{"count":3,"size":0}`, 0, none},
		{`{"count":0,"size":3}`, 0, none},
		{`{"count":null,"size":"0"}`, 0, none},
		{`{"_embedded":{"groups":[{}]},"size":1}`, 0, none},
		{`{"_embedded":{"users":{"id":"x"}}}`, 0, none},
		{`{"_embedded":[{"users":[]}]}`, 0, none},
		{`{"_embedded":{"users":[]},"_links":[]}`, 0, shape},
		{`{"_embedded":{"users":[]},"_links":{"next":{"href":7}}}`, 0, shape},
		{`[]`, 0, shape},
		{`null`, 0, none},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, text(200, tt.body))
			pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
			if tt.fault != "" {
				want := "pingone: GET /v1/environments/" + envText + "/users: pingone: reply is not a page: " + tt.fault
				if !errors.Is(err, pingone.ErrBadPage) || err.Error() != want {
					t.Errorf("error %v, want %q", err, want)
				}
				return
			}
			if err != nil || len(pages) != 1 || pages[0].Records != tt.records {
				t.Errorf("%v, %v; want one page of %d records", pages, err, tt.records)
			}
		})
	}
}

func TestGetReadsOneResource(t *testing.T) {
	t.Parallel()
	const body = `{"id":"` + envText + `","name":"Workforce","_links":{"next":{"href":"https://evil.example/"}}}`
	r := newRig(t, text(200, body))
	p, err := r.Get(t.Context(), pingone.EnvironmentPath(env))
	if err != nil || string(p.Body) != body || p.Records != 1 || p.Count != -1 || p.Next != "" || p.Path != "/v1/environments/"+envText {
		t.Errorf("%+v, %v", p, err)
	}
	e, err := pingone.One[pingone.Environment](p.Body)
	if err != nil || e.Name != "Workforce" || e.ID != env {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := pingone.One[pingone.Environment]([]byte(`{"name":[]}`)); !errors.Is(err, pingone.ErrBadPage) {
		t.Errorf("error %v, want ErrBadPage", err)
	}
}

func TestConnectionErrorsHoldNoQuery(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, err := r.Get(t.Context(), "/v1/x?filter=canary")
	if err == nil || err.Error() != "pingone: GET /v1/x: EOF" {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped by hand"))
	if _, err := r.Get(ctx, "/v1/x?filter=canary"); !errors.Is(err, context.Canceled) && !errors.Is(err, context.Cause(ctx)) {
		t.Errorf("error %v", err)
	}
}

func TestListsAskAsDocumented(t *testing.T) {
	t.Parallel()
	const e, x = "/v1/environments/" + envText, "0a1b2c3d-0000-4000-8000-00000000000f"
	const direct = "?limit=1000&filter=memberOfGroups%5Bid%20eq%20%22" + x + "%22%20and%20type%20eq%20%22DIRECT%22%5D"
	id := mustID(x)
	day := time.Date(2026, 11, 29, 23, 0, 0, 0, time.UTC)
	for want, l := range map[string]pingone.List{
		"/v1/environments?limit=1000 environments":                                         pingone.Environments(),
		e + "/populations?limit=1000 populations":                                          pingone.Populations(env),
		e + "/users?limit=1000 users":                                                      pingone.UsersOf(env),
		e + "/users?limit=1000&filter=population.id%20eq%20%22" + x + "%22 users":          pingone.UsersIn(env, id),
		e + "/groups?limit=1000 groups":                                                    pingone.GroupsOf(env),
		e + "/users" + direct + " users":                                                   pingone.Members(env, id),
		e + "/groups" + direct + " groups":                                                 pingone.Children(env, id),
		e + "/users?limit=1000&filter=memberOfGroups%5Bid%20eq%20%22" + x + "%22%5D users": pingone.AllMembers(env, id),
		"/v1/roles roles":                                                                  pingone.BuiltInRoles(),
		e + "/roles roles":                                                                 pingone.RolesOf(env),
		e + "/applications applications":                                                   pingone.ApplicationsOf(env),
		e + "/gateways gateways":                                                           pingone.GatewaysOf(env),
		e + "/users/" + x + "/roleAssignments roleAssignments":                             pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, id),
		e + "/users/" + x + "/devices devices":                                             pingone.DevicesOf(env, id),
		e + "/users/" + x + "/memberOfGroups?limit=1000 groupMemberships":                  pingone.UserGroups(env, id),
		e + "/groups/" + x + "/memberOfGroups?limit=1000 groupMemberships":                 pingone.GroupParents(env, id),
		e + "/dataExplorations?expand=entries&limit=1000 entries":                          pingone.Explorations(env),
		"/v1/organizations/" + x + " ":                                                     {Path: pingone.OrganizationPath(id)},
		e + "/gateways/" + x + " ":                                                         {Path: pingone.ItemPath(env, "gateways", id)},
		e + "/totalIdentities?filter=startDate%20eq%20%222026-11-29T00%3A00%3A00Z%22%20and%20endDate%20eq%20%222026-11-30T00%3A00%3A00Z%22 totalIdentities": pingone.TotalIdentities(env, day, day.Add(time.Hour)),
	} {
		if got := strings.TrimSuffix(l.Path+"?"+l.Query, "?") + " " + l.Key; got != want {
			t.Errorf("got  %s, want %s", got, want)
		}
	}
}
