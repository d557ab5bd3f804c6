package mapping_test

import (
	"strings"
	"testing"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

// TestIDs pins how ids are made: another form would be a mass delete and a
// mass create.
func TestIDs(t *testing.T) {
	t.Parallel()
	const text = "0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9"
	id, ok := pingone.ParseID("0A1B2C3D-4E5F-4061-8273-8495A6B7C8D9")
	if !ok {
		t.Fatal("the id of the test is malformed")
	}
	tests := []struct{ name, got, want string }{
		{"user", mapping.UserID(id), "user:" + text},
		{"client", mapping.ClientID(id), "client:" + text},
		{"gateway", mapping.GatewayID(id), "gateway:" + text},
		{"group", mapping.GroupID(id), "group:" + text},
		{"environment", mapping.EnvironmentID(id), "environment:" + text},
		{"population", mapping.PopulationID(id), "population:" + text},
		{"application", mapping.ApplicationID(id), "application:" + text},
		{"application access", mapping.AppAccessID(id), "app-access:" + text},
		{"all users", mapping.AllUsersID(id), "all-users:" + text},
		{"administrators", mapping.AdminsID(id), "admins:" + text},
		{"privilege of a role", mapping.RolePrivilegeID(id), "privilege:role:" + text},
		{"privilege of a role's permission", mapping.PermissionPrivilegeID(&pingone.RolePermission{ID: "dir:read:user"}), "privilege:permission:dir:read:user"},
		{"privilege to use", mapping.AppAccessPrivilegeID, "privilege:app-access"},
		{
			"role in a scope",
			mapping.RoleGroupingID(id, mapping.Scope{Type: "ENVIRONMENT", ID: id}),
			"role:" + text + "@ENVIRONMENT:" + text,
		},
		{
			"role in a scope of a long type",
			mapping.RoleGroupingID(id, mapping.Scope{Type: "A_SCOPE_TYPE_WITH_A_NAME_THAT_IS_LONGER_THAN_ALL_OF_TODAY", ID: id}),
			"role:" + text + "@A_SCOPE_TYPE_WITH_A_NAME_THAT_IS_LONGER_THAN_ALL_OF_TODAY:" + text,
		},
		{"zero id", mapping.UserID(pingone.ID{}), "user:"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func FuzzID(f *testing.F) {
	f.Add([]byte("0123456789abcdef"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var id pingone.ID
		copy(id[:], b)
		if got, want := mapping.UserID(id), "user:"+id.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// FuzzPermissionID looks for ids that would break a list of ids: those are
// read line by line, and cut at tabs and blanks.
func FuzzPermissionID(f *testing.F) {
	f.Add("dir:read:user", "user", "Read users")
	f.Add(" audit_reporting:read:activity\n", "", "")
	f.Add("dir:read\tuser", "\xff", "\u00a0")
	f.Fuzz(func(t *testing.T, id, classifier, description string) {
		p := &pingone.RolePermission{ID: id, Classifier: classifier, Description: description}
		told := mapping.PermissionID(p)
		if told == "" {
			return
		}
		if strings.ContainsFunc(told, func(r rune) bool { return r <= ' ' || r > '~' }) || !strings.Contains(id, told) {
			t.Errorf("id %q is told as %q", id, told)
		}
		privilege, _ := mapping.PrivilegeOfPermission(p)
		checkLimits(t, privilege)
		grant := mapping.PermissionGrant(pingone.ID{15: 1}, p)
		checkLimits(t, grant)
		if privilege.OriginID != told || privilege.UniqueID != "privilege:permission:"+told || grant.TargetID != privilege.UniqueID {
			t.Errorf("privilege %+v, grant %+v", privilege, grant)
		}
	})
}

func TestOrganizationHasNoAsset(t *testing.T) {
	t.Parallel()
	s := mapping.Scope{Type: "ORGANIZATION", ID: pingone.ID{15: 1}}
	if id := s.AssetID(); id != "" {
		t.Errorf("asset id is %q, want none", id)
	}
	if a := mapping.ScopeAsset(s); a.UniqueID != "" || a.Name != "" {
		t.Errorf("asset is %+v, want none", a)
	}
}

func TestAppAccessPrivilege(t *testing.T) {
	t.Parallel()
	p := mapping.AppAccessPrivilege()
	checkLimits(t, p)
	if p.UniqueID != mapping.AppAccessPrivilegeID || p.Type != "Use" || p.PrivilegeType != "" || p.OriginName != "Use application" {
		t.Errorf("got %+v", p)
	}
}
