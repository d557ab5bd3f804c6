package oracle

import (
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// A fact is one thing that is true of an organization. Facts come and go whole:
// one that changes is another.
type fact struct {
	sort            string
	env, id, other  pingone.ID
	text            string // of an application its conditions, of a role held where it reaches
	role            pingone.ID
	scope           pingone.ID
	kind, scopeType string
}

// The sorts of facts. Of a member id is the group, of a nesting the parent, of a
// role held the holder; other is the member, the child, the assignment.
const (
	isEnvironment = "environment"
	isPopulation  = "population"
	isUser        = "user"
	isGroup       = "group"
	isMember      = "member"
	isNested      = "nested"
	isRole        = "role"
	isHeld        = "held"
	isApplication = "application"
	isGateway     = "gateway"
)

// factsOf are all facts of an organization, whatever is shown of it.
func factsOf(o *pingonetest.Organization) map[fact]bool {
	all := map[fact]bool{}
	o.Read(func() {
		for _, r := range o.Roles {
			all[fact{sort: isRole, id: r.ID}] = true
		}
		for _, e := range o.Environments {
			all[fact{sort: isEnvironment, env: e.ID, id: e.ID}] = true
			directoryFacts(e, all)
			configFacts(e, all)
		}
	})
	return all
}

func directoryFacts(e *pingonetest.Environment, all map[fact]bool) {
	for _, p := range e.Populations {
		all[fact{sort: isPopulation, env: e.ID, id: p.ID}] = true
	}
	for i := range e.Users {
		if u := &e.Users[i]; !u.Removed() {
			all[fact{sort: isUser, env: e.ID, id: u.ID}] = true
		}
	}
	for _, g := range e.Groups {
		all[fact{sort: isGroup, env: e.ID, id: g.ID}] = true
		for _, user := range e.DirectMembers(g.ID, true) {
			all[fact{sort: isMember, env: e.ID, id: g.ID, other: user}] = true
		}
		for _, child := range g.Children {
			all[fact{sort: isNested, env: e.ID, id: g.ID, other: child}] = true
		}
	}
}

func configFacts(e *pingonetest.Environment, all map[fact]bool) {
	for _, r := range e.CustomRoles {
		all[fact{sort: isRole, env: e.ID, id: r.ID}] = true
	}
	for _, a := range e.Applications {
		all[fact{sort: isApplication, env: e.ID, id: a.ID, text: conditionsOf(a)}] = true
	}
	for _, g := range e.Gateways {
		all[fact{sort: isGateway, env: e.ID, id: g.ID}] = true
	}
	for p, held := range e.RoleAssignments {
		for _, a := range held {
			if a.Group.IsZero() { // else it is the group's
				all[fact{
					sort: isHeld, env: e.ID, id: p.ID, other: a.ID, kind: string(p.Kind),
					role: a.Role, scope: a.Scope, scopeType: strings.ToUpper(a.ScopeType),
				}] = true
			}
		}
	}
}

// conditionsOf are the conditions of an application as text: whether it is
// enabled, acts on its own, is for administrators, for all of its groups or any,
// and these.
func conditionsOf(a *pingonetest.Application) string {
	b := strings.Builder{}
	b.WriteByte('.')
	flag := func(on bool, letter string) {
		if on {
			b.WriteString(letter)
		}
	}
	flag(!a.Disabled, "e")
	flag(a.Type == "WORKER", "w")
	flag(a.AccessRole != "", "a")
	flag(a.AccessType == "ALL_GROUPS", "&")
	if a.AccessType != "" {
		for _, g := range a.AccessGroups {
			if !strings.Contains(b.String(), g.String()) {
				b.WriteString(" " + g.String())
			}
		}
	}
	return b.String()
}

// A history says since when each fact is true.
type history map[fact]time.Time

// update takes up what is true now.
func (h history) update(facts map[fact]bool, now time.Time) {
	for f := range h {
		if !facts[f] {
			delete(h, f)
		}
	}
	for f := range facts {
		if _, ok := h[f]; !ok {
			h[f] = now
		}
	}
}

// since are the facts that are true at least since a time.
func (h history) since(at time.Time) map[fact]bool {
	all := map[fact]bool{}
	for f, began := range h {
		if !began.After(at) {
			all[f] = true
		}
	}
	return all
}
