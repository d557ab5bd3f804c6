package insight

import "slices"

// givings are the ways to give a role to an identity that one controls: each is
// powers that all are needed, of each one of its bits. A user may be any; an
// application's secret must be readable, and a group must be open to a second user.
var givings = [][]powers{{giveUsers}, {giveClients, secrets}, {giveGroups, members, puppet}}

// A span is an area in which some rights work together.
type span struct {
	area area
	used []uint32
}

// expand finds what each actor can assign, and what can be assigned with that.
func (g *graph) expand() {
	for at := 0; at < g.actors.n(); at++ { // which grows
		actor := uint32(at) // #nosec G115 -- an index
		var all []grant
		for _, needs := range givings {
			for _, s := range g.spans(actor, needs) {
				all = g.giveWithin(all, actor, s)
			}
		}
		if all = g.edit(all, actor); len(all) > 0 {
			g.grants[actor] = all
		}
	}
}

// spans are where an actor has all of some powers.
func (g *graph) spans(actor uint32, needs []powers) []span {
	spans := []span{{area: area{kind: Organization}}}
	for _, need := range needs {
		var next []span
		for _, s := range spans {
			for _, at := range g.actors.of(actor) {
				if r := &g.rights[at]; r.role.powers&need != 0 {
					next = g.narrow(next, s, at)
				}
			}
		}
		spans = next
	}
	return spans
}

// narrow adds the part of a span that a right covers.
func (g *graph) narrow(spans []span, s span, at uint32) []span {
	a := g.places.meet(s.area, g.rights[at].area)
	if a.kind == "" {
		return spans
	}
	used := s.used
	if !slices.Contains(used, at) {
		used = append(slices.Clone(used), at)
	}
	return append(spans, span{a, used})
}

// giveWithin adds what an actor can assign within a span.
func (g *graph) giveWithin(all []grant, actor uint32, s span) []grant {
	for _, at := range g.actors.of(actor) {
		giver := g.rights[at].role
		if len(giver.gives) == 0 {
			continue
		}
		for _, within := range g.narrow(nil, s, at) {
			for _, id := range giver.gives {
				given := g.right(g.roleOf(id), within.area)
				if id == organizationAdmin && given.area.kind != Organization {
					continue // the one scope that it has
				}
				all = g.add(all, actor, given, grant{custom: given.role.custom, used: within.used})
			}
		}
	}
	return all
}

// edit adds what a custom role of an actor becomes if the actor changes it.
func (g *graph) edit(all []grant, actor uint32) []grant {
	for _, by := range g.actors.of(actor) {
		if !g.rights[by].role.powers.has(customRoles) {
			continue
		}
		for _, at := range g.actors.of(actor) {
			r := g.rights[at]
			if !r.role.custom || !g.places.touches(g.rights[by].area, r.role.where) {
				continue
			}
			used := []uint32{at}
			if by != at {
				used = append(used, by)
			}
			all = g.add(all, actor, right{g.everything, r.area}, grant{edited: true, used: used})
		}
	}
	return all
}

// add takes up a grant of a right that a rule asks for and that is new to the actor.
func (g *graph) add(all []grant, actor uint32, given right, gr grant) []grant {
	if !g.matters(given) {
		return all
	}
	gr.next = g.actors.intern([]uint32{g.internRight(given)})
	if gr.next == actor || slices.ContainsFunc(all, func(o grant) bool { return o.next == gr.next && len(o.used) <= len(gr.used) }) {
		return all
	}
	return append(all, gr)
}
