package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

type risksCommand struct {
	List   listRisksCommand  `cmd:"" default:"withargs" help:"Show what an administrator should look at."`
	Accept acceptRiskCommand `cmd:"" help:"Take the risk of a finding, until a day within a year. It returns when the time is up, or when the risk is wider."`
}

type listRisksCommand struct {
	where
	Run      string `help:"The run, such as 20261123T090000Z, or latest." default:"latest" placeholder:"ID"`
	New      bool   `help:"Only what the run before did not have."`
	Severity string `help:"Only of this severity or worse: info, low, medium, high, critical." placeholder:"S" default:"info"`
	Accepted bool   `help:"Show what is accepted, too."`
	FailOn   string `help:"End with exit code 2 if something that is not accepted is of this severity or worse." placeholder:"S"`
	JSON     bool   `help:"Write JSON." xor:"form"`
	CSV      bool   `help:"Write CSV." xor:"form"`
}

// exitRisk tells of a finding that --fail-on asks for.
const exitRisk = exitHeld

func (c *listRisksCommand) run(ctx context.Context, w world) (int, error) {
	least, err := severity("--severity", c.Severity)
	if err != nil {
		return exitFailed, err
	}
	worst := insight.Critical + 1
	if c.FailOn != "" {
		if worst, err = severity("--fail-on", c.FailOn); err != nil {
			return exitFailed, err
		}
	}
	r := reportCommand{where: c.where, Run: c.Run}
	s, run, err := r.find(ctx, w)
	if err != nil {
		return exitFailed, err
	}
	checks, err := s.risks(ctx, run)
	if err != nil {
		return exitFailed, err
	}
	old := map[string]bool{}
	if c.New {
		if old, err = s.risksBefore(ctx, run); err != nil {
			return exitFailed, err
		}
	}
	code := exitDone
	for i := range checks {
		checks[i].Findings = slices.DeleteFunc(checks[i].Findings, func(f report.Finding) bool {
			of, _ := insight.ParseSeverity(f.Severity)
			if f.State == insight.Found && of >= worst {
				code = exitRisk
			}
			return of < least || old[f.ID] || f.State == insight.Accepted && !c.Accepted
		})
	}
	if err := c.show(w, run, checks); err != nil {
		return exitFailed, fmt.Errorf("show the findings: %w", err)
	}
	return code, nil
}

func severity(flag, text string) (insight.Severity, error) {
	s, ok := insight.ParseSeverity(strings.ToLower(text))
	if !ok {
		return 0, fmt.Errorf("%s: it must be info, low, medium, high or critical", flag)
	}
	return s, nil
}

// risks are all findings of a run, with what is accepted now.
func (s site) risks(ctx context.Context, run staging.RunID) ([]report.Check, error) {
	all, err := report.LoadFindings(ctx, s.store, run)
	if errors.Is(err, staging.ErrNotFound) {
		return nil, fmt.Errorf("run %s has no findings: it was not read to its end, or by an older version: %w", run, err)
	}
	if err != nil {
		return nil, err
	}
	accepted, err := report.LoadAccepted(ctx, s.store)
	for i := range all.Checks {
		all.Checks[i].Apply(accepted, time.Now())
	}
	return all.Checks, err
}

// risksBefore are the ids of findings of the run before that has any; of none,
// all are new.
func (s site) risksBefore(ctx context.Context, run staging.RunID) (map[string]bool, error) {
	runs, err := staging.Runs(ctx, s.store)
	old := map[string]bool{}
	for _, before := range slices.Backward(runs) {
		if before >= run {
			continue
		}
		all, err := report.LoadFindings(ctx, s.store, before)
		if errors.Is(err, staging.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, check := range all.Checks {
			for _, f := range check.Findings {
				old[f.ID] = true
			}
		}
		return old, nil
	}
	return old, err
}

func (c *listRisksCommand) show(w world, run staging.RunID, checks []report.Check) error {
	if c.JSON {
		out, err := json.Marshal(report.Findings{Version: report.FindingsVersion, Run: string(run), Checks: checks},
			json.Deterministic(true), jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
		if err == nil {
			_, err = fmt.Fprintf(w.Stdout, "%s\n", out)
		}
		return err
	}
	if c.CSV {
		out := csv.NewWriter(w.Stdout)
		_ = out.Write([]string{"id", "check", "state", "severity", "kind", "who", "finding", "to do", "until"}) // Error has it
		for _, check := range checks {
			for _, f := range check.Findings {
				_ = out.Write(cells(f.ID, check.Check, string(f.State), f.Severity, string(f.Who.Kind), f.Who.ID.String(), f.Text, f.Do, day(f.Until)))
			}
		}
		out.Flush()
		return out.Error()
	}
	return report.WriteChecks(w.Stdout, checks)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// cells keep a spreadsheet from reading a name as a formula.
func cells(all ...string) []string {
	for i, s := range all {
		if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
			all[i] = "'" + s
		}
	}
	return all
}

type acceptRiskCommand struct {
	where
	ID     string `arg:"" help:"The id of the finding, such as F01-0123456789ab."`
	Reason string `help:"Why. It is stored with the acceptance." required:"" placeholder:"TEXT"`
	Until  string `help:"The day until which, such as 2027-03-31." required:"" placeholder:"DATE"`
}

func (c *acceptRiskCommand) run(ctx context.Context, w world) (int, error) {
	until, err := time.Parse(time.DateOnly, c.Until)
	if err != nil {
		return exitFailed, errors.New("--until: it must be a day such as 2027-03-31")
	}
	r := reportCommand{where: c.where, Run: latest}
	s, run, err := r.find(ctx, w)
	if err != nil {
		return exitFailed, err
	}
	checks, err := s.risks(ctx, run)
	if err != nil {
		return exitFailed, err
	}
	known := slices.ContainsFunc(checks, func(check report.Check) bool {
		return slices.ContainsFunc(check.Findings, func(f report.Finding) bool { return f.ID == c.ID })
	})
	if !known {
		return exitFailed, fmt.Errorf("run %s has no finding %s: pingone-authomize findings%s lists them", run, c.ID, s.flags)
	}
	by := localUser()
	if s.stack != nil {
		if by, err = caller(ctx, w); err != nil {
			return exitFailed, err
		}
	}
	a := report.Acceptance{ID: c.ID, Reason: c.Reason, By: by, At: time.Now().UTC(), Until: until}
	if err := report.Accept(ctx, s.store, a); err != nil {
		return exitFailed, fmt.Errorf("accept %s: %w", c.ID, err)
	}
	_, err = fmt.Fprintf(w.Stdout, "%s is accepted until %s by %s; the next run says so\n", c.ID, c.Until, by)
	return exitDone, err
}
