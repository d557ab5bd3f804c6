package pingone

import (
	"fmt"
	"strings"
	"time"
)

// Actions that change who holds a role.
const (
	RoleAssigned   = "ROLE_ASSIGNMENT.CREATED"
	RoleUnassigned = "ROLE_ASSIGNMENT.DELETED"
)

// activityPageSize is what log collectors in production ask for; PingOne's
// maximum is not documented.
const activityPageSize = "500"

// Activities lists the audit events of one action that an environment
// recorded from from to to, both included and rounded outwards to whole
// seconds, newest first. PingOne combines few filters: one action a list.
func Activities(env ID, from, to time.Time, action string) List {
	l := unpaged(env, "activities")
	l.Query = "limit=" + activityPageSize
	if up := to.Truncate(time.Second); up.Before(to) {
		to = up.Add(time.Second)
	}
	return l.filtered(fmt.Sprintf(`recordedat ge "%s" and recordedat le "%s" and action.type eq "%s"`,
		from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), action))
}

// An Activity is one audit event.
type Activity struct {
	ID         ID                 `json:"id"`
	RecordedAt string             `json:"recordedAt,omitzero"`
	Resources  []ActivityResource `json:"resources,omitempty"`
}

// ResourceID implements Resource.
func (a Activity) ResourceID() ID { return a.ID }

// An ActivityResource is what an event speaks of.
type ActivityResource struct {
	Type string `json:"type,omitzero"` // USER, GROUP, …; any case
	ID   ID     `json:"id,omitzero"`
	Href string `json:"href,omitzero"`
}

// Time is when the event was recorded; false if that can't be told.
func (a Activity) Time() (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, a.RecordedAt)
	return t, err == nil
}

// Principals returns the users that the event is about, and whether it is
// about a principal of another sort. Neither means that the event doesn't say
// whom it is about.
func (a Activity) Principals() (users []ID, others bool) {
	for _, r := range a.Resources {
		kind, id := r.principal()
		switch {
		case id.IsZero():
		case kind == UserPrincipal:
			users = append(users, id)
		default:
			others = true
		}
	}
	return users, others
}

// principal reads the type and the id, or else the address, where some events
// name what their id does not.
func (r ActivityResource) principal() (Principal, ID) {
	for _, p := range []Principal{UserPrincipal, GroupPrincipal, ApplicationPrincipal, GatewayPrincipal} {
		if strings.EqualFold(r.Type+"s", string(p)) && !r.ID.IsZero() {
			return p, r.ID
		}
		if _, rest, ok := strings.Cut(r.Href, "/"+string(p)+"/"); ok {
			text, _, _ := strings.Cut(rest, "/")
			if id, ok := ParseID(text); ok {
				return p, id
			}
		}
	}
	return "", ID{}
}
