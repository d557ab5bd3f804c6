package authomize_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
)

func held(key, reason string) authomize.Quarantined {
	return authomize.Quarantined{Kind: authomize.Users, Key: key, Reason: reason}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	type faults = []authomizetest.Fault
	type quarantine = []authomize.Quarantined
	type warnings = map[string]authomize.Warning
	all := func(reason string) (out quarantine) {
		for i := range 8 {
			out = append(out, held(user(i).UniqueID, reason))
		}
		return out
	}
	tests := []struct {
		name    string
		faults  faults
		badMail int // this user has one; 0: none
		want    quarantine
		warned  warnings
		refused int64
		batches int64
	}{
		{name: "a field that may be left out", badMail: 3, warned: warnings{"email": {1, []string{"user:0003"}}}, refused: 1, batches: 1},
		{name: "two fields, by text and by number", faults: faults{{Do: authomizetest.RefuseField("name", "user:0001", "user:0002")}}, badMail: 1,
			warned: warnings{"name": {2, []string{"user:0001", "user:0002"}}, "email": {1, []string{"user:0001"}}}, refused: 2, batches: 1},
		{name: "the identity", faults: faults{{Do: authomizetest.RefuseField("uniqueId", "user:0003")}},
			want: quarantine{held("user:0003", "invalid uniqueId: value_error")}, refused: 1, batches: 1},
		{name: "the whole record", faults: faults{{Do: authomizetest.RefuseField("", "user:0003")}},
			want: quarantine{held("user:0003", "invalid record: value_error")}, refused: 1, batches: 1},
		{name: "a field that is not there", faults: faults{{Times: 1, Do: authomizetest.Refuse("title", "value_error.x", 0, 7)}},
			want: quarantine{held("user:0000", "invalid title: value_error.x"), held("user:0007", "invalid title: value_error.x")}, refused: 1, batches: 1},
		{name: "also without the field", faults: faults{{Times: 2, Do: authomizetest.RefuseText("email", "t", 1)}},
			want: quarantine{held("user:0001", "invalid email: t")}, refused: 2, batches: 1},
		{name: "positions follow what is left", faults: faults{{Times: 2, Do: authomizetest.Refuse("title", "t", 0)}},
			want: quarantine{held("user:0000", "invalid title: t"), held("user:0001", "invalid title: t")}, refused: 2, batches: 1},
		{name: "all named", faults: faults{{Do: authomizetest.RefuseField("uniqueId")}}, want: all("invalid uniqueId: value_error"), refused: 1},
		// 8 → 4 4 → 2 2 → 1 1: three of them taken beside the bad one
		{name: "none named is halved", faults: faults{{Do: authomizetest.RefuseUnnamed(has("user:0005"))}},
			want: quarantine{held("user:0005", "refused without a named item")}, refused: 4, batches: 3},
		{name: "a position beyond the batch names none", faults: faults{{Times: 1, Do: authomizetest.Refuse("title", "t", 8)}}, refused: 1, batches: 2},
		{name: "413 is halved", faults: faults{{Do: authomizetest.TooLarge(300)}}, refused: 3, batches: 4},
		{name: "413 for one", faults: faults{{Do: authomizetest.TooLarge(10)}}, want: all("too_large"), refused: 15},
		{name: "a firewall that dislikes size is no token's fault", faults: faults{{Do: authomizetest.Larger(300, waf)}}, refused: 3, batches: 4},
		{name: "a firewall that dislikes a record", faults: faults{{Do: authomizetest.Where(has("user:0005"), waf)}},
			want: quarantine{held("user:0005", "blocked before Authomize")}, refused: 4, batches: 3},
		{name: "5xx for one", faults: faults{{Do: authomizetest.Where(has("user:0005"), authomizetest.Status(500))}},
			want: quarantine{held("user:0005", "server error")}, refused: 4, batches: 3},
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
			if diff := cmp.Diff(tt.want, sorted(got.Quarantined)) + cmp.Diff(tt.warned, got.Warnings); diff != "" {
				t.Error(diff)
			}
			there := userKeys(8)
			for _, q := range tt.want {
				there = slices.DeleteFunc(there, func(key string) bool { return key == q.Key })
			}
			if diff := cmp.Diff(there, s.Held(s.AppID, authomize.Users), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			for _, u := range authomizetest.Get[authomize.User](s) {
				noMail, noName := slices.Contains(tt.warned["email"].Keys, u.UniqueID), slices.Contains(tt.warned["name"].Keys, u.UniqueID)
				if (u.Email == "") != noMail || (u.Name == "") != noName || u.OriginID == "" || u.Status != authomize.StatusEnabled {
					t.Errorf("%+v is stored", u)
				}
			}
			if strings.Contains(fmt.Sprintf("%+v", got), "canary") {
				t.Errorf("a value of a record in the result: %+v", got)
			}
			n := int64(len(there))
			if got.Posted != n || got.Accepted != n || got.Shortfall != 0 || got.QuarantinedTotal != 8-n || got.Refused != tt.refused || got.Batches != tt.batches {
				t.Errorf("got %+v; want %d posted and accepted, %d requests refused, %d taken", got, n, tt.refused, tt.batches)
			}
		})
	}
}

