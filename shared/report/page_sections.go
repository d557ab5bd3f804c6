package report

import (
	"cmp"
	"maps"
	"slices"

	g "maragu.dev/gomponents"
	h "maragu.dev/gomponents/html"

	"pingone-authomize/shared/staging"
)

func carriedSection(r *Report) g.Node {
	if len(r.Carried) == 0 && r.Totals.NeverRead == 0 {
		return nil
	}
	return g.Group{
		h.H2(g.Text("Carried forward")),
		note(g.Text("What this run did not read is as it was read last. Nothing of it is deleted."),
			g.If(r.Totals.NeverRead > 0, g.Text(" "+plural(r.Totals.NeverRead, "list was", "lists were")+" never read; their turn comes in the next runs."))),
		g.If(len(r.Carried) > 0, scrollTable(head(texts("Why", "What"), numbers("Lists", "Records"), texts("Oldest reading", "What to do")),
			h.TBody(g.Map(r.Carried, carriedRow)))),
	}
}

func carriedRow(c Carried) g.Node {
	oldest := cell(minute(c.Oldest))
	switch {
	case c.Oldest.IsZero():
		oldest = cell("none")
	case c.Overdue:
		oldest = h.Td(h.Class("bad"), g.Text(minute(c.Oldest)))
	}
	return h.Tr(
		rowHead(string(c.Reason)),
		h.Td(g.Text(c.Text),
			g.If(c.Message != "", below(c.Message)),
			g.If(c.CorrelationID != "", below("correlation id "+c.CorrelationID)),
			idsDetails("keys", c.Lists, c.Keys)),
		numberCell(c.Lists), numberCell(c.Records), oldest, cell(c.Do),
	)
}

// witnessWords say what makes a thing gone.
var witnessWords = map[staging.Witness]string{
	staging.WitnessFeed: "the audit feed has the event", staging.WitnessRights: "404, with rights no narrower than before",
	staging.WitnessAnswer: "PingOne says that the tie is not direct any more", staging.WitnessEnd: "what it belongs to is gone",
}

func goneSection(r *Report) g.Node {
	if len(r.Gone) == 0 {
		return nil
	}
	row := func(w Witnessed) g.Node {
		by := cmp.Or(witnessWords[w.By], string(w.By))
		return h.Tr(rowHead(w.Collection), cell(w.Environment.String()), h.Td(g.Text(by), idsDetails("ids", w.Count, w.IDs)), numberCell(w.Count))
	}
	return g.Group{
		h.H2(g.Text("Gone in PingOne")),
		note(g.Text("What earlier runs read and PingOne does not hold any more, by what proves it.")),
		scrollTable(head(texts("Collection", "Environment", "Proof"), numbers("Things")), h.TBody(g.Map(r.Gone, row))),
	}
}

// idsDetails folds away a list of ids; nothing for none.
func idsDetails(title string, count int64, ids []string) g.Node {
	if len(ids) == 0 {
		return nil
	}
	more := count - int64(len(ids))
	return h.Details(
		h.Summary(g.Text(title)),
		h.Ul(h.Class("ids"), g.Map(ids, func(id string) g.Node { return h.Li(code(id)) })),
		g.If(more > 0, note(g.Text("and "+Number(more)+" more"))),
	)
}

func readSection(r *Report) g.Node {
	var rows g.Group
	var bytes int64
	for _, c := range r.Collections {
		bytes += c.Bytes
		rows = append(rows, h.Tr(rowHead(c.Name), numberCell(c.Records), numberCell(c.Pages), numberCell(c.Calls),
			rareCell(c.Retries, ""), rareCell(c.Throttled, ""), rareCell(c.Carried, ""), rareCell(c.Gone, ""),
			rareCell(c.NeverRead, bad), figureCell(size(c.Bytes)), figureCell(elapsed(c.ElapsedMs))))
	}
	sum := r.Totals
	foot := h.TFoot(h.Tr(rowHead("all"), numberCell(sum.Records), numberCell(sum.Pages), numberCell(sum.Calls),
		h.Td(), h.Td(), h.Td(), numberCell(sum.Gone), numberCell(sum.NeverRead), figureCell(size(bytes)), h.Td()))
	if len(rows) == 0 {
		rows, foot = g.Group{h.Tr(h.Td(h.ColSpan("11"), g.Text("None: the run ended before any collection was opened.")))}, nil
	}
	return g.Group{
		h.H2(g.Text("Read from PingOne")),
		note(g.Text("One row for each collection, over all invocations that read it.")),
		scrollTable(
			head(texts("Collection"), numbers("Records", "Pages", "Calls", "Retries", "Throttled", "Carried", "Gone", "Never read", "Staged", "Time")),
			h.TBody(rows), foot,
		),
	}
}

func postedSection(r *Report) g.Node {
	var rows g.Group
	for _, k := range r.Kinds {
		rows = append(rows, h.Tr(rowHead(KindName(k.Kind)), numberCell(k.Mapped), numberCell(k.Posted), numberCell(k.Accepted), rareCell(k.Before, ""),
			rareCell(k.Shortfall, bad), rareCell(k.Duplicates, ""), rareCell(k.QuarantinedTotal(), bad), numberCell(k.Requests), figureCell(size(k.Bytes))))
	}
	sum := r.Totals
	foot := h.TFoot(h.Tr(rowHead("all"), numberCell(sum.Mapped), numberCell(sum.Posted), numberCell(sum.Accepted),
		h.Td(), h.Td(), h.Td(), numberCell(sum.Quarantined), numberCell(sum.Requests), h.Td()))
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
	nodes := g.Group{h.H2(g.Text("Sweep")), h.P(g.Text(r.ending().sweep))}
	if before := r.Sweep.ModifiedBefore; before != nil {
		nodes = append(nodes, note(g.Text("Asked to delete what was last posted before "+moment(*before)),
			g.If(r.Sweep.RequestID != "", g.Group{g.Text("; request "), code(r.Sweep.RequestID)}), g.Text(".")))
	}
	for _, gone := range r.Sweep.Gone {
		nodes = append(nodes, idsDetails(KindName(gone.Kind)+": "+Number(gone.Count), gone.Count, gone.IDs))
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

func warningsSection(r *Report) g.Node {
	title := h.H2(g.Text("Warnings"))
	if len(r.Warnings) == 0 {
		return g.Group{title, h.P(g.Text("None: every value was of a sort that was seen before."))}
	}
	row := func(w Warning) g.Node {
		return h.Tr(h.Td(g.Text(meaning(w.Code)), idsDetails("ids", w.Count, w.IDs)), numberCell(w.Count))
	}
	return g.Group{
		title,
		note(g.Text("Values that were new, malformed or absent. The records were posted, mapped with care.")),
		scrollTable(head(texts("What was found, and what became of it"), numbers("Times")), h.TBody(g.Map(r.Warnings, row))),
	}
}
