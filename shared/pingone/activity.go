package pingone

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Actions that audit events are of.
const (
	RoleAssigned   = "ROLE_ASSIGNMENT.CREATED"
	RoleUnassigned = "ROLE_ASSIGNMENT.DELETED"
	MemberAdded    = "MEMBER_OF_GROUP.CREATED" // a user or a group, to a group
	MemberRemoved  = "MEMBER_OF_GROUP.DELETED"

	EnvironmentCreated = "ENVIRONMENT.CREATED"
	EnvironmentDeleted = "ENVIRONMENT.DELETED"
	PopulationCreated  = "POPULATION.CREATED"
	PopulationDeleted  = "POPULATION.DELETED"
	UserCreated        = "USER.CREATED"
	UserDeleted        = "USER.DELETED"
	GroupCreated       = "GROUP.CREATED"
	GroupDeleted       = "GROUP.DELETED"
	ApplicationCreated = "APPLICATION.CREATED"
	ApplicationDeleted = "APPLICATION.DELETED"
	GatewayCreated     = "GATEWAY.CREATED"
	GatewayDeleted     = "GATEWAY.DELETED"
	RoleCreated        = "ROLE.CREATED"
	RoleDeleted        = "ROLE.DELETED"
)

// Activities lists the audit events of one action that an environment
// recorded from from to to, both included and rounded outwards to whole
// seconds, newest first. PingOne combines few filters: one action a list.
func Activities(env ID, from, to time.Time, action string) List {
	l := unpaged(env, "activities")
	l.Query = "limit=500" // as log collectors in production ask; the most is not documented
	if up := to.Truncate(time.Second); up.Before(to) {
		to = up.Add(time.Second)
	}
	return l.filtered(fmt.Sprintf(`recordedat ge "%s" and recordedat le "%s" and action.type eq "%s"`,
		from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), action))
}

// An Activity is one audit event.
type Activity struct {
	RecordedAt string `json:"recordedAt,omitzero"`
	Action     struct {
		Type string `json:"type,omitzero"` // such as UserDeleted
	} `json:"action,omitzero"`
	Result    State      `json:"result,omitzero"` // SUCCESS, FAILED; any case
	Resources []resource `json:"resources,omitempty"`
}

// A resource is what an event speaks of.
type resource struct {
	Type string `json:"type,omitzero"` // USER, GROUP, …; any case
	ID   ID     `json:"id,omitzero"`
	Href string `json:"href,omitzero"`
}

// Time is when the event was recorded; false if that can't be seen.
func (a Activity) Time() (time.Time, bool) {
	return ParseTime(a.RecordedAt)
}

// Succeeded tells whether the event says SUCCESS. Every recorded event has a
// result, so one without proves nothing: a deletion must have succeeded to count.
func (a Activity) Succeeded() bool { return strings.EqualFold(a.Result.Status, "SUCCESS") }

// Failed tells whether the event says FAILED. Unless it does, what it creates may
// be there.
func (a Activity) Failed() bool { return strings.EqualFold(a.Result.Status, "FAILED") }

// Names returns the items of a collection (users, groups, populations,
// applications, gateways, environments or roles) that the event is about. One
// that only lies on the way to another thing is not named.
func (a Activity) Names(collection string) []ID {
	var ids []ID
	for _, r := range a.Resources {
		id := r.ids()[collection]
		if r.list() == collection && !id.IsZero() && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// A Holder is a user, group, application or gateway.
type Holder struct {
	Kind Principal
	ID   ID
}

// A Tie is one end of a membership or role assignment, and what it is tied to.
type Tie struct {
	Holder
	To ID // the group, or the role assignment's own id
}

// Holders returns the users, groups, applications and gateways that the event is
// about: of a role assignment, who has it. None means that the event doesn't say.
func (a Activity) Holders() []Holder {
	var all []Holder
	for _, r := range a.Resources {
		if h := holderOf(r.ids()); !h.ID.IsZero() && !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return all
}

// Memberships returns the memberships and nestings that the event is about: a user
// or group, and the group that holds it. The member is in the address only.
func (a Activity) Memberships() []Tie {
	var all []Tie
	for _, r := range a.Resources {
		ids := r.ids()
		member, group := holderOf(ids), ids[memberOfGroups]
		if !group.IsZero() && (member.Kind == UserPrincipal || member.Kind == GroupPrincipal) {
			all = append(all, Tie{member, group})
		}
	}
	return all
}

// Assignments returns the role assignments that the event is about, each with
// everybody who may have it: one, as far as is recorded.
func (a Activity) Assignments() []Tie {
	var all []Tie
	for _, r := range a.Resources {
		id := r.ids()[roleAssignments]
		for _, h := range a.Holders() {
			if !id.IsZero() {
				all = append(all, Tie{h, id})
			}
		}
	}
	return all
}

// ids are what a resource names, by list: what its address leads through, and
// what it is itself, which only its type and id say in some events.
func (r resource) ids() map[string]ID {
	ids := map[string]ID{}
	parts := strings.FieldsFunc(r.Href, func(c rune) bool { return c == '/' || c == '?' })
	for i := 1; i < len(parts); i++ {
		if id, ok := ParseID(parts[i]); ok {
			ids[parts[i-1]] = id
		}
	}
	if own := r.list(); ids[own].IsZero() {
		ids[own] = r.ID
	}
	return ids
}

// list is the list that holds what a resource is, as in addresses.
func (r resource) list() string {
	switch kind := strings.ToLower(r.Type); kind {
	case "member_of_group":
		return memberOfGroups
	case "role_assignment":
		return roleAssignments
	default:
		return kind + "s"
	}
}

func holderOf(ids map[string]ID) Holder {
	for _, p := range []Principal{UserPrincipal, GroupPrincipal, ApplicationPrincipal, GatewayPrincipal} {
		if id := ids[string(p)]; !id.IsZero() {
			return Holder{p, id}
		}
	}
	return Holder{}
}
