package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"strings"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"pingone-authomize/shared/sweep"
)

//go:embed page.css
var pageStyle string

// pageMeta forbids the page everything but its own style, should a value get
// past the escaping.
const pageMeta = `<meta charset="utf-8">

<meta name="viewport" content="width=device-width, initial-scale=1">

<meta name="referrer" content="no-referrer">

<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`

// Page renders r as one HTML page that needs nothing beside it: no script,
// no link, no font. All text of the report is escaped.
//
// Values go through g.Text and attributes, which escape them; g.Raw is for
// what is fixed. The scheme of a link would not be looked at, so there is none.
// What escaping for HTML leaves, visible takes care of.
func Page(r *Report) ([]byte, error) {
	title := pageTitle(r)
	var out bytes.Buffer
	err := h.Doctype(h.HTML(h.Lang("en"),
		h.Head(g.Raw(pageMeta), h.TitleEl(g.Text(title+": "+r.Run)), h.StyleEl(g.Raw(pageStyle))),
		h.Body(h.Main(
			header(r, title), outcomeSection(r), accessSection(r), figures(r), runSection(r), carriedSection(r), goneSection(r), readSection(r), postedSection(r),
			sweepSection(r), quarantineSection(r), warningsSection(r),
			h.Footer(g.Text("report.json beside this page holds the same for programs.")),
		)),
	)).Render(&out)
	if err != nil {
		return nil, fmt.Errorf("render report of run %s: %w", r.Run, err)
	}
	return []byte(visible(out.String(), "\t\n")), nil
}

func pageTitle(r *Report) string {
	if o := r.Organization; o != nil {
		return "Access sync of " + cmp.Or(o.Name, o.ID.String())
	}
	return "Access sync"
}

func header(r *Report, title string) g.Node {
	return h.Header(
		h.H1(g.Text(title)),
		h.P(h.Class("quiet"), g.Text("Run "+r.Run+", from PingOne to Authomize"),
			g.If(r.DryRun, g.Group{g.Text(" "), h.Span(h.Class("dry"), g.Text("dry run"))})),
	)
}

var stateNames = map[State]string{Waiting: "Waiting", Done: "Done", Held: "Held for a person", Failed: "Failed"}

func outcomeSection(r *Report) g.Node {
	return h.Section(h.Class("state "+string(r.State)),
		h.Strong(g.Text(cmp.Or(stateNames[r.State], string(r.State)))),
		h.P(g.Text(r.ending().long)),
		g.If(r.Error != "", h.P(code(r.Error))),
		g.If(len(r.Sweep.Held) > 0, h.Ul(g.Map(r.Sweep.Held, r.heldItem))),
		g.Map(r.approved(), func(line string) g.Node { return h.P(g.Text(line)) }),
	)
}

// heldItem is a reason, what to do first, and the command that overrules it.
func (r *Report) heldItem(reason sweep.Reason) g.Node {
	next := r.next(&reason)
	return h.Li(code(string(reason.Code)), g.Text(": "+reason.Text+"."), below("To do: "+reason.Do+"."),
		g.If(next != "", g.Group{h.Br(), quiet("To approve: "), code(next)}),
		idsDetails(plural(reason.Count, "id", "ids"), reason.Count, reason.IDs),
	)
}

func figures(r *Report) g.Node {
	figure := func(name string, n int64) g.Node { return h.Div(h.Dt(g.Text(name)), h.Dd(g.Text(Number(n)))) }
	return h.Dl(h.Class("figures"),
		figure("Read from PingOne", r.Totals.Records),
		figure("Mapped to records", r.Totals.Mapped),
		figure("Posted to Authomize", r.Totals.Posted),
		figure("In quarantine", r.Totals.Quarantined),
		figure("Could not be read anew", r.Totals.Carried),
		figure("Gone in PingOne", r.Totals.Gone),
	)
}

func runSection(r *Report) g.Node {
	fact := func(name string, value ...g.Node) g.Node { return h.Tr(rowHead(name), h.Td(value...)) }
	organization := func() g.Node {
		return fact("Organization", g.Text(r.Organization.Name+" "), quietCode(r.Organization.ID.String()))
	}
	return g.Group{
		h.H2(g.Text("The run")),
		scrollTable(h.Class("facts"),
			g.Iff(r.Organization != nil, organization),
			fact("Environments", environments(r.Environments)),
			fact("Authomize app", code(r.AppID), g.Text(" at "+strings.TrimPrefix(r.Settings.AuthomizeURL, "https://"))),
			fact("Settings", g.Text(r.Settings.text())),
			g.If(r.Program != "", fact("Program", quietCode("sha256:"+r.Program))),
			fact("Transform began", g.Text(moment(r.StartedAt))),
			fact("Transform ended", g.Text(moment(r.FinishedAt)+" "), quiet("(after "+elapsed(r.ElapsedMs)+")")),
		),
	}
}

func environments(all []Environment) g.Node {
	if len(all) == 0 {
		return g.Text("none")
	}
	var nodes g.Group
	for i, e := range all {
		if i > 0 {
			nodes = append(nodes, h.Br())
		}
		name := g.Text(e.Name)
		switch {
		case e.Name != "":
		case e.Read:
			name = quiet("without a name")
		default:
			name = quiet("only referred to by a role")
		}
		nodes = append(nodes, name, g.Text(" "), quietCode(e.ID.String()))
	}
	return nodes
}
