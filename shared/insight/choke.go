package insight

import (
	"cmp"
	"fmt"
	"slices"
)

// A Choke is the one assignment whose removal closes the paths of most.
type Choke struct {
	Holder Thing
	Class  int // of World.Classes
	Holds  Held
	Closes int // principals who then have no path
}

// Text says it in a sentence.
func (c *Choke) Text() Text {
	t := append(Text{words("Removing ")}, c.Holds.parts()...)
	return append(t, words(" from "), name(c.Holder), words(fmt.Sprintf(" closes %d.", c.Closes)))
}

// tried is how many assignments are removed for trial: each is a computation anew.
const tried = 5

// withPath counts the principals who can act and have a path.
func (s *solution) withPath() (n int) {
	s.principals(func(kind Kind, at, actor uint32) {
		if _, ok := s.way(actor); ok && s.w.acts(kind, at) {
			n++
		}
	})
	return n
}

// A use is a right of somebody that the paths of others need.
type use struct {
	kind      Kind
	at, right uint32
}

// chokes guesses by the paths that were found which assignments most of them need,
// the best first. Rights of tier zero are none: no hop takes one.
func (s *solution) chokes() (best []uint32) {
	first, through := s.uses()
	type guess struct {
		at     uint32 // of World.Holdings
		closes int
	}
	var all []guess
	for i, h := range s.w.Holdings {
		right := s.classes[h.Class]
		if right == none {
			continue
		}
		n := through[use{h.Kind, h.Holder, right}]
		if h.Kind == Group {
			for _, user := range s.w.Groups[h.Holder].Members {
				n += through[use{User, user, right}] + s.starts(first, User, user, right)
			}
		} else {
			n += s.starts(first, h.Kind, h.Holder, right)
		}
		if n > 0 {
			all = append(all, guess{uint32(i), n}) // #nosec G115 -- an index
		}
	}
	slices.SortFunc(all, func(a, b guess) int {
		x, y := s.w.Holdings[a.at], s.w.Holdings[b.at]
		return cmp.Or(cmp.Compare(b.closes, a.closes), cmp.Compare(s.classes[x.Class], s.classes[y.Class]), s.w.Holder(x).ID.Compare(s.w.Holder(y).ID))
	})
	for _, g := range all[:min(tried, len(all))] {
		best = append(best, g.at)
	}
	return best
}

// starts is 1 if somebody's path starts with a right.
func (s *solution) starts(first []uint32, kind Kind, at, right uint32) int {
	if actor := s.actorOf(kind, at); actor != none && first[actor] == right && s.w.acts(kind, at) {
		return 1
	}
	return 0
}

// uses are the right that the path of each actor starts with, and how many
// principals need one of another.
func (s *solution) uses() (first []uint32, through map[use]int) {
	first, through = fill(s.actors.n()), map[use]int{}
	starts := make([]int32, s.actors.n())
	s.principals(func(kind Kind, at, actor uint32) {
		if s.w.acts(kind, at) {
			starts[actor]++
		}
	})
	for at, n := range starts {
		actor := uint32(at) // #nosec G115 -- an index
		way, ok := s.way(actor)
		if !ok || n == 0 {
			continue
		}
		var taken *hop
		for h := range s.hops(actor, way) {
			if taken == nil {
				first[actor] = h.used[0]
			} else if taken.kind != "" {
				for _, right := range h.used {
					through[use{taken.kind, taken.at, right}] += int(n)
				}
			}
			taken = &h
		}
	}
	return first, through
}

// chokeOf tries what was guessed, since another path may be left.
func chokeOf(w *World, least Confidence, guesses []uint32, before int) (best *Choke) {
	for _, at := range guesses {
		h, s := w.Holdings[at], solve(w, least, at)
		closes := before - s.withPath()
		if closes > 0 && (best == nil || closes > best.Closes) {
			best = &Choke{w.Holder(h), int(h.Class), s.held(s.classes[h.Class]), closes}
		}
	}
	return best
}
