package pingone

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The resources of PingOne as far as this project reads them. Every enum is a
// string, since PingOne adds values all the time. Fields that are absent stay
// zero. Sources: PingOne's OpenAPI description (management module 0.70) and
// recorded replies.

// A Ref names another resource.
type Ref struct {
	ID   ID     `json:"id,omitzero"`
	Type string `json:"type,omitzero"`
}

// An Organization is the root of everything.
type Organization struct {
	ID   ID     `json:"id"`
	Name string `json:"name,omitzero"`
}

// An Environment separates users, groups and applications within an organization.
type Environment struct {
	ID           ID     `json:"id"`
	Name         string `json:"name,omitzero"`
	Description  string `json:"description,omitzero"`
	Status       string `json:"status,omitzero"` // ACTIVE, DELETE_PENDING
	Organization Ref    `json:"organization,omitzero"`
	CreatedAt    string `json:"createdAt,omitzero"`
}

// A Population holds users; each user is in exactly one.
type Population struct {
	ID          ID     `json:"id"`
	Name        string `json:"name,omitzero"`
	Description string `json:"description,omitzero"`
	Environment Ref    `json:"environment,omitzero"`
	UserCount   *int   `json:"userCount,omitzero"`
}

// A DayTotal is how many users an environment had on a day. Which day is not
// decoded: PingOne sends it as a number or as text.
type DayTotal struct {
	TotalIdentities *int `json:"totalIdentities,omitzero"`
}

// A User is a person in an environment.
type User struct {
	ID               ID       `json:"id"`
	Username         string   `json:"username,omitzero"`
	Email            string   `json:"email,omitzero"`
	Enabled          *bool    `json:"enabled,omitzero"`
	Population       Ref      `json:"population,omitzero"`
	Name             UserName `json:"name,omitzero"`
	Title            string   `json:"title,omitzero"`
	Type             string   `json:"type,omitzero"` // free text
	Account          Account  `json:"account,omitzero"`
	Lifecycle        State    `json:"lifecycle,omitzero"`
	MFAEnabled       *bool    `json:"mfaEnabled,omitzero"`
	LastSignOn       SignOn   `json:"lastSignOn,omitzero"`
	IdentityProvider Ref      `json:"identityProvider,omitzero"` // type PING_ONE has no id
	CreatedAt        string   `json:"createdAt,omitzero"`
}

// UserName holds the parts of a name; all may be absent.
type UserName struct {
	Given     string `json:"given,omitzero"`
	Family    string `json:"family,omitzero"`
	Formatted string `json:"formatted,omitzero"`
}

// Account is a user's account state: OK or LOCKED.
type Account struct {
	Status string `json:"status,omitzero"`
}

// State is a lifecycle: ACCOUNT_OK or VERIFICATION_REQUIRED.
type State struct {
	Status string `json:"status,omitzero"`
}

// SignOn is the last sign-on; absent when there was none through PingOne.
type SignOn struct {
	At string `json:"at,omitzero"`
}

// A Device is what a user proves itself with in MFA. Nothing is made of its type,
// phone number, e-mail address and nickname. Source: PingOne documentation, "MFA
// devices".
type Device struct {
	Status string `json:"status,omitzero"` // ACTIVE, ACTIVATION_REQUIRED
}

// A Group holds users and groups. UserFilter makes it dynamic, SourceType
// external.
type Group struct {
	ID                 ID            `json:"id"`
	Name               string        `json:"name,omitzero"`
	Description        string        `json:"description,omitzero"`
	UserFilter         string        `json:"userFilter,omitzero"`
	SourceType         string        `json:"sourceType,omitzero"` // GATEWAY, IDP
	Population         Ref           `json:"population,omitzero"` // absent: of the whole environment
	DirectMemberCounts *MemberCounts `json:"directMemberCounts,omitzero"`
}

// MemberCounts counts direct members, without those of a dynamic filter. A
// nil count is unknown, not zero.
type MemberCounts struct {
	Users  *int `json:"users,omitzero"`
	Groups *int `json:"groups,omitzero"`
}

// A GroupMembership is an item of UserGroups or GroupParents: a group, and how
// its member belongs to it.
type GroupMembership struct {
	ID   ID     `json:"id"`            // of the group that holds the member
	Type string `json:"type,omitzero"` // DIRECT or INDIRECT; any case
}

// Direct tells whether PingOne says that the member is no member by another group.
func (m GroupMembership) Direct() bool { return strings.EqualFold(m.Type, "DIRECT") }

// A Role is a built-in or custom administrator role.
type Role struct {
	ID          ID               `json:"id"`
	Name        string           `json:"name,omitzero"`
	Type        string           `json:"type,omitzero"` // CUSTOM, PLATFORM; absent in /v1/roles
	Permissions []RolePermission `json:"permissions,omitempty"`
	// Environment is where a custom role was made.
	Environment Ref `json:"environment,omitzero"`
	// CanAssign are roles that a holder can assign within its own scope, and
	// CanBeAssignedBy those whose holders can assign a custom one. Either may be
	// absent.
	CanAssign       []Ref `json:"canAssign,omitempty"`
	CanBeAssignedBy []Ref `json:"canBeAssignedBy,omitempty"`
}

