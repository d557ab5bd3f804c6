package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// Limits of report.json and of the page.
const (
	maxTierZero = 200
	maxFindings = 50
)

// Named are the users that a report on access names.
func Named(reach *insight.Reach, all []insight.Assessment) map[pingone.ID]bool {
	users := map[pingone.ID]bool{}
	take := func(things ...insight.Thing) {
		for _, t := range things {
			if t.Kind == insight.User {
				users[t.ID] = true
			}
		}
	}
	for _, m := range reach.TierZero {
		take(m.Thing)
	}
	for _, a := range all {
		for i := range a.Findings {
			take(a.Findings[i].Who)
			take(a.Findings[i].Text.Things()...)
		}
	}
	if reach.Choke != nil {
		take(reach.Choke.Holder)
	}
	return users
}

// Explain fills in Access, for Save to keep it with all findings. after is the run
// posted before, "" for none, and before what it found, nil if that is not there.
func (r *Report) Explain(reach *insight.Reach, all []insight.Assessment, names insight.Names, after string, before *Findings) {
	f := &Findings{Version: FindingsVersion, Run: r.Run}
	a := &Access{Controls: reach.Controls, Can: map[string]int{}}
	for confidence, n := range reach.Can {
		a.Can[confidence.String()] = n.All()
	}
	for _, m := range reach.TierZero {
		f.TierZero = append(f.TierZero, Principal{m.Thing, names[m.Thing.ID], m.Holds.String(names), m.Acts})
	}
	a.TierZero = f.TierZero[:min(len(f.TierZero), maxTierZero)]
	for _, one := range all {
		c := Check{Check: one.Check, Title: one.Title, State: one.State, Reason: one.Reason, Count: len(one.Findings)}
		for _, found := range one.Findings {
			c.Findings = append(c.Findings, Finding{
				ID: found.ID, State: found.State, Severity: found.Severity.String(), Who: found.Who, Text: found.Text.String(names), Do: found.Do, Until: found.Until,
			})
		}
		f.Checks = append(f.Checks, c)
		c.Findings = c.Findings[:min(len(c.Findings), maxFindings)]
		a.Checks = append(a.Checks, c)
	}
	a.Sentences = []string{r.coverage(reach.Coverage), controls(reach.Controls), reach.Headline()}
	if reach.Choke != nil {
		a.Sentences[2] += " " + reach.Choke.Text().String(names)
	}
	a.Since = since(after, before, f)
	a.Sentences = append(a.Sentences, a.Since.String())
	r.Access, r.Findings = a, f
}

// controls says who controls the organization.
func controls(c insight.Count) string {
	var parts []string
	for _, of := range []struct {
		n         int
		one, more string
	}{{c.People, "person", "people"}, {c.Clients, "application", "applications"}, {c.Gateways, "gateway", "gateways"}} {
		if of.n > 0 {
			parts = append(parts, plural(int64(of.n), of.one, of.more))
		}
	}
	switch all := c.All(); all {
	case 0:
		return "Nobody who was read controls the organization."
	case 1:
		return "1 identity controls the organization: " + parts[0] + "."
	default:
		return Number(int64(all)) + " identities control the organization: " + strings.Join(parts, ", ") + "."
	}
}

// coverage says how complete the run is.
func (r *Report) coverage(of insight.Coverage) string {
	read := 0
	for _, e := range r.Environments {
		if e.Read {
			read++
		}
	}
	var gaps []string
	oldest := r.StartedAt
	for i := range r.Carried {
		c := &r.Carried[i]
		if c.Collection == "roleassignments" && !c.Oldest.IsZero() && c.Oldest.Before(oldest) {
			oldest = c.Oldest
		}
		if c.Reason.Approvable() && !c.Approved {
			gaps = append(gaps, c.since())
		}
	}
	if n := len(r.Environments) - read; n > 0 {
		gaps = append(gaps, plural(int64(n), "environment was", "environments were")+" not read")
	}
	if n := len(of.UnknownRoles); n > 0 {
		gaps = append(gaps, "the permissions of "+plural(int64(n), "role are", "roles are")+" not known")
	}
	if len(gaps) > 0 {
		slices.Sort(gaps)
		gaps = slices.Compact(gaps)
		more := ""
		if n := len(gaps) - maxGaps; n > 0 {
			gaps, more = gaps[:maxGaps], fmt.Sprintf(", and %d more", n)
		}
		return "Incomplete: " + strings.Join(gaps, ", ") + more + "; paths there may be missing."
	}
	users := int64(0)
	for _, c := range r.Collections {
		if c.Name == "users" {
			users = int64(c.Records)
		}
	}
	return fmt.Sprintf("Complete: %s, %s; oldest role reading %s.", plural(int64(read), "environment", "environments"), plural(users, "user", "users"), age(r.StartedAt.Sub(oldest)))
}

const maxGaps = 3

// since names what is as of an earlier day.
func (c *Carried) since() string {
	name := strings.TrimPrefix(c.amount(), Number(c.Records)+" ")
	if !c.Environment.ID.IsZero() {
		name += " in " + c.environment()
	}
	if c.isNeverRead() {
		return name + " were never read"
	}
	return name + " are as of " + c.Oldest.UTC().Format("2 January 2006")
}

func age(d time.Duration) string {
	switch days := int64(d / (24 * time.Hour)); days {
	case 0:
		return "today"
	default:
		return plural(days, "day", "days")
	}
}

// WriteChecks writes findings for a terminal of 80 columns without colour, and why
// a check could not be made.
func WriteChecks(w io.Writer, checks []Check) error {
	var b strings.Builder
	for _, c := range checks {
		if len(c.Findings) == 0 && c.State != insight.NotAssessed {
			continue
		}
		writeWrapped(&b, c.Check+" "+c.Title, "    ")
		if c.State == insight.NotAssessed {
			b.WriteString("  ")
			writeWrapped(&b, "not assessed: "+c.Reason, "    ")
		}
		for _, f := range c.Findings {
			b.WriteString("  ")
			writeWrapped(&b, f.Severity+" "+f.ID+": "+f.Text+f.accepted(), "    ")
		}
		if len(c.Findings) > 0 {
			b.WriteString("    ")
			writeWrapped(&b, "To do: "+c.Findings[0].Do, "    ")
		}
	}
	if b.Len() == 0 {
		b.WriteString("nothing is found\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *Finding) accepted() string {
	if f.State != insight.Accepted {
		return ""
	}
	return " (accepted until " + f.Until.UTC().Format("2 January 2006") + ")"
}
