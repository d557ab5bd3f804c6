package mapping_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

// FuzzUser looks for users that Authomize would refuse, or that look better than
// they are.
func FuzzUser(f *testing.F) {
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","username":"a","enabled":true,"email":"a@b.example"}`), "Staff")
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","enabled":true,"account":{"status":"LOCKED"},"lastSignOn":{"at":"2026-11-23T10:00:00+02:00"}}`), strings.Repeat("é", 70))
	f.Add([]byte(`{"id":"10000000-0000-4000-8000-000000000001","name":{"given":"\ud800","family":" "},"type":"Staff","mfaEnabled":false}`), "Staff")
	statuses := []authomize.UserStatus{
		authomize.StatusStaged, authomize.StatusEnabled, authomize.StatusDisabled, authomize.StatusSuspended, authomize.StatusUnknown,
	}
	f.Fuzz(func(t *testing.T, body []byte, population string) {
		var u pingone.User
		err := json.Unmarshal(body, &u, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		if err != nil || u.ID.IsZero() {
			t.Skip("not a user")
		}
		r, _ := mapping.User(&u, strings.ToValidUTF8(population, "\uFFFD"))
		if r.UniqueID != "user:"+u.ID.String() || r.OriginID != u.ID.String() || strings.TrimSpace(r.Name) == "" {
			t.Errorf("ids are %q and %q, want those of %s; name %q", r.UniqueID, r.OriginID, u.ID, r.Name)
		}
		if !slices.Contains(statuses, r.Status) || r.Status == authomize.StatusEnabled && (u.Enabled == nil || !*u.Enabled) {
			t.Errorf("status %q", r.Status)
		}
		if r.HasMFA != nil && r.HasMFA == u.MFAEnabled {
			t.Error("hasMFA shares memory with the resource")
		}
		if strings.ContainsAny(r.Email, " \t\r\n") || r.Email != "" && strings.Count(r.Email, "@") != 1 {
			t.Errorf("e-mail %q is malformed", r.Email)
		}
		if at, err := time.Parse(time.RFC3339, r.LastLoginAt); r.LastLoginAt != "" && (err != nil || at.Location() != time.UTC) {
			t.Errorf("time %q is not RFC 3339 in UTC: %v", r.LastLoginAt, err)
		}
		for i, tag := range r.Tags {
			if tag == "" || slices.Contains(r.Tags[:i], tag) {
				t.Errorf("tags %q hold an empty one or one twice", r.Tags)
			}
		}
		for _, p := range r.CustomProperties {
			if utf8.RuneCountInString(p.Value) > authomize.MaxPropertyRunes || !utf8.ValidString(p.Value) {
				t.Errorf("property %q is too long, or no UTF-8", p.Value)
			}
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("encode: %v", err)
		}
	})
}
