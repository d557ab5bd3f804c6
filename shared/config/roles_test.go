package config

import (
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/staging"
)

func TestRoleSettings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name         string
		age, refresh string
		c            staging.Collection
		wantAge      time.Duration
		wantRefresh  int
		wantErr      string
	}{
		{"defaults", "", "", staging.RoleAssignments, 7 * day, 1000, ""},
		{"days and none", "30d", "0", staging.RoleAssignments, 30 * day, 0, ""},
		{"a duration", " 36h ", "50000", staging.RoleAssignments, 36 * time.Hour, 50000, ""},
		{"other collections don't look", "soon", "many", staging.Users, 0, 0, ""},
		{"no time", "soon", "", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_MAX_AGE"},
		{"no unit", "7", "", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_MAX_AGE"},
		{"below a minute", "0d", "", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_MAX_AGE"},
		{"negative", "-1d", "", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_MAX_AGE"},
		{"too long", "99999999999d", "", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_MAX_AGE"},
		{"too many digits", "99999999999999999999d", "", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_MAX_AGE"},
		{"negative number", "", "-1", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_REFRESH_CALLS"},
		{"half a call", "", "1.5", staging.RoleAssignments, 0, 0, "ROLE_ASSIGNMENT_REFRESH_CALLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env := map[string]string{
				"SECRET_ID": "s", "STAGING_URL": "file:///tmp/x",
				"ROLE_ASSIGNMENT_MAX_AGE": tt.age, "ROLE_ASSIGNMENT_REFRESH_CALLS": tt.refresh,
			}
			f, err := LoadFetch(func(name string) string { return env[name] }, tt.c)
			if tt.wantErr != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.wantErr+": ") {
					t.Errorf("got %v, want a fault of %s", err, tt.wantErr)
				}
				return
			}
			if err != nil || f.RoleMaxAge != tt.wantAge || f.RoleRefresh != tt.wantRefresh {
				t.Errorf("got %s, %d, %v; want %s, %d", f.RoleMaxAge, f.RoleRefresh, err, tt.wantAge, tt.wantRefresh)
			}
		})
	}
}
