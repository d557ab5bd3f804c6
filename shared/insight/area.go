package insight

import "pingone-authomize/shared/pingone"

// An area is a scope, as far as the rules know its type. What covers something
// covers all that is in it: the organization its environments, an environment its
// populations, groups and applications. A population covers groups of its own
// only, and a group nothing but its members.
type area struct {
	kind Kind // "": nothing; the organization's id is zero
	id   pingone.ID
}

// places are the environments of what a scope may be.
type places struct {
	environments map[pingone.ID]pingone.ID // of a population, application or group
	populations  map[pingone.ID]pingone.ID // of a group
}

func placesOf(w *World) places {
	p := places{map[pingone.ID]pingone.ID{}, map[pingone.ID]pingone.ID{}}
	for _, e := range w.Populations {
		p.environments[e.ID] = e.Environment
	}
	for _, h := range w.Homes {
		p.environments[h.Population] = h.Environment
	}
	for _, c := range w.Clients {
		p.environments[c.ID] = c.Environment
	}
	for _, e := range w.Groups {
		p.environments[e.ID], p.populations[e.ID] = e.Environment, e.Population
	}
	return p
}

// areaOf is nothing for a type that is not known, and for an id that was malformed.
func areaOf(s Scope) area {
	if s.Type == "ORGANIZATION" {
		return area{kind: Organization}
	}
	if s.ID.IsZero() {
		return area{}
	}
	switch s.Type {
	case "ENVIRONMENT":
		return area{Environment, s.ID}
	case "POPULATION":
		return area{Population, s.ID}
	case "APPLICATION":
		return area{Application, s.ID}
	case "GROUP":
		return area{Group, s.ID}
	}
	return area{}
}

// environment is the one that an area is in, zero where there is none or more.
func (p *places) environment(a area) pingone.ID {
	if a.kind == Environment {
		return a.id
	}
	return p.environments[a.id]
}

// covers tells whether all of b is in a.
func (p *places) covers(a, b area) bool {
	switch {
	case a.kind == "" || b.kind == "":
		return false
	case a.kind == Organization || a == b:
		return true
	case a.kind == Environment:
		return b.kind != Organization && p.environment(b) == a.id
	}
	return a.kind == Population && b.kind == Group && p.populations[b.id] == a.id
}

// meet is what two areas share; where they overlap otherwise, nothing is known.
func (p *places) meet(a, b area) area {
	switch {
	case p.covers(a, b):
		return b
	case p.covers(b, a):
		return a
	}
	return area{}
}

// touches tells whether an area is in an environment, or all of it.
func (p *places) touches(a area, environment pingone.ID) bool {
	return a.kind == Organization || !environment.IsZero() && p.environment(a) == environment
}

// coversHome tells whether users of a home are in an area. Members of a group are
// told otherwise.
func (a area) coversHome(h Home) bool {
	switch a.kind {
	case Organization:
		return true
	case Environment:
		return a.id == h.Environment
	case Population:
		return a.id == h.Population
	}
	return false
}
