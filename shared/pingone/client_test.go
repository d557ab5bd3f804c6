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

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/transport"
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

func TestABodyIsKeptByteForByte(t *testing.T) {
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

func TestTheSameLinkTwiceIsAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(w http.ResponseWriter, req *http.Request) {
		next := map[string]string{"": "1", "1": "2", "2": "1"}[req.URL.Query().Get("cursor")]
		_, _ = fmt.Fprintf(w, `{"_links":{"next":{"href":"/v1/environments/x/users?cursor=%s"}},"_embedded":{"users":[]}}`, next)
	})
	pages, err := r.read(t.Context(), pingone.UsersOf(env), "")
	if !errors.Is(err, pingone.ErrPageLoop) || len(pages) != 2 || r.calls.Load() != 3 {
		t.Errorf("%d pages, %d calls, %v; want 2, 3, ErrPageLoop", len(pages), r.calls.Load(), err)
	}
	wantClean(t, err.Error())
}

func TestLinksToAnotherPlaceAreRefused(t *testing.T) {
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
			// As a place to go on from it is refused, too, before anything is sent.
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

func TestARedirectIsRefused(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	r := newRig(t, text(302, "", "Location", other.URL+"/v1/canary"))
	_, err := r.Get(t.Context(), "/v1/x")
	want := "pingone: GET /v1/x: 302: redirect refused: the token goes to the configured host only"
	if err == nil || err.Error() != want || elsewhere.Load() != 0 || r.calls.Load() != 1 {
		t.Errorf("%v, %d elsewhere; want %q", err, elsewhere.Load(), want)
	}
}

func TestA200ThatIsNoJSONIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"HTML": "<html>canary</html>", "half": `{"_embedded":{"users":[`, "nothing": ""} {
		var calls atomic.Int64
		r := newRig(t, func(w http.ResponseWriter, _ *http.Request) {
			if calls.Add(1) < 3 {
				_, _ = io.WriteString(w, body)
				return
			}
			_, _ = io.WriteString(w, `{"_embedded":{"users":[{}]}}`)
		})
		if pages, err := r.read(t.Context(), pingone.UsersOf(env), ""); err != nil || len(pages) != 1 || r.stats.Retries.Load() != 2 {
			t.Errorf("%s: %d pages, %v, %d retries", name, len(pages), err, r.stats.Retries.Load())
		}
		r = newRig(t, text(200, body))
		_, err := r.Get(t.Context(), "/v1/x")
		want := "pingone: GET /v1/x: status 200 with a broken body: not JSON"
		if err == nil || err.Error() != want || r.calls.Load() != 3 {
			t.Errorf("%s: %v after %d calls, want %q after 3", name, err, r.calls.Load(), want)
		}
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
		{`{"_embedded":{"users":[]},"count":0,"size":0}`, 0, ""},
		{`{"count":0}`, 0, ""},
		{`{"size":0}`, 0, ""},
		{`{"_embedded":{},"size":0}`, 0, ""},
		{`{"_embedded":null,"size":0}`, 0, ""},
		{`{"_embedded":{"users":null},"size":0}`, 0, ""},
		{`{"_embedded":{"other":3,"users":[{},{}],"more":{"users":[1]}},"_links":null}`, 2, ""},
		{`{"_embedded":{"users":[1]},"_embedded":{"users":[1,2]}}`, 2, ""},
		{`{"_embedded":{"users":[{}]},"count":-1,"size":1.5}`, 1, ""},
		{`{"_embedded":{"users":[{}]},"_links":{"next":{}}}`, 1, ""},
		{`{}`, 0, none},
		{`{"count":3}`, 0, none},
		{`{"count":3,"size":0}`, 0, none},
		{`{"count":0,"size":3}`, 0, none},
		{`{"count":null,"size":"0"}`, 0, none},
		{`{"_embedded":{}}`, 0, none},
		{`{"_embedded":null}`, 0, none},
		{`{"_embedded":{"groups":[{}]},"size":1}`, 0, none},
		{`{"_embedded":{"users":{"id":"x"}}}`, 0, none},
		{`{"_embedded":{"users":null}}`, 0, none},
		{`{"users":[{}]}`, 0, none},
		{`{"_embedded":[{"users":[]}]}`, 0, shape},
		{`{"_embedded":"users"}`, 0, shape},
		{`{"_embedded":{"users":[]},"_links":[]}`, 0, shape},
		{`{"_embedded":{"users":[]},"_links":{"next":{"href":7}}}`, 0, shape},
		{`[]`, 0, shape},
		{`"users"`, 0, shape},
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
	if _, err := pingone.One[pingone.Environment]([]byte(`{"name":7}`)); !errors.Is(err, pingone.ErrBadPage) {
		t.Errorf("error %v, want ErrBadPage", err)
	}
}

