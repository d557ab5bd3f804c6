package pingonetest

import (
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

// AddWorker adds a worker application to an environment, its home, makes it the
// one of the server's credentials, and gives it ReadRights on every environment
// that there is so far.
func (o *Organization) AddWorker(home pingone.ID) pingone.ID {
	id := StableID("worker", home.String())
	o.AddApplication(home, Application{
		ID: id, Name: "Authomize connector", Type: "WORKER", Protocol: "OPENID_CONNECT",
		GrantTypes: []string{"CLIENT_CREDENTIALS"}, AuthMethod: "CLIENT_SECRET_BASIC",
	})
	o.Client = id
	var rights []RoleAssignment
	for _, e := range o.Environments {
		rights = append(rights, ReadRights(e.ID)...)
	}
	o.SetRights(rights...)
	return id
}

// ReadRights are the two roles that the worker application needs on an environment.
func ReadRights(env pingone.ID) []RoleAssignment {
	return []RoleAssignment{
		{Role: RoleID("Identity Data Read Only"), ScopeType: "ENVIRONMENT", Scope: env},
		{Role: RoleID("Configuration Read Only"), ScopeType: "ENVIRONMENT", Scope: env},
	}
}

// Rights are the worker application's own role assignments.
func (o *Organization) Rights() []RoleAssignment {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return slices.Clone(o.home().RoleAssignments[o.worker()])
}

// SetRights replaces them; each change is an event in its home. What it may see
// stays the same.
func (o *Organization) SetRights(rights ...RoleAssignment) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.setRights(rights)
}

func (o *Organization) worker() Principal { return Principal{ApplicationPrincipal, o.Client} }

func (o *Organization) setRights(rights []RoleAssignment) {
	home, p := o.home(), o.worker()
	held := home.RoleAssignments[p]
	home.RoleAssignments[p] = nil
	for _, a := range held {
		if slices.ContainsFunc(rights, a.sameAs) {
			home.RoleAssignments[p] = append(home.RoleAssignments[p], a)
		} else {
			o.recordAssignment(home, "ROLE_ASSIGNMENT.DELETED", p, a)
		}
	}
	for _, a := range rights {
		if !slices.ContainsFunc(held, a.sameAs) {
			o.assign(home, p, a)
		}
	}
}

func (a RoleAssignment) sameAs(b RoleAssignment) bool {
	return a.Role == b.Role && a.Scope == b.Scope && strings.EqualFold(a.ScopeType, b.ScopeType)
}

// Narrow does what an administrator does who takes a population, or with a zero
// id the whole environment, from the worker application. It is hidden with its
// groups; a role on the environment that may be given on a population is replaced
// by one on each other population. Widen undoes it.
func (o *Organization) Narrow(env, population pingone.ID) {
	e, done := o.change(env)
	defer done()
	if _, ok := o.granted[env]; !ok {
		o.granted[env] = slices.DeleteFunc(slices.Clone(o.home().RoleAssignments[o.worker()]),
			func(a RoleAssignment) bool { return a.Scope != env })
	}
	o.restrict(e, population, true)
}

// Widen undoes Narrow.
func (o *Organization) Widen(env, population pingone.ID) {
	e, done := o.change(env)
	defer done()
	o.restrict(e, population, false)
	if !o.hidden[env] && len(o.visible(e)) == len(e.Populations) {
		delete(o.granted, env)
	}
}

// restrict hides or shows, and makes the rights on an environment follow from what
// is hidden.
func (o *Organization) restrict(e *Environment, population pingone.ID, hide bool) {
	set := func(m map[pingone.ID]bool, id pingone.ID) {
		if hide {
			m[id] = true
		} else {
			delete(m, id)
		}
	}
	if population.IsZero() {
		set(o.hidden, e.ID)
	} else {
		set(e.hidden, population)
		for _, g := range e.Groups {
			if g.Population == population {
				set(e.hidden, g.ID)
			}
		}
	}
	if _, ok := o.granted[e.ID]; !ok {
		return // nothing was narrowed
	}
	rights := slices.DeleteFunc(slices.Clone(o.home().RoleAssignments[o.worker()]),
		func(a RoleAssignment) bool { return a.Scope == e.ID || e.populations[a.Scope] != nil })
	if !o.hidden[e.ID] {
		rights = append(rights, o.narrowed(e)...)
	}
	o.setRights(rights)
}

// visible are the populations that are not hidden.
func (o *Organization) visible(e *Environment) []*Population {
	return slices.DeleteFunc(slices.Clone(e.Populations), func(p *Population) bool { return e.hidden[p.ID] })
}

// narrowed are the rights on an environment without its hidden populations.
func (o *Organization) narrowed(e *Environment) []RoleAssignment {
	visible := o.visible(e)
	if len(visible) == len(e.Populations) {
		return o.granted[e.ID]
	}
	var rights []RoleAssignment
	for _, a := range o.granted[e.ID] {
		onPopulations := slices.ContainsFunc(o.Roles, func(r *Role) bool {
			return r.ID == a.Role && slices.Contains(r.ApplicableTo, "POPULATION")
		})
		if !onPopulations {
			rights = append(rights, a)
			continue
		}
		for _, p := range visible {
			rights = append(rights, RoleAssignment{Role: a.Role, ScopeType: "POPULATION", Scope: p.ID})
		}
	}
	return rights
}
