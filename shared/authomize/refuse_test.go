package authomize_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

func held(key, reason, field string) authomize.Quarantined {
	return authomize.Quarantined{Kind: authomize.Users, Key: key, Tag: 1, Reason: reason, Field: field}
}

// has finds records by what they contain.
func has(texts ...string) func(jsontext.Value) bool {
	return func(v jsontext.Value) bool {
		for _, text := range texts {
			if strings.Contains(string(v), text) {
				return true
			}
		}
		return false
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const mail = "invalid email: value_error.email"
	unnamed := authomize.ReasonUnnamed
	tests := []struct {
		name    string
		faults  []authomizetest.Fault
		badMail int // this user has one; 0: none
		want    []authomize.Quarantined
		without []int // users of 8 that the fake doesn't hold
		refused int64
		batches int64
	}{
		{name: "bad e-mail", badMail: 3, want: []authomize.Quarantined{held("user:0003", mail, "email")}, without: []int{3}, refused: 1, batches: 1},
		{name: "named by number", faults: []authomizetest.Fault{{Times: 1, Do: authomizetest.Refuse("title", "value_error.x", 0, 7)}},
			want:    []authomize.Quarantined{held("user:0000", "invalid title: value_error.x", "title"), held("user:0007", "invalid title: value_error.x", "title")},
			without: []int{0, 7}, refused: 1, batches: 1},
		{name: "named by text", faults: []authomizetest.Fault{{Times: 1, Do: authomizetest.RefuseText("email", "value_error.email", 1)}},
			want: []authomize.Quarantined{held("user:0001", mail, "email")}, without: []int{1}, refused: 1, batches: 1},
		{name: "positions follow what is left", faults: []authomizetest.Fault{{Times: 2, Do: authomizetest.Refuse("title", "t", 0)}},
			want:    []authomize.Quarantined{held("user:0000", "invalid title: t", "title"), held("user:0001", "invalid title: t", "title")},
			without: []int{0, 1}, refused: 2, batches: 1},
		{name: "all named", faults: []authomizetest.Fault{{Do: authomizetest.RefuseWhere("title", "t", has("user"))}},
			want:    []authomize.Quarantined{held("user:0000", "invalid title: t", "title"), held("user:0001", "invalid title: t", "title"), held("user:0002", "invalid title: t", "title"), held("user:0003", "invalid title: t", "title"), held("user:0004", "invalid title: t", "title"), held("user:0005", "invalid title: t", "title"), held("user:0006", "invalid title: t", "title"), held("user:0007", "invalid title: t", "title")},
			without: []int{0, 1, 2, 3, 4, 5, 6, 7}, refused: 1},
		// 8 → 4 4 → 2 2 → 1 1: three of them taken beside the bad one
		{name: "none named is halved", faults: []authomizetest.Fault{{Do: authomizetest.RefuseUnnamed(has("user:0005"))}},
			want: []authomize.Quarantined{held("user:0005", unnamed, "")}, without: []int{5}, refused: 4, batches: 3},
		{name: "a position beyond the batch names none", faults: []authomizetest.Fault{{Times: 1, Do: authomizetest.Refuse("title", "t", 8)}},
			refused: 1, batches: 2},
		{name: "413 is halved", faults: []authomizetest.Fault{{Do: authomizetest.TooLarge(300)}}, refused: 3, batches: 4},
		{name: "413 for one", faults: []authomizetest.Fault{{Do: authomizetest.TooLarge(10)}},
			want:    []authomize.Quarantined{held("user:0000", "too_large", ""), held("user:0001", "too_large", ""), held("user:0002", "too_large", ""), held("user:0003", "too_large", ""), held("user:0004", "too_large", ""), held("user:0005", "too_large", ""), held("user:0006", "too_large", ""), held("user:0007", "too_large", "")},
			without: []int{0, 1, 2, 3, 4, 5, 6, 7}, refused: 15},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, authomizetest.WithFaults(tt.faults...))
			records := users(8)
			if tt.badMail > 0 {
				bad := user(tt.badMail)
				bad.Email = "canary at example"
				records[tt.badMail] = bad
			}
			got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(records...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, sorted(got.Quarantined)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(userKeys(8, tt.without...), keys[authomize.User](s)); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), "canary") {
				t.Errorf("a value of a record in the result: %+v", got)
			}
			n := int64(8 - len(tt.without))
			if got.Posted != n || got.Accepted != n || got.Shortfall != 0 || got.QuarantinedTotal != int64(len(tt.without)) || got.Refused != tt.refused || got.Batches != tt.batches {
				t.Errorf("got %+v; want %d posted and accepted, %d requests refused, %d taken", got, n, tt.refused, tt.batches)
			}
		})
	}
}

