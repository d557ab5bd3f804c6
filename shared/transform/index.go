package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// set holds ids, 16 bytes each.
type set map[pingone.ID]struct{}

func (s set) has(id pingone.ID) bool { _, ok := s[id]; return ok }

func (s set) add(id pingone.ID) { s[id] = struct{}{} }

// sorted are the ids of a set in order, so that two runs over the same data
// post the same in the same order.
func (s set) sorted() []pingone.ID {
	return slices.SortedFunc(maps.Keys(s), pingone.ID.Compare)
}

// An index is what must be known of the whole run to map one resource of it:
// all of the small collections, and of users and groups the ids.
type index struct {
	organization *pingone.Organization
	environments map[pingone.ID]*environment
	order        []pingone.ID // environments by tag, from 1 on
	populations  map[pingone.ID]*pingone.Population
	popOrder     []pingone.ID
	roles        map[pingone.ID]*pingone.Role
	roleOrder    []pingone.ID
	groups       map[pingone.ID]uint32 // tag of their environment
	users        map[pingone.ID]uint32 // filled while they are posted
	usersIn      map[pingone.ID]int    // by population
	usersReadAt  map[pingone.ID]time.Time
	missed       set               // see noteMissed
	rolesBegun   int64             // when the reading of role assignments began, as assignment.readAt
	named        map[string]naming // by uniqueId; see noteNamed
	applications []application
	appByID      map[pingone.ID]*application
	gateways     []gateway
	gatewayByID  map[pingone.ID]*gateway
	assignments  []assignment
	seen         map[assignment]int        // where in assignments
	permissions  map[string]rolePermission // by PingOne's id; nil unless ROLE_PERMISSIONS is true
	described    *descriptions             // what this run read, and earlier ones where it could not
}

type environment struct {
	id       pingone.ID
	tag      uint32
	resource *pingone.Environment // nil if it is only referred to
}

type application struct {
	pingone.Application
	tag      uint32
	hasRoles bool
}

type gateway struct {
	pingone.Gateway
	tag      uint32
	hasRoles bool
}

// An assignment is a role that a principal holds in a scope. It is a map key.
type assignment struct {
	kind      principalKind
	principal pingone.ID
	role      pingone.ID
	scope     mapping.Scope
	tag       uint32
	readAt    int64 // when it was read last, in milliseconds; no part of a key
}

type principalKind string

const (
	userPrincipal        principalKind = "user"
	groupPrincipal       principalKind = "group"
	applicationPrincipal principalKind = "application"
	gatewayPrincipal     principalKind = "gateway"
)

// newIndex reads the small collections.
func newIndex(ctx context.Context, snaps map[staging.Collection]*staging.Snapshot, found *findings) (*index, error) {
	x := &index{
		environments: map[pingone.ID]*environment{},
		populations:  map[pingone.ID]*pingone.Population{},
		roles:        map[pingone.ID]*pingone.Role{},
		groups:       map[pingone.ID]uint32{},
		users:        make(map[pingone.ID]uint32, snaps[staging.Users].Complete.Records), // grown once, not twenty times
		usersIn:      map[pingone.ID]int{},
		usersReadAt:  map[pingone.ID]time.Time{},
		missed:       set{},
		rolesBegun:   snaps[staging.RoleAssignments].Complete.StartedAt.UnixMilli(),
		named:        map[string]naming{},
		appByID:      map[pingone.ID]*application{},
		gatewayByID:  map[pingone.ID]*gateway{},
		seen:         map[assignment]int{},
	}
	for _, step := range []struct {
		collection staging.Collection
		read       func(staging.Reply) error
	}{
		{staging.Environments, x.readEnvironment},
		{staging.Populations, each("populations", authomize.Assets, found, x.addPopulation)},
		{staging.Roles, each("roles", authomize.Privileges, found, x.addRole)},
		{staging.Groups, each("groups", authomize.Groupings, found, x.addGroup)},
		{staging.Applications, each("applications", authomize.Assets, found, x.addApplication)},
		{staging.Gateways, each("gateways", authomize.ServiceAccounts, found, x.addGateway)},
		{staging.RoleAssignments, x.assignmentReader(found)},
	} {
		for reply, err := range snaps[step.collection].Replies(ctx) {
			if err != nil {
				return nil, err
			}
			if err := step.read(reply); err != nil {
				return nil, fmt.Errorf("%s: %s: %w", step.collection, reply.Path, err)
			}
			if reply.Environment.IsZero() && !isOrganizational[step.collection] {
				return nil, fmt.Errorf("%s: %s: a reply of no environment: %w", step.collection, reply.Path, staging.ErrCorrupt)
			}
		}
	}
	x.seen = nil
	x.link()
	x.described = x.describe("")
	return x, nil
}

