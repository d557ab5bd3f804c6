package authomize_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/transport"
)

// one holds a record of each kind, each of which refers to those before.
var one = []authomize.Record{
	authomize.User{UniqueID: "user:1", Email: "a@example.com", LastLoginAt: "2026-11-20T10:11:12Z", Tags: []string{"x"}, CustomProperties: []authomize.Property{{Key: "k", Value: "v"}}},
	authomize.ServiceAccount{UniqueID: "client:1", Type: authomize.ApplicationPrincipal, Status: authomize.StatusEnabled},
	authomize.Grouping{UniqueID: "group:1", Name: "g", Type: authomize.Group},
	authomize.Privilege{UniqueID: "privilege:1", OriginName: "p", Type: "Use"},
	authomize.Asset{UniqueID: "asset:1", Name: "a", Type: authomize.Application, CreatedAt: "2026-11-20T10:11:12.5Z"},
	authomize.PrivilegeGrant{SourceID: "privilege:1", TargetID: "privilege:1"},
	authomize.AssetInheritance{SourceID: "asset:1", TargetID: "asset:1"},
	authomize.GroupingAssociation{SourceID: "group:1", TargetID: "group:1"},
	authomize.AccountAssociation{SourceID: "client:1", TargetID: "group:1"},
	authomize.Permission{SourceUniqueID: "group:1", SourceType: authomize.FromGrouping, PrivilegeID: "privilege:1", AssetID: "asset:1"},
}

// collect returns what a list yields, and the last error.
func collect(list iter.Seq2[string, error]) (keys []string, last error) {
	for key, err := range list {
		if last = err; err == nil {
			keys = append(keys, key)
		}
	}
	return keys, last
}

func TestHolds(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := client(t, s)
	got, err := c.Holds(t.Context())
	if err != nil || len(got) != 0 || len(s.Requests()) != 11 {
		t.Errorf("got %v, %v after %d requests; want nothing of 11 kinds", got, err, len(s.Requests()))
	}
	want := map[authomize.Kind]string{authomize.Identities: "jane", authomize.Permissions: "g p ", authomize.Users: "a"}
	s.AddForeign(s.AppID, authomize.Identities, "jane")
	s.AddForeign(s.AppID, authomize.Permissions, "g p ")
	s.AddForeign(s.AppID, authomize.Users, "b", "a")
	got, err = c.Holds(t.Context())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v: %s", err, diff)
	}
	s.AddFaults(authomizetest.Fault{Path: "/assets", Do: authomizetest.Status(503)})
	if _, err = c.Holds(t.Context()); !errors.Is(err, authomize.ErrServer) {
		t.Errorf("got %v; want ErrServer", err)
	}
}

// What is read back has the keys of what was posted; what was posted at the
// given time or later is refreshed, the rest is older, and a sweep with that
// time deletes it.
func TestRefreshedAndOlder(t *testing.T) {
	t.Parallel()
	now := start
	s := serve(t, authomizetest.WithClock(func() time.Time { return now }))
	c, u := client(t, s), uploader(t, s)
	s.AddForeign(s.AppID, authomize.Identities, "jane")
	upload := func(kind authomize.Kind, records ...authomize.Record) {
		got, err := u.Upload(t.Context(), kind, stream(records...))
		if err != nil || got.Accepted != int64(len(records)) {
			t.Fatal(kind, got, err)
		}
	}
	for i, r := range one {
		upload(authomize.Kinds[i], r)
	}
	cutoff := start.Add(time.Hour + 300*time.Microsecond)
	now = cutoff.Truncate(time.Millisecond)
	newcomers := userKeys(50)
	upload(authomize.Users, append(users(50), one[0])...)
	var err error
	for i, kind := range authomize.SweptKinds {
		old, fresh := []string{"jane"}, []string(nil)
		if kind != authomize.Identities {
			old = []string{one[i].Key()}
		}
		if kind == authomize.Users {
			old, fresh = nil, append(newcomers, "user:1")
		}
		var got [3][]string
		for i, list := range []iter.Seq2[string, error]{
			c.Refreshed(t.Context(), kind, time.Time{}), c.Refreshed(t.Context(), kind, cutoff), c.Older(t.Context(), kind, cutoff),
		} {
			if got[i], err = collect(list); err != nil {
				t.Fatal(kind, err)
			}
		}
		if diff := cmp.Diff([3][]string{slices.Concat(old, fresh), fresh, old}, got); diff != "" {
			t.Errorf("%s: all, refreshed, older: %s", kind, diff)
		}
	}
	if _, err := c.Sweep(t.Context(), cutoff); err != nil || s.Count(authomize.Users) != 51 || len(s.Deleted()) != 10 {
		t.Errorf("%v, %d users, %d deleted; want 51 and 10", err, s.Count(authomize.Users), len(s.Deleted()))
	}
	s.AddFaults(authomizetest.Fault{From: 2, Do: authomizetest.Status(404)})
	if _, err := collect(c.Older(t.Context(), authomize.Users, now.Add(time.Hour))); !errors.Is(err, authomize.ErrNoApp) {
		t.Errorf("got %v; want ErrNoApp", err)
	}
}

// A list is read through all layers as it comes: the retry layer repeats what
// fails, and reads no list whole.
func TestListIsStreamed(t *testing.T) {
	t.Parallel()
	s := authomizetest.New(t, authomizetest.WithFaults(authomizetest.Fault{Times: 1, Do: authomizetest.Status(503)}))
	s.AddForeign(s.AppID, authomize.Users, userKeys(50_000)...)
	h := authomize.NewHTTP(&rotating{s.Token}, transport.Options{Retry: transport.RetryPolicy{Pause: time.Millisecond, MaxBody: 1000}})
	c := newClient(t, authomize.Options{BaseURL: s.URL, AppID: s.AppID, HTTP: h})
	if got, err := collect(c.Refreshed(t.Context(), authomize.Users, start)); err != nil || len(got) != 50_000 || len(s.Requests()) != 2 {
		t.Errorf("got %d records, %v, %d requests", len(got), err, len(s.Requests()))
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, last = range c.Refreshed(ctx, authomize.Users, time.Time{}) {
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", last)
	}
}

func TestListsThatAreNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"data":[]}`: "",
		`{"data":[{"uniqueId":"a"},{"uniqueId":7},{"uniqueId":"b","x":{}}],"more":1}`: "a,,b",
		`{"data":[{"uniqueId":"a"},{"uniqueI`:                                         "a,broken",
		`{"data":[{"uniqueId":"a"} nonsense`:                                          "a,broken",
		`{"data":{"uniqueId":"a"}}`:                                                   "broken",
		`{"data":null}`:                                                               "broken",
		`{"x":{"data":[1]}}`:                                                          "broken",
		`<html>`:                                                                      "broken",
		``:                                                                            "broken",
	} {
		s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: authomizetest.Answer(200, "application/json", text)}))
		got, err := collect(client(t, s).Refreshed(t.Context(), authomize.Users, time.Time{}))
		if errors.Is(err, authomize.ErrBadReceipt) {
			got = append(got, "broken")
		} else if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if s := strings.Join(got, ","); s != want {
			t.Errorf("%s: got %q; want %q", text, s, want)
		}
	}
}
