package authomize_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

func TestNew(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, base, app string
		ok              bool
	}{
		{name: "https", base: "https://api.authomize.com", app: "a1", ok: true},
		{name: "https with a path and slash", base: "https://proxy.example/authomize/", app: "a1", ok: true},
		{name: "http on this machine", base: "http://127.0.0.1:8080", app: "a1", ok: true},
		{name: "http on localhost", base: "http://localhost:8080", app: "a1", ok: true},
		{name: "http elsewhere", base: "http://api.authomize.com", app: "a1"},
		{name: "http on a host that begins alike", base: "http://127.0.0.1.example.com", app: "a1"},
		{name: "user in address", base: "https://u:p@api.authomize.com", app: "a1"},
		{name: "query in address", base: "https://api.authomize.com?a=b", app: "a1"},
		{name: "no address", app: "a1"},
		{name: "unreadable address", base: "https://[", app: "a1"},
		{name: "other scheme", base: "ftp://api.authomize.com", app: "a1"},
		{name: "no app", base: "https://api.authomize.com"},
		{name: "app that climbs", base: "https://api.authomize.com", app: ".."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := authomize.New(authomize.Options{BaseURL: tt.base, AppID: tt.app, HTTP: &http.Client{}})
			if (err == nil) != tt.ok {
				t.Errorf("got err %v; want ok %t", err, tt.ok)
			}
			if err != nil && strings.Contains(err.Error(), "u:p@") {
				t.Errorf("password in error: %v", err)
			}
		})
	}
	_, err := authomize.New(authomize.Options{})
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got %v; want all three faults", err)
	}
}

