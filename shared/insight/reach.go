package insight

import (
	"fmt"
	"slices"

	"pingone-authomize/shared/pingone"
)

// Reach is who controls an organization, and who can become one who does.
type Reach struct {
	Coverage Coverage
	TierZero []Member
	Controls Count   // of tier zero, who can act
	Can      Counted // who has a path, by the confidence of it
	Marks    []Mark  // of each of World.Classes
	Starts   []Start // each class with a path that somebody who can act holds
	Together []Start // principals whom two roles together give a path, and none alone
	Loose    []Loose // groups whose members somebody may change who can't assign their roles
	Choke    *Choke  // nil: nothing closes a path by itself
	// Idle are people in tier zero or with a path who did not sign on for IdleDays,
	// nor were made since; federated ones sign on elsewhere. Undated counts those of
	// whom neither is known.
	Idle    []Idle
	Undated int
}

// IdleDays is after how many days without a sign-on a person is idle.
const IdleDays = 90

// Coverage is what reach was computed from.
type Coverage struct {
	Read, NotRead int          // environments
	UnknownRoles  []pingone.ID // that are held and whose permissions are not known
	UnknownScopes int          // classes whose scope is of a type that is not known
}

// A Member of tier zero.
type Member struct {
	Thing Thing
	Index uint32 // of World.Users, Clients or Gateways
	Holds Held   // the right that makes it one
	// Acts is false for who is disabled, and for applications that don't act by
	// themselves.
	Acts bool
}

// An Idle person, and what of its rights a rule asks for.
type Idle struct {
	Thing Thing
	Days  int
	Holds []Held
}

// A Count is of principals who can act. A group is its members.
type Count struct {
	People   int `json:"people"`
	Clients  int `json:"clients"`
	Gateways int `json:"gateways"`
}

// All is the sum.
func (c Count) All() int { return c.People + c.Clients + c.Gateways }

func (c *Count) add(kind Kind) {
	switch kind {
	case User:
		c.People++
	case Client:
		c.Clients++
	default:
		c.Gateways++
	}
}

// Counted is a count for each confidence.
type Counted map[Confidence]*Count

// All is the sum.
func (c Counted) All() (n int) {
	for _, of := range c {
		n += of.All()
	}
	return n
}

// A Mark is what a class gives a holder of it alone who can act.
type Mark struct {
	EscalationPathPossible bool
	// Tags are of a closed list: tier:0; esc: and the rule of the first hop;
	// reaches:organization-admin or reaches:environment-admin.
	Tags []string
}

// A Start is where a path starts.
type Start struct {
	Who   Thing  // none: whoever holds Class
	Class int    // of World.Classes; -1: several together
	At    uint32 // of World.Users, Clients or Gateways, where there is no class
	Path  Path
}

// Compute finds reach by the rules of at least one confidence. Classes and holders
// whose indexes are out of range make it panic.
func Compute(w *World, least Confidence) *Reach {
	r := &Reach{Coverage: coverageOf(w), Can: Counted{}}
	guesses := r.read(w, least)
	r.Choke = chokeOf(w, least, guesses, r.Can.All())
	return r
}

// read fills in all but the choke point, and returns the guesses for that.
func (r *Reach) read(w *World, least Confidence) (guesses []uint32) {
	s := solve(w, least, none)
	for _, c := range Confidences {
		if c >= least {
			r.Can[c] = new(Count)
		}
	}
	s.principals(func(kind Kind, at, actor uint32) {
		acts := w.acts(kind, at)
		if right := s.controlling(actor); right != none {
			r.TierZero = append(r.TierZero, Member{w.thing(kind, at), at, s.held(right), acts})
			if acts {
				r.Controls.add(kind)
				r.noteIdle(s, kind, at)
			}
			return
		}
		way, ok := s.way(actor)
		if !ok || !acts {
			return
		}
		r.Can[way.confidence].add(kind)
		r.noteIdle(s, kind, at)
		if !slices.ContainsFunc(s.actors.of(actor), s.leads) {
			r.Together = append(r.Together, Start{w.thing(kind, at), -1, at, s.path(actor, way)})
		}
	})
	r.markClasses(s)
	return s.chokes()
}