// A server that names one record a time is followed for ten rounds; then the
// rest is halved.
func TestRoundsAreLimited(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Times: 11, Do: authomizetest.Refuse("title", "t", 0)}))
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(20)...))
	if err != nil || got.QuarantinedTotal != 10 || got.Posted != 10 || got.Refused != 11 || got.Batches != 2 {
		t.Errorf("got %+v, err %v; want 10 held and 10 posted in two halves", got, err)
	}
	if diff := cmp.Diff(userKeys(20, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), keys[authomize.User](s)); diff != "" {
		t.Error(diff)
	}
}

func TestSchemaChange(t *testing.T) {
	t.Parallel()
	all := authomizetest.Fault{Do: authomizetest.RefuseWhere("isExternal", "value_error.extra", has("user"))}
	tests := []struct {
		name    string
		faults  []authomizetest.Fault
		records int
		stops   bool
		posts   int // at most
	}{
		{name: "all of 100 named", faults: []authomizetest.Fault{all}, records: 100, stops: true, posts: 1},
		{name: "all of 99 named", faults: []authomizetest.Fault{all}, records: 99, posts: 1},
		{name: "99 of 100 named", faults: []authomizetest.Fault{{Times: 1, Do: authomizetest.RefuseWhere("title", "t", func(v jsontext.Value) bool { return !has("user:0042")(v) })}}, records: 100, posts: 2},
		{name: "none of thousands named", faults: []authomizetest.Fault{{Do: authomizetest.RefuseUnnamed(nil)}}, records: 3000, stops: true, posts: 250},
		{name: "150 named, then one unnamed of the rest", faults: []authomizetest.Fault{
			{Times: 1, Do: authomizetest.RefuseWhere("title", "t", has("user:00", "user:010", "user:011", "user:012", "user:013", "user:014"))},
			{Do: authomizetest.RefuseUnnamed(has("user:0150"))},
		}, records: 400, posts: 30},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, authomizetest.WithFaults(tt.faults...))
			got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(tt.records)...))
			if stopped := errors.Is(err, authomize.ErrInvalid); stopped != tt.stops || !stopped && err != nil {
				t.Fatalf("got err %v; want stop %t", err, tt.stops)
			}
			if err != nil && !strings.Contains(err.Error(), "schema seems to have changed") {
				t.Errorf("got %v", err)
			}
			if n := len(s.Posts()); n > tt.posts {
				t.Errorf("%d posts; want at most %d", n, tt.posts)
			}
			if !tt.stops && got.QuarantinedTotal+got.Accepted != int64(tt.records) {
				t.Errorf("got %+v; want %d in all", got, tt.records)
			}
		})
	}
}