func TestPost(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	got, err := c.Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"user:1"}`), []byte(`{"uniqueId":"user:2"}`)})
	if err != nil {
		t.Fatal(err)
	}
	want := authomize.Receipt{RequestID: "request-1", Accepted: 2, AcceptedAt: start}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = c.Post(t.Context(), authomize.AccountAssociations, [][]byte{[]byte(`{"sourceId":"user:1","targetId":"group:9"}`), []byte(`{"sourceId":"user:8","targetId":"group:9"}`)})
	if err != nil {
		t.Fatal(err)
	}
	want = authomize.Receipt{RequestID: "request-2", AcceptedAt: start, Invalid: map[string][]string{
		"invalidSourceIds": {"user:8"}, "invalidTargetIds": {"group:9"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantPosts := []authomizetest.PostLog{
		{Kind: authomize.Users, Items: 2, Bytes: 54, Status: 200},
		{Kind: authomize.AccountAssociations, Items: 2, Bytes: 96, Status: 200},
	}
	if diff := cmp.Diff(wantPosts, s.Posts()); diff != "" {
		t.Error(diff)
	}
}

func TestPostEveryKind(t *testing.T) {
	t.Parallel()
	s := serve(t)
	records := []authomize.Record{
		authomize.User{UniqueID: "user:1", Email: "a@example.com", LastLoginAt: "2026-11-20T10:11:12Z", Tags: []string{"x"}, CustomProperties: []authomize.Property{{Key: "k", Value: "v"}}},
		authomize.ServiceAccount{UniqueID: "client:1", Type: authomize.ApplicationPrincipal, Status: authomize.StatusEnabled},
		authomize.Grouping{UniqueID: "group:1", Name: "g", Type: authomize.Group},
		authomize.Privilege{UniqueID: "privilege:1", OriginName: "p", Type: "Use"},
		authomize.Asset{UniqueID: "application:1", Name: "a", Type: authomize.Application, CreatedAt: "2026-11-20T10:11:12.5Z"},
		authomize.PrivilegeGrant{SourceID: "privilege:1", TargetID: "privilege:1"},
		authomize.AssetInheritance{SourceID: "application:1", TargetID: "application:1"},
		authomize.GroupingAssociation{SourceID: "group:1", TargetID: "group:1"},
		authomize.AccountAssociation{SourceID: "client:1", TargetID: "group:1"},
		authomize.Permission{SourceUniqueID: "group:1", SourceType: authomize.FromGrouping, PrivilegeID: "privilege:1", AssetID: "application:1"},
	}
	u := uploader(t, s)
	for i, r := range records {
		if r.Kind() != authomize.Kinds[i] {
			t.Fatalf("record %d is of kind %s; want %s", i, r.Kind(), authomize.Kinds[i])
		}
		got, err := u.Upload(t.Context(), r.Kind(), stream(r))
		if err != nil || got.Accepted != 1 || got.QuarantinedTotal != 0 || s.Count(r.Kind()) != 1 {
			t.Errorf("%s: got %+v, err %v", r.Kind(), got, err)
		}
	}
}

func TestPostRefusesBeforeSending(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	one := []byte(`{"uniqueId":"user:1"}`)
	many := make([][]byte, authomize.MaxItems+1)
	for i := range many {
		many[i] = one
	}
	tests := []struct {
		name  string
		items [][]byte
		want  error
	}{
		{"empty list", nil, authomize.ErrEmpty},
		{"too many items", many, authomize.ErrTooLarge},
		{"exactly one megabyte", [][]byte{make([]byte, authomize.MaxBodyBytes-len(`{"data":[]}`))}, authomize.ErrTooLarge},
	}
	for _, tt := range tests {
		if _, err := c.Post(t.Context(), authomize.Users, tt.items); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v; want %v", tt.name, err, tt.want)
		}
	}
	if _, err := c.Post(t.Context(), "identities", [][]byte{one}); err == nil {
		t.Error("unknown kind was posted")
	}
	if got := s.Requests(); got != nil {
		t.Errorf("requests %v; want none", got)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		do   authomizetest.Action
		want error
	}{
		{"401", authomizetest.Status(401), authomize.ErrUnauthorized},
		{"403", authomizetest.Status(403), authomize.ErrUnauthorized},
		{"404", authomizetest.Status(404), authomize.ErrNoApp},
		{"413", authomizetest.Status(413), authomize.ErrTooLarge},
		{"422", authomizetest.RefuseUnnamed(nil), authomize.ErrInvalid},
		{"429", authomizetest.Throttle("7"), authomize.ErrThrottled},
		{"500", authomizetest.Status(500), authomize.ErrServer},
		{"503", authomizetest.Status(503), authomize.ErrServer},
		{"redirect", authomizetest.Redirect("https://example.com/"), authomize.ErrRedirect},
		{"not JSON", authomizetest.NotJSON(), authomize.ErrBadReceipt},
		{"no count", authomizetest.SetField("numberOfAcceptedEntities", nil), authomize.ErrBadReceipt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: tt.do}))
			_, err := client(t, s).Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"user:1","email":"canary@example.com"}`)})
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v; want %v", err, tt.want)
			}
			for _, other := range tests {
				if !errors.Is(other.want, tt.want) && errors.Is(err, other.want) {
					t.Errorf("%v is also %v", err, other.want)
				}
			}
			for _, secret := range []string{"canary", s.Token, "something is wrong", "welcome"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q in error: %v", secret, err)
				}
			}
		})
	}
}