func (r *Reach) noteIdle(s *solution, kind Kind, at uint32) {
	if kind != User || s.w.Users[at].Federated {
		return
	}
	switch days := s.w.idleFor(at); {
	case days < 0:
		r.Undated++
	case days > IdleDays:
		i := Idle{Thing: s.w.thing(User, at), Days: days}
		for _, right := range s.actors.of(s.users[at]) {
			i.Holds = append(i.Holds, s.held(right))
		}
		r.Idle = append(r.Idle, i)
	}
}

// leads tells whether a right gives a path by itself.
func (s *solution) leads(right uint32) bool {
	_, ok := s.way(s.actors.intern([]uint32{right}))
	return ok
}

func (r *Reach) markClasses(s *solution) {
	held := make([]bool, len(s.classes))
	for _, h := range s.w.Holdings {
		held[h.Class] = held[h.Class] || s.canUse(h)
	}
	r.Loose = s.loose(held)
	r.Marks = make([]Mark, len(s.classes))
	for i, right := range s.classes {
		if right == none {
			continue
		}
		if s.controls(s.rights[right]) {
			r.Marks[i].Tags = []string{"tier:0"}
			continue
		}
		actor := s.actors.intern([]uint32{right})
		way, ok := s.way(actor)
		if !ok {
			continue
		}
		p := s.path(actor, way)
		to := "reaches:environment-admin"
		if p.Ends.Role == organizationAdmin {
			to = "reaches:organization-admin"
		}
		r.Marks[i] = Mark{EscalationPathPossible: true, Tags: []string{"esc:" + p.Hops[0].Rule, to}}
		if held[i] {
			r.Starts = append(r.Starts, Start{Class: i, Path: p})
		}
	}
}

// canUse tells whether somebody can act by a holding: who holds it, or a member of
// the group that does.
func (g *graph) canUse(h Holding) bool {
	if h.Kind != Group {
		return g.w.acts(h.Kind, h.Holder)
	}
	return slices.ContainsFunc(g.w.Groups[h.Holder].Members, func(user uint32) bool { return g.w.acts(User, user) })
}

func coverageOf(w *World) (c Coverage) {
	for _, e := range w.Environments {
		if e.Read {
			c.Read++
		} else {
			c.NotRead++
		}
	}
	known := map[pingone.ID]bool{}
	for i := range w.Roles {
		known[w.Roles[i].ID] = len(w.Roles[i].Permissions) > 0
	}
	for _, class := range w.Classes {
		if areaOf(class.Scope).kind == "" {
			c.UnknownScopes++
		}
		if !known[class.Role] && !slices.Contains(c.UnknownRoles, class.Role) {
			c.UnknownRoles = append(c.UnknownRoles, class.Role)
		}
	}
	return c
}

// gaps are what is not known, "" if nothing is.
func (c Coverage) gaps() (text string) {
	if c.NotRead > 0 {
		text = "; " + count(c.NotRead, "was not", "were not")
	}
	if n := len(c.UnknownRoles); n > 0 {
		text += "; the permissions of " + count(n, "role are", "roles are") + " not known"
	}
	if c.UnknownScopes > 0 {
		text += "; the scopes of " + count(c.UnknownScopes, "right are", "rights are") + " of a type that is not known"
	}
	return text
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", more)
}

// Headline says how many have a path, and never none without what was read.
func (r *Reach) Headline() string {
	c, all := r.Coverage, r.Can.All()
	if all == 0 {
		return "No path found in the " + count(c.Read, "environment that was read", "environments that were read") + c.gaps() + "."
	}
	text := fmt.Sprintf("%d more can become one of them: %d by documented rules", all, r.Can[Documented].All())
	for _, of := range []Confidence{Likely, Untested} {
		if n := r.Can[of]; n != nil {
			text += fmt.Sprintf(", %d %s", n.All(), of)
		}
	}
	return text + "."
}