// Once some of a kind were accepted, bad batches are no sign of a new schema.
func TestSchemaUnchanged(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{From: 2, Do: authomizetest.RefuseWhere("title", "t", has("user"))}))
	u := uploader(t, s)
	u.MaxItems, u.Concurrency = 100, 1
	got, err := u.Upload(t.Context(), authomize.Users, stream(users(300)...))
	if err != nil || got.Accepted != 100 || got.QuarantinedTotal != 200 {
		t.Errorf("got %+v, err %v; want 100 accepted, 200 held", got, err)
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	for _, counted := range []bool{false, true} {
		t.Run(fmt.Sprintf("invalid counted %t", counted), func(t *testing.T) {
			t.Parallel()
			var opts []authomizetest.Option
			if counted {
				opts = append(opts, authomizetest.WithInvalidCounted())
			}
			s := serve(t, opts...)
			u := uploader(t, s)
			seed := []authomize.Record{
				authomize.User{UniqueID: "user:1"}, authomize.Grouping{UniqueID: "group:1", Name: "g"},
				authomize.Privilege{UniqueID: "privilege:1", OriginName: "p"}, authomize.Asset{UniqueID: "asset:1", Name: "a"},
			}
			for _, r := range seed {
				if _, err := u.Upload(t.Context(), r.Kind(), stream(r)); err != nil {
					t.Fatal(err)
				}
			}
			permission := func(source, sourceType, privilege, asset string) authomize.Record {
				return &authomize.Permission{SourceUniqueID: source, SourceType: sourceType, PrivilegeID: privilege, AssetID: asset}
			}
			checkReferences(t, s, u, []authomize.Record{
				authomize.AccountAssociation{SourceID: "user:1", TargetID: "group:1"},
				authomize.AccountAssociation{SourceID: "user:9", TargetID: "group:1"},
				authomize.AccountAssociation{SourceID: "user:1", TargetID: "group:9"},
			}, map[string]string{"user:9 group:1": "source", "user:1 group:9": "target"})
			checkReferences(t, s, u, []authomize.Record{
				permission("group:1", "Grouping", "privilege:1", "asset:1"),
				permission("group:1", "Grouping", "privilege:1", ""),
				permission("group:9", "Grouping", "privilege:1", ""),
				permission("user:1", "User", "privilege:1", ""),
				permission("user:9", "User", "privilege:1", ""),
				permission("group:1", "Grouping", "privilege:9", ""),
				permission("group:1", "Grouping", "privilege:1", "asset:9"),
				permission("group:9", "Grouping", "privilege:9", "asset:9"),
			}, map[string]string{
				"group:9 privilege:1 ": "grouping", "user:9 privilege:1 ": "user", "group:1 privilege:9 ": "privilege",
				"group:1 privilege:1 asset:9": "asset", "group:9 privilege:9 asset:9": "grouping",
			})
			checkReferences(t, s, u, []authomize.Record{
				ownedAsset{authomize.Asset{UniqueID: "asset:2", Name: "b"}, "user:1"},
				ownedAsset{authomize.Asset{UniqueID: "asset:3", Name: "c"}, "user:9"},
			}, map[string]string{"asset:3": "owner"})
		})
	}
}

type ownedAsset struct {
	authomize.Asset
	Owner string `json:"owner"`
}

// checkReferences uploads records and wants those in roles, by key, refused.
func checkReferences(t *testing.T, s *authomizetest.Server, u *authomize.Uploader, records []authomize.Record, roles map[string]string) {
	t.Helper()
	kind := records[0].Kind()
	before := s.Count(kind)
	got, err := u.Upload(t.Context(), kind, stream(records...))
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{}
	for _, q := range got.Quarantined {
		reasons[q.Key] = strings.TrimPrefix(q.Reason, "reference refused: ")
	}
	if diff := cmp.Diff(roles, reasons); diff != "" {
		t.Error(diff)
	}
	good := int64(len(records) - len(roles))
	if got.Posted != int64(len(records)) || got.Accepted != good || got.QuarantinedTotal != int64(len(roles)) || got.Shortfall != 0 || got.UnmatchedIDs != 0 || got.AcceptedByTag[1] != good {
		t.Errorf("got %+v; want %d accepted", got, good)
	}
	if n := s.Count(kind) - before; int64(n) != good {
		t.Errorf("fake holds %d more; want %d", n, good)
	}
}

func TestUnmatchedIDs(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: authomizetest.SetField("invalidOwnerIds", []string{"user:77", "user:78", "user:77"})}))
	got, err := uploader(t, s).Upload(t.Context(), authomize.Groupings, stream(authomize.Grouping{UniqueID: "group:1", Name: "g"}))
	if err != nil || got.UnmatchedIDs != 2 || got.QuarantinedTotal != 0 || got.Accepted != 1 {
		t.Errorf("got %+v, err %v; want 2 unmatched ids", got, err)
	}
}

func TestShortfall(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(authomizetest.Fault{Do: authomizetest.AcceptFewer(2)}))
	got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(5)...))
	if err != nil || got.Posted != 5 || got.Accepted != 3 || got.Shortfall != 2 || got.QuarantinedTotal != 0 {
		t.Errorf("got %+v, err %v; want a shortfall of 2", got, err)
	}
}