func TestErrorDetail(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]authomizetest.Action{
		"integers": authomizetest.Refuse("email", "value_error.email", 0, 2),
		"strings":  authomizetest.RefuseText("email", "value_error.email", 0, 2),
	} {
		s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: do}))
		_, err := client(t, s).Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"user:1"}`)})
		var got *authomize.Error
		if !errors.As(err, &got) {
			t.Fatalf("got %v; want an *Error", err)
		}
		want := &authomize.Error{
			Method: "POST", Path: "/v2/apps/fake-app/accounts/users", Status: 422,
			Detail: []authomize.Fault{{Index: 0, Field: "email", Type: "value_error.email"}, {Index: 2, Field: "email", Type: "value_error.email"}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestErrorWithoutConnection(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	s.Close()
	_, err := c.Sweep(t.Context(), start)
	if err == nil || strings.Contains(err.Error(), "modifiedBefore") {
		t.Errorf("got %v; want an error without the query", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	now := start
	s := serve(t, authomizetest.WithClock(func() time.Time { return now }))
	c := client(t, s)
	post := func(id string) {
		if _, err := c.Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"` + id + `"}`)}); err != nil {
			t.Fatal(err)
		}
	}
	post("user:old")
	post("user:kept")
	now = start.Add(time.Hour)
	post("user:kept")
	post("user:new")
	zone := time.FixedZone("", 2*3600)
	got, err := c.Sweep(t.Context(), now.Add(-time.Minute).In(zone))
	if err != nil {
		t.Fatal(err)
	}
	if want := (authomize.SweepReceipt{RequestID: "request-5", AcceptedAt: now}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	if diff := cmp.Diff([]string{"user:kept", "user:new"}, keys[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
	want := []authomizetest.SweepLog{{ModifiedBefore: start.Add(59 * time.Minute), Deleted: map[authomize.Kind]int{authomize.Users: 1}}}
	if diff := cmp.Diff(want, s.Sweeps()); diff != "" {
		t.Error(diff)
	}
	last := s.Requests()[4]
	if want := "modifiedBefore=2026-11-23T09%3A59%3A00.000Z"; last.Query != want {
		t.Errorf("query %q; want %q", last.Query, want)
	}
}

func TestSweepNeedsTime(t *testing.T) {
	t.Parallel()
	s := serve(t)
	if _, err := client(t, s).Sweep(t.Context(), time.Time{}); !errors.Is(err, authomize.ErrNoCutoff) {
		t.Errorf("got %v; want ErrNoCutoff", err)
	}
	if got := s.Requests(); got != nil {
		t.Errorf("requests %v; want none", got)
	}
}

func TestMe(t *testing.T) {
	t.Parallel()
	got, err := client(t, serve(t)).Me(t.Context())
	if want := (authomize.Me{ID: "fake-user", Tenant: "fake-tenant", Version: "4.6.8"}); err != nil || got != want {
		t.Errorf("got %+v, err %v; want %+v", got, err, want)
	}
}

// A retry layer below must be able to send a body again, and the app id must
// not change the path.
func TestRequestForm(t *testing.T) {
	t.Parallel()
	var paths []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.Method+" "+r.URL.EscapedPath())
		_, _ = w.Write([]byte(`{"numberOfAcceptedEntities":1}`))
	}))
	t.Cleanup(srv.Close)
	hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Body != nil && r.GetBody == nil {
			t.Error("GetBody is not set")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
	c, err := authomize.New(authomize.Options{BaseURL: srv.URL + "/", AppID: "a/../b c", HTTP: hc})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Post(t.Context(), authomize.Privileges, [][]byte{[]byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST /v2/apps/a%2F..%2Fb%20c/privileges"}, paths); diff != "" {
		t.Error(diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestReplyTooLong(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"numberOfAcceptedEntities":1,"x":"` + strings.Repeat("x", 4<<20) + `"}`))
	}))
	t.Cleanup(srv.Close)
	c, err := authomize.New(authomize.Options{BaseURL: srv.URL, AppID: "a", HTTP: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Post(t.Context(), authomize.Users, [][]byte{[]byte(`{}`)}); !errors.Is(err, authomize.ErrBadReceipt) {
		t.Errorf("got %v; want ErrBadReceipt", err)
	}
}

func TestApp(t *testing.T) {
	t.Parallel()
	s := authomizetest.New(t)
	c := client(t, s)
	if err := c.App(t.Context()); err != nil {
		t.Error(err)
	}
	s.AddFaults(authomizetest.Fault{Do: authomizetest.NotJSON()})
	if err := c.App(t.Context()); !errors.Is(err, authomize.ErrBadReceipt) {
		t.Errorf("got %v; want ErrBadReceipt", err)
	}
	other, err := authomize.New(authomize.Options{BaseURL: s.URL, AppID: "another", HTTP: s.Client()})
	if err != nil {
		t.Fatal(err)
	}
	s.ExpectViolation("there is no such route, or app")
	if err := other.App(t.Context()); !errors.Is(err, authomize.ErrNoApp) {
		t.Errorf("got %v; want ErrNoApp", err)
	}
}
