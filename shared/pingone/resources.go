package pingone

// The resources of PingOne as far as this project reads them. Every enum is a
// string, since PingOne adds values all the time. Fields that are absent stay
// zero. Source of the fields: PingOne's OpenAPI description (management
// module 0.70) and recorded replies.

// A Ref names another resource.
type Ref struct {
	ID   ID     `json:"id,omitzero"`
	Type string `json:"type,omitzero"`
}

// An Organization is the root of everything.
type Organization struct {
	ID   ID     `json:"id"`
	Name string `json:"name,omitzero"`
	Type string `json:"type,omitzero"`
}

// An Environment separates users, groups and applications within an organization.
type Environment struct {
	ID           ID     `json:"id"`
	Name         string `json:"name,omitzero"`
	Description  string `json:"description,omitzero"`
	Type         string `json:"type,omitzero"`   // PRODUCTION, SANDBOX
	Region       string `json:"region,omitzero"` // NA, EU, …
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

// A DayTotal is how many users an environment had on a day.
type DayTotal struct {
	Date            string `json:"date,omitzero"`
	TotalIdentities *int   `json:"totalIdentities,omitzero"`
}

// A User is a person in an environment.
type User struct {
	ID               ID       `json:"id"`
	Username         string   `json:"username,omitzero"`
	Email            string   `json:"email,omitzero"`
	Enabled          *bool    `json:"enabled,omitzero"`
	Environment      Ref      `json:"environment,omitzero"`
	Population       Ref      `json:"population,omitzero"`
	Name             UserName `json:"name,omitzero"`
	Title            string   `json:"title,omitzero"`
	Type             string   `json:"type,omitzero"` // free text
	Account          Account  `json:"account,omitzero"`
	Lifecycle        State    `json:"lifecycle,omitzero"`
	MFAEnabled       *bool    `json:"mfaEnabled,omitzero"`
	LastSignOn       SignOn   `json:"lastSignOn,omitzero"`
	IdentityProvider Ref      `json:"identityProvider,omitzero"` // type PING_ONE has no id
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

// A Device is what a user proves itself with in MFA. Its phone number, e-mail
// address and nickname are not decoded: nothing is made of them. Source of the
// fields: PingOne documentation, "MFA devices".
type Device struct {
	ID     ID     `json:"id"`
	Type   string `json:"type,omitzero"`   // SMS, TOTP, MOBILE, FIDO2, …
	Status string `json:"status,omitzero"` // ACTIVE, ACTIVATION_REQUIRED
}

// A Group holds users and groups. UserFilter makes it dynamic, SourceType
// external.
type Group struct {
	ID                 ID            `json:"id"`
	Name               string        `json:"name,omitzero"`
	Description        string        `json:"description,omitzero"`
	Environment        Ref           `json:"environment,omitzero"`
	Population         Ref           `json:"population,omitzero"`
	UserFilter         string        `json:"userFilter,omitzero"`
	SourceType         string        `json:"sourceType,omitzero"` // GATEWAY, IDP
	DirectMemberCounts *MemberCounts `json:"directMemberCounts,omitzero"`
}

// MemberCounts counts direct members, without those of a dynamic filter. A
// nil count is unknown, not zero.
type MemberCounts struct {
	Users  *int `json:"users,omitzero"`
	Groups *int `json:"groups,omitzero"`
}

// A Role is a built-in or custom administrator role.
type Role struct {
	ID           ID               `json:"id"`
	Name         string           `json:"name,omitzero"`
	Description  string           `json:"description,omitzero"`
	Type         string           `json:"type,omitzero"` // CUSTOM, PLATFORM; absent in /v1/roles
	ApplicableTo []string         `json:"applicableTo,omitempty"`
	Permissions  []RolePermission `json:"permissions,omitempty"`
	Environment  Ref              `json:"environment,omitzero"`
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
	ID          ID  `json:"id"`
	Role        Ref `json:"role"`
	Scope       Ref `json:"scope"` // Type: ORGANIZATION, ENVIRONMENT, POPULATION, APPLICATION, GROUP, …; any case
	Environment Ref `json:"environment,omitzero"`
	// Group is set on a user's assignment that comes from a group: inherited.
	Group Ref `json:"group,omitzero"`
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

// A RoleCondition has the one known type ADMIN_USERS_ONLY. PingOne always
// sends a type.
type RoleCondition struct {
	Type string `json:"type,omitzero"`
}

// A GroupCondition has type ANY_GROUP or ALL_GROUPS. PingOne always sends a
// list; nil stands for one that is missing, which no empty list is.
type GroupCondition struct {
	Type   string `json:"type,omitzero"`
	Groups []Ref  `json:"groups,omitempty"`
}

// A Gateway connects PingOne to a customer's own servers.
type Gateway struct {
	ID          ID     `json:"id"`
	Name        string `json:"name,omitzero"`
	Description string `json:"description,omitzero"`
	Type        string `json:"type,omitzero"` // LDAP, PING_FEDERATE, …
	Enabled     *bool  `json:"enabled,omitzero"`
	Environment Ref    `json:"environment,omitzero"`
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
func (r RoleAssignment) ResourceID() ID { return r.ID }

// ResourceID implements Resource.
func (a Application) ResourceID() ID { return a.ID }

// ResourceID implements Resource.
func (g Gateway) ResourceID() ID { return g.ID }
