package pingonetest

import (
	"cmp"
	"fmt"
	"maps"
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
	e.byAction = map[string][]int{}
	o.Environments = append(o.Environments, &e)
	o.byID[e.ID] = &e
	o.record(o.home(), "ENVIRONMENT.CREATED", resource{kind: "ENVIRONMENT", id: e.ID, name: e.Name})
	return &e
}

// RemoveEnvironment removes an environment, and every role on it that somebody
// in another one holds. The event is recorded in the environment of the worker
// application or, where there is none, in the first one.
func (o *Organization) RemoveEnvironment(env pingone.ID) {
	gone, done := o.change(env)
	defer done()
	o.Environments = slices.DeleteFunc(o.Environments, func(e *Environment) bool { return e == gone })
	delete(o.byID, env)
	for _, e := range o.Environments {
		for _, p := range e.principals() {
			held := e.RoleAssignments[p]
			for _, a := range held {
				if a.Scope == env {
					o.recordAssignment(e, "ROLE_ASSIGNMENT.DELETED", p, a)
				}
			}
			e.RoleAssignments[p] = slices.DeleteFunc(held, func(a RoleAssignment) bool { return a.Scope == env })
		}
	}
	if home := o.home(); home != nil {
		o.record(home, "ENVIRONMENT.DELETED", resource{kind: "ENVIRONMENT", id: env, name: gone.Name})
	}
}

// principals are those that hold roles, in order.
func (e *Environment) principals() []Principal {
	return slices.SortedFunc(maps.Keys(e.RoleAssignments), func(a, b Principal) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.ID.Compare(b.ID))
	})
}

// home is the environment of the worker application, else the first, else nil.
func (o *Organization) home() *Environment {
	for _, e := range o.Environments {
		if e.Application(o.Client) != nil {
			return e
		}
	}
	if len(o.Environments) == 0 {
		return nil
	}
	return o.Environments[0]
}

// AddPopulation adds a population.
func (o *Organization) AddPopulation(env pingone.ID, p Population) {
	e, done := o.change(env)
	defer done()
	e.Populations = append(e.Populations, &p)
	e.populations[p.ID] = &p
	o.record(e, "POPULATION.CREATED", resource{kind: "POPULATION", id: p.ID, name: p.Name})
}

// RemovePopulation removes a population, which must be empty.
func (o *Organization) RemovePopulation(env, population pingone.ID) {
	e, done := o.change(env)
	defer done()
	e.Populations = slices.DeleteFunc(e.Populations, func(p *Population) bool { return p.ID == population })
	delete(e.populations, population)
	o.record(e, "POPULATION.DELETED", resource{kind: "POPULATION", id: population})
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

// UpdateUser lets f change a user, also move it to another
// population (MoveUser does that as PingOne), and tells whether there is one. f
// must leave ID alone.
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

// MoveUser moves a user to another population, which ends its memberships in the
// old one's groups, and tells whether there is such a user. The only event is
// USER.MOVED.
func (o *Organization) MoveUser(env, user, population pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	u := e.User(user)
	if u == nil {
		return false
	}
	from := u.Population
	u.Population = population
	e.perPopulation[from]--
	e.perPopulation[population]++
	for _, g := range e.Groups {
		if !g.Population.IsZero() && g.Population != population {
			e.leave(g, user)
		}
	}
	o.record(e, "USER.MOVED", resource{kind: "USER", id: u.ID, name: u.Username, population: population})
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

func (o *Organization) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}
