package report

import (
	"fmt"
	"strings"
)

// Headline is the outcome in one sentence, without a full stop.
func (r *Report) Headline() string {
	run := "run " + r.Run
	if r.DryRun {
		run = "dry run of " + r.Run
	}
	return run + " " + string(r.State) + ": " + r.outcome()
}

func (r *Report) outcome() string {
	posted := plural(r.Totals.Posted, "record", "records") + " posted"
	if r.DryRun {
		posted = plural(r.Totals.Mapped, "record", "records") + " would be posted, none was"
	}
	switch {
	case r.State == Waiting:
		return "for collections, or for another transform"
	case r.State == Failed:
		return posted + "; " + r.Error
	case r.State == Held && r.DryRun:
		return posted + "; nothing would be swept"
	case r.State == Held:
		return posted + ", nothing swept"
	case r.Sweep.Swept:
		return posted + ", swept"
	case r.DryRun:
		return posted
	}
	return posted + ", nothing swept (SWEEP=" + r.Sweep.Mode + ")"
}

// explain says what the state means for a reader who wasn't there.
func (r *Report) explain() string {
	posted := "Everything that is not in quarantine was posted to Authomize"
	switch {
	case r.State == Waiting:
		return "The run is not complete yet, or another invocation works on it."
	case r.State == Failed && r.DryRun:
		return "The dry run could not be finished. Nothing was posted and nothing was deleted."
	case r.State == Failed:
		return "The run could not be finished, so Authomize may hold some of it already. That is harmless: posting it once more replaces what is there."
	case r.State == Held && r.DryRun:
		return "Nothing was posted, as this is a dry run. A real run would post everything that was mapped, and delete nothing, for the reasons below."
	case r.State == Held:
		return posted + ". Nothing was deleted there. A person should look at the reasons below."
	case r.DryRun:
		return "Nothing was posted, as this is a dry run. A real run would post everything that was mapped."
	case r.Sweep.Swept:
		return posted + ", and what PingOne no longer holds was deleted there."
	}
	return posted + ". Nothing was deleted, as the settings ask (SWEEP=" + r.Sweep.Mode + ")."
}

// approved tells of what people approved, a line for each.
func (r *Report) approved() []string {
	var lines []string
	for _, a := range r.Sweep.Approvals {
		lines = append(lines, fmt.Sprintf("Approved by %s, %s: %s. Reason: %s", a.By, minute(a.At), strings.Join(a.Codes, ", "), a.Reason))
	}
	return lines
}

// goes is how many records a sweep would delete.
func (r *Report) goes() int64 {
	var n int64
	for _, g := range r.Sweep.Gone {
		n += g.Count
	}
	return n
}

// sweepText says what the sweep did.
func (r *Report) sweepText() string {
	switch {
	case r.Sweep.Swept:
		return "The sweep deleted in Authomize what this run did not post."
	case r.State == Failed:
		return "Nobody can say whether anything was swept."
	case r.State == Held && r.DryRun:
		return "A real run would sweep nothing, for the reasons above."
	case r.State == Held:
		return "Nothing was swept, for the reasons above. What is gone in PingOne is still in Authomize."
	case r.DryRun:
		return "Nothing was swept. A real run would delete in Authomize what it does not post."
	}
	return "Nothing was swept, as the settings ask. A sweep would delete " + plural(r.goes(), "record", "records") + "."
}

// text names the settings as an operator sets them.
func (s Settings) text() string {
	return fmt.Sprintf("MAX_SHRINK_PERCENT %g, MAX_READING_AGE %s, SERVICE_ACCOUNTS %s, ROLE_PERMISSIONS %t, MFA_DEVICES %t",
		s.MaxShrinkPercent, s.MaxReadingAge, s.ServiceAccounts, s.RolePermissions, s.Devices)
}
