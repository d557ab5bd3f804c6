package authomize_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

func TestPost(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	got, err := c.Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"user:1"}`), []byte(`{"uniqueId":"user:2"}`)})
	if diff := cmp.Diff(authomize.Receipt{Accepted: 2, AcceptedAt: start, Date: start}, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	got, err = c.Post(t.Context(), authomize.AccountAssociations, [][]byte{[]byte(`{"sourceId":"user:1","targetId":"group:1"}`), []byte(`{"sourceId":"user:8","targetId":"group:1"}`)})
	if err != nil || got.Accepted != 0 || len(got.Invalid) != 2 {
		t.Errorf("got %+v, %v; want the absent user and group", got, err)
	}
	want := []authomizetest.PostLog{
		{Kind: authomize.Users, Items: 2, Bytes: 54, Status: 200},
		{Kind: authomize.AccountAssociations, Items: 2, Bytes: 96, Status: 200},
	}
	if diff := cmp.Diff(want, s.Posts()); diff != "" {
		t.Error(diff)
	}
}

// With service accounts as users, both are posted to one place.
func TestServiceAccountsAsUsers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := newClient(t, authomize.Options{BaseURL: s.URL, AppID: s.AppID, HTTP: s.Client(), ServiceAccountsAsUsers: true})
	u := &authomize.Uploader{Client: c, Now: fixed}
	_, err := u.Upload(t.Context(), authomize.ServiceAccounts, stream(authomize.ServiceUser{User: *user(1)}))
	got, failed := c.Keys(t.Context(), authomize.ServiceAccounts)
	if err != nil || failed != nil || !slices.Equal(got, []string{"user:0001"}) || s.Count(authomize.Users) != 1 {
		t.Errorf("%v, %v, got %q, %d users", err, failed, got, s.Count(authomize.Users))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	post := authomize.Users
	says := func(status int, text string) authomizetest.Action {
		return authomizetest.Answer(status, "application/json", `{"detail":"`+text+`"}`)
	}
	tests := []struct {
		name  string
		fault authomizetest.Fault
		want  error
		says  string
	}{
		{"401, and /me too", authomizetest.Fault{Do: authomizetest.Status(401)}, authomize.ErrUnauthorized, "Unauthorized"},
		{"403, and /me too", authomizetest.Fault{Do: authomizetest.Status(403)}, authomize.ErrUnauthorized, "Forbidden"},
		{"401 alone", authomizetest.Fault{Kind: post, Do: authomizetest.Status(401)}, authomize.ErrForbidden, "Unauthorized"},
		{"403 alone", authomizetest.Fault{Kind: post, Do: says(403, "The tenant is over its licence for accounts")}, authomize.ErrForbidden, `it says "The tenant is over its licence for accounts"`},
		{"403, and /me is out of order", authomizetest.Fault{Kind: post, Do: authomizetest.Status(403)}, authomize.ErrForbidden, "Forbidden"},
		{"403 of a firewall", authomizetest.Fault{Do: waf}, authomize.ErrBlocked, ""},
		{"400", authomizetest.Fault{Do: says(400, "The app is paused: resume it in Data Sources")}, nil, `400 (it says "The app is paused: resume it in Data Sources")`},
		{"404", authomizetest.Fault{Do: authomizetest.Status(404)}, authomize.ErrNoApp, "Not Found"},
		{"409", authomizetest.Fault{Do: says(409, "Another ingestion of this app is being processed")}, authomize.ErrConflict, "Another ingestion"},
		{"413", authomizetest.Fault{Do: authomizetest.Status(413)}, authomize.ErrTooLarge, ""},
		{"422 in words", authomizetest.Fault{Do: says(422, `Unknown type of\njane@example.com`)}, authomize.ErrInvalid, `it says "Unknown type of [redacted]"`},
		{"422 with faults", authomizetest.Fault{Do: authomizetest.Refuse("email", "value_error.email", 0, 2)}, authomize.ErrInvalid, `2 faults, the first in field "email" of item 0: value_error.email`},
		{"429", authomizetest.Fault{Do: authomizetest.Throttle("7")}, authomize.ErrThrottled, ""},
		{"503", authomizetest.Fault{Do: authomizetest.Status(503)}, authomize.ErrServer, "POST /v2/apps/fake-app/accounts/users"},
		{"redirect", authomizetest.Fault{Do: authomizetest.Redirect("https://example.com/")}, authomize.ErrRedirect, ""},
		{"not JSON", authomizetest.Fault{Do: authomizetest.NotJSON()}, authomize.ErrBadReceipt, "no JSON object"},
		{"no count", authomizetest.Fault{Do: authomizetest.SetField("numberOfAcceptedEntities", nil)}, authomize.ErrBadReceipt, "no count"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, authomizetest.WithFaults(tt.fault))
			if strings.Contains(tt.name, "/me is out of order") {
				s.AddFaults(authomizetest.Fault{Path: "/me", Do: authomizetest.Status(503)})
			}
			_, err := client(t, s).Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"user:1","email":"canary@example.com"}`)})
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v; want %v, %s", err, tt.want, tt.says)
			}
			for _, other := range tests {
				if other.want != nil && !errors.Is(other.want, tt.want) && errors.Is(err, other.want) {
					t.Errorf("%v is also %v", err, other.want)
				}
			}
			for _, secret := range []string{"canary", s.Token, "welcome", "jane", "html"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q in error: %v", secret, err)
				}
			}
		})
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// No query is in an error of the connection, the app id changes no path, and
// the caller's end of time is seen.
func TestRequests(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection broke")
	var paths []string
	hc := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		paths = append(paths, r.Method+" "+r.URL.EscapedPath())
		return nil, broken
	})}
	c := newClient(t, authomize.Options{BaseURL: "https://api.example.com", AppID: "a/../b c", HTTP: hc})
	if _, err := c.Sweep(t.Context(), start); !errors.Is(err, broken) || strings.Contains(err.Error(), "modifiedBefore") {
		t.Errorf("got %v; want an error without the query", err)
	}
	if diff := cmp.Diff([]string{"DELETE /v2/apps/a%2F..%2Fb%20c/data"}, paths); diff != "" {
		t.Error(diff)
	}
	for _, app := range []string{"", ".", ".."} {
		if _, err := authomize.New(authomize.Options{BaseURL: "https://api.example.com", AppID: app, HTTP: hc}); err == nil {
			t.Errorf("app %q is taken", app)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, serve(t)).Me(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	if _, err := c.Sweep(t.Context(), time.Time{}); err == nil || s.Requests() != nil {
		t.Errorf("got %v; want that nothing is sent without a time", err)
	}
	got, err := c.Sweep(t.Context(), start.Add(1_999_999).In(time.FixedZone("", 2*3600)))
	if want := (authomize.SweepReceipt{RequestID: "request-1"}); err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if want := "modifiedBefore=2026-11-23T09%3A00%3A00.001Z"; s.Requests()[0].Query != want {
		t.Errorf("query %q; want %q", s.Requests()[0].Query, want)
	}
}

func TestMeAndApp(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	got, err := c.Me(t.Context())
	if there := c.App(t.Context()); err != nil || got.Tenant != "fake-tenant" || there != nil {
		t.Errorf("got %+v, %v, %v", got, err, there)
	}
	s.ExpectViolation("there is no such route, or app")
	other := newClient(t, authomize.Options{BaseURL: s.URL, AppID: "another", HTTP: s.Client()})
	if err := other.App(t.Context()); !errors.Is(err, authomize.ErrNoApp) {
		t.Errorf("got %v; want ErrNoApp", err)
	}
}

// rotating is a secret that holds another token each time.
type rotating []string

func (r *rotating) Credentials(context.Context) (secret.Credentials, error) {
	text := (*r)[0]
	if len(*r) > 1 {
		*r = (*r)[1:]
	}
	return secret.Credentials{AuthomizeToken: secret.NewValue(text)}, nil
}

// A token that is refused is looked up once more: whatever was sent is sent
// again with it, and refused for good if it is the same.
func TestRotation(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		tokens rotating
		want   error
	}{
		"rotated": {rotating{"old", authomizetest.DefaultToken}, nil},
		"revoked": {rotating{"old"}, authomize.ErrUnauthorized},
	} {
		s := serve(t)
		s.ExpectViolation("bare token")
		rotate := func() *authomize.Client {
			tokens := tt.tokens
			h := authomize.NewHTTP(&tokens, transport.Options{Base: s.Base()})
			return newClient(t, authomize.Options{BaseURL: s.URL, AppID: s.AppID, HTTP: h})
		}
		_, err := rotate().Post(t.Context(), authomize.Users, [][]byte{[]byte(`{"uniqueId":"user:1"}`)})
		_, listed := rotate().Holds(t.Context())
		if !errors.Is(err, tt.want) || !errors.Is(listed, tt.want) || (s.Count(authomize.Users) == 1) != (tt.want == nil) {
			t.Errorf("%s: post %v, list %v, %d users; want %v", name, err, listed, s.Count(authomize.Users), tt.want)
		}
	}
}
