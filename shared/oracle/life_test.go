package oracle

import (
	"fmt"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// pick chooses one; false if there is none.
func pick[T any](w *world, all []T) (T, bool) {
	if len(all) == 0 {
		var none T
		return none, false
	}
	return all[w.rnd.IntN(len(all))], true
}

// somewhere is an environment; elsewhere is one that the worker does not live in.
func (w *world) somewhere() *pingonetest.Environment {
	if e := w.org.Environment(workforce); e != nil && w.rnd.IntN(2) == 0 {
		return e
	}
	e, _ := pick(w, w.org.Environments)
	return e
}

func (w *world) user(e *pingonetest.Environment) (pingone.ID, bool) {
	var all []pingone.ID
	for i := range e.Users {
		if u := &e.Users[i]; !u.Removed() {
			all = append(all, u.ID)
		}
	}
	return pick(w, all)
}

func (w *world) group(e *pingonetest.Environment, like func(*pingonetest.Group) bool) (*pingonetest.Group, bool) {
	return pick(w, slices.DeleteFunc(slices.Clone(e.Groups), func(g *pingonetest.Group) bool { return !like(g) }))
}

func anyGroup(*pingonetest.Group) bool   { return true }
func dynamic(g *pingonetest.Group) bool  { return g.UserFilter != "" }
func isStatic(g *pingonetest.Group) bool { return g.UserFilter == "" }
func (w *world) fresh() pingone.ID       { w.made++; return id("made", w.made) }
func short(id pingone.ID) string         { return fmt.Sprintf("%x", id[:4]) }

// A deed is something that happens in PingOne; life are the ordinary ones.
type deed func(w *world, e *pingonetest.Environment)

var life = []deed{
	hire, hire, leave, leave, move, join, join, quit, quit, match, unmatch, nest, unnest, addGroup, removeGroup,
	assign, assign, unassign, unassign, addApplication, removeApplication, changeApplication, changeApplication, gateways,
	populate, dissolve, closeDown, roles, renameUser,
}

// live lets some of it happen.
func (w *world) live(n int) {
	for range n {
		e := w.somewhere()
		life[w.rnd.IntN(len(life))](w, e)
	}
}

func hire(w *world, e *pingonetest.Environment) {
	if p, ok := pick(w, e.Populations); ok {
		u := w.fresh()
		w.change("hire "+short(u), func(o *pingonetest.Organization) { addUser(o, e.ID, u, p.ID) })
	}
}

func leave(w *world, e *pingonetest.Environment) {
	if u, ok := w.user(e); ok && e.UserCount() > 2 {
		w.change("leave "+short(u), func(o *pingonetest.Organization) { o.RemoveUser(e.ID, u) })
	}
}

func move(w *world, e *pingonetest.Environment) {
	u, ok := w.user(e)
	p, has := pick(w, e.Populations)
	if ok && has {
		w.change("move "+short(u)+" to "+short(p.ID), func(o *pingonetest.Organization) { o.MoveUser(e.ID, u, p.ID) })
	}
}

func renameUser(w *world, e *pingonetest.Environment) {
	if u, ok := w.user(e); ok {
		w.change("rename "+short(u), func(o *pingonetest.Organization) {
			o.UpdateUser(e.ID, u, func(u *pingonetest.User) { u.Family = "Other" })
		})
	}
}

func join(w *world, e *pingonetest.Environment) {
	u, ok := w.user(e)
	g, has := w.group(e, anyGroup)
	if ok && has {
		w.change("join "+short(u)+" "+g.Name, func(o *pingonetest.Organization) { o.AddMember(e.ID, g.ID, u) })
	}
}

func quit(w *world, e *pingonetest.Environment) {
	g, has := w.group(e, anyGroup)
	if !has {
		return
	}
	if u, ok := pick(w, e.DirectMembers(g.ID, false)); ok {
		w.change("quit "+short(u)+" "+g.Name, func(o *pingonetest.Organization) { o.RemoveMember(e.ID, g.ID, u) })
	}
}

func match(w *world, e *pingonetest.Environment) {
	u, ok := w.user(e)
	g, has := w.group(e, dynamic)
	if ok && has {
		w.change("match "+short(u)+" "+g.Name, func(o *pingonetest.Organization) { o.Match(e.ID, g.ID, u, true) })
	}
}

func unmatch(w *world, e *pingonetest.Environment) {
	g, has := w.group(e, dynamic)
	if !has || len(g.Dynamic) == 0 {
		return
	}
	u := e.Users[g.Dynamic[w.rnd.IntN(len(g.Dynamic))]].ID
	w.change("unmatch "+short(u)+" "+g.Name, func(o *pingonetest.Organization) { o.Match(e.ID, g.ID, u, false) })
}

func nest(w *world, e *pingonetest.Environment) {
	a, ok := w.group(e, anyGroup)
	b, has := w.group(e, anyGroup)
	if ok && has && a != b {
		w.change("nest "+b.Name+" in "+a.Name, func(o *pingonetest.Organization) { o.Nest(e.ID, a.ID, b.ID) })
	}
}

func unnest(w *world, e *pingonetest.Environment) {
	g, has := w.group(e, func(g *pingonetest.Group) bool { return len(g.Children) > 0 })
	if has {
		child := g.Children[0]
		w.change("unnest "+short(child)+" in "+g.Name, func(o *pingonetest.Organization) { o.Unnest(e.ID, g.ID, child) })
	}
}

func addGroup(w *world, e *pingonetest.Environment) {
	g := w.fresh()
	u, ok := w.user(e)
	w.change("add group "+short(g), func(o *pingonetest.Organization) {
		o.AddGroup(e.ID, pingonetest.Group{ID: g, Name: "group " + short(g)})
		if ok {
			o.AddMember(e.ID, g, u)
		}
	})
}

func removeGroup(w *world, e *pingonetest.Environment) {
	if g, has := w.group(e, anyGroup); has && len(e.Groups) > 2 {
		w.change("remove group "+g.Name, func(o *pingonetest.Organization) { o.RemoveGroup(e.ID, g.ID) })
	}
}

// principal is whoever may hold a role.
func (w *world) principal(e *pingonetest.Environment) (pingonetest.Principal, bool) {
	switch w.rnd.IntN(5) {
	case 0:
		g, ok := w.group(e, isStatic)
		if !ok {
			return pingonetest.Principal{}, false
		}
		return pingonetest.Principal{Kind: pingonetest.GroupPrincipal, ID: g.ID}, true
	case 1:
		g, ok := pick(w, e.Gateways)
		if !ok {
			return pingonetest.Principal{}, false
		}
		return pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: g.ID}, true
	}
	u, ok := w.user(e)
	return pingonetest.Principal{Kind: pingonetest.UserPrincipal, ID: u}, ok
}