// waf is case 04.
var waf = authomizetest.Answer(403, "text/html", "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>")

// One record that fails for good costs little and keeps no other away, wherever
// it is and whatever the API answers.
func TestPoison(t *testing.T) {
	t.Parallel()
	const n = 800
	limit := int(2*math.Log2(n)) + 10
	for name, do := range map[string]authomizetest.Action{
		"5xx": authomizetest.Status(502), "text": authomizetest.Answer(422, "application/json", `{"detail":"Unknown application type"}`), "firewall": waf,
	} {
		for _, bad := range []int{0, 777} {
			s := authomizetest.New(t, authomizetest.WithoutNetwork(), authomizetest.WithFaults(authomizetest.Fault{Do: authomizetest.Where(has(user(bad).UniqueID), do)}))
			got, err := uploader(t, s).Upload(t.Context(), authomize.Users, stream(users(n)...))
			if err != nil || got.Accepted != n-1 || got.QuarantinedTotal != 1 || got.Quarantined[0].Key != user(bad).UniqueID || len(s.Posts()) > limit {
				t.Errorf("%s, %d: got %+v, err %v, %d posts; want one quarantined, at most %d posts", name, bad, got, err, len(s.Posts()), limit)
			}
		}
	}
}

// Which fields can't be left out agrees with the API description.
func TestNeededFields(t *testing.T) {
	t.Parallel()
	path, ok := authomizetest.OpenAPIPath()
	if !ok {
		t.Skip("the API description is not beside this checkout")
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range authomize.Kinds {
		body := doc.Paths.Value("/v2/apps/{appId}" + kind.Path()).Post.RequestBody.Value.Content["application/json"].Schema.Value
		item := body.Properties["data"].Value.Items.Value
		for field := range item.Properties {
			want := slices.Contains(item.Required, field) || field == "assetId" // without it a permission is another
			if got := kind.Needs(field); got != want {
				t.Errorf("%s.%s: needed %t; want %t", kind, field, got, want)
			}
		}
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
}

// An API that refuses everything is left alone soon; one that refuses some is not.
func TestStops(t *testing.T) {
	t.Parallel()
	type faults = []authomizetest.Fault
	down, all, none := authomizetest.Status(503), authomizetest.RefuseField("uniqueId"), authomizetest.RefuseUnnamed(nil)
	tests := []struct {
		name           string
		faults         faults
		records, batch int // users, and how many of them a batch; a service account follows
		posts          int // at most
		want           error
	}{
		{"5xx from the start", faults{{Do: down}}, 400, 100, 10, authomize.ErrServer},
		{"5xx after the first batch", faults{{From: 2, Do: down}}, 400, 100, 11, authomize.ErrServer},
		{"5xx before the only record of a kind", faults{{From: 5, Do: down}}, 400, 100, 6, authomize.ErrServer},
		{"5xx for the only record of a kind", faults{{Kind: authomize.ServiceAccounts, Do: down}}, 400, 100, 6, nil},
		{"a firewall that lets nothing pass", faults{{Do: waf}}, 400, 100, 15, authomize.ErrBlocked},
		{"a firewall after the first batch", faults{{From: 2, Do: waf}}, 400, 100, 16, authomize.ErrBlocked},
		{"a token that is refused", faults{{From: 2, Do: authomizetest.Status(401)}}, 400, 100, 2, authomize.ErrUnauthorized},
		{"an app that is deleted", faults{{From: 2, Do: authomizetest.Status(404)}}, 400, 100, 2, authomize.ErrNoApp},
		{"429 after all retries", faults{{From: 2, Do: authomizetest.Throttle("1")}}, 400, 100, 2, authomize.ErrThrottled},
		{"a connection that breaks", faults{{From: 2, Do: authomizetest.CutBefore()}}, 400, 100, 2, io.EOF},
		{"all of 100 named", faults{{Do: all}}, 100, 100, 1, authomize.ErrInvalid},
		{"all of 99 named", faults{{Do: all}}, 99, 100, 2, nil},
		{"99 of 100 named", faults{{Times: 1, Do: authomizetest.RefuseWhere("title", "t", func(v jsontext.Value) bool { return !has("user:0042")(v) })}}, 100, 100, 3, nil},
		{"none of many named (case 11)", faults{{Do: none}}, 400, 100, 10, authomize.ErrInvalid},
		{"one unnamed after 150 named", faults{
			{Times: 1, Do: authomizetest.RefuseWhere("title", "t", has("user:00", "user:010", "user:011", "user:012", "user:013", "user:014"))},
			{Do: authomizetest.RefuseUnnamed(has("user:0150"))},
		}, 500, 500, 22, nil},
		{"all of later batches named", faults{{From: 2, Do: all}}, 300, 100, 4, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, authomizetest.WithFaults(tt.faults...))
			u := uploader(t, s)
			u.MaxItems = tt.batch
			got, err := u.Upload(t.Context(), authomize.Users, stream(users(tt.records)...))
			if err == nil {
				var more authomize.Result
				more, err = u.Upload(t.Context(), authomize.ServiceAccounts, stream(authomize.ServiceAccount{UniqueID: "client:1"}))
				got.Add(more)
			}
			if !errors.Is(err, tt.want) || len(s.Posts()) > tt.posts {
				t.Errorf("got %v, %d posts; want %v, at most %d", err, len(s.Posts()), tt.want, tt.posts)
			}
			if n := s.Count(authomize.Users) + s.Count(authomize.ServiceAccounts); int(got.Accepted) != n || int(got.Posted) != n {
				t.Errorf("got %+v; want %d, which are there", got, n)
			}
			if n := got.QuarantinedTotal + got.Accepted; err == nil && n != int64(tt.records)+1 {
				t.Errorf("got %+v; want %d users and one more in all", got, tt.records)
			}
		})
	}
}

