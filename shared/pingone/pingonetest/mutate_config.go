package pingonetest

import (
	"slices"

	"pingone-authomize/shared/pingone"
)

// AddRole adds a custom role.
func (o *Organization) AddRole(env pingone.ID, r Role) {
	e, done := o.change(env)
	defer done()
	e.CustomRoles = append(e.CustomRoles, &r)
	o.record(e, "ROLE.CREATED", resource{kind: "ROLE", id: r.ID, name: r.Name})
}

// RemoveRole removes a custom role and tells whether there was one. Who holds it
// goes on holding it.
func (o *Organization) RemoveRole(env, role pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	at := slices.IndexFunc(e.CustomRoles, func(r *Role) bool { return r.ID == role })
	if at < 0 {
		return false
	}
	o.record(e, "ROLE.DELETED", resource{kind: "ROLE", id: role, name: e.CustomRoles[at].Name})
	e.CustomRoles = slices.Delete(e.CustomRoles, at, at+1)
	return true
}

// AddApplication adds an application.
func (o *Organization) AddApplication(env pingone.ID, a Application) {
	e, done := o.change(env)
	defer done()
	e.Applications = append(e.Applications, &a)
	o.record(e, "APPLICATION.CREATED", resource{kind: "APPLICATION", id: a.ID, name: a.Name})
}

// UpdateApplication lets f change an application, and tells whether
// there is one. f must leave ID alone.
func (o *Organization) UpdateApplication(env, app pingone.ID, f func(*Application)) bool {
	e, done := o.change(env)
	defer done()
	a := e.Application(app)
	if a == nil {
		return false
	}
	f(a)
	o.record(e, "APPLICATION.UPDATED", resource{kind: "APPLICATION", id: a.ID, name: a.Name})
	return true
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

// RemoveGateway removes a gateway with its role assignments, and tells whether
// there was one.
func (o *Organization) RemoveGateway(env, gateway pingone.ID) bool {
	e, done := o.change(env)
	defer done()
	g := e.Gateway(gateway)
	if g == nil {
		return false
	}
	e.Gateways = slices.DeleteFunc(e.Gateways, func(x *Gateway) bool { return x == g })
	delete(e.RoleAssignments, Principal{GatewayPrincipal, gateway})
	o.record(e, "GATEWAY.DELETED", resource{kind: "GATEWAY", id: g.ID, name: g.Name})
	return true
}

// Assign gives a principal a role and returns the assignment with its id.
func (o *Organization) Assign(env pingone.ID, p Principal, a RoleAssignment) RoleAssignment {
	e, done := o.change(env)
	defer done()
	return o.assign(e, p, a)
}

func (o *Organization) assign(e *Environment, p Principal, a RoleAssignment) RoleAssignment {
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

func (e *Environment) dropInherited(drop func(RoleAssignment) bool) {
	for p, held := range e.RoleAssignments {
		if p.Kind == UserPrincipal {
			e.RoleAssignments[p] = slices.DeleteFunc(held, drop)
		}
	}
}
