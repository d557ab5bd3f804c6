package insight

import (
	"strings"

	"pingone-authomize/shared/pingone"
)

// Names are the names of things by their ids. [World.Names] has all but those of
// users, which a caller adds for what [Text.Things] lists.
type Names map[pingone.ID]string

// Names are those of all things in the world but users.
func (w *World) Names() Names {
	n := Names{w.Organization.ID: w.Organization.Name}
	for _, e := range w.Environments {
		n[e.ID] = e.Name
	}
	for _, e := range w.Populations {
		n[e.ID] = e.Name
	}
	for i := range w.Roles {
		n[w.Roles[i].ID] = w.Roles[i].Name
	}
	for i := range w.Groups {
		n[w.Groups[i].ID] = w.Groups[i].Name
	}
	for _, e := range w.Clients {
		n[e.ID] = e.Name
	}
	for _, e := range w.Applications {
		n[e.ID] = e.Name
	}
	for _, e := range w.Gateways {
		n[e.ID] = e.Name
	}
	return n
}

// A Part of a text is words, or a thing to be named.
type Part struct {
	Words string `json:"words,omitzero"`
	Thing Thing  `json:"thing,omitzero"`
}

// A Text is a sentence whose names are put in where it is shown: who shows it
// decides whether people are named.
type Text []Part

func words(s string) Part { return Part{Words: s} }

func name(t Thing) Part { return Part{Thing: t} }

// Things are what the text names, in its order.
func (t Text) Things() (all []Thing) {
	for _, p := range t {
		if p.Thing.Kind != "" {
			all = append(all, p.Thing)
		}
	}
	return all
}

// String is the text with names; without a name with the kind and id.
func (t Text) String(names Names) string {
	var b strings.Builder
	for _, p := range t {
		switch id := p.Thing.ID; {
		case p.Thing.Kind == "":
			b.WriteString(p.Words)
		case p.Thing.Kind == Organization:
			b.WriteString("the organization")
		case names[id] == "":
			b.WriteString(string(p.Thing.Kind) + " " + id.String())
		case p.Thing.Kind == User || p.Thing.Kind == Role:
			b.WriteString(names[id])
		default:
			b.WriteString(string(p.Thing.Kind) + " " + names[id])
		}
	}
	return b.String()
}

// Held is a role on something.
type Held struct {
	Role pingone.ID `json:"role"` // zero: every permission
	On   Thing      `json:"on"`
}

// parts name what is held. Organization Admin has no scope but the one.
func (h Held) parts() Text {
	switch h.Role {
	case pingone.ID{}:
		return Text{words("every permission on "), name(h.On)}
	case organizationAdmin:
		return Text{name(Thing{Role, h.Role})}
	}
	return Text{name(Thing{Role, h.Role}), words(" on "), name(h.On)}
}

// String is what is held, with names.
func (h Held) String(names Names) string { return h.parts().String(names) }

func listHeld(all []Held) (t Text) {
	for i, h := range all {
		if i > 0 {
			t = append(t, words(" and "))
		}
		t = append(t, h.parts()...)
	}
	return t
}
