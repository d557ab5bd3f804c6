package report

import (
	"cmp"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"pingone-authomize/shared/insight"
)

// accessSection says what the access means: who controls the organization, and
// what an administrator should look at.
func accessSection(r *Report) g.Node {
	a := r.Access
	if a == nil {
		return nil
	}
	return g.Group{
		h.H2(g.Text("What the access means")),
		h.Ul(g.Map(a.Sentences, func(s string) g.Node { return h.Li(g.Text(s)) })),
		g.If(len(a.TierZero) > 0, g.Group{
			h.H3(g.Text("Who controls the organization")),
			scrollTable(head(texts("Who", "Kind", "Holds", "Can act")), h.TBody(g.Map(a.TierZero, principalRow))),
			g.If(len(a.TierZero) == maxTierZero, note(g.Text("The first 200 are listed."))),
		}),
		h.H3(g.Text("What to look at")),
		scrollTable(head(texts("Check", "State", "What was found"), numbers("Findings")), h.TBody(g.Map(a.Checks, checkRow))),
	}
}

func principalRow(p Principal) g.Node {
	acts := "yes"
	if !p.Acts {
		acts = "no"
	}
	return h.Tr(rowHead(cmp.Or(p.Name, p.ID.String())), cell(string(p.Kind)), cell(p.Holds), cell(acts))
}

func checkRow(c Check) g.Node {
	state := cell(string(c.State))
	if c.State == insight.Found {
		state = h.Td(h.Class("bad"), g.Text(string(c.State)))
	}
	return h.Tr(
		h.Th(h.Scope("row"), g.Text(c.Check+" "), below(c.Title)), state,
		h.Td(
			g.If(c.Reason != "", quiet(c.Reason)),
			g.If(len(c.Findings) > 0, h.Ul(g.Map(c.Findings, findingItem))),
			g.If(c.Count > len(c.Findings), quiet("and "+Number(int64(c.Count-len(c.Findings)))+" more, in findings.json")),
		), numberCell(int64(c.Count)),
	)
}

func findingItem(f Finding) g.Node {
	return h.Li(h.Strong(g.Text(f.Severity)), g.Text(": "+f.Text+". "), quietCode(f.ID),
		g.If(f.State == insight.Accepted, quiet(f.accepted())),
		below("To do: "+strings.TrimSuffix(f.Do, ".")+"."))
}
