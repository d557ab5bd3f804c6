package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"pingone-authomize/shared/report"
)

// write writes the results as tables.
func write(w io.Writer, r *result) {
	s := r.Size
	fmt.Fprintf(w, "%s, %d cores, %s of memory, %s\n", r.Machine.CPU, r.Machine.Cores, mebibytes(r.Machine.MemoryBytes), r.Machine.Go)
	fmt.Fprintf(w, "%s users in %d populations, %s groups (the largest of %s), %d memberships a user, %s users with a role\n",
		number(s.Users), s.Populations, number(s.Groups), number(s.Largest), s.Memberships, number(s.Holders))
	fmt.Fprintf(w, "pace %s, latency %d ms, staged in %s, load at the start %s\n\n", pace(r.Pace), r.LatencyMs, r.Staging, r.Machine.Load)
	fetches(w, r)
	transforms(w, r)
	if r.Later != nil {
		laterTable(w, r.Later)
	}
	if len(r.Paced) > 0 {
		pacedTable(w, r)
	}
	if len(r.Binaries) > 0 {
		binaries(w, r)
	}
	verdict(w, r)
}

func pace(p float64) string {
	if p == 0 {
		return "each function's default"
	}
	return fmt.Sprintf("%g/s", p)
}

func fetches(w io.Writer, r *result) {
	t := newTable("Collection", "Calls", "Bound", "Ratio", "Records", "Seconds", "CPU s", "Peak", "Inv.", "Objects", "Staged", "Raw", "S3")
	var sum fetched
	for _, f := range r.Fetch {
		t.AppendRow(table.Row{
			f.Collection, number(f.Calls), number(f.Bound), ratio(f), number(f.Records), seconds(f.Wall), seconds(f.CPU),
			mebibytes(f.PeakBytes), f.Invocations, number(f.Objects), megabytes(f.Bytes), megabytes(f.RawBytes), requests(f.S3),
		})
		sum.Calls, sum.Bound, sum.Records = sum.Calls+f.Calls, sum.Bound+f.Bound, sum.Records+f.Records
		sum.CPU, sum.Objects = sum.CPU+f.CPU, sum.Objects+f.Objects
		sum.Bytes, sum.RawBytes = sum.Bytes+f.Bytes, sum.RawBytes+f.RawBytes
	}
	t.AppendFooter(table.Row{
		"all", number(sum.Calls), number(sum.Bound), ratio(sum), number(sum.Records), seconds(r.FetchWall), seconds(sum.CPU),
		"", "", number(sum.Objects), megabytes(sum.Bytes), megabytes(sum.RawBytes), "",
	})
	fmt.Fprintf(w, "%s\n\n", t.Render())
}

func ratio(f fetched) string {
	if f.Bound == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", float64(f.Calls)/float64(f.Bound))
}

func transforms(w io.Writer, r *result) {
	t := newTable("Transform, one core", "Records", "Requests", "Seconds", "CPU s", "Records/s", "Peak", "Inv.", "S3")
	x := r.Transform
	t.AppendRow(table.Row{
		x.State, report.Number(x.Records), number(x.Requests), seconds(x.Wall), seconds(x.CPU), report.Number(int64(x.perSecond())),
		mebibytes(x.PeakBytes), x.Invocations, requests(x.S3),
	})
	fmt.Fprintf(w, "%s\n\n", t.Render())
}

func laterTable(w io.Writer, l *later) {
	t := newTable("A later run", "Calls", "Records", "Seconds", "CPU s", "Peak", "S3")
	for _, f := range l.Fetch {
		t.AppendRow(table.Row{f.Collection, number(f.Calls), number(f.Records), seconds(f.Wall), seconds(f.CPU), mebibytes(f.PeakBytes), requests(f.S3)})
	}
	x := l.Transform
	t.AppendRow(table.Row{"transform", "", report.Number(x.Records), seconds(x.Wall), seconds(x.CPU), mebibytes(x.PeakBytes), requests(x.S3)})
	fmt.Fprintf(w, "%s\n%s s after the first run: by age it is the turn of %s of the principals' roles\n\n", t.Render(), seconds(l.After), number(l.Share))
}

func pacedTable(w io.Writer, r *result) {
	t := newTable("At PingOne's speed", "Calls", "Pace", "Latency", "Calls ÷ pace", "Seconds", "Ratio")
	for _, p := range r.Paced {
		t.AppendRow(table.Row{
			p.Collection, number(p.Calls), pace(p.Pace), fmt.Sprintf("%d ms", p.LatencyMs), seconds(p.floor()), seconds(p.Wall), fmt.Sprintf("%.3f", p.ratio()),
		})
	}
	fmt.Fprintf(w, "%s\n\n", t.Render())
}

func binaries(w io.Writer, r *result) {
	t := newTable("Function, arm64", "Binary", "Zip", "Init, median")
	for _, a := range r.Binaries {
		t.AppendRow(table.Row{a.Function, megabytes(a.Bytes), megabytes(a.ZipBytes), fmt.Sprintf("%.1f ms", a.InitMs)})
	}
	fmt.Fprintf(w, "%s\n\n", t.Render())
}

func verdict(w io.Writer, r *result) {
	t := newTable("Bar", "Limit", "Measured", "")
	for _, b := range r.Bars {
		mark := "met"
		if !b.Pass {
			mark = "NOT met"
		}
		t.AppendRow(table.Row{b.Name, b.Limit, b.Got, mark})
	}
	fmt.Fprintf(w, "%s\n\n", t.Render())
}

func newTable(columns ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.Options{SeparateHeader: true, SeparateFooter: true}
	t.Style().Format = table.FormatOptions{Header: text.FormatDefault, Footer: text.FormatDefault}
	t.AppendHeader(columns)
	var configs []table.ColumnConfig
	for i := 2; i <= len(columns); i++ {
		configs = append(configs, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
	return t
}

func number(n int) string { return report.Number(int64(n)) }

func seconds(s float64) string { return fmt.Sprintf("%.2f", s) }

func requests(by map[string]int) string {
	var parts []string
	for _, method := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, fmt.Sprintf("%d %s", by[method], method))
	}
	return strings.Join(parts, ", ")
}
