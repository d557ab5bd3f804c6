package authomizetest

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
)

// send sends one request with the token, or with other headers that are given
// as name and value.
func send(t *testing.T, s *Server, method, path, body string, header ...string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", s.Token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	base := s.Base()
	if !s.local {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

// ask is send of what is answered.
func ask(t *testing.T, s *Server, method, path, body string, header ...string) (int, string) {
	t.Helper()
	resp, text, err := send(t, s, method, path, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text
}

// Without network the server answers as over it.
func TestBase(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	clock := WithClock(func() time.Time { return at })
	over, within := New(t, clock), New(t, clock, WithoutNetwork())
	for _, s := range []*Server{over, within} {
		s.AddFaults(Fault{Path: "/assets", Times: 1, Do: Throttle("7")}, Fault{Path: "/privileges", Do: CutAfter()})
	}
	for _, r := range [][3]string{
		{"POST", "/v2/apps/fake-app/accounts/users", `{"data":[{"uniqueId":"u"}]}`},
		{"GET", "/v2/apps/fake-app/accounts/users", ""},
		{"POST", "/v2/apps/fake-app/assets", `{"data":[{"uniqueId":"a","name":"n"}]}`},
		{"POST", "/v2/apps/fake-app/privileges", `{"data":[{"uniqueId":"p","originName":"n"}]}`},
		{"DELETE", "/v2/apps/fake-app/data?modifiedBefore=2026-11-23T09:00:01Z", ""},
	} {
		a, atext, aerr := send(t, over, r[0], r[1], r[2])
		b, btext, berr := send(t, within, r[0], r[1], r[2])
		if errors.Is(aerr, io.EOF) != errors.Is(berr, io.EOF) || atext != btext {
			t.Errorf("%v: got %q, %v; want %q, %v", r, btext, berr, atext, aerr)
			continue
		}
		if aerr == nil {
			a.Header.Del("Content-Length")
			if diff := gocmp.Diff(a.Header, b.Header); diff != "" || a.StatusCode != b.StatusCode {
				t.Errorf("%v: %d, %d, %s", r, a.StatusCode, b.StatusCode, diff)
			}
		}
	}
	if diff := gocmp.Diff(over.Requests(), within.Requests()) + gocmp.Diff(over.Deleted(), within.Deleted()); diff != "" || len(within.Deleted()) != 2 {
		t.Error(diff)
	}
}

// Each clock can be wrong by itself; reads and sweeps go by the third.
func TestClocks(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	s := New(t, WithoutNetwork(), WithClock(func() time.Time { return at }), WithClocks(Clocks{Accepted: 2 * time.Minute, Date: -time.Minute, Modified: -time.Hour}))
	const users = "/v2/apps/fake-app/accounts/users"
	post := func() {
		resp, text, err := send(t, s, "POST", users, `{"data":[{"uniqueId":"u"}]}`)
		if err != nil || !strings.Contains(text, `"acceptedTimestamp":"2026-11-23T09:02:00.000000+00:00"`) || resp.Header.Get("Date") != "Mon, 23 Nov 2026 08:59:00 GMT" {
			t.Errorf("got %v, %s, %v", resp, text, err)
		}
	}
	there := func(since string) bool {
		_, text, err := send(t, s, "GET", users+"?startDate="+since, "")
		return err == nil && strings.Contains(text, `"u"`)
	}
	post()
	if !there("2026-11-23T08:00:00Z") || there("2026-11-23T08:00:00.001Z") {
		t.Error("reads don't go by the time of modification, inclusive")
	}
	sweep := func(before string) {
		_, _, _ = send(t, s, "DELETE", "/v2/apps/fake-app/data?modifiedBefore="+before, "")
	}
	sweep("2026-11-23T08:00:00Z")
	if got := s.Held(s.AppID, authomize.Users); len(got) != 1 {
		t.Errorf("got %v; want that a sweep spares what was modified at its very time", got)
	}
	s.SetRefresh(false)
	at = at.Add(time.Hour)
	s.SetClocks(Clocks{Accepted: -58 * time.Minute, Date: -61 * time.Minute})
	post()
	sweep("2026-11-23T08:00:00.001Z")
	want := []Deletion{{App: "fake-app", Kind: authomize.Users, Key: "u", Modified: at.Add(-2 * time.Hour), Before: at.Add(-2*time.Hour + time.Millisecond), At: at}}
	if diff := gocmp.Diff(want, s.Deleted()); diff != "" || len(s.Held(s.AppID, authomize.Users)) != 0 {
		t.Error(diff)
	}
}

// Whatever somebody else posts is there to be read, fits the API's own
// description, and is swept.
func TestForeign(t *testing.T) {
	t.Parallel()
	var opts []Option
	if path, ok := OpenAPIPath(); ok {
		opts = append(opts, WithOpenAPI(path))
	}
	s := New(t, append(opts, WithoutNetwork())...)
	for _, app := range []string{s.AppID, "another"} {
		for _, kind := range authomize.SweptKinds {
			key := cmp.Or(map[authomize.Kind]string{
				authomize.PrivilegeGrants: "a b", authomize.AssetInheritances: "a b", authomize.GroupingAssociations: "a b",
				authomize.AccountAssociations: "a b", authomize.Permissions: "g p a",
			}[kind], "x")
			s.AddForeign(app, kind, key)
			_, text, err := send(t, s, "GET", "/v2/apps/"+app+kind.Path(), "")
			if err != nil || !strings.HasPrefix(text, `{"data":[{`) {
				t.Errorf("%s: %s, %v", kind, text, err)
			}
			if got := s.Held(app, kind); !slices.Equal(got, []string{key}) {
				t.Errorf("%s: holds %q", kind, got)
			}
		}
	}
	if resp, _, err := send(t, s, "DELETE", "/v2/apps/another/data?modifiedBefore=2999-11-23T09:00:00Z", ""); err != nil || resp.StatusCode != 200 || len(s.Deleted()) != 11 || len(s.Held(s.AppID, authomize.Users)) != 1 {
		t.Errorf("%v, %d deleted; want 11 of the other app", err, len(s.Deleted()))
	}
}
