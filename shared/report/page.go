package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"time"
)

//go:embed page.html.tmpl
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"num": Number[int64], "int": Number[int], "size": size, "elapsed": elapsed, "kind": KindName, "meaning": meaning,
	"at":  func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") },
	"sub": func(a int64, b int) int64 { return a - int64(b) },
}).Parse(pageSource))

// Page renders r as one HTML page that needs nothing beside it: no script,
// no link, no font. All text of the report is escaped.
func Page(r *Report) ([]byte, error) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, newView(r)); err != nil {
		return nil, fmt.Errorf("render report of run %s: %w", r.Run, err)
	}
	return out.Bytes(), nil
}

// view is a report as the page shows it.
type view struct {
	*Report
	Title, StateName, Explain, SweepText string
	Organization                         string
	Unread                               []unreadRow
	Reasons                              []reasonRow
	Quarantined                          int64
	Gone                                 int64
	SumBytes                             int64
}

type unreadRow struct {
	Collection string
	Unread
}

type reasonRow struct {
	Kind, Reason string
	Count        int64
}

var stateNames = map[State]string{Waiting: "Waiting", Done: "Done", Held: "Held for a person", Failed: "Failed"}

func newView(r *Report) view {
	v := view{
		Report: r, Title: "Access sync", StateName: string(r.State), Explain: r.explain(), SweepText: r.sweepText(),
		Quarantined: r.Totals.Quarantined, Gone: r.gone(),
	}
	if name, ok := stateNames[r.State]; ok {
		v.StateName = name
	}
	if o := r.Organization; o != nil {
		v.Organization = cmp.Or(o.Name, o.ID.String())
		v.Title += " of " + v.Organization
	}
	for _, c := range r.Collections {
		v.SumBytes += c.Bytes
		for _, u := range c.Unread {
			v.Unread = append(v.Unread, unreadRow{c.Name, u})
		}
	}
	for _, k := range r.Kinds {
		for _, reason := range slices.Sorted(maps.Keys(k.Quarantined)) {
			v.Reasons = append(v.Reasons, reasonRow{KindName(k.Kind), reason, k.Quarantined[reason]})
		}
	}
	return v
}
