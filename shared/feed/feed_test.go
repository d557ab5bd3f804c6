package feed_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/feed"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

var (
	start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	env   = pingonetest.StableID("environment")
	group = pingonetest.StableID("group")
)

func user(n int) pingone.ID { return pingonetest.StableID("user", string(rune('a'+n))) }

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

// world is an organization with a clock that each change moves by a minute.
func world(t *testing.T, opts ...pingonetest.Option) (*pingonetest.Organization, *pingonetest.Server, *pingone.Client, func(time.Duration)) {
	t.Helper()
	now := start
	o := pingonetest.NewOrganization("Feed")
	o.Now = func() time.Time { return now }
	o.AddEnvironment(pingonetest.Environment{ID: env, Name: "Workforce"})
	for n := range 6 {
		o.AddUser(env, pingonetest.User{ID: user(n), Username: "u"})
	}
	o.AddGroup(env, pingonetest.Group{ID: group, Name: "Group"})
	o.AddWorker(env)
	fake := pingonetest.New(t, o, opts...)
	base, err := url.Parse(fake.URL)
	if err != nil {
		t.Fatal(err)
	}
	quick := transport.Options{Retry: transport.RetryPolicy{Pause: time.Microsecond, MaxPause: time.Microsecond}}
	tokens := pingone.NewTokens(fixed{
		ClientID: fake.ClientID, ClientSecret: secret.NewValue(fake.ClientSecret), TokenEndpoint: fake.URL + "/as/token", AuthMethod: secret.Basic,
	}, quick)
	client := pingone.New(base, pingone.NewHTTP(tokens, quick)).WithClock(o.Now)
	return o, fake, client, func(d time.Duration) { now = now.Add(d) }
}

func of(t *testing.T, c staging.Collection) *collection.Collection {
	t.Helper()
	found, err := collection.Of(c)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestChanges(t *testing.T) {
	t.Parallel()
	role := pingonetest.RoleAssignment{Role: pingonetest.RoleID("Environment Admin"), ScopeType: "ENVIRONMENT", Scope: env}
	for name, tt := range map[string]struct {
		opts  []pingonetest.Option
		bad   func(*pingonetest.Server)
		pages int
		named []pingone.ID // of the users 0, 1, 2
		whole bool
	}{
		"read to its end":         {pages: 9, named: []pingone.ID{user(1), user(2)}, whole: true},
		"longer than it is worth": {opts: []pingonetest.Option{pingonetest.WithPageMax(1)}, pages: 1, named: []pingone.ID{user(2)}},
		"refused":                 {pages: 9, bad: func(s *pingonetest.Server) { s.Deny("/v1/environments/*/activities", 403, "ACCESS_FAILED") }},
		"fails":                   {pages: 9, bad: func(s *pingonetest.Server) { s.Deny("/v1/environments/*/activities", 500, "UNEXPECTED_ERROR") }},
		"shows events of other times": {pages: 9, bad: func(s *pingonetest.Server) {
			s.Inject(pingonetest.Fault{Match: "/v1/environments/*/activities", Times: -1, Do: pingonetest.FaultEdit, Edit: func(body string) string {
				return `{"_embedded":{"activities":[{"id":"` + env.String() + `","recordedAt":"2020-01-01T00:00:00Z"}]},"size":1}`
			}})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, fake, client, pass := world(t, append(tt.opts, pingonetest.AllowViolations())...)
			pass(-12 * time.Hour) // before the overlap
			o.Assign(env, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: user(0)}, role)
			pass(10 * time.Hour) // within it
			o.Assign(env, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: user(1)}, role)
			pass(3 * time.Hour)
			o.Assign(env, pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: user(2)}, role)
			pass(time.Hour)
			if tt.bad != nil {
				tt.bad(fake)
			}
			var c feed.Changed
			if err := c.Changes(t.Context(), client, of(t, staging.RoleAssignments), env, start, tt.pages); err != nil {
				t.Fatal(err)
			}
			var named []pingone.ID
			for n := range 3 {
				if c.Has(&staging.Parent{Kind: "user", ID: user(n)}) {
					named = append(named, user(n))
				}
			}
			if diff := cmp.Diff(tt.named, named); diff != "" || c.Whole[env] != tt.whole {
				t.Errorf("whole %t, named (-want +got):\n%s", c.Whole[env], diff)
			}
			want := start
			if tt.whole {
				want = start.Add(2 * time.Hour)
			}
			if diff := cmp.Diff([]staging.Mark{{Environment: env, Through: want}}, c.Marks); diff != "" {
				t.Errorf("marks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnded(t *testing.T) {
	t.Parallel()
	member := func(n int) collection.Subject { return collection.Subject{Kind: "group", Parent: group, ID: user(n)} }
	for name, tt := range map[string]struct {
		change func(o *pingonetest.Organization)
		of     staging.Collection
		what   collection.Subject
		deny   bool
		want   bool
	}{
		"deleted":                  {func(o *pingonetest.Organization) { o.RemoveUser(env, user(1)) }, staging.Users, collection.Subject{ID: user(1)}, false, true},
		"another one deleted":      {func(o *pingonetest.Organization) { o.RemoveUser(env, user(2)) }, staging.Users, collection.Subject{ID: user(1)}, false, false},
		"the deletion failed":      {func(o *pingonetest.Organization) { o.RecordFailure(env, "USER.DELETED", "USER", user(1)) }, staging.Users, collection.Subject{ID: user(1)}, false, false},
		"deleted, the feed denied": {func(o *pingonetest.Organization) { o.RemoveUser(env, user(1)) }, staging.Users, collection.Subject{ID: user(1)}, true, false},
		"taken out of a group": {func(o *pingonetest.Organization) {
			o.AddMember(env, group, user(1))
			o.RemoveMember(env, group, user(1))
		}, staging.Memberships, member(1), false, false}, // in the same moment: which came last can't be told
		"a group deleted": {func(o *pingonetest.Organization) { o.RemoveGroup(env, group) }, staging.Groups, collection.Subject{ID: group}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, fake, client, pass := world(t)
			pass(time.Hour)
			tt.change(o)
			if tt.deny {
				fake.Deny("/v1/environments/*/activities", 403, "ACCESS_FAILED")
			}
			var e feed.Ended
			if err := e.Read(t.Context(), client, of(t, tt.of), env, start, 9); err != nil {
				t.Fatal(err)
			}
			if got := e.At(tt.what, start); got != tt.want {
				t.Errorf("ended after the start: %t, want %t", got, tt.want)
			}
			if e.At(tt.what, start.Add(2*time.Hour)) {
				t.Error("it counts as ended after it was shown later")
			}
		})
	}
	o, _, client, pass := world(t)
	o.AddMember(env, group, user(1))
	pass(time.Hour)
	o.RemoveMember(env, group, user(1))
	for again, want := range []bool{true, false} {
		pass(time.Hour)
		if again == 1 {
			o.AddMember(env, group, user(1))
		}
		var e feed.Ended
		if err := e.Read(t.Context(), client, of(t, staging.Memberships), env, start, 9); err != nil {
			t.Fatal(err)
		}
		if got := e.At(member(1), start); got != want {
			t.Errorf("taken out, put in again %d times: ended is %t", again, got)
		}
	}
}