func assign(w *world, e *pingonetest.Environment) {
	p, ok := w.principal(e)
	role, _ := pick(w, []string{"Identity Data Admin", "Help Desk Admin", "Environment Admin"})
	a := pingonetest.RoleAssignment{Role: pingonetest.RoleID(role), ScopeType: "ENVIRONMENT", Scope: e.ID}
	if population, has := pick(w, e.Populations); has && w.rnd.IntN(3) == 0 {
		a.ScopeType, a.Scope = "POPULATION", population.ID
	}
	if ok && !slices.ContainsFunc(e.RoleAssignments[p], func(b pingonetest.RoleAssignment) bool { return b.Role == a.Role && b.Scope == a.Scope }) {
		w.change("assign "+role+" to "+short(p.ID), func(o *pingonetest.Organization) { o.Assign(e.ID, p, a) })
	}
}

func unassign(w *world, e *pingonetest.Environment) {
	type one struct {
		p pingonetest.Principal
		a pingonetest.RoleAssignment
	}
	var all []one
	for p, held := range e.RoleAssignments {
		for _, a := range held {
			if a.Group.IsZero() && p.ID != w.org.Client {
				all = append(all, one{p, a})
			}
		}
	}
	slices.SortFunc(all, func(a, b one) int { return a.a.ID.Compare(b.a.ID) })
	if x, ok := pick(w, all); ok {
		w.change("unassign "+short(x.a.ID)+" from "+short(x.p.ID), func(o *pingonetest.Organization) { o.Unassign(e.ID, x.p, x.a.ID) })
	}
}

func addApplication(w *world, e *pingonetest.Environment) {
	a := w.fresh()
	w.change("add application "+short(a), func(o *pingonetest.Organization) {
		o.AddApplication(e.ID, pingonetest.Application{ID: a, Name: "application " + short(a), Type: "WEB_APP", Protocol: "SAML"})
	})
}

