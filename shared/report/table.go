package report

import (
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// tableWidth fits the terminals that are narrowest in practice.
const tableWidth = 80

// Table writes the outcome, the reasons if the run is held, what the access means,
// a table of what was read and one of what was posted, and what could not be read, for a terminal
// of 80 columns without colour.
func Table(w io.Writer, r *Report) error {
	var b strings.Builder
	writeOutcome(&b, r)
	if r.Access != nil {
		b.WriteString("\n")
		for _, sentence := range r.Access.Sentences {
			writeWrapped(&b, sentence, "  ")
		}
	}
	if len(r.Collections) > 0 {
		b.WriteString("\n" + readTable(r) + "\n")
	}
	if len(r.Kinds) > 0 {
		b.WriteString("\n" + postedTable(r) + "\n")
	}
	writeNotes(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeOutcome(b *strings.Builder, r *Report) {
	writeWrapped(b, r.Headline(), "")
	for _, h := range r.Sweep.Held {
		b.WriteString("  - ")
		writeWrapped(b, string(h.Code)+": "+h.Text, "    ")
		b.WriteString("    ")
		writeWrapped(b, "To do: "+h.Do, "    ")
	}
	if r.Approve != "" {
		b.WriteString("  to approve: " + visible(r.Approve, "") + "\n")
	}
	for _, line := range r.approved() {
		writeWrapped(b, line, "")
	}
}

func newTable(columns ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.Options{SeparateHeader: true, SeparateFooter: true}
	t.Style().Box.PaddingLeft, t.Style().Box.PaddingRight = "", "  "
	t.Style().Format = table.FormatOptions{Header: text.FormatDefault, Footer: text.FormatDefault}
	t.AppendHeader(columns)
	var configs []table.ColumnConfig
	for i := 2; i <= len(columns); i++ {
		configs = append(configs, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	t.SuppressTrailingSpaces()
	return t
}

func readTable(r *Report) string {
	t := newTable("read from PingOne", "records", "pages", "calls", "retries", "carried", "time")
	for _, c := range r.Collections {
		t.AppendRow(table.Row{c.Name, Number(c.Records), Number(c.Pages), Number(c.Calls), Number(c.Retries), Number(c.Carried), elapsed(c.ElapsedMs)})
	}
	sum := r.Totals
	t.AppendFooter(table.Row{"all", Number(sum.Records), Number(sum.Pages), Number(sum.Calls), "", "", ""})
	return t.Render()
}

func postedTable(r *Report) string {
	t := newTable("posted to Authomize", "mapped", "posted", "accepted", "quarantine", "calls")
	for _, k := range r.Kinds {
		t.AppendRow(table.Row{KindName(k.Kind), Number(k.Mapped), Number(k.Posted), Number(k.Accepted), Number(k.QuarantinedTotal()), Number(k.Requests)})
	}
	sum := r.Totals
	t.AppendFooter(table.Row{"all", Number(sum.Mapped), Number(sum.Posted), Number(sum.Accepted), Number(sum.Quarantined), Number(sum.Requests)})
	return t.Render()
}

// maxLines is how many lines of a sort are shown in a terminal.
const maxLines = 10

// writeNotes tells of what the tables leave out.
func writeNotes(b *strings.Builder, r *Report) {
	var lines []string
	list := r.notRead()
	lines = append(lines, list[:min(len(list), maxLines)]...)
	if n := len(list) - maxLines; n > 0 {
		lines = append(lines, plural(int64(n), "more is", "more are")+" carried forward; the report has all")
	}
	if n := r.Totals.NeverRead; n > 0 {
		lines = append(lines, plural(n, "list was", "lists were")+" never read; their turn comes in the next runs")
	}
	if n := r.Totals.Gone; n > 0 {
		lines = append(lines, plural(n, "thing is", "things are")+" proven gone in PingOne; the report says which, and by which witness")
	}
	if n := r.goes(); n > 0 {
		lines = append(lines, "a sweep would delete "+plural(n, "record", "records")+"; the report says which")
	}
	var warned int64
	for _, w := range r.Warnings {
		warned += w.Count
	}
	if warned > 0 {
		lines = append(lines, plural(warned, "value was", "values were")+" new, malformed or absent; the report says which")
	}
	if len(lines) > 0 {
		b.WriteString("\n")
	}
	for _, line := range lines {
		writeWrapped(b, line, "  ")
	}
}

// writeWrapped writes s in lines that begin with the indent, but for the
// first one. s has no lines of its own: see visible.
func writeWrapped(b *strings.Builder, s, indent string) {
	for i, line := range strings.Split(text.WrapSoft(visible(s, ""), tableWidth-len(indent)), "\n") {
		if i > 0 {
			b.WriteString(indent)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
