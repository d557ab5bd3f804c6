// Package insight says what the access of an organization means: who controls it
// now, who can become one who does, and what an administrator should look at. It
// is pure: plain data in, plain data out, no call and no clock.
//
// Rights are computed on classes (a role in a scope), of which there are
// thousands, and on the sets of them that a principal holds together; never on
// users one by one. A hop is done by one identity with all that it holds; what a
// hop gains is not added to what the one before held.
package insight

import (
	"time"

	"pingone-authomize/shared/pingone"
)

// A Kind is what a thing is that a sentence may name.
type Kind string

// The kinds. The first four can hold roles.
const (
	User         Kind = "user"
	Group        Kind = "group"
	Client       Kind = "client" // an application, as what acts by itself
	Gateway      Kind = "gateway"
	Role         Kind = "role"
	Organization Kind = "organization"
	Environment  Kind = "environment"
	Population   Kind = "population"
	Application  Kind = "application"
)

// A Thing is named in a sentence, by a name that [Names] has, or by its id.
type Thing struct {
	Kind Kind       `json:"kind"`
	ID   pingone.ID `json:"id"`
}

// A World is what is known of an organization. Where a field is an index it is one
// of the slice that its comment names. Of several who are alike a sentence names the
// first: have Users, Groups, Clients and Gateways in an order that stays. Each
// holding is there once, and none that a user has by a group.
type World struct {
	Organization OrganizationInfo
	Environments []EnvironmentInfo
	// AdminEnvironment is home to the administrators; zero: the only environment
	// that is named Administrators.
	AdminEnvironment pingone.ID
	Populations      []PopulationInfo
	Roles            []RoleInfo
	// Users are those who hold a role, directly or by a group. Others change
	// nothing, and may be left out.
	Users        []UserInfo
	Homes        []Home
	Groups       []GroupInfo // that hold a role, or are the scope of one
	Clients      []ClientInfo
	Gateways     []GatewayInfo
	Classes      []Class
	Holdings     []Holding
	Applications []ApplicationInfo // nil: not read; none is an empty list
	Self         pingone.ID        // our own worker application; zero: not known
	Now          time.Time         // of the reading
}

// OrganizationInfo is the organization; its name may be "".
type OrganizationInfo struct {
	ID   pingone.ID
	Name string
}

// EnvironmentInfo is an environment.
type EnvironmentInfo struct {
	ID   pingone.ID
	Name string
	// Read tells that it was asked for and read; others are only referred to.
	Read        bool
	AdminConfig *AdminConfig // nil: not read
}

// AdminConfig is how administrators who are at home in an environment sign on.
// Source: PingOne's OpenAPI description, AdministratorSecurity.
type AdminConfig struct {
	Method    string // PINGONE, EXTERNAL or HYBRID
	EmailCode bool   // a code by e-mail is enough as second factor
	Recovery  bool   // an account can be recovered by its owner
}

// PopulationInfo is a population.
type PopulationInfo struct {
	ID          pingone.ID
	Name        string
	Environment pingone.ID
}

// RoleInfo is a role. CanAssign and CanBeAssignedBy are those of the snapshot;
// what is absent grants nothing.
type RoleInfo struct {
	ID     pingone.ID
	Name   string
	Custom bool
	// Environment is where a custom role was made: outside the environment of the
	// administrators it counts there only. Source: PingOne documentation, "Adding a
	// custom role".
	Environment     pingone.ID
	Permissions     []pingone.RolePermission // none: not known
	CanAssign       []pingone.ID
	CanBeAssignedBy []pingone.ID
}

// A Home is where users live: an environment and a population of it.
type Home struct{ Environment, Population pingone.ID }

// UserInfo is a user. Days count from 1970; 0 is never, or not known.
type UserInfo struct {
	ID         pingone.ID
	Home       uint32 // of World.Homes
	LastSignOn int32
	Created    int32
	Disabled   bool
	Federated  bool // signs on with an identity provider that is not PingOne
	External   bool // no member of the organization's own staff
}

