package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// estimate says what a run would cost. Finding out costs some calls itself.
func estimate(ctx context.Context, w world, run staging.RunID, s settings, store staging.Store) error {
	t := table.NewWriter()
	t.SetOutputMirror(w.Stdout)
	t.SetStyle(table.StyleLight)
	t.Style().Options.DrawBorder, t.Style().Options.SeparateColumns = false, false
	t.AppendHeader(table.Row{"collection", "calls", "pace", "takes"})
	t.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight}, {Number: 3, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}})
	var calls int64
	takes := map[pingone.RateGroup]time.Duration{} // what shares a limit takes turns
	atLeast, devices := "", ""
	pacers := s.pacers()
	for _, c := range staging.Collections {
		f := assemble.Fetcher{Settings: s.fetch[c], Collection: c, Pacers: pacers, Store: store, Secret: s.secret, Log: slog.New(slog.DiscardHandler)}
		e, err := f.Estimate(ctx, run)
		if err != nil {
			return fmt.Errorf("estimate %s: %w", c, err)
		}
		n := report.Number(e.Planned + e.Calls)
		if e.AtLeast {
			n, atLeast = "≥ "+n, "at least "
		}
		calls += e.Planned + e.Calls
		takes[config.RateGroupOf(c)] += e.Takes
		pace := fmt.Sprintf("%g/s", s.fetch[c].PerSecond)
		t.AppendRow(table.Row{c, n, pace, e.Takes})
		if e.Devices != 0 {
			devices = devicesText(e.Devices, s.fetch[c].PerSecond)
		}
	}
	t.Render()
	_, err := fmt.Fprintf(w.Stdout, "\n%s%s calls; what draws on the same limit takes turns, so all takes %s%s\n%s",
		atLeast, report.Number(calls), atLeast, max(takes[pingone.Configuration], takes[pingone.Directory]), devices)
	return err
}

// devicesText is what MFA devices cost on top of the rest.
func devicesText(calls int64, perSecond float64) string {
	const why = "one for each user who may use MFA"
	if calls < 0 {
		return "MFA devices take more, " + why + "; PingOne does not say how many users there are\n"
	}
	takes := time.Duration(float64(calls) / perSecond * float64(time.Second)).Round(time.Second)
	return fmt.Sprintf("MFA devices take at most %s calls more, %s: at most %s behind the users\n", report.Number(calls), why, takes)
}
