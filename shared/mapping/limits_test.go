package mapping_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pingone-authomize/shared/authomize"
)

// checkLimits reports what Authomize would refuse in a record.
func checkLimits(t *testing.T, r authomize.Record) {
	t.Helper()
	switch r := r.(type) {
	case authomize.User:
		checkID(t, r.UniqueID, "user:")
		checkName(t, r.Name)
		checkStatus(t, r.Status)
		checkTags(t, r.Tags)
		checkTime(t, r.LastLoginAt)
		if strings.ContainsAny(r.Email, " \t\r\n") || r.Email != "" && strings.Count(r.Email, "@") != 1 {
			t.Errorf("e-mail %q is malformed", r.Email)
		}
		for _, p := range r.CustomProperties {
			checkRunes(t, "custom property", p.Value, authomize.MaxPropertyRunes)
		}
	case authomize.ServiceAccount:
		checkID(t, r.UniqueID, "client:", "gateway:")
		checkName(t, r.Name)
		checkStatus(t, r.Status)
		checkTags(t, r.Tags)
	case authomize.Grouping:
		checkID(t, r.UniqueID, "group:", "role:", "app-access:", "all-users:", "admins:")
		checkName(t, r.Name)
		checkRunes(t, "alternativeName", r.AlternativeName, authomize.MaxAlternativeRunes)
		if r.IsRole != strings.HasPrefix(r.UniqueID, "role:") {
			t.Errorf("grouping %s: isRole is %t", r.UniqueID, r.IsRole)
		}
	case authomize.Privilege:
		checkID(t, r.UniqueID, "privilege:")
		checkName(t, r.OriginName)
		if (r.PrivilegeType == "") == (r.Type == "") {
			t.Errorf("privilege %s has types %q and %q, want exactly one", r.UniqueID, r.PrivilegeType, r.Type)
		}
	case authomize.PrivilegeGrant:
		checkID(t, r.SourceID, "privilege:role:")
		checkID(t, r.TargetID, "privilege:permission:")
	case authomize.Asset:
		checkID(t, r.UniqueID, "environment:", "population:", "application:", "scope:")
		checkName(t, r.Name)
		checkRunes(t, "description", r.Description, authomize.MaxDescriptionRunes)
		checkTags(t, r.Tags)
		checkTime(t, r.CreatedAt)
	}
}

func checkID(t *testing.T, id string, kinds ...string) {
	t.Helper()
	if !slices.ContainsFunc(kinds, func(kind string) bool { return strings.HasPrefix(id, kind) }) {
		t.Errorf("uniqueId %q begins with none of %q", id, kinds)
	}
}

func checkName(t *testing.T, name string) {
	t.Helper()
	if strings.TrimSpace(name) == "" {
		t.Error("name is empty")
	}
}

func checkRunes(t *testing.T, what, text string, most int) {
	t.Helper()
	if n := utf8.RuneCountInString(text); n > most {
		t.Errorf("%s has %d runes, want at most %d", what, n, most)
	}
	if !utf8.ValidString(text) {
		t.Errorf("%s %q is not UTF-8", what, text)
	}
}

func checkStatus(t *testing.T, s authomize.UserStatus) {
	t.Helper()
	known := []authomize.UserStatus{
		authomize.StatusStaged, authomize.StatusEnabled, authomize.StatusDisabled,
		authomize.StatusSuspended, authomize.StatusUnknown,
	}
	if !slices.Contains(known, s) {
		t.Errorf("status %q is not one of %q", s, known)
	}
}

func checkTags(t *testing.T, tags []string) {
	t.Helper()
	for i, tag := range tags {
		if tag == "" || slices.Contains(tags[:i], tag) {
			t.Errorf("tags %q hold an empty one or one twice", tags)
		}
	}
}

func checkTime(t *testing.T, s string) {
	t.Helper()
	if s == "" {
		return
	}
	if at, err := time.Parse(time.RFC3339, s); err != nil || at.Location() != time.UTC {
		t.Errorf("time %q is not RFC 3339 in UTC: %v", s, err)
	}
}
