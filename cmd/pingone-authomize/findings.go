package main

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A grade says how bad a finding is.
type grade string

const (
	ok      grade = "ok"
	warning grade = "warning" // worth knowing
	fault   grade = "fault"   // something has to be set or granted
)

// finding is a line of the table.
type finding struct {
	Check       string `json:"check"`
	Environment string `json:"environment,omitzero"`
	State       grade  `json:"state"`
	Detail      string `json:"detail"`
	// Follows is the setting that follows from a probe, or what else to do.
	Follows string `json:"follows,omitzero"`
}

// text is the detail and what follows.
func (f finding) text() string {
	if f.Follows == "" {
		return f.Detail
	}
	return f.Detail + "; follows: " + f.Follows
}

// findings are what a check found.
type findings struct{ all []finding }

// add notes what is about no environment.
func (f *findings) add(g grade, check, detail string) {
	f.all = append(f.all, finding{Check: check, State: g, Detail: detail})
}

// fault is the first one; "" where all is good.
func (f *findings) fault() string {
	for _, one := range f.all {
		if one.State == fault {
			return one.Check + ": " + one.Detail
		}
	}
	return ""
}

// detailWidth keeps the table within a wide terminal.
const detailWidth = 90

// show writes the table, or JSON.
func (f *findings) show(w world, asJSON bool) error {
	if asJSON {
		out, err := json.Marshal(struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{f.fault() == "", f.all}, jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s\n", out)
		return err
	}
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder, t.Style().Options.SeparateColumns = false, false
	t.Style().Format.Header = text.FormatDefault
	t.AppendHeader(table.Row{"check", "state", "detail"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 3, WidthMax: detailWidth, WidthMaxEnforcer: text.WrapSoft}})
	environment := ""
	for _, one := range f.all {
		if one.Environment != environment && one.Environment != "" {
			t.AppendRow(table.Row{"environment " + one.Environment, "", ""})
		}
		environment = one.Environment
		name := one.Check
		if environment != "" {
			name = "  " + name
		}
		t.AppendRow(table.Row{name, one.State, one.text()})
	}
	_, err := fmt.Fprintf(w.Stdout, "%s\n", t.Render())
	return err
}

// failed is the answer to a question whose request failed.
func failed(err error) finding {
	return finding{State: warning, Detail: fmt.Sprintf("a request failed: %v", err), Follows: "repeat the probe"}
}
