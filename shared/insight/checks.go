package insight

import (
	"fmt"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

const (
	fewest      = 2 // people in tier zero
	most        = 5
	namedAtMost = 5 // applications in one sentence
)

// paths is F01: each assignment that starts a path, and each principal whom two
// together give one. Members of a group are one finding, the group's.
func paths(a *audit) {
	if len(a.r.Coverage.UnknownRoles) > 0 || a.r.Coverage.UnknownScopes > 0 {
		a.reason = "the permissions of some roles, or the types of some scopes, are not known"
	}
	starts := map[uint32]*Path{}
	for i := range a.r.Starts {
		starts[uint32(a.r.Starts[i].Class)] = &a.r.Starts[i].Path // #nosec G115 -- an index
	}
	controls := map[Thing]bool{}
	for _, m := range a.r.TierZero {
		controls[m.Thing] = true
	}
	for _, h := range a.w.Holdings {
		p, who := starts[h.Class], a.w.Holder(h)
		if p == nil || controls[who] {
			continue
		}
		usable, external := a.w.usable(h, controls)
		if usable {
			a.find(p.severity(h.Kind == Client || external), who, classKey(a.w.Classes[h.Class]), p.Text(who)...)
		}
	}
	for i := range a.r.Together {
		t := &a.r.Together[i]
		more := t.Who.Kind == Client || t.Who.Kind == User && a.w.Users[t.At].External
		a.find(t.Path.severity(more), t.Who, heldKey(t.Path.Hops[0].Uses), t.Path.Text(t.Who)...)
	}
}

// usable tells whether somebody can act by a holding who does not control the
// organization anyway, and whether one of them is external.
func (w *World) usable(h Holding, controls map[Thing]bool) (usable, external bool) {
	if h.Kind != Group {
		return w.acts(h.Kind, h.Holder), h.Kind == User && w.Users[h.Holder].External
	}
	for _, user := range w.Groups[h.Holder].Members {
		if w.acts(User, user) && !controls[w.thing(User, user)] {
			usable, external = true, external || w.Users[user].External
		}
	}
	return usable, external
}

// severity is high for documented paths, medium for others, and one more for a
// client or an external user.
func (p *Path) severity(more bool) Severity {
	s := Medium
	if p.Confidence == Documented {
		s = High
	}
	if more {
		s++
	}
	return s
}

// elsewhere is F02.
func elsewhere(a *audit) {
	admins := a.w.adminEnvironment()
	if admins.IsZero() {
		a.reason = "no environment, or more than one, is named Administrators: set ADMIN_ENVIRONMENT"
		return
	}
	for _, m := range a.r.TierZero {
		if home := a.w.environmentOf(m.Thing.Kind, m.Index); m.Acts && home != admins {
			a.member(High, m, words(" is at home in "), name(Thing{Environment, home}))
		}
	}
}

// member finds something about one of tier zero.
func (a *audit) member(severity Severity, m Member, more ...Part) {
	t := append(Text{name(m.Thing), words(" holds ")}, m.Holds.parts()...)
	if len(more) > 0 {
		t = append(append(t, words(" and")), more...)
	}
	a.find(severity, m.Thing, heldKey([]Held{m.Holds}), t...)
}

// workers is F03.
func workers(a *audit) {
	for _, m := range a.r.TierZero {
		if m.Acts && m.Thing.Kind == Client {
			a.member(High, m, words(" acts by itself (CLIENT_CREDENTIALS)"))
		}
	}
}

// looseGroups is F04.
func looseGroups(a *audit) {
	for _, l := range a.r.Loose {
		group, by := a.w.thing(Group, l.Group), a.w.Classes[l.Class]
		t := append(Text{words("holders of ")}, a.w.heldOf(by).parts()...)
		t = append(t, words(" may change the members of "), name(group), words(", which holds "))
		t = append(append(t, listHeld(l.Beyond)...), words(", and can't assign that"))
		a.find(High, group, classKey(by)+heldKey(l.Beyond), t...)
	}
}

// higherRoles is F05.
func higherRoles(a *audit) {
	unknown := 0
	for i := range a.w.Roles {
		given := &a.w.Roles[i]
		for j := range a.w.Roles {
			by := &a.w.Roles[j]
			gives := slices.Contains(given.CanBeAssignedBy, by.ID) || slices.Contains(by.CanAssign, given.ID)
			if !given.Custom || !gives || by.ID == organizationAdmin {
				continue
			}
			if len(by.Permissions) == 0 || len(given.Permissions) == 0 {
				unknown++
				continue
			}
			own := changesOf(by)
			beyond := slices.DeleteFunc(changesOf(given), func(change string) bool { return slices.Contains(own, change) })
			if len(beyond) == 0 {
				continue
			}
			a.find(High, Thing{Role, given.ID}, by.ID.String()+strings.Join(beyond, ","),
				name(Thing{Role, given.ID}), words(" may do "+count(len(beyond), "thing", "things")+" that "),
				name(Thing{Role, by.ID}), words(", which can assign it, may not, such as "+beyond[0]))
		}
	}
	if unknown > 0 {
		a.reason = "permissions are not known of " + count(unknown, "pair of roles", "pairs of roles")
	}
}

// signOns is F06, of each environment that is home to a person in tier zero.
func signOns(a *audit) {
	var homes []pingone.ID
	for _, m := range a.r.TierZero {
		if m.Thing.Kind == User {
			homes = append(homes, a.w.environmentOf(User, m.Index))
		}
	}
	slices.SortFunc(homes, pingone.ID.Compare)
	unread := 0
	for _, home := range slices.Compact(homes) {
		at := slices.IndexFunc(a.w.Environments, func(e EnvironmentInfo) bool { return e.ID == home })
		if at < 0 || a.w.Environments[at].AdminConfig == nil {
			unread++
			continue
		}
		for _, fault := range a.w.Environments[at].AdminConfig.faults() {
			a.find(Medium, Thing{Environment, home}, fault, words("for administrators who are at home in "), name(Thing{Environment, home}), words(" "+fault))
		}
	}
	if unread > 0 {
		a.reason = "how administrators sign on was not read, which takes admin:read:config, in " + count(unread, "environment", "environments")
	}
}

func (c *AdminConfig) faults() (faults []string) {
	if c.Method == "EXTERNAL" || c.Method == "HYBRID" {
		faults = append(faults, "an external identity provider decides ("+c.Method+")")
	}
	if c.EmailCode {
		faults = append(faults, "a code by e-mail is enough")
	}
	if c.Recovery {
		faults = append(faults, "accounts can be recovered")
	}
	return faults
}

// idle is F07, of people in tier zero or with a path. Who never signed on counts
// from when the account was made.
func idle(a *audit) {
	for _, i := range a.r.Idle {
		a.find(Medium, i.Thing, heldKey(i.Holds), name(i.Thing), words(fmt.Sprintf(" did not sign on for %d days", i.Days)))
	}
	if a.r.Undated > 0 {
		a.reason = "neither the last sign-on nor the age is known of " + count(a.r.Undated, "person", "people")
	}
}

// disabled is F08.
func disabled(a *audit) {
	for _, m := range a.r.TierZero {
		if !m.Acts && (m.Thing.Kind != Client || a.w.Clients[m.Index].Disabled) {
			a.member(Low, m, words(" is disabled"))
		}
	}
}

// ours is F09.
func ours(a *audit) {
	at := slices.IndexFunc(a.w.Clients, func(c ClientInfo) bool { return c.ID == a.w.Self })
	if a.w.Self.IsZero() || at < 0 {
		a.reason = "the roles of our own worker application were not read"
		return
	}
	for _, h := range a.w.Holdings {
		if h.Kind != Client || int(h.Holder) != at {
			continue
		}
		c := a.w.Classes[h.Class]
		role, self := a.w.role(c.Role), a.w.thing(Client, h.Holder)
		held := append(Text{name(self), words(", which reads for this report, holds ")}, a.w.heldOf(c).parts()...)
		switch {
		case role == nil || len(role.Permissions) == 0:
			a.reason = "the permissions of a role that it holds are not known"
		case len(changesOf(role)) > 0:
			a.find(Medium, self, classKey(c), append(held, words(", which may change things"))...)
		case powersOf(role).has(secrets):
			a.find(Low, self, classKey(c), append(held, words(", which may read secrets"))...)
		}
	}
}

// people is F10.
func people(a *audit) {
	n := a.r.Controls.People
	if n < fewest && a.r.Coverage.NotRead > 0 {
		a.reason = "others may be at home in environments that were not read"
		return
	}
	if n >= fewest && n <= most {
		return
	}
	who := Thing{Organization, a.w.Organization.ID}
	a.find(Low, who, fmt.Sprint(n), words(count(n, "person controls", "people control")+fmt.Sprintf(" the organization; %d to %d are usual", fewest, most)))
}

// open is F11: one line for all, since in a tenant of customers open is normal.
func open(a *audit) {
	if a.w.Applications == nil {
		a.reason = "applications were not read"
		return
	}
	severity, n, key := Info, 0, []string{}
	var newly Text
	for _, app := range a.w.Applications {
		if !app.Open || app.System || app.Disabled {
			continue
		}
		n, key = n+1, append(key, app.ID.String())
		if app.NewlyOpen {
			severity = Medium
			if len(newly) < 2*namedAtMost {
				newly = append(newly, words(", newly "), name(Thing{Application, app.ID}))
			}
		}
	}
	if slices.Sort(key); n > 0 {
		text := append(Text{words(count(n, "application is", "applications are") + " open to everyone in the environment")}, newly...)
		a.find(severity, Thing{Organization, a.w.Organization.ID}, strings.Join(key, " "), text...)
	}
}
