package report

import (
	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func code(s string) g.Node { return h.Code(g.Text(s)) }

func quietCode(s string) g.Node { return h.Code(h.Class("quiet"), g.Text(s)) }

func quiet(s string) g.Node { return h.Span(h.Class("quiet"), g.Text(s)) }

// below is a quiet line under what stands in a cell.
func below(s string) g.Node { return g.Group{h.Br(), quiet(s)} }

// note is a quiet paragraph.
func note(children ...g.Node) g.Node { return h.P(h.Class("quiet"), g.Group(children)) }

// scrollTable is one that scrolls by itself where the window is narrow.
func scrollTable(children ...g.Node) g.Node { return h.Div(h.Class("scroll"), h.Table(children...)) }

// head is the head of a table: texts and numbers tell its columns.
func head(columns ...g.Node) g.Node { return h.THead(h.Tr(columns...)) }

func texts(names ...string) g.Node {
	return g.Map(names, func(name string) g.Node { return h.Th(g.Text(name)) })
}

func numbers(names ...string) g.Node {
	return g.Map(names, func(name string) g.Node { return h.Th(h.Class("n"), g.Text(name)) })
}

func rowHead(s string) g.Node { return h.Th(h.Scope("row"), g.Text(s)) }

func cell(s string) g.Node { return h.Td(g.Text(s)) }

// figureCell is a cell with a number, or with a quantity in words.
func figureCell(s string) g.Node { return h.Td(h.Class("n"), g.Text(s)) }

func numberCell[N int | int64](n N) g.Node { return figureCell(Number(n)) }

// bad marks a number that ought to be 0.
const bad = " bad"

// rareCell is a number that is usually 0, and shows less then; class is for
// others.
func rareCell(n int64, class string) g.Node {
	if n == 0 {
		class = " zero"
	}
	return h.Td(h.Class("n"+class), g.Text(Number(n)))
}