func (w *world) application(e *pingonetest.Environment) (*pingonetest.Application, bool) {
	return pick(w, slices.DeleteFunc(slices.Clone(e.Applications), func(a *pingonetest.Application) bool { return a.ID == w.org.Client }))
}

func removeApplication(w *world, e *pingonetest.Environment) {
	if a, ok := w.application(e); ok {
		w.change("remove application "+a.Name, func(o *pingonetest.Organization) { o.RemoveApplication(e.ID, a.ID) })
	}
}

func changeApplication(w *world, e *pingonetest.Environment) {
	a, ok := w.application(e)
	g, has := w.group(e, anyGroup)
	second, _ := w.group(e, anyGroup)
	if !ok || !has {
		return
	}
	n := w.rnd.IntN(5)
	w.change(fmt.Sprint("change application ", a.Name, " ", n), func(o *pingonetest.Organization) {
		o.UpdateApplication(e.ID, a.ID, func(a *pingonetest.Application) {
			a.Disabled, a.AccessType, a.AccessRole, a.AccessGroups = n == 0, "", "", nil
			if n > 1 {
				a.AccessType, a.AccessGroups = "ANY_GROUP", []pingone.ID{g.ID, second.ID}
			}
			if n > 2 {
				a.AccessType = "ALL_GROUPS"
			}
			if n > 3 {
				a.AccessRole = "ADMIN_USERS_ONLY"
			}
		})
	})
}

func gateways(w *world, e *pingonetest.Environment) {
	if g, ok := pick(w, e.Gateways); ok && w.rnd.IntN(2) == 0 {
		w.change("remove gateway "+short(g.ID), func(o *pingonetest.Organization) { o.RemoveGateway(e.ID, g.ID) })
		return
	}
	g := w.fresh()
	w.change("add gateway "+short(g), func(o *pingonetest.Organization) {
		o.AddGateway(e.ID, pingonetest.Gateway{ID: g, Name: "gateway " + short(g), Type: "LDAP"})
	})
}

func populate(w *world, e *pingonetest.Environment) {
	p := w.fresh()
	w.change("add population "+short(p), func(o *pingonetest.Organization) {
		o.AddPopulation(e.ID, pingonetest.Population{ID: p, Name: "population " + short(p)})
		if u, ok := w.user(e); ok {
			o.MoveUser(e.ID, u, p)
		}
	})
}

// dissolve moves the users of a population to another one, and removes it with its
// groups.
func dissolve(w *world, e *pingonetest.Environment) { w.dissolve(e, false) }

// closeDown lets the users leave.
func closeDown(w *world, e *pingonetest.Environment) { w.dissolve(e, true) }

func (w *world) dissolve(e *pingonetest.Environment, leavers bool) {
	p, ok := pick(w, e.Populations)
	if !ok || len(e.Populations) < 2 {
		return
	}
	rest, _ := pick(w, slices.DeleteFunc(slices.Clone(e.Populations), func(q *pingonetest.Population) bool { return q == p }))
	w.change("dissolve population "+short(p.ID), func(o *pingonetest.Organization) {
		for i := range e.Users {
			switch u := e.Users[i]; {
			case u.Removed() || u.Population != p.ID:
			case leavers && e.UserCount() > 3:
				o.RemoveUser(e.ID, u.ID)
			default:
				o.MoveUser(e.ID, u.ID, rest.ID)
			}
		}
		for _, g := range slices.Clone(e.Groups) {
			if g.Population == p.ID {
				o.RemoveGroup(e.ID, g.ID)
			}
		}
		o.RemovePopulation(e.ID, p.ID)
	})
}

func roles(w *world, e *pingonetest.Environment) {
	if r, ok := pick(w, e.CustomRoles); ok && w.rnd.IntN(2) == 0 {
		w.change("remove role "+short(r.ID), func(o *pingonetest.Organization) { o.RemoveRole(e.ID, r.ID) })
		return
	}
	r := w.fresh()
	w.change("add role "+short(r), func(o *pingonetest.Organization) { o.AddRole(e.ID, pingonetest.Role{ID: r, Name: "role " + short(r)}) })
}
