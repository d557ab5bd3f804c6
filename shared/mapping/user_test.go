package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

func FuzzUser(f *testing.F) {
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","username":"a","enabled":true,"email":"a@b.example"}`), "Staff")
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","enabled":true,"account":{"status":"LOCKED"},"lastSignOn":{"at":"2026-11-23T10:00:00+02:00"}}`), strings.Repeat("é", 70))
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","name":{"given":"\ud800","family":" "},"type":"Staff","mfaEnabled":false}`), "Staff")
	f.Fuzz(func(t *testing.T, body []byte, population string) {
		var u pingone.User
		err := json.Unmarshal(body, &u, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if err != nil || u.ID.IsZero() {
			t.Skip("not a user")
		}
		r, _ := mapping.User(&u, strings.ToValidUTF8(population, "\uFFFD"))
		checkLimits(t, r)
		if r.UniqueID != "user:"+u.ID.String() || r.OriginID != u.ID.String() {
			t.Errorf("ids are %q and %q, want those of %s", r.UniqueID, r.OriginID, u.ID)
		}
		if r.Status == authomize.StatusEnabled && (u.Enabled == nil || !*u.Enabled) {
			t.Error("a user who is not enabled came out as Enabled")
		}
		if r.HasMFA != nil && r.HasMFA == u.MFAEnabled {
			t.Error("hasMFA shares memory with the resource")
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("encode: %v", err)
		}
	})
}

func TestUserKeepsNothingOfTheResource(t *testing.T) {
	t.Parallel()
	enabled := true
	u := pingone.User{ID: pingone.ID{15: 1}, MFAEnabled: &enabled}
	r, _ := mapping.User(&u, "")
	enabled = false
	if !*r.HasMFA {
		t.Error("hasMFA changed with the resource")
	}
}

func TestWarningsStopWhenAsked(t *testing.T) {
	t.Parallel()
	u := pingone.User{ID: pingone.ID{15: 1}, Email: "no address", LastSignOn: pingone.SignOn{At: "yesterday"}}
	_, ws := mapping.User(&u, "")
	want := []mapping.Warning{mapping.WarnNoEnabled, mapping.WarnBadEmail, mapping.WarnBadTime}
	if got := slices.Collect(ws.Each); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for w := range ws.Each {
		if w != mapping.WarnNoEnabled {
			t.Errorf("first warning is %q", w)
		}
		break
	}
}

func BenchmarkUser(b *testing.B) {
	yes := true
	u := pingone.User{
		ID:               pingone.ID{0x57, 0xde, 15: 1},
		Username:         "sam.rivers",
		Email:            "sam.rivers@contractor.example.com",
		Enabled:          &yes,
		Name:             pingone.UserName{Given: "Sam", Family: "Rivers"},
		Type:             "Contractor",
		Account:          pingone.Account{Status: "OK"},
		Lifecycle:        pingone.State{Status: "ACCOUNT_OK"},
		MFAEnabled:       &yes,
		LastSignOn:       pingone.SignOn{At: "2026-11-23T12:24:40.823Z"},
		IdentityProvider: pingone.Ref{Type: "PING_ONE"},
	}
	b.ReportAllocs()
	for b.Loop() {
		mapping.User(&u, "Workforce")
	}
}

func BenchmarkMembership(b *testing.B) {
	user, group := pingone.ID{0x57, 15: 1}, pingone.ID{0x58, 15: 2}
	b.ReportAllocs()
	for b.Loop() {
		mapping.Membership(user, mapping.GroupID(group))
	}
}
