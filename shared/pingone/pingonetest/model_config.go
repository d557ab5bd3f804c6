package pingonetest

import (
	"time"

	"pingone-authomize/shared/pingone"
)

// A Role is a built-in or custom administrator role.
type Role struct {
	ID              pingone.ID
	Name            string
	Description     string
	ApplicableTo    []string
	Permissions     []Permission
	CanAssign       []pingone.ID
	CanBeAssignedBy []pingone.ID
}

// A Permission of a built-in role has all three texts, that of a custom role
// only its id: category:action:resource.
type Permission struct {
	ID          string
	Classifier  string
	Description string
}

// An Application is rendered with the links that its type has in PingOne:
// only a WORKER one has roleAssignments.
type Application struct {
	ID           pingone.ID
	Name         string
	Description  string
	Disabled     bool
	Type         string
	Protocol     string
	GrantTypes   []string
	AuthMethod   string // tokenEndpointAuthMethod
	HomePageURL  string
	LoginPageURL string
	// AccessRole is ADMIN_USERS_ONLY or empty; AccessType is ANY_GROUP,
	// ALL_GROUPS or empty, and AccessGroups the groups that it speaks of.
	AccessRole   string
	AccessType   string
	AccessGroups []pingone.ID
	CreatedAt    time.Time
	UpdatedAt    time.Time
	// Extra is merged at the top level.
	Extra map[string]any
}

// A Gateway connects PingOne to servers of the customer.
type Gateway struct {
	ID          pingone.ID
	Name        string
	Description string
	Type        string
	Disabled    bool
	// Extra is merged at the top level.
	Extra map[string]any
}

// PrincipalKind says what holds a role; it is the collection's name in paths.
type PrincipalKind string

// The kinds of principals.
const (
	UserPrincipal        PrincipalKind = "users"
	GroupPrincipal       PrincipalKind = "groups"
	ApplicationPrincipal PrincipalKind = "applications"
	GatewayPrincipal     PrincipalKind = "gateways"
)

// A Principal may hold roles.
type Principal struct {
	Kind PrincipalKind
	ID   pingone.ID
}

// A RoleAssignment gives its principal a role within a scope.
type RoleAssignment struct {
	// ID is made from the rest when zero.
	ID        pingone.ID
	Role      pingone.ID
	ScopeType string // as sent, in any case
	Scope     pingone.ID
	ReadOnly  bool
	// Group is set on a user's assignment that comes from a group.
	Group pingone.ID
}