// isOrganizational marks the collections that hold replies of no environment:
// the organization and the built-in roles.
var isOrganizational = map[staging.Collection]bool{staging.Environments: true, staging.Roles: true}

// each decodes a list, or the one of it that was asked for by its id, since no
// list held it, and hands on its resources. Those that can't be told apart, or
// decoded, are put into quarantine.
func each[T pingone.Resource](key string, kind authomize.Kind, found *findings, add func(env pingone.ID, r *T)) func(staging.Reply) error {
	var d pingone.Decoder[T]
	return func(reply staging.Reply) error {
		all, broken, err := staging.ItemsOf(&d, reply, key)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].ResourceID().IsZero() {
				broken++
				continue
			}
			add(reply.Environment, &all[i])
		}
		found.quarantineMany(kind, reply.Path, malformed, broken)
		return nil
	}
}

// tagOf numbers environments; 0 stands for none.
func (x *index) tagOf(id pingone.ID) uint32 {
	if id.IsZero() {
		return 0
	}
	e := x.environments[id]
	if e == nil {
		x.order = append(x.order, id)
		e = &environment{id: id, tag: uint32(len(x.order))} //nolint:gosec // far fewer environments than 2^32
		x.environments[id] = e
	}
	return e.tag
}

func (x *index) readEnvironment(reply staging.Reply) error {
	if strings.HasPrefix(reply.Path, "/v1/organizations/") {
		org, err := pingone.One[pingone.Organization](reply.Body)
		x.organization = &org
		return err
	}
	e, err := pingone.One[pingone.Environment](reply.Body)
	if err != nil {
		return err
	}
	if e.ID.IsZero() {
		return fmt.Errorf("%w: an environment without id", pingone.ErrBadPage)
	}
	x.tagOf(e.ID)
	x.environments[e.ID].resource = &e
	return nil
}

func (x *index) addPopulation(env pingone.ID, p *pingone.Population) {
	x.tagOf(env)
	if x.populations[p.ID] == nil {
		x.popOrder = append(x.popOrder, p.ID)
		c := *p
		c.Environment.ID = env
		x.populations[p.ID] = &c
	}
}

func (x *index) addRole(_ pingone.ID, r *pingone.Role) {
	if x.roles[r.ID] == nil {
		x.roleOrder = append(x.roleOrder, r.ID)
		c := *r
		x.roles[r.ID] = &c
	}
}

func (x *index) addGroup(env pingone.ID, g *pingone.Group) {
	if _, ok := x.groups[g.ID]; !ok {
		x.groups[g.ID] = x.tagOf(env)
	}
}

func (x *index) addApplication(env pingone.ID, a *pingone.Application) {
	x.applications = append(x.applications, application{Application: *a, tag: x.tagOf(env)})
}

func (x *index) addGateway(env pingone.ID, g *pingone.Gateway) {
	x.gateways = append(x.gateways, gateway{Gateway: *g, tag: x.tagOf(env)})
}