// GroupInfo is a group.
type GroupInfo struct {
	ID          pingone.ID
	Name        string
	Environment pingone.ID
	Population  pingone.ID // zero: of the whole environment
	Dynamic     bool       // a filter decides who is in it
	Synced      bool       // another directory decides
	Members     []uint32   // of World.Users; those who hold nothing else may be there
}

// ClientInfo is an application that holds a role, or that is the scope of one.
type ClientInfo struct {
	ID          pingone.ID
	Name        string
	Environment pingone.ID
	Disabled    bool
	// ActsAlone tells that it has the grant CLIENT_CREDENTIALS: with others it acts
	// with the roles of the user. Source: PingOne documentation, "Administrator
	// permissions and role assignments".
	ActsAlone bool
}

// GatewayInfo is a gateway that holds a role.
type GatewayInfo struct {
	ID           pingone.ID
	Name         string
	Environment  pingone.ID
	Disabled     bool
	PingFederate bool // its type is PING_FEDERATE
}

// ApplicationInfo is an application that users sign on to.
type ApplicationInfo struct {
	ID        pingone.ID
	Name      string
	Disabled  bool
	System    bool // PingOne brought it along
	Open      bool // everyone in its environment may use it
	NewlyOpen bool // and could not at the reading before
}

// A Scope is what a role reaches.
type Scope struct {
	Type string     `json:"type"` // upper-case: ORGANIZATION, ENVIRONMENT, POPULATION, APPLICATION, GROUP
	ID   pingone.ID `json:"id"`
}

// A Class is a role in a scope.
type Class struct {
	Role  pingone.ID `json:"role"`
	Scope Scope      `json:"scope"`
}

// classKey is a class as a text, by which classes are sorted and findings told apart.
func classKey(c Class) string {
	return c.Role.String() + "@" + c.Scope.Type + ":" + c.Scope.ID.String()
}

// A Holding is a class that a user, group, client or gateway was assigned.
type Holding struct {
	Kind   Kind
	Holder uint32 // of World.Users, Groups, Clients or Gateways, by Kind
	Class  uint32 // of World.Classes
}

// Holder is who holds it.
func (w *World) Holder(h Holding) Thing { return w.thing(h.Kind, h.Holder) }

func (w *World) thing(kind Kind, at uint32) Thing {
	t := Thing{Kind: kind}
	switch kind {
	case User:
		t.ID = w.Users[at].ID
	case Group:
		t.ID = w.Groups[at].ID
	case Client:
		t.ID = w.Clients[at].ID
	default:
		t.ID = w.Gateways[at].ID
	}
	return t
}

// acts tells whether what holds a right can use it: a group can't by itself.
func (w *World) acts(kind Kind, at uint32) bool {
	switch kind {
	case User:
		return !w.Users[at].Disabled
	case Client:
		return !w.Clients[at].Disabled && w.Clients[at].ActsAlone
	case Gateway:
		return !w.Gateways[at].Disabled
	default:
		return false
	}
}

// idleFor are the days since a user signed on, or was made; -1: not known.
func (w *World) idleFor(user uint32) int {
	last := max(w.Users[user].LastSignOn, w.Users[user].Created)
	if last == 0 {
		return -1
	}
	return int(w.Now.Unix()/(24*60*60)) - int(last)
}

// environmentOf is where something is at home.
func (w *World) environmentOf(kind Kind, at uint32) pingone.ID {
	switch kind {
	case User:
		return w.Homes[w.Users[at].Home].Environment
	case Group:
		return w.Groups[at].Environment
	case Client:
		return w.Clients[at].Environment
	default:
		return w.Gateways[at].Environment
	}
}

// adminEnvironment is home to the administrators; zero where that is not known.
func (w *World) adminEnvironment() (found pingone.ID) {
	if !w.AdminEnvironment.IsZero() {
		return w.AdminEnvironment
	}
	for _, e := range w.Environments {
		if e.Name == "Administrators" {
			if !found.IsZero() {
				return pingone.ID{}
			}
			found = e.ID
		}
	}
	return found
}
