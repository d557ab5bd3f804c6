package insight

import "strings"

// A Path is how somebody becomes one who controls the organization.
type Path struct {
	Confidence Confidence `json:"confidence"`
	Hops       []Hop      `json:"hops"` // at least one
	Ends       Held       `json:"ends"` // in tier zero
}

// A Hop is one step of a path.
type Hop struct {
	Rule   string `json:"rule"`
	Uses   []Held `json:"uses"`            // what it takes, of what the hops before gave
	Target Thing  `json:"target,omitzero"` // whose rights it gives; none: it assigns Gains, or changes a role
	Gains  Held   `json:"gains,omitzero"`  // where there is no target
}

// path is an actor's.
func (s *solution) path(actor uint32, w way) Path {
	p := Path{Confidence: w.confidence}
	for h := range s.hops(actor, w) {
		next := Hop{Rule: h.rule.ID}
		for _, at := range h.used {
			next.Uses = append(next.Uses, s.held(at))
		}
		if actor = h.next; h.kind == "" {
			next.Gains = s.held(s.actors.of(actor)[0])
		} else {
			next.Target = s.w.thing(h.kind, h.at)
		}
		p.Hops = append(p.Hops, next)
	}
	p.Ends = s.held(s.controlling(actor))
	return p
}

func (g *graph) held(at uint32) Held {
	r := g.rights[at]
	on := Thing{r.area.kind, r.area.id}
	if r.area.kind == Organization {
		on.ID = g.w.Organization.ID
	}
	return Held{r.role.id, on}
}

// Text is the path in one sentence: of whom it starts with, or of whoever holds
// what its first hop takes.
func (p *Path) Text(who Thing) Text {
	first := listHeld(p.Hops[0].Uses)
	var t Text
	switch who.Kind {
	case "":
		t = append(append(Text{words("Whoever holds ")}, first...), words(" can "))
	case Group:
		t = append(append(Text{words("members of "), name(who), words(" hold ")}, first...), words(", so they can "))
	case User:
		t = append(append(Text{name(who), words(" holds ")}, first...), words(", so this user can "))
	default:
		t = append(append(Text{name(who), words(" holds ")}, first...), words(", so it can "))
	}
	for i := range p.Hops {
		t = append(t, p.hop(i)...)
	}
	var ids []string
	for _, h := range p.Hops {
		ids = append(ids, h.Rule)
	}
	return append(t, words(" ("+strings.Join(ids, ", ")+", "+p.Confidence.String()+")"))
}

// hop says what one hop does, and what that leads to.
func (p *Path) hop(i int) Text {
	h := &p.Hops[i]
	rule := ruleOf(h.Rule)
	last := i == len(p.Hops)-1
	t := Text{words(rule.act + " ")}
	if h.Target.Kind == "" {
		gains := h.Gains.parts()
		if rule.then != "" {
			gains = append(Text{name(Thing{Role, h.Uses[0].Role})}, words(", "+rule.then))
		}
		if t = append(t, gains...); !last {
			t = append(t, words(", with which one can "))
		}
		return t
	}
	t = append(t, name(h.Target))
	pronoun, holds := ", which ", "holds "
	if h.Target.Kind == User {
		pronoun = ", who "
	}
	if last {
		if p.Ends.Role == organizationAdmin && h.Target.Kind == User {
			holds = "is "
		}
		return append(append(t, words(pronoun+holds)), p.Ends.parts()...)
	}
	t = append(append(t, words(pronoun+holds)), listHeld(p.Hops[i+1].Uses)...)
	return append(t, words(" and can "))
}

func ruleOf(id string) *Rule {
	for i := range Rules {
		if Rules[i].ID == id {
			return &Rules[i]
		}
	}
	return nil
}
