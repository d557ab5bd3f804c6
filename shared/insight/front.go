package insight

import "pingone-authomize/shared/pingone"

// A front is what may be taken in one hop of a search: what stands for the actors
// of one distance from tier zero.
type front struct {
	far                       []uint8 // of each actor
	round                     uint8
	all                       []stand                // but those within a group
	within                    map[pingone.ID][]stand // the same by environment, and others by group
	enabled                   []homed                // a user who is enabled for each environment
	groups, clients, gateways []uint32               // of World.Groups, and so on
}

// A stand is a user that stands for those who live in the same home and are as easy
// to take over.
type stand struct {
	user                uint32
	home                uint32 // of World.Homes
	group               uint32 // of World.Groups: its members alone; none: all
	disabled, federated bool
}

type homed struct {
	environment pingone.ID
	user        uint32
}

// has tells whether an actor is of the front.
func (f *front) has(actor uint32) bool { return actor != none && f.far[actor] == f.round }

// front looks at every user, and holds few.
func (g *graph) front(far []uint8, round uint8) *front {
	f := &front{far: far, round: round, within: map[pingone.ID][]stand{}}
	seen := map[stand]bool{}
	enabled := map[pingone.ID]bool{}
	for at, actor := range g.users {
		if !f.has(actor) {
			continue
		}
		s, isNew := g.stand(seen, uint32(at), none) // #nosec G115 -- an index
		if !isNew {
			continue
		}
		environment := g.w.Homes[s.home].Environment
		f.all = append(f.all, s)
		f.within[environment] = append(f.within[environment], s)
		if !s.disabled && !enabled[environment] {
			enabled[environment] = true
			f.enabled = append(f.enabled, homed{environment, s.user})
		}
	}
	for _, at := range g.scopes {
		group := &g.w.Groups[at]
		for _, user := range group.Members {
			if f.has(g.users[user]) {
				if s, isNew := g.stand(seen, user, at); isNew {
					f.within[group.ID] = append(f.within[group.ID], s)
				}
			}
		}
	}
	f.groups, f.clients, f.gateways = f.of(g.groups), f.of(g.clients), f.of(g.gateways)
	return f
}

// stand is that of a user, and whether it is the first of its like.
func (g *graph) stand(seen map[stand]bool, user, group uint32) (s stand, isNew bool) {
	u := &g.w.Users[user]
	s = stand{none, u.Home, group, u.Disabled, u.Federated}
	isNew = !seen[s]
	seen[s] = true
	s.user = user
	return s, isNew
}

func (f *front) of(actors []uint32) (found []uint32) {
	for i, actor := range actors {
		if f.has(actor) {
			found = append(found, uint32(i)) // #nosec G115 -- an index
		}
	}
	return found
}

// near are the users that may be in an area.
func (f *front) near(g *graph, a area) []stand {
	switch a.kind {
	case Organization:
		return f.all
	case Group:
		return f.within[a.id]
	}
	return f.within[g.places.environment(a)]
}

// coversStand tells whether the users that one stands for are in an area.
func (g *graph) coversStand(a area, s *stand) bool {
	if s.group != none && a.kind == Group {
		return a.id == g.w.Groups[s.group].ID
	}
	return a.coversHome(g.w.Homes[s.home])
}