func TestErrorsSayWhatPingOneSaid(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		body   string
		header []string
		kind   error
		want   string
	}{
		{"forbidden", 403, `{"id":"i-1","code":"ACCESS_FAILED","message":"The request could not be completed.","details":[{"code":"INSUFFICIENT_PERMISSIONS","message":"m"}]}`,
			[]string{"correlation-id", "c-1"}, pingone.ErrForbidden,
			"pingone: GET /v1/x: 403 ACCESS_FAILED INSUFFICIENT_PERMISSIONS: The request could not be completed. (correlation id c-1)"},
		{"not found, id in the body only", 404, `{"id":"i-1","code":"NOT_FOUND"}`, nil, pingone.ErrNotFound,
			"pingone: GET /v1/x: 404 NOT_FOUND (correlation id i-1)"},
		{"throttled", 429, `{"code":"REQUEST_LIMITED"}`, nil, pingone.ErrThrottled, "pingone: GET /v1/x: 429 REQUEST_LIMITED"},
		{"refused", 400, `{"code":"NEW_CODE","message":"No user ann.canary@example.com or ann%40canary.example\nthere."}`, nil, pingone.ErrRefused,
			"pingone: GET /v1/x: 400 NEW_CODE: No user [redacted] or [redacted] there."},
		{"server", 500, `{"code":"UNEXPECTED_ERROR"}`, nil, nil, "pingone: GET /v1/x: 500 UNEXPECTED_ERROR"},
		{"HTML", 502, "<html>canary</html>", []string{"correlation-id", "c-2"}, nil, "pingone: GET /v1/x: 502 (correlation id c-2)"},
		{"another shape", 400, `{"code":7,"message":"canary"}`, nil, pingone.ErrRefused, "pingone: GET /v1/x: 400"},
		{"no content", 204, "", nil, nil, "pingone: GET /v1/x: status 204 with a broken body: not JSON"},
		{"accepted", 202, "{}", nil, nil, "pingone: GET /v1/x: 202"},
		{"long", 409, `{"message":"` + strings.Repeat("ä", 300) + `"}`, nil, pingone.ErrRefused, "pingone: GET /v1/x: 409: " + strings.Repeat("ä", 200)},
	}
	kinds := []error{
		pingone.ErrUnauthorized, pingone.ErrForbidden, pingone.ErrNotFound, pingone.ErrThrottled, pingone.ErrRefused,
		pingone.ErrBadLink, pingone.ErrPageLoop, pingone.ErrBadPage, pingone.ErrCredentials,
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, text(tt.status, tt.body, tt.header...))
			_, err := r.Get(t.Context(), "/v1/x?filter=canary")
			if err == nil || err.Error() != tt.want {
				t.Fatalf("error\n%v, want\n%s", err, tt.want)
			}
			wantClean(t, err.Error())
			for _, kind := range kinds {
				if errors.Is(err, kind) != errors.Is(kind, tt.kind) {
					t.Errorf("errors.Is(err, %v) is %t", kind, !errors.Is(kind, tt.kind))
				}
			}
			var e *pingone.Error
			if tt.status != 204 && (!errors.As(err, &e) || e.Status != tt.status || e.Method != "GET" || e.Path != "/v1/x") {
				t.Errorf("%+v", e)
			}
		})
	}
}

func TestForbiddenIsAskedTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t, text(403, `{"code":"ACCESS_FAILED"}`))
	if _, err := r.Get(t.Context(), "/v1/x"); !errors.Is(err, pingone.ErrForbidden) || r.calls.Load() != 2 {
		t.Errorf("%v after %d calls, want ErrForbidden after 2", err, r.calls.Load())
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

func TestAnOversizedPageIsFinal(t *testing.T) {
	t.Parallel()
	r := newRig(t, text(200, `{"a":"`+strings.Repeat("x", 100)+`"}`))
	policy := quick
	policy.MaxBody = 50
	c := pingone.New(mustURL(t, r.server.URL), pingone.NewHTTP(pingone.NewTokens(r.source, transport.Options{}), transport.Options{Retry: policy}))
	if _, err := c.Get(t.Context(), "/v1/x"); !errors.Is(err, transport.ErrBodyTooLarge) || r.calls.Load() != 1 {
		t.Errorf("%v after %d calls, want ErrBodyTooLarge after 1", err, r.calls.Load())
	}
}

func TestListsAskAsDocumented(t *testing.T) {
	t.Parallel()
	group := mustID("0a1b2c3d-0000-4000-8000-00000000000f")
	p := "/v1/environments/" + envText
	filter := "limit=1000&filter=memberOfGroups%5Bid%20eq%20%22" + group.String() + "%22%20and%20type%20eq%20%22DIRECT%22%5D"
	got := []pingone.List{
		pingone.Environments(), pingone.Populations(env), pingone.UsersOf(env), pingone.GroupsOf(env),
		pingone.Members(env, group), pingone.Children(env, group), pingone.BuiltInRoles(), pingone.RolesOf(env),
		pingone.ApplicationsOf(env), pingone.GatewaysOf(env), pingone.RoleAssignmentsOf(env, pingone.UserPrincipal, group),
		pingone.DevicesOf(env, group),
	}
	want := []pingone.List{
		{Path: "/v1/environments", Query: "limit=1000", Key: "environments"},
		{Path: p + "/populations", Query: "limit=1000", Key: "populations"},
		{Path: p + "/users", Query: "limit=1000", Key: "users"},
		{Path: p + "/groups", Query: "limit=1000", Key: "groups"},
		{Path: p + "/users", Query: filter, Key: "users"},
		{Path: p + "/groups", Query: filter, Key: "groups"},
		{Path: "/v1/roles", Key: "roles"},
		{Path: p + "/roles", Key: "roles"},
		{Path: p + "/applications", Key: "applications"},
		{Path: p + "/gateways", Key: "gateways"},
		{Path: p + "/users/" + group.String() + "/roleAssignments", Key: "roleAssignments"},
		{Path: p + "/users/" + group.String() + "/devices", Key: "devices"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := pingone.OrganizationPath(group); got != "/v1/organizations/"+group.String() {
		t.Error(got)
	}
}
