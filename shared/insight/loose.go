package insight

// A Loose group has roles, and members whom somebody may change who can't assign
// all of these roles. Only roles that a rule asks for count.
type Loose struct {
	Group  uint32 // of World.Groups
	Class  int    // of World.Classes: what lets its holders change the members
	Beyond []Held // what they can't assign
}

// loose are such groups, for each class that somebody who can act holds. Who
// controls the organization may change anything.
func (s *solution) loose(held []bool) (all []Loose) {
	for i, right := range s.classes {
		if right == none || !held[i] || s.controls(s.rights[right]) || !s.rights[right].role.powers.has(members) {
			continue
		}
		by := s.rights[right]
		for at, actor := range s.groups {
			group := &s.w.Groups[at]
			if actor == none || group.Dynamic || group.Synced || by.area.kind == Group || !s.places.covers(by.area, area{Group, group.ID}) {
				continue
			}
			l := Loose{Group: uint32(at), Class: i} // #nosec G115 -- an index
			for _, r := range s.actors.of(actor) {
				if !s.mayAssign(by, s.rights[r]) {
					l.Beyond = append(l.Beyond, s.held(r))
				}
			}
			if len(l.Beyond) > 0 {
				all = append(all, l)
			}
		}
	}
	return all
}