// assignmentReader reads role assignments, each once. A user's assignment
// that came through a group is the group's.
func (x *index) assignmentReader(found *findings) func(staging.Reply) error {
	var d pingone.Decoder[pingone.RoleAssignment]
	return func(reply staging.Reply) error {
		if reply.Parent == nil {
			return fmt.Errorf("%w: role assignments of nobody", pingone.ErrBadPage)
		}
		all, broken, err := d.Items(reply.Body, "roleAssignments")
		if err != nil {
			return err
		}
		for i := range all {
			scope, ok := mapping.ScopeOf(&all[i])
			a := assignment{
				kind: principalKind(reply.Parent.Kind), principal: reply.Parent.ID,
				role: all[i].Role.ID, scope: scope, tag: x.tagOf(reply.Environment),
			}
			if !all[i].Group.ID.IsZero() && a.kind == userPrincipal {
				a.kind, a.principal = groupPrincipal, all[i].Group.ID
			}
			if !ok || a.role.IsZero() {
				broken++
				continue
			}
			at, twice := x.seen[a]
			if !twice {
				at = len(x.assignments)
				x.seen[a] = at
				x.assignments = append(x.assignments, a)
			}
			x.assignments[at].readAt = max(x.assignments[at].readAt, reply.FetchedAt.UnixMilli())
		}
		found.quarantineMany(authomize.AccountAssociations, reply.Path, malformed, broken)
		return nil
	}
}

// link fills the maps that point into slices, once these grow no more, and
// marks who holds a role.
func (x *index) link() {
	x.applications = firstOf(x.applications)
	x.gateways = firstOf(x.gateways)
	for i := range x.applications {
		x.appByID[x.applications[i].ID] = &x.applications[i]
	}
	for i := range x.gateways {
		x.gatewayByID[x.gateways[i].ID] = &x.gateways[i]
	}
	for _, a := range x.assignments {
		switch {
		case a.kind == applicationPrincipal && x.appByID[a.principal] != nil:
			x.appByID[a.principal].hasRoles = true
		case a.kind == gatewayPrincipal && x.gatewayByID[a.principal] != nil:
			x.gatewayByID[a.principal].hasRoles = true
		}
	}
}

// firstOf drops resources that came twice, as happens when a list changes
// while it is read.
func firstOf[T pingone.Resource](all []T) []T {
	seen := set{}
	kept := all[:0]
	for _, r := range all {
		if !seen.has(r.ResourceID()) {
			seen.add(r.ResourceID())
			kept = append(kept, r)
		}
	}
	return kept
}

// holderID is the uniqueId of an assignment's principal, "" if the run does
// not hold it.
func (x *index) holderID(a assignment) string {
	switch a.kind {
	case userPrincipal:
		if _, ok := x.users[a.principal]; ok {
			return mapping.UserID(a.principal)
		}
	case groupPrincipal:
		if _, ok := x.groups[a.principal]; ok {
			return mapping.GroupID(a.principal)
		}
	case applicationPrincipal:
		if x.appByID[a.principal] != nil {
			return mapping.ClientID(a.principal)
		}
	case gatewayPrincipal:
		if x.gatewayByID[a.principal] != nil {
			return mapping.GatewayID(a.principal)
		}
	}
	return ""
}

// environmentName is "" where no run knows it, as are the names below.
func (x *index) environmentName(id pingone.ID) string { return nameOf(x.described.Environments, id) }

func (x *index) populationName(id pingone.ID) string { return nameOf(x.described.Populations, id) }

// scopeName is the name of what a scope is.
func (x *index) scopeName(s mapping.Scope) string {
	switch s.Type {
	case "ORGANIZATION":
		return x.described.Organization
	case "ENVIRONMENT":
		return x.environmentName(s.ID)
	case "POPULATION":
		return x.populationName(s.ID)
	case "APPLICATION":
		return nameOf(x.described.Applications, s.ID)
	}
	return ""
}

// privilege is that of a role which no list of this run holds.
func (x *index) privilege(role pingone.ID) (authomize.Privilege, mapping.Warnings) {
	if r, ok := x.described.Roles[role]; ok {
		return r, 0
	}
	return mapping.UnknownRole(role)
}

func (x *index) roleName(id pingone.ID) string {
	r, _ := x.privilege(id)
	return r.OriginName
}