// A RolePermission is named by id (category:action:resource) or, in older
// replies, by classifier and description only.
type RolePermission struct {
	ID          string `json:"id,omitzero"`
	Classifier  string `json:"classifier,omitzero"`
	Description string `json:"description,omitzero"`
}

// A RoleAssignment gives a principal a role within a scope.
type RoleAssignment struct {
	ID    ID  `json:"id"`
	Role  Ref `json:"role"`
	Scope Ref `json:"scope"` // Type: ORGANIZATION, ENVIRONMENT, POPULATION, APPLICATION, GROUP, …; any case
	// Group is set on a user's assignment that comes from a group.
	Group Ref `json:"group,omitzero"`
	// Type or InheritanceType may be INDIRECT, in any case, for the same reason:
	// PingOne's description has the first marker, a third party's driver this one.
	Type            string `json:"type,omitzero"`
	InheritanceType string `json:"inheritanceType,omitzero"`
}

// Inherited tells whether a user's assignment comes from a group, and is the
// group's. What a group itself holds may name the group, too: ask of users only.
func (r RoleAssignment) Inherited() bool {
	return !r.Group.ID.IsZero() || isIndirect(r.Type) || isIndirect(r.InheritanceType)
}

func isIndirect(kind string) bool { return strings.EqualFold(kind, "INDIRECT") }

// An ApplicationRole is a right within an application, of PingOne Authorize.
type ApplicationRole struct {
	ID          ID     `json:"id"`
	Name        string `json:"name,omitzero"`
	Description string `json:"description,omitzero"`
}

// An Application is what users sign on to, or a client of its own.
type Application struct {
	ID            ID            `json:"id"`
	Name          string        `json:"name,omitzero"`
	Description   string        `json:"description,omitzero"`
	Enabled       *bool         `json:"enabled,omitzero"`
	Type          string        `json:"type,omitzero"`
	Protocol      string        `json:"protocol,omitzero"`
	GrantTypes    []string      `json:"grantTypes,omitempty"`
	HomePageURL   string        `json:"homePageUrl,omitzero"`
	LoginPageURL  string        `json:"loginPageUrl,omitzero"`
	Environment   Ref           `json:"environment,omitzero"`
	AccessControl AccessControl `json:"accessControl,omitzero"`
	CreatedAt     string        `json:"createdAt,omitzero"`
	Links         struct {
		RoleAssignments Link `json:"roleAssignments,omitzero"`
	} `json:"_links,omitzero"`
}

// A Link is a HAL link.
type Link struct {
	Href string `json:"href,omitzero"`
}

// AccessControl limits who may use an application. Both conditions apply
// where both are set; with neither, everyone in the environment may.
type AccessControl struct {
	Role  *RoleCondition  `json:"role,omitzero"`
	Group *GroupCondition `json:"group,omitzero"`
}

// A RoleCondition has the one type ADMIN_USERS_ONLY. PingOne always
// sends a type.
type RoleCondition struct {
	Type string `json:"type,omitzero"`
}

// A GroupCondition has type ANY_GROUP or ALL_GROUPS. PingOne always sends a
// list; nil stands for an absent one, which no empty list is.
type GroupCondition struct {
	Type   string `json:"type,omitzero"`
	Groups []Ref  `json:"groups,omitempty"`
}

// A Gateway connects PingOne to a customer's own servers.
type Gateway struct {
	ID          ID     `json:"id"`
	Name        string `json:"name,omitzero"`
	Description string `json:"description,omitzero"`
	Enabled     *bool  `json:"enabled,omitzero"`
	Type        string `json:"type,omitzero"` // LDAP, PING_FEDERATE, RADIUS, …
}

// An AdminConfig is how the administrators who are at home in an environment sign
// on. Which form the state of a method has is not documented: an object
// {"enabled":true}, by its description, in an OpenAPI of text.
type AdminConfig struct {
	Method  string                    `json:"authenticationMethod,omitzero"` // PINGONE, EXTERNAL, HYBRID
	Recover *bool                     `json:"recovery,omitzero"`
	Methods map[string]jsontext.Value `json:"allowedMethods,omitempty"` // TOTP, FIDO2, EMAIL
}

// Allows tells whether a second factor is allowed.
func (c *AdminConfig) Allows(method string) bool {
	text := string(c.Methods[method])
	return strings.Contains(text, "true")
}

// A Resource has an id of its own.
type Resource interface{ ResourceID() ID }

// ResourceID implements Resource.
func (e Environment) ResourceID() ID { return e.ID }

// ResourceID implements Resource.
func (p Population) ResourceID() ID { return p.ID }

// ResourceID implements Resource.
func (u User) ResourceID() ID { return u.ID }

// ResourceID implements Resource.
func (g Group) ResourceID() ID { return g.ID }

// ResourceID implements Resource.
func (r Role) ResourceID() ID { return r.ID }

// ResourceID implements Resource.
func (r ApplicationRole) ResourceID() ID { return r.ID }

// ResourceID implements Resource.
func (a Application) ResourceID() ID { return a.ID }

// ResourceID implements Resource.
func (g Gateway) ResourceID() ID { return g.ID }