// A record that refers to what the API doesn't have is quarantined with the
// role and the id, however the API counts it.
func TestReferences(t *testing.T) {
	t.Parallel()
	permission := func(source, sourceType, privilege, asset string) authomize.Record {
		return &authomize.Permission{SourceUniqueID: source, SourceType: sourceType, PrivilegeID: privilege, AssetID: asset}
	}
	tests := map[authomize.Kind]struct {
		records []authomize.Record
		refused []string
	}{
		authomize.AccountAssociations: {[]authomize.Record{
			authomize.AccountAssociation{SourceID: "user:1", TargetID: "group:1"},
			authomize.AccountAssociation{SourceID: "user:9", TargetID: "group:1"},
			authomize.AccountAssociation{SourceID: "user:1", TargetID: "group:9"},
		}, []string{"user:1 group:9: target group:9", "user:9 group:1: source user:9"}},
		authomize.Permissions: {[]authomize.Record{
			permission("group:1", "Grouping", "privilege:1", "asset:1"),
			permission("group:1", "Grouping", "privilege:1", ""),
			permission("user:1", "User", "privilege:1", ""),
			permission("user:9", "User", "privilege:1", ""),
			permission("group:1", "Grouping", "privilege:9", ""),
			permission("group:1", "Grouping", "privilege:1", "asset:9"),
			permission("group:9", "Grouping", "privilege:9", "asset:9"),
		}, []string{
			"group:1 privilege:1 asset:9: asset asset:9", "group:1 privilege:9 : privilege privilege:9",
			"group:9 privilege:9 asset:9: grouping group:9", "user:9 privilege:1 : user user:9",
		}},
		authomize.Assets: {[]authomize.Record{
			ownedAsset{authomize.Asset{UniqueID: "asset:2", Name: "b"}, "user:1"},
			ownedAsset{authomize.Asset{UniqueID: "asset:3", Name: "c"}, "user:9"},
		}, []string{"asset:3: owner user:9"}},
	}
	for _, opts := range [][]authomizetest.Option{nil, {authomizetest.WithInvalidCounted()}} {
		for kind, tt := range tests {
			s := serve(t, opts...)
			for there, id := range map[authomize.Kind]string{
				authomize.Users: "user:1", authomize.Groupings: "group:1", authomize.Privileges: "privilege:1", authomize.Assets: "asset:1",
			} {
				s.AddForeign(s.AppID, there, id)
			}
			before := s.Count(kind)
			got, err := uploader(t, s).Upload(t.Context(), kind, stream(tt.records...))
			var refused []string
			for _, q := range sorted(got.Quarantined) {
				refused = append(refused, q.Key+": "+strings.TrimPrefix(q.Reason, "reference refused: ")+" "+q.Ref)
			}
			if diff := cmp.Diff(tt.refused, refused); err != nil || diff != "" {
				t.Errorf("%s: %v, %s", kind, err, diff)
			}
			good := int64(len(tt.records) - len(refused))
			if got.Posted != int64(len(tt.records)) || got.Accepted != good || got.Shortfall != 0 || got.UnmatchedIDs != 0 || got.AcceptedByTag[1] != good || s.Count(kind)-before != int(good) {
				t.Errorf("%s: got %+v; want %d accepted", kind, got, good)
			}
		}
	}
}

type ownedAsset struct {
	authomize.Asset
	Owner string `json:"owner"`
}

// What a receipt says beyond what was sent is counted.
func TestReceiptsThatLie(t *testing.T) {
	t.Parallel()
	s := serve(t, authomizetest.WithFaults(
		authomizetest.Fault{Do: authomizetest.SetField("invalidOwnerIds", []string{"user:77", "user:78", "user:77"})},
		authomizetest.Fault{Do: authomizetest.SetField("numberOfAcceptedEntities", 9)},
	))
	got, err := uploader(t, s).Upload(t.Context(), authomize.Groupings, stream(authomize.Grouping{UniqueID: "group:1", Name: "g"}))
	if err != nil || got.UnmatchedIDs != 2 || got.Overcounted != 1 || got.QuarantinedTotal != 0 || got.Accepted != 1 {
		t.Errorf("got %+v, err %v; want 2 unmatched ids, and one receipt that counts too many", got, err)
	}
}
