package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// tableWidth fits the terminals that are narrowest in practice.
const tableWidth = 80

// Table writes the outcome, the reasons if the sweep is held back, and a
// table of what was read and one of what was posted, for a terminal of 80
// columns without colour.
func Table(w io.Writer, r *Report) error {
	var b strings.Builder
	writeOutcome(&b, r)
	if len(r.Collections) > 0 {
		b.WriteString("\n" + readTable(r) + "\n")
	}
	if len(r.Kinds) > 0 {
		b.WriteString("\n" + postedTable(r) + "\n")
	}
	writeCoverage(&b, r)
	writeNotes(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeOutcome(b *strings.Builder, r *Report) {
	writeWrapped(b, r.Headline(), "")
	for _, reason := range r.Sweep.Held {
		b.WriteString("  - ")
		writeWrapped(b, reason, "    ")
	}
}

// writeCoverage says of how many users the roles are known.
func writeCoverage(b *strings.Builder, r *Report) {
	if users, known, oldest := r.Coverage(); users > 0 {
		since := "none read yet"
		if !oldest.IsZero() {
			since = "the oldest reading " + elapsed(r.StartedAt.Sub(oldest).Milliseconds()) + " old"
		}
		fmt.Fprintf(b, "\nroles known of %s of %s users, %s\n", Number(known), Number(users), since)
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
	t := newTable("read from PingOne", "records", "pages", "calls", "retries", "unread", "time")
	for _, c := range r.Collections {
		t.AppendRow(table.Row{c.Name, Number(c.Records), Number(c.Pages), Number(c.Calls), Number(c.Retries), len(c.Unread), elapsed(c.ElapsedMs)})
	}
	sum := r.Totals
	t.AppendFooter(table.Row{"all", Number(sum.Records), Number(sum.Pages), Number(sum.Calls), "", Number(sum.Unread), ""})
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

// QuarantinedTotal sums up a kind's quarantine.
func (k Kind) QuarantinedTotal() int64 {
	var n int64
	for _, count := range k.Quarantined {
		n += count
	}
	return n
}

// writeNotes tells of what the tables leave out.
func writeNotes(b *strings.Builder, r *Report) {
	short := r.approvedShort()
	if r.gone() > 0 || len(r.Warnings) > 0 || len(short) > 0 {
		b.WriteString("\n")
	}
	for _, line := range short {
		writeWrapped(b, line, "")
	}
	if n := r.gone(); n > 0 {
		verb := "not seen any more, and kept"
		if r.Sweep.Swept {
			verb = "gone and deleted by the sweep"
		}
		var kinds []string
		for _, g := range r.Sweep.Gone {
			kinds = append(kinds, KindName(g.Kind)+" "+Number(g.Count))
		}
		writeWrapped(b, fmt.Sprintf("%s %s: %s", plural(n, "record", "records"), verb, strings.Join(kinds, ", ")), "")
	}
	var warned int64
	for _, n := range r.Warnings {
		warned += n
	}
	if warned > 0 {
		writeWrapped(b, plural(warned, "value was", "values were")+" new, malformed or missing; the report says which", "")
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
