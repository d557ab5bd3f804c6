package insight

import (
	"iter"
	"math"
	"slices"
)

// A hop is a step by a rule.
type hop struct {
	step
	rule *Rule
}

// A search is how far all actors are from tier zero, by rules of at least one
// confidence. Hops are found again when they are asked for: there may be many.
type search struct {
	far    []uint8  // hops of each actor; far away is math.MaxUint8
	fronts []*front // of each round, the first from tier zero
	least  Confidence
}

// search goes backwards from tier zero, hop by hop: what was reached in one
// round is what the next may take. So each actor's way is a shortest one.
func (g *graph) search(least Confidence) search {
	s := search{far: slices.Repeat([]uint8{math.MaxUint8}, g.actors.n()), least: least}
	for at := range g.actors.n() {
		if g.controlling(uint32(at)) != none { // #nosec G115 -- an index
			s.far[at] = 0
		}
	}
	for round, found := uint8(1), true; found && round < math.MaxUint8; round++ {
		f := g.front(s.far, round-1)
		s.fronts, found = append(s.fronts, f), false
		for at := range g.actors.n() {
			if s.far[at] != math.MaxUint8 {
				continue
			}
			if _, ok := g.firstHop(uint32(at), f, least); ok { // #nosec G115 -- an index
				s.far[at], found = round, true
			}
		}
	}
	return s
}

func (g *graph) firstHop(actor uint32, f *front, least Confidence) (hop, bool) {
	for i := range Rules {
		if rule := &Rules[i]; rule.on(least) {
			if st, ok := rule.move(g, actor, f); ok {
				return hop{st, rule}, true
			}
		}
	}
	return hop{}, false
}

// A way is an actor's into tier zero: the shortest of the surest confidence that
// has one.
type way struct {
	search     *search
	confidence Confidence
}

// A solution is what is found for a world.
type solution struct {
	*graph
	searches []search // one for each confidence, the surest first
}

// solve searches with the surest rules first, so that a way by documented rules
// counts as such, even if one by likely rules is shorter.
func solve(w *World, least Confidence, without uint32) *solution {
	g := newGraph(w, least, without)
	g.expand()
	s := &solution{graph: g}
	for _, c := range Confidences {
		if c >= least {
			s.searches = append(s.searches, g.search(c))
		}
	}
	return s
}

// way is an actor's; false for one in tier zero, and for one without.
func (s *solution) way(actor uint32) (way, bool) {
	if actor == none {
		return way{}, false
	}
	for i := range s.searches {
		if d := s.searches[i].far[actor]; d > 0 && d < math.MaxUint8 {
			return way{&s.searches[i], Confidences[i]}, true
		}
	}
	return way{}, false
}

// hops are those of a way.
func (s *solution) hops(actor uint32, w way) iter.Seq[hop] {
	return func(yield func(hop) bool) {
		for far := w.search.far[actor]; far > 0; far-- {
			h, _ := s.firstHop(actor, w.search.fronts[far-1], w.search.least)
			if !yield(h) {
				return
			}
			actor = h.next
		}
	}
}

// principals calls f for each that holds a right, with its actor.
func (s *solution) principals(f func(kind Kind, at, actor uint32)) {
	for _, of := range []struct {
		kind   Kind
		actors []uint32
	}{{User, s.users}, {Client, s.clients}, {Gateway, s.gateways}} {
		for at, actor := range of.actors {
			if actor != none {
				f(of.kind, uint32(at), actor) // #nosec G115 -- an index
			}
		}
	}
}

// actorOf is that of a principal, none for one without rights.
func (s *solution) actorOf(kind Kind, at uint32) uint32 {
	switch kind {
	case User:
		return s.users[at]
	case Group:
		return s.groups[at]
	case Client:
		return s.clients[at]
	default:
		return s.gateways[at]
	}
}
