package pingonetest

import (
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

// The methods here change an organization. They panic on an environment that
// it doesn't have: that is a mistake in the test.

// AddEnvironment adds an empty environment and returns it.
func (o *Organization) AddEnvironment(e Environment) *Environment {
	o.mu.Lock()
	defer o.mu.Unlock()
	e.RoleAssignments = map[Principal][]RoleAssignment{}
	e.Devices = map[pingone.ID][]Device{}
	e.users = map[pingone.ID]int32{}
	e.groups = map[pingone.ID]*Group{}
	e.populations = map[pingone.ID]*Population{}
	e.perPopulation = map[pingone.ID]int{}
	e.hidden = map[pingone.ID]bool{}
	e.miscounted = map[pingone.ID]bool{}
	o.Environments = append(o.Environments, &e)
	o.byID[e.ID] = &e
	return &e
}

// AddPopulation adds a population.
func (o *Organization) AddPopulation(env pingone.ID, p Population) {
	e, done := o.change(env)
	defer done()
	e.Populations = append(e.Populations, &p)
	e.populations[p.ID] = &p
	o.record(e, "POPULATION.CREATED", resource{kind: "POPULATION", id: p.ID, name: p.Name})
}

// HidePopulation takes the worker application's right to see a population and
// its users: neither is listed or found any more, and the head count of the
// environment is what it was. Groups count and list them as before.
func (o *Organization) HidePopulation(env, population pingone.ID) {
	e, done := o.change(env)
	defer done()
	e.hidden[population] = true
}

// AddUser adds a user.
func (o *Organization) AddUser(env pingone.ID, u User) {
	e, done := o.change(env)
	defer done()
	u.removed = false
	e.users[u.ID] = int32(len(e.Users)) //nolint:gosec // far fewer users than 2^31
	e.Users = append(e.Users, u)
	e.perPopulation[u.Population]++
	o.record(e, "USER.CREATED", resource{kind: "USER", id: u.ID, name: u.Username, population: u.Population})
}

// UpdateUser lets f change a user in place, also move it to another
// population, and tells whether there is one. f must leave ID alone.
func (o *Organization) UpdateUser(env, user pingone.ID, f func(*User)) bool {
	e, done := o.change(env)
	defer done()
	u := e.User(user)
	if u == nil {
		return false
	}
	from := u.Population
	f(u)
	e.perPopulation[from]--
	e.perPopulation[u.Population]++
	o.record(e, "USER.UPDATED", resource{kind: "USER", id: u.ID, name: u.Username, population: u.Population})
	return true
}

// AddDevice gives a user an MFA device.
func (o *Organization) AddDevice(env, user pingone.ID, d Device) {
	e, done := o.change(env)
	defer done()
	if d.ID.IsZero() {
		d.ID = StableID("device", user.String(), fmt.Sprint(len(e.Devices[user])))
	}
	e.Devices[user] = append(e.Devices[user], d)
}

// RemoveUser removes a user with its memberships, role assignments and
// devices, and tells whether there was one.
func (o *Organization) RemoveUser(env, user pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	i, ok := e.users[user]
	if !ok {
		return false
	}
	u := &e.Users[i]
	for _, g := range e.Groups {
		g.Members = without(g.Members, i)
		g.Dynamic = without(g.Dynamic, i)
	}
	delete(e.RoleAssignments, Principal{UserPrincipal, user})
	delete(e.Devices, user)
	delete(e.users, user)
	e.perPopulation[u.Population]--
	o.record(e, "USER.DELETED", resource{kind: "USER", id: user, name: u.Username, population: u.Population})
	*u = User{ID: user, removed: true}
	return true
}

// AddGroup adds a group. Members, Dynamic and Children may be set.
func (o *Organization) AddGroup(env pingone.ID, g Group) *Group {
	e, done := o.change(env)
	defer done()
	o.lastSeq++
	g.seq = o.lastSeq
	g.Members = sorted(g.Members)
	g.Dynamic = sorted(g.Dynamic)
	e.Groups = append(e.Groups, &g)
	e.groups[g.ID] = &g
	o.record(e, "GROUP.CREATED", resource{kind: "GROUP", id: g.ID, name: g.Name, population: g.Population})
	return &g
}

// RemoveGroup removes a group with its memberships and role assignments, and
// tells whether there was one.
func (o *Organization) RemoveGroup(env, group pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g := e.groups[group]
	if g == nil {
		return false
	}
	delete(e.groups, group)
	e.Groups = slices.DeleteFunc(e.Groups, func(x *Group) bool { return x == g })
	for _, parent := range e.Groups {
		parent.Children = slices.DeleteFunc(parent.Children, func(id pingone.ID) bool { return id == group })
	}
	delete(e.RoleAssignments, Principal{GroupPrincipal, group})
	e.dropInherited(func(a RoleAssignment) bool { return a.Group == group })
	o.record(e, "GROUP.DELETED", resource{kind: "GROUP", id: g.ID, name: g.Name, population: g.Population})
	return true
}

// AddMember adds a user to a group by hand and tells whether that was possible.
func (o *Organization) AddMember(env, group, user pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g, i, ok := e.groups[group], e.users[user], e.User(user) != nil
	if g == nil || !ok {
		return false
	}
	if at, found := slices.BinarySearch(g.Members, i); !found {
		g.Members = slices.Insert(g.Members, at, i)
	}
	o.record(e, "MEMBER_OF_GROUP.CREATED", resource{kind: "MEMBER_OF_GROUP", id: g.ID, name: g.Name, member: user})
	return true
}

// RemoveMember ends a membership, dynamic ones too, with the roles that came
// by it, and tells whether there was one.
func (o *Organization) RemoveMember(env, group, user pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g, i, ok := e.groups[group], e.users[user], e.User(user) != nil
	if g == nil || !ok {
		return false
	}
	before := len(g.Members) + len(g.Dynamic)
	g.Members, g.Dynamic = without(g.Members, i), without(g.Dynamic, i)
	if len(g.Members)+len(g.Dynamic) == before {
		return false
	}
	p := Principal{UserPrincipal, user}
	e.RoleAssignments[p] = slices.DeleteFunc(e.RoleAssignments[p],
		func(a RoleAssignment) bool { return a.Group == group })
	o.record(e, "MEMBER_OF_GROUP.DELETED", resource{kind: "MEMBER_OF_GROUP", id: g.ID, name: g.Name, member: user})
	return true
}

// Nest puts a group into another one and tells whether both are there.
func (o *Organization) Nest(env, parent, child pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	p, c := e.groups[parent], e.groups[child]
	if p == nil || c == nil {
		return false
	}
	if !slices.Contains(p.Children, child) {
		p.Children = append(p.Children, child)
	}
	return true
}

// AddRole adds a custom role.
func (o *Organization) AddRole(env pingone.ID, r Role) {
	e, done := o.change(env)
	defer done()
	e.CustomRoles = append(e.CustomRoles, &r)
}

// AddApplication adds an application.
func (o *Organization) AddApplication(env pingone.ID, a Application) {
	e, done := o.change(env)
	defer done()
	e.Applications = append(e.Applications, &a)
	o.record(e, "APPLICATION.CREATED", resource{kind: "APPLICATION", id: a.ID, name: a.Name})
}

// RemoveApplication removes an application with its role assignments, and
// tells whether there was one.
func (o *Organization) RemoveApplication(env, app pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	a := e.Application(app)
	if a == nil {
		return false
	}
	e.Applications = slices.DeleteFunc(e.Applications, func(x *Application) bool { return x == a })
	delete(e.RoleAssignments, Principal{ApplicationPrincipal, app})
	o.record(e, "APPLICATION.DELETED", resource{kind: "APPLICATION", id: a.ID, name: a.Name})
	return true
}

// AddGateway adds a gateway.
func (o *Organization) AddGateway(env pingone.ID, g Gateway) {
	e, done := o.change(env)
	defer done()
	e.Gateways = append(e.Gateways, &g)
	o.record(e, "GATEWAY.CREATED", resource{kind: "GATEWAY", id: g.ID, name: g.Name})
}

// Assign gives a principal a role and returns the assignment with its id.
func (o *Organization) Assign(env pingone.ID, p Principal, a RoleAssignment) RoleAssignment {
	e, done := o.change(env)
	defer done()
	if a.ID.IsZero() {
		a.ID = StableID("roleAssignment", p.ID.String(), a.Role.String(), a.ScopeType, a.Scope.String(), a.Group.String())
	}
	e.RoleAssignments[p] = append(e.RoleAssignments[p], a)
	o.recordAssignment(e, "ROLE_ASSIGNMENT.CREATED", p, a)
	return a
}

// Unassign takes an assignment away, from a group's members as well where
// they inherited it, and tells whether there was one.
func (o *Organization) Unassign(env pingone.ID, p Principal, assignment pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	held := e.RoleAssignments[p]
	at := slices.IndexFunc(held, func(a RoleAssignment) bool { return a.ID == assignment })
	if at < 0 {
		return false
	}
	gone := held[at]
	e.RoleAssignments[p] = slices.Delete(held, at, at+1)
	if p.Kind == GroupPrincipal {
		e.dropInherited(func(a RoleAssignment) bool {
			return a.Group == p.ID && a.Role == gone.Role && a.Scope == gone.Scope && a.ScopeType == gone.ScopeType
		})
	}
	o.recordAssignment(e, "ROLE_ASSIGNMENT.DELETED", p, gone)
	return true
}

// change locks the organization; the caller must call done.
func (o *Organization) change(env pingone.ID) (e *Environment, done func()) {
	o.mu.Lock()
	e = o.byID[env]
	if e == nil {
		o.mu.Unlock()
		panic("pingonetest: no environment " + env.String())
	}
	return e, o.mu.Unlock
}

func (e *Environment) dropInherited(drop func(RoleAssignment) bool) {
	for p, held := range e.RoleAssignments {
		if p.Kind == UserPrincipal {
			e.RoleAssignments[p] = slices.DeleteFunc(held, drop)
		}
	}
}

func (o *Organization) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

func without(list []int32, i int32) []int32 {
	if at, found := slices.BinarySearch(list, i); found {
		return slices.Delete(list, at, at+1)
	}
	return list
}

func sorted(list []int32) []int32 {
	slices.Sort(list)
	return slices.Compact(list)
}

// Miscount lets PingOne say of a group that it holds nothing. It lists what the
// group holds all the same.
func (o *Organization) Miscount(env, group pingone.ID) {
	e, done := o.change(env)
	defer done()
	e.miscounted[group] = true
}

// ShowPopulation undoes HidePopulation.
func (o *Organization) ShowPopulation(env, population pingone.ID) {
	e, done := o.change(env)
	defer done()
	delete(e.hidden, population)
}

// RemovePopulation removes a population, which must be empty.
func (o *Organization) RemovePopulation(env, population pingone.ID) {
	e, done := o.change(env)
	defer done()
	e.Populations = slices.DeleteFunc(e.Populations, func(p *Population) bool { return p.ID == population })
	delete(e.populations, population)
	o.record(e, "POPULATION.DELETED", resource{kind: "POPULATION", id: population})
}
