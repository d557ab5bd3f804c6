package pingonetest

import (
	"slices"

	"pingone-authomize/shared/pingone"
)

// An ApplicationRole is a role of PingOne Authorize within a customer's application,
// and who holds it.
type ApplicationRole struct {
	ID          pingone.ID
	Name        string
	Description string
	Holders     []pingone.ID // users
}

// AddApplicationRole adds a role within an application. An environment without any
// has no licence for them.
func (o *Organization) AddApplicationRole(env pingone.ID, r ApplicationRole) {
	e, done := o.change(env)
	defer done()
	e.ApplicationRoles = append(e.ApplicationRoles, &r)
}

// LeaveApplicationRole takes a role within an application from a user.
func (o *Organization) LeaveApplicationRole(env, role, user pingone.ID) {
	e, done := o.change(env)
	defer done()
	r := e.applicationRole(role)
	r.Holders = slices.DeleteFunc(r.Holders, func(id pingone.ID) bool { return id == user })
}

func (e *Environment) applicationRole(id pingone.ID) *ApplicationRole {
	if at := slices.IndexFunc(e.ApplicationRoles, func(r *ApplicationRole) bool { return r.ID == id }); at >= 0 {
		return e.ApplicationRoles[at]
	}
	return nil
}

// holds tells whether a user, who is there, holds the role.
func (r *ApplicationRole) holds(user pingone.ID) bool { return slices.Contains(r.Holders, user) }

func (c *call) applicationRole(r *ApplicationRole) {
	c.open()
	c.id("id", r.ID)
	c.text("name", r.Name)
	c.text("description", r.Description)
	c.ref("environment", c.env.ID)
	c.close('}')
}

func (c *call) applicationRoles(list []*ApplicationRole) error {
	return c.unpaged("roles", len(list), true, func() {
		for _, r := range list {
			if !c.loses(r.ID) {
				c.applicationRole(r)
			}
		}
	})
}

func listApplicationRoles(c *call) error {
	if len(c.env.ApplicationRoles) == 0 {
		return forbidden()
	}
	return c.applicationRoles(shown(c, c.env.ApplicationRoles, func(r *ApplicationRole) pingone.ID { return r.ID }))
}

func oneApplicationRole(c *call) error {
	r := c.env.applicationRole(c.ids[1])
	if r == nil || !c.sees(r.ID) {
		return notFound()
	}
	c.applicationRole(r)
	return nil
}

func listUserApplicationRoles(c *call) error {
	u := c.userInPath()
	if u == nil {
		return notFound()
	}
	return c.applicationRoles(slices.DeleteFunc(slices.Clone(c.env.ApplicationRoles), func(r *ApplicationRole) bool { return !r.holds(u.ID) }))
}

// listAssignments shows the users who hold an application role and are there.
func listAssignments(c *call) error {
	r := c.env.applicationRole(c.ids[1])
	if r == nil || !c.sees(r.ID) {
		return notFound()
	}
	holders := slices.DeleteFunc(slices.Clone(r.Holders), func(id pingone.ID) bool { return c.env.User(id) == nil })
	return c.unpaged("assignments", len(holders), true, func() {
		for _, user := range holders {
			if c.loses(user) {
				continue
			}
			c.open()
			c.id("id", StableID("application role assignment", r.ID.String(), user.String()))
			c.ref("role", r.ID)
			c.ref("subject", user)
			c.close('}')
		}
	})
}
