package pingonetest

import (
	"time"

	"pingone-authomize/shared/pingone"
)

// An event is one line of the audit log.
type event struct {
	number      int // order of recording, and position of cursors
	id          pingone.ID
	action      string
	description string
	at          time.Time
	resources   []resource
}

// A resource is what an event speaks of.
type resource struct {
	kind       string
	id         pingone.ID
	name       string
	population pingone.ID
	// member is the user of a membership, named in the resource's href only.
	member pingone.ID
}

func (o *Organization) record(e *Environment, action string, resources ...resource) {
	o.recordWith(e, action, "", resources...)
}

// recordAssignment writes the event as PingOne does: the role's name is in
// the description, and the principal is a resource.
func (o *Organization) recordAssignment(e *Environment, action string, p Principal, a RoleAssignment) {
	kinds := map[PrincipalKind]string{
		UserPrincipal: "USER", GroupPrincipal: "GROUP", ApplicationPrincipal: "APPLICATION", GatewayPrincipal: "GATEWAY",
	}
	verb := "assigned"
	if action == "ROLE_ASSIGNMENT.DELETED" {
		verb = "removed"
	}
	o.recordWith(e, action, o.roleName(a.Role)+" role "+verb,
		resource{kind: kinds[p.Kind], id: p.ID},
		resource{kind: "ROLE_ASSIGNMENT", id: a.ID, member: p.ID})
}

func (o *Organization) recordWith(e *Environment, action, description string, resources ...resource) {
	if o.quiet {
		return
	}
	o.lastEvent++
	at := o.now()
	e.events = append(e.events, event{
		number: o.lastEvent, id: StableID("event", e.ID.String(), action, at.String(), resources[0].id.String()),
		action: action, description: description, at: at, resources: resources,
	})
}

func (o *Organization) roleName(id pingone.ID) string {
	for _, r := range o.Roles {
		if r.ID == id {
			return r.Name
		}
	}
	for _, e := range o.Environments {
		for _, r := range e.CustomRoles {
			if r.ID == id {
				return r.Name
			}
		}
	}
	return id.String()
}
