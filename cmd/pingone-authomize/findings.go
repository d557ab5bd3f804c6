package main

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// A grade says how bad a finding is.
type grade string

const (
	ok      grade = "ok"
	warning grade = "warning" // worth knowing; a run works
	missing grade = "missing" // a run works; without this right or record it shows less
	fault   grade = "fault"   // no run works
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

// areGood tells whether a run would work and could sweep.
func (f *findings) areGood() bool {
	return !slices.ContainsFunc(f.all, func(one finding) bool { return one.State == missing || one.State == fault })
}

// detailWidth keeps the table within a wide terminal.
const detailWidth = 90

// show writes the table, or JSON.
func (f *findings) show(w world, asJSON bool) error {
	if asJSON {
		out, err := json.Marshal(struct {
			OK     bool      `json:"ok"`
			Checks []finding `json:"checks"`
		}{f.areGood(), f.all}, jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
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

// maxSkew is how far this machine's clock may be from an API's.
const maxSkew = time.Minute

// clock is a transport that compares this machine's time with that of replies.
type clock struct {
	http.RoundTripper
	mu   sync.Mutex
	skew time.Duration // of the last reply; positive: this machine is ahead
	seen bool
}

// RoundTrip implements http.RoundTripper.
func (c *clock) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Now()
	resp, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		// Halfway between request and reply; a Date has whole seconds.
		c.skew, c.seen = sent.Add(time.Since(sent)/2).Sub(at.Add(time.Second/2)), true
	}
	return resp, nil
}

// judge adds what the replies said.
func (c *clock) judge(f *findings, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	way := "ahead"
	if c.skew < 0 {
		way = "behind"
	}
	switch {
	case !c.seen:
		f.add(warning, name, "no reply named its time")
	case c.skew.Abs() > maxSkew:
		f.add(warning, name, fmt.Sprintf("this machine is %s %s: set its clock, or ages and times in reports are wrong", c.skew.Abs().Round(time.Second), way))
	default:
		f.add(ok, name, "agrees with this machine's")
	}
}
