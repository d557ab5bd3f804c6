package pingonetest

import (
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

// An event is one line of the audit log.
type event struct {
	number      int // order of recording, and position of cursors
	id          pingone.ID
	action      string
	description string
	failed      bool
	at          time.Time
	resources   []resource
}

// A resource is what an event speaks of.
type resource struct {
	kind       string
	id         pingone.ID
	name       string
	population pingone.ID
	// holder is the member of a membership, which is in the resource's href only.
	holder Principal
}

// RecordFailure records that somebody tried to do something and failed, such as
// "USER.DELETED" of a "USER". Of a "MEMBER_OF_GROUP" id is the group, of a
// "ROLE_ASSIGNMENT" its own id, and of the member or holder.
func (o *Organization) RecordFailure(env pingone.ID, action, kind string, id pingone.ID, of ...Principal) {
	e, done := o.change(env)
	defer done()
	resources := []resource{{kind: kind, id: id}}
	for _, p := range of {
		resources[0].holder = p
		if kind == "ROLE_ASSIGNMENT" {
			resources = slices.Insert(resources, 0, resource{kind: principalTypes[p.Kind], id: p.ID})
		}
	}
	o.log(e, event{action: action, failed: true, resources: resources})
}

func (o *Organization) record(e *Environment, action string, resources ...resource) {
	o.log(e, event{action: action, resources: resources})
}

var principalTypes = map[PrincipalKind]string{
	UserPrincipal: "USER", GroupPrincipal: "GROUP", ApplicationPrincipal: "APPLICATION", GatewayPrincipal: "GATEWAY",
}

// recordAssignment writes the event as PingOne does: the role's name is in
// the description, and the principal is a resource.
func (o *Organization) recordAssignment(e *Environment, action string, p Principal, a RoleAssignment) {
	verb := "assigned"
	if action == "ROLE_ASSIGNMENT.DELETED" {
		verb = "removed"
	}
	o.log(e, event{
		action: action, description: o.roleName(a.Role) + " role " + verb,
		resources: []resource{{kind: principalTypes[p.Kind], id: p.ID}, {kind: "ROLE_ASSIGNMENT", id: a.ID}},
	})
}

// log dates an event and adds it to the log.
func (o *Organization) log(e *Environment, ev event) {
	if o.quiet {
		return
	}
	o.lastEvent++
	ev.number, ev.at = o.lastEvent, o.now()
	ev.id = StableID("event", e.ID.String(), ev.action, ev.at.String(), ev.resources[0].id.String())
	if n := len(e.events); n > 0 && ev.at.Before(e.events[n-1].at) {
		e.disordered = true
	}
	e.byAction[ev.action] = append(e.byAction[ev.action], len(e.events))
	e.events = append(e.events, ev)
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
