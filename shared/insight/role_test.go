package insight_test

import (
	"slices"
	"strings"
	"testing"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// Permissions as PingOne sent them in 2022, which have no ids: those that the rules
// ask for, and some that they must not mistake for these.
const (
	dataAdmin2022 = `userPassword: Set a user's cleartext or pre-encoded password
userPassword: Read a user's password state
device: Delete user's device
device: Authenticate using a device
userEnabled: Update user's enabled status
userIdentityProvider: Update user's identity provider
groupMembership: Create Group Membership
user: Create users
userRoleAssignments: Update roles assigned to users`
	readOnly2022 = `userPassword: Read a user's password state
device: Retrieve user's device
userRoleAssignments: Read roles assigned to users
groupMembership: Read Group Membership`
	configReadOnly2022 = `secret: Retrieve an application’s client secret
exploration: Create data exploration
gateway: Read gateways`
)

func recorded(name, lines string) insight.RoleInfo {
	r := pingone.Role{ID: id(name), Name: name, CanAssign: []pingone.Ref{{ID: id(reader)}, {}}}
	for line := range strings.Lines(lines) {
		classifier, description, _ := strings.Cut(strings.TrimSpace(line), ": ")
		r.Permissions = append(r.Permissions, pingone.RolePermission{Classifier: classifier, Description: description})
	}
	return insight.RoleOf(&r)
}

func TestRolesOf2022(t *testing.T) {
	t.Parallel()
	b := newRig()
	*b.role(dataAdmin) = recorded(dataAdmin, dataAdmin2022)
	*b.role(helpDesk) = recorded(helpDesk, readOnly2022)
	*b.role(reader) = recorded(reader, configReadOnly2022)
	b.Users[0].Disabled, b.Users[0].Federated = true, true
	b.group("Bosses", "Workforce")
	b.give("Bosses", orgAdmin, "ORGANIZATION", "Acme")
	b.user("Bob", "Workforce")
	b.give("Bob", dataAdmin, "ENVIRONMENT", "Administrators")
	b.give("Bob", dataAdmin, "ENVIRONMENT", "Workforce")
	b.give("Bob", helpDesk, "ORGANIZATION", "Acme")
	b.Self = id("Us")
	b.client("Us", "Workforce")
	b.give("Us", reader, "ORGANIZATION", "Acme")
	want := []string{
		"Whoever holds Identity Data Admin on environment Administrators can reset the password of Ada, who is Organization Admin (R1, likely)",
		"Whoever holds Identity Data Admin on environment Workforce can add a user to group Bosses, which holds Organization Admin (R5, documented)",
	}
	if got := b.sentences(t, insight.Likely); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	want = []string{"low: client Us, which reads for this report, holds Configuration Read Only on the organization, which may read secrets"}
	if _, got := b.assess("F09", nil); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if r := b.role(dataAdmin); !slices.Equal(r.CanAssign, []pingone.ID{id(reader)}) || r.Custom {
		t.Errorf("role is %+v", r)
	}
}

func TestRoleOfACustomOne(t *testing.T) {
	t.Parallel()
	r := pingone.Role{ID: id("High"), Type: "custom", Environment: pingone.Ref{ID: id("Workforce")}, CanBeAssignedBy: []pingone.Ref{{ID: id(helpDesk)}}}
	got := insight.RoleOf(&r)
	if !got.Custom || got.Environment != id("Workforce") || !slices.Equal(got.CanBeAssignedBy, []pingone.ID{id(helpDesk)}) {
		t.Errorf("got %+v", got)
	}
}
