package pingonetest

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"pingone-authomize/shared/pingone"
)

// An Organization is everything that the fake serves. Its methods may be
// called at any time, from any goroutine. Its fields, and those of what it
// holds, may be read freely while nothing changes it, and within Read else.
type Organization struct {
	ID   pingone.ID
	Name string
	// Roles are the built-in ones, the same in every environment.
	Roles        []*Role
	Environments []*Environment
	// Client is the worker application that a Server's credentials belong to.
	// Zero lets the server make an id up.
	Client pingone.ID
	// Limits are the rate limits of the licence, as PingOne names them; none: it
	// does not tell them.
	Limits map[string]int
	// Now is PingOne's clock, which dates audit events and replies; nil is
	// time.Now.
	Now func() time.Time

	mu        sync.RWMutex
	byID      map[pingone.ID]*Environment
	hidden    map[pingone.ID]bool             // environments
	vanished  map[tie]bool                    // items, and memberships
	granted   map[pingone.ID][]RoleAssignment // before Narrow, by environment
	quiet     bool                            // no audit events while a model is built
	lastSeq   int32
	lastEvent int
}

// An AdminConfig is how the administrators of an environment sign on.
type AdminConfig struct {
	Method   string // "": PINGONE
	Recovery bool
	Email    bool // a code by e-mail is allowed
}

// An Environment holds directories and applications. Add to it with the
// methods of its Organization, which update the indexes.
type Environment struct {
	ID          pingone.ID
	Name        string
	Description string
	Type        string // PRODUCTION or SANDBOX
	Region      string
	Status      string // "" is ACTIVE
	License     pingone.ID
	CreatedAt   time.Time
	// AdminConfig is how administrators sign on; nil: our worker may not read it.
	AdminConfig *AdminConfig

	Populations []*Population
	// Users has gaps, of removed users: check Removed.
	Users        []User
	Groups       []*Group
	CustomRoles  []*Role
	Applications []*Application
	Gateways     []*Gateway
	// ApplicationRoles are those of PingOne Authorize; none: there is no licence.
	ApplicationRoles []*ApplicationRole
	// RoleAssignments are by who holds them.
	RoleAssignments map[Principal][]RoleAssignment
	// Devices are the MFA devices by user.
	Devices map[pingone.ID][]Device

	users         map[pingone.ID]int32
	groups        map[pingone.ID]*Group
	populations   map[pingone.ID]*Population
	perPopulation map[pingone.ID]int
	hidden        map[pingone.ID]bool // populations and groups
	miscounted    map[pingone.ID]bool // groups
	events        []event
	byAction      map[string][]int // indexes of events
	disordered    bool             // the clock went back while events were recorded
}

// A tie is a group and its member; the member is zero for an item by itself.
type tie struct{ id, member pingone.ID }

// A Population holds users; each user is in exactly one.
type Population struct {
	ID          pingone.ID
	Name        string
	Description string
	Default     bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// A User is small, since a model may hold a million of them. Empty text
// and zero times are left out of the JSON, except where said.
type User struct {
	ID         pingone.ID
	Population pingone.ID
	Username   string
	Email      string
	Given      string
	Family     string
	Formatted  string
	Title      string
	Type       string
	// AccountStatus is OK when empty, Lifecycle ACCOUNT_OK and
	// IdentityProviderType PING_ONE.
	AccountStatus        string
	Lifecycle            string
	IdentityProviderType string
	IdentityProvider     pingone.ID
	CreatedAt            time.Time
	UpdatedAt            time.Time
	LastSignOn           time.Time
	// Extra is merged at the top level: custom attributes. Its keys must
	// differ from the standard ones.
	Extra      map[string]any
	Disabled   bool
	MFAEnabled bool
	// EmptyName sends a name object without parts, where a user without name
	// parts has no name object otherwise.
	EmptyName bool

	removed bool
}

// Removed tells that the entry is the gap left by a removed user.
func (u *User) Removed() bool { return u.removed }

// A Device is one that a user may prove itself with.
type Device struct {
	// ID is made from the user and the number of the device when zero.
	ID        pingone.ID
	Type      string
	Status    string
	Phone     string
	CreatedAt time.Time
}

// A Group holds users, by their index in Environment.Users, and groups.
type Group struct {
	ID          pingone.ID
	Name        string
	DisplayName string
	Description string
	Population  pingone.ID // zero: a group of the environment
	ExternalID  string
	SourceType  string // GATEWAY or IDP makes it external
	SourceID    pingone.ID
	// UserFilter makes it dynamic. It is not evaluated: Dynamic says who matches.
	UserFilter string
	CreatedAt  time.Time
	UpdatedAt  time.Time
	// Members are those added by hand and Dynamic those that match
	// UserFilter; both ascending.
	Members []int32
	Dynamic []int32
	// Children are the groups nested directly in this one. Cycles are legal.
	Children []pingone.ID
	// Extra is merged at the top level.
	Extra map[string]any

	seq int32 // order of creation, and position of cursors
}

// NewOrganization is an empty one with the built-in roles.
func NewOrganization(name string) *Organization {
	return &Organization{
		ID: StableID("organization", name), Name: name,
		Roles:  BuiltInRoles(),
		byID:   map[pingone.ID]*Environment{},
		hidden: map[pingone.ID]bool{}, vanished: map[tie]bool{}, granted: map[pingone.ID][]RoleAssignment{},
	}
}

// StableID makes an id from names: the same names always give the same id.
func StableID(names ...string) pingone.ID {
	id := uuid.NameSpaceURL
	for _, n := range names {
		id = uuid.NewSHA1(id, []byte(n))
	}
	return pingone.ID(id)
}

// Read runs f while nothing changes the organization.
func (o *Organization) Read(f func()) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	f()
}

// Environment finds an environment, or nil.
func (o *Organization) Environment(id pingone.ID) *Environment {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.byID[id]
}

// User finds a user that was not removed, or nil. The pointer is good until
// the next AddUser.
func (e *Environment) User(id pingone.ID) *User {
	i, ok := e.users[id]
	if !ok {
		return nil
	}
	return &e.Users[i]
}

// Group finds a group, or nil.
func (e *Environment) Group(id pingone.ID) *Group { return e.groups[id] }

// Population finds a population, or nil.
func (e *Environment) Population(id pingone.ID) *Population { return e.populations[id] }

// Application finds an application, or nil.
func (e *Environment) Application(id pingone.ID) *Application {
	for _, a := range e.Applications {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// Gateway finds a gateway, or nil.
func (e *Environment) Gateway(id pingone.ID) *Gateway {
	for _, g := range e.Gateways {
		if g.ID == id {
			return g
		}
	}
	return nil
}

// UserCount is the number of users that are there.
func (e *Environment) UserCount() int { return len(e.users) }

// PopulationCount is the number of users in a population.
func (e *Environment) PopulationCount(id pingone.ID) int { return e.perPopulation[id] }
