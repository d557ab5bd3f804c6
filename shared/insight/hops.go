package insight

import (
	"slices"

	"pingone-authomize/shared/pingone"
)

// A step is one hop: what an actor can do, and which actor it then is.
type step struct {
	used []uint32 // rights of the actor that it takes
	kind Kind     // of whose rights it gives; "": a right is assigned, next's only one
	at   uint32   // of World.Users, and so on
	next uint32
}

// pick are rights that together have all powers where in says so; the first that
// has them by itself, if one does.
func (g *graph) pick(actor uint32, need powers, in func(area) bool) ([]uint32, bool) {
	var sum powers
	for _, at := range g.actors.of(actor) {
		if r := &g.rights[at]; r.role.powers&need != 0 && in(r.area) {
			if r.role.powers.has(need) {
				return []uint32{at}, true
			}
			sum |= r.role.powers
		}
	}
	if !sum.has(need) {
		return nil, false
	}
	var used []uint32
	for _, at := range g.actors.of(actor) {
		if r := &g.rights[at]; r.role.powers&need != 0 && in(r.area) {
			used, need = append(used, at), need&^r.role.powers
		}
	}
	return used, true
}

// takeOver is R1. Second factors are mandatory for administrators, so the password
// alone is not enough. A disabled user must be enabled, a federated one moved back.
func takeOver(g *graph, actor uint32, f *front) (step, bool) {
	for _, at := range g.actors.of(actor) {
		r := &g.rights[at]
		if r.role.powers&(password|factors) == 0 {
			continue
		}
		near := f.near(g, r.area)
		for i := range near {
			s := &near[i]
			if g.external[g.w.Homes[s.home].Environment] || !g.coversStand(r.area, s) {
				continue
			}
			need := password | factors
			if s.disabled {
				need |= enabling
			}
			if s.federated {
				need |= provider
			}
			if used, ok := g.pick(actor, need, func(a area) bool { return g.coversStand(a, s) }); ok {
				return step{used, User, s.user, g.users[s.user]}, true
			}
		}
	}
	return step{}, false
}

// addMember is R5. Nobody can add itself, so a second user is needed.
func addMember(g *graph, actor uint32, f *front) (step, bool) {
	for _, at := range f.groups {
		group := &g.w.Groups[at]
		if group.Dynamic || group.Synced {
			continue
		}
		used, ok := g.pick(actor, members, func(a area) bool { return a.kind != Group && g.places.covers(a, area{Group, group.ID}) })
		if !ok {
			continue
		}
		if second := g.puppet(actor, used[0], group.Environment); second != none {
			if second != used[0] {
				used = append(used, second)
			}
			return step{used, Group, at, g.groups[at]}, true
		}
	}
	return step{}, false
}

// puppet is the right that gives control of a user of an environment: rather the
// given one than another; none if there is none.
func (g *graph) puppet(actor, rather uint32, environment pingone.ID) uint32 {
	found := none
	for _, at := range g.actors.of(actor) {
		if r := &g.rights[at]; r.role.powers&puppet != 0 && g.places.touches(r.area, environment) && (found == none || at == rather) {
			found = at
		}
	}
	return found
}

// readSecret is R7, with its guard: an application that has what the actor can't
// assign keeps its secret.
func readSecret(g *graph, actor uint32, f *front) (step, bool) {
	for _, at := range f.clients {
		if !g.w.acts(Client, at) || !g.assignable(actor, g.assigned[at]) {
			continue
		}
		if used, ok := g.pickClient(actor, secrets, at); ok {
			return step{used, Client, at, g.clients[at]}, true
		}
	}
	return step{}, false
}

// editClient is R10: with its settings an application gets another key, a grant,
// and is enabled.
func editClient(g *graph, actor uint32, f *front) (step, bool) {
	for _, at := range f.clients {
		if used, ok := g.pickClient(actor, clients, at); ok {
			return step{used, Client, at, g.clients[at]}, true
		}
	}
	return step{}, false
}

func (g *graph) pickClient(actor uint32, need powers, at uint32) ([]uint32, bool) {
	return g.pick(actor, need, func(a area) bool { return g.places.covers(a, area{Application, g.w.Clients[at].ID}) })
}

// assignable tells whether an actor holds each right, or one that may assign it.
func (g *graph) assignable(actor uint32, rights []right) bool {
	for _, r := range rights {
		if !slices.ContainsFunc(g.actors.of(actor), func(at uint32) bool { return g.mayAssign(g.rights[at], r) }) {
			return false
		}
	}
	return true
}

// mayAssign tells whether one right covers another: the same role, or one that the
// first may assign.
func (g *graph) mayAssign(by, r right) bool {
	_, gives := slices.BinarySearchFunc(by.role.gives, r.role.id, pingone.ID.Compare)
	return (gives || by.role == r.role) && g.places.covers(by.area, r.area)
}

// setSignOn is R15. It holds for a whole environment.
func setSignOn(g *graph, actor uint32, f *front) (step, bool) {
	for _, h := range f.enabled {
		if used, ok := g.pick(actor, signOn, func(a area) bool { return g.places.covers(a, area{Environment, h.environment}) }); ok {
			return step{used, User, h.user, g.users[h.user]}, true
		}
	}
	return step{}, false
}

// beGateway is R17: who administers PingFederate has what its gateway holds.
func beGateway(g *graph, actor uint32, f *front) (step, bool) {
	for _, at := range f.gateways {
		gateway := &g.w.Gateways[at]
		if !gateway.PingFederate || gateway.Disabled {
			continue
		}
		if used, ok := g.pick(actor, federate, func(a area) bool { return g.places.covers(a, area{Environment, gateway.Environment}) }); ok {
			return step{used, Gateway, at, g.gateways[at]}, true
		}
	}
	return step{}, false
}

// assign is R3, with custom R13 and with edited R12: see expand.
func assign(custom, edited bool) func(*graph, uint32, *front) (step, bool) {
	return func(g *graph, actor uint32, f *front) (step, bool) {
		for _, gr := range g.grants[actor] {
			if gr.custom == custom && gr.edited == edited && f.has(gr.next) {
				return step{used: gr.used, next: gr.next}, true
			}
		}
		return step{}, false
	}
}
