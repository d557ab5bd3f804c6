package insight

import "pingone-authomize/shared/pingone"

// A role is what the rules need of one.
type role struct {
	id     pingone.ID
	powers powers
	custom bool
	made   pingone.ID   // the only environment in which it counts; zero: in all
	where  pingone.ID   // of a custom role: where its permissions are changed
	gives  []pingone.ID // grantable, sorted
}

// A right is a role in an area. Those that no rule asks for are not held.
type right struct {
	role *role
	area area
}

// A grant is a right that an actor can assign to an identity that it controls.
type grant struct {
	custom bool // the role that is assigned
	edited bool // nothing is assigned: a role that it holds is changed
	used   []uint32
	next   uint32
}

// A graph is who holds which rights. An actor is a set of rights that one identity
// holds together, or may come to hold: sorted numbers of rights.
type graph struct {
	w        *World
	least    Confidence
	places   places
	roles    map[pingone.ID]*role
	rights   []right
	rightAt  map[right]uint32
	actors   sets
	classes  []uint32 // the right of each of World.Classes; none: no rule asks for it
	users    []uint32 // the actor of each of World.Users, and so on; none: without rights
	groups   []uint32
	clients  []uint32
	gateways []uint32
	assigned [][]right           // all that each client holds, for the guard of R7
	external map[pingone.ID]bool // environments whose administrators have no password
	scopes   []uint32            // groups that are the scope of a right
	homes    map[pingone.ID]bool // environments that are home to who controls the organization
	grants   map[uint32][]grant  // by actor
	// everything is what a custom role becomes in the hands of who may change it.
	everything *role
}

// roleOf is a role, without powers where no list has it.
func (g *graph) roleOf(id pingone.ID) *role {
	r := g.roles[id]
	if r == nil {
		r = &role{id: id}
		if id == organizationAdmin || id == environmentAdmin {
			r.powers = signOn
		}
		g.roles[id] = r
	}
	return r
}

// right is a role in an area, narrowed to where the role counts.
func (g *graph) right(r *role, a area) right {
	if !r.made.IsZero() {
		a = g.places.meet(a, area{Environment, r.made})
	}
	return right{r, a}
}

// matters tells whether a rule asks for a right: R12 for any custom role.
func (g *graph) matters(r right) bool {
	return r.area.kind != "" && (r.role.powers != 0 || len(r.role.gives) > 0 || r.role.custom && g.least <= Untested)
}

// controls tells whether a right is tier zero.
func (g *graph) controls(r right) bool {
	switch r.role.id {
	case organizationAdmin:
		return r.area.kind == Organization
	case environmentAdmin:
		return r.area.kind == Organization || r.area.kind == Environment && g.homes[r.area.id]
	}
	return false
}

// controlling is the right of an actor that is tier zero; none if there is none.
func (g *graph) controlling(actor uint32) uint32 {
	for _, r := range g.actors.of(actor) {
		if g.controls(g.rights[r]) {
			return r
		}
	}
	return none
}

func (g *graph) internRight(r right) uint32 {
	at, ok := g.rightAt[r]
	if !ok {
		at = uint32(len(g.rights)) // #nosec G115 -- as many as classes, or some times that
		g.rightAt[r] = at
		g.rights = append(g.rights, r)
	}
	return at
}
