package report

import (
	"maps"
	"slices"
	"strconv"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"
)

func unreadSection(r *Report) g.Node {
	var rows g.Group
	for _, c := range r.Collections {
		for _, u := range c.Unread {
			rows = append(rows, unreadRow(c.Name, u))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return g.Group{
		h.H2(g.Text("What could not be read")),
		note(g.Text("PingOne refused these for good. What was not read is not taken for empty, so nothing is deleted while this lasts.")),
		scrollTable(head(texts("Collection", "Path", "Reply", "What to do")), h.TBody(rows)),
	}
}

func unreadRow(collection string, u Unread) g.Node {
	return h.Tr(
		rowHead(collection),
		h.Td(code(u.Path), g.If(u.Others != 0, below("and "+Number(u.Others)+" like it"))),
		h.Td(g.Text(strconv.Itoa(u.Status)+" "+u.Code),
			g.If(u.Message != "", below(u.Message)),
			g.If(u.CorrelationID != "", below("correlation id "+u.CorrelationID))),
		cell(u.Advice),
	)
}

func readSection(r *Report) g.Node {
	var rows g.Group
	var bytes int64
	for _, c := range r.Collections {
		bytes += c.Bytes
		rows = append(rows, h.Tr(rowHead(c.Name), numberCell(c.Records), numberCell(c.Pages), numberCell(c.Calls),
			rareCell(c.Retries), rareCell(c.Throttled), rareCell(c.Gone), badCell(len(c.Unread)), figureCell(size(c.Bytes)), figureCell(elapsed(c.ElapsedMs))))
	}
	sum := r.Totals
	foot := h.TFoot(h.Tr(rowHead("all"), numberCell(sum.Records), numberCell(sum.Pages), numberCell(sum.Calls),
		emptyCell(), emptyCell(), emptyCell(), numberCell(sum.Unread), figureCell(size(bytes)), emptyCell()))
	if len(rows) == 0 {
		rows, foot = g.Group{h.Tr(h.Td(h.ColSpan("10"), g.Text("None: the run ended before any collection was opened.")))}, nil
	}
	return g.Group{
		h.H2(g.Text("Read from PingOne")),
		note(g.Text("One row for each collection, over all invocations that read it. “Gone” were deleted in PingOne while the run read; that is normal.")),
		scrollTable(
			head(texts("Collection"), numbers("Records", "Pages", "Calls", "Retries", "Throttled", "Gone", "Unread", "Staged", "Time")),
			h.TBody(rows), foot,
		),
	}
}

func postedSection(r *Report) g.Node {
	var rows g.Group
	for _, k := range r.Kinds {
		rows = append(rows, h.Tr(rowHead(KindName(k.Kind)), numberCell(k.Mapped), numberCell(k.Posted), numberCell(k.Accepted), rareCell(k.Before),
			badCell(k.Shortfall), rareCell(k.Duplicates), badCell(k.QuarantinedTotal()), numberCell(k.Requests), figureCell(size(k.Bytes))))
	}
	sum := r.Totals
	foot := h.TFoot(h.Tr(rowHead("all"), numberCell(sum.Mapped), numberCell(sum.Posted), numberCell(sum.Accepted),
		emptyCell(), emptyCell(), emptyCell(), numberCell(sum.Quarantined), numberCell(sum.Requests), emptyCell()))
	if len(rows) == 0 {
		rows, foot = g.Group{h.Tr(h.Td(h.ColSpan("10"), g.Text("None.")))}, nil
	}
	return g.Group{
		h.H2(g.Text("Posted to Authomize")),
		note(g.Text("In this order. “Accepted” is what Authomize itself counted, by its receipts, and “before” the same of the run that this one is compared with."),
			g.If(r.DryRun, g.Text(" A dry run posts nothing: “mapped” is what would have been posted."))),
		scrollTable(
			head(texts("Kind"), numbers("Mapped", "Posted", "Accepted", "Before", "Shortfall", "Duplicates", "Quarantine", "Requests", "Size")),
			h.TBody(rows), foot,
		),
	}
}

func sweepSection(r *Report) g.Node {
	nodes := g.Group{h.H2(g.Text("Sweep")), h.P(g.Text(r.sweepText()))}
	if before := r.Sweep.ModifiedBefore; before != nil {
		nodes = append(nodes, note(g.Text("Asked to delete what was last posted before "+moment(*before)),
			g.If(r.Sweep.RequestID != "", g.Group{g.Text("; request "), code(r.Sweep.RequestID)}), g.Text(".")))
	}
	for _, gone := range r.Sweep.Gone {
		more := gone.Count - int64(len(gone.IDs))
		nodes = append(nodes, h.Details(
			h.Summary(g.Text(KindName(gone.Kind)+": "+Number(gone.Count))),
			h.Ul(h.Class("ids"), g.Map(gone.IDs, func(id string) g.Node { return h.Li(code(id)) })),
			g.If(more != 0, note(g.Text("and "+Number(more)+" more"))),
		))
	}
	return nodes
}

// quarantineOpen is how many records in quarantine are shown at once.
const quarantineOpen = 20

func quarantineSection(r *Report) g.Node {
	var rows g.Group
	for _, k := range r.Kinds {
		for _, reason := range slices.Sorted(maps.Keys(k.Quarantined)) {
			rows = append(rows, h.Tr(rowHead(KindName(k.Kind)), cell(reason), numberCell(k.Quarantined[reason])))
		}
	}
	title := h.H2(g.Text("Quarantine"))
	if len(rows) == 0 {
		return g.Group{title, h.P(g.Text("Empty: no record was held back or refused."))}
	}
	return g.Group{
		title,
		note(g.Text("Records that were held back or refused. They are not in Authomize as this run would have them.")),
		scrollTable(head(texts("Kind", "Reason"), numbers("Records")), h.TBody(rows)),
		g.If(len(r.Quarantine) > 0, h.Details(
			g.If(len(r.Quarantine) <= quarantineOpen, g.Attr("open")),
			h.Summary(g.Text("One by one")),
			scrollTable(head(texts("Kind", "Record", "Reason")), h.TBody(g.Map(r.Quarantine, quarantineRow))),
			g.If(r.Unlisted != 0, note(g.Text("and "+Number(r.Unlisted)+" more: of each kind and reason, the first 1,000 are listed"))),
		)),
	}
}

func quarantineRow(q Quarantined) g.Node {
	return h.Tr(
		rowHead(KindName(q.Kind)),
		h.Td(code(q.Key), g.If(q.Others != 0, below("and "+Number(q.Others)+" like it"))),
		cell(q.Reason),
	)
}

func rolesSection(r *Report) g.Node {
	if len(r.RoleCoverage) == 0 {
		return nil
	}
	row := func(c RoleCoverage) g.Node {
		oldest := "none"
		if !c.Oldest.IsZero() {
			oldest = c.Oldest.Format("2006-01-02 15:04 MST")
		}
		return h.Tr(cell(c.Environment.String()), figureCell(strconv.Itoa(c.Users)), figureCell(strconv.Itoa(c.Known)), cell(oldest))
	}
	return g.Group{
		h.H2(g.Text("Roles of users")),
		scrollTable(
			head(texts("environment"), numbers("users", "roles known"), texts("oldest reading")),
			h.TBody(g.Map(r.RoleCoverage, row)),
		),
	}
}

func warningsSection(r *Report) g.Node {
	title := h.H2(g.Text("Warnings"))
	if len(r.Warnings) == 0 {
		return g.Group{title, h.P(g.Text("None: every value was of a sort that is known."))}
	}
	row := func(warning string) g.Node {
		return h.Tr(cell(meaning(warning)), numberCell(r.Warnings[warning]))
	}
	return g.Group{
		title,
		note(g.Text("Values that were new, malformed or missing. The records were posted, mapped with care.")),
		scrollTable(
			head(texts("What was found, and what became of it"), numbers("Times")),
			h.TBody(g.Map(slices.Sorted(maps.Keys(r.Warnings)), row)),
		),
	}
}
