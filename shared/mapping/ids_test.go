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
	id, ok := pingone.ParseID(strings.ToUpper(text))
	if !ok {
		t.Fatal("the id of the test is malformed")
	}
	for got, want := range map[string]string{
		mapping.UserID(id):           "user:" + text,
		mapping.ClientID(id):         "client:" + text,
		mapping.GatewayID(id):        "gateway:" + text,
		mapping.GroupID(id):          "group:" + text,
		mapping.EnvironmentID(id):    "environment:" + text,
		mapping.PopulationID(id):     "population:" + text,
		mapping.ApplicationID(id):    "application:" + text,
		mapping.AppAccessID(id):      "app-access:" + text,
		mapping.AllUsersID(id):       "all-users:" + text,
		mapping.AdminsID(id):         "admins:" + text,
		mapping.RolePrivilegeID(id):  "privilege:role:" + text,
		mapping.AppAccessPrivilegeID: "privilege:app-access",
		mapping.RoleGroupingID(id, mapping.Scope{Type: "ENVIRONMENT", ID: id}): "role:" + text + "@ENVIRONMENT:" + text,
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
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
		grant := mapping.PermissionGrant(pingone.ID{15: 1}, p)
		if privilege.OriginID != told || privilege.UniqueID != "privilege:permission:"+told || grant.TargetID != privilege.UniqueID ||
			strings.TrimSpace(privilege.OriginName) == "" || privilege.PrivilegeType == "" {
			t.Errorf("privilege %+v, grant %+v", privilege, grant)
		}
	})
}
