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
	return run + " " + string(r.State) + ": " + r.ending().short
}

// An ending says in words how a run ended.
type ending struct {
	short string
	long  string // for a reader who wasn't there
	sweep string // what the sweep did
}

func (r *Report) ending() ending {
	const (
		all    = "Everything that is not in quarantine was posted to Authomize"
		dryAll = "Nothing was posted, as this is a dry run. A real run would post everything that was mapped"
	)
	posted := plural(r.Totals.Posted, "record", "records") + " posted"
	if r.DryRun {
		posted = plural(r.Totals.Mapped, "record", "records") + " would be posted, none was"
	}
	switch {
	case r.State == Waiting:
		return ending{
			"for collections, or for another transform", "The run is not complete yet, or another invocation works on it.",
			"Nothing was swept yet.",
		}
	case r.State == Failed && r.DryRun:
		return ending{posted + "; " + r.Error, "The dry run could not be finished. Nothing was posted and nothing was deleted.", "Nothing was swept."}
	case r.State == Failed:
		return ending{
			posted + "; " + r.Error,
			"The run could not be finished, so Authomize may hold some of it already. " +
				"That is harmless: posting it once more replaces what is there.",
			"Nobody can say whether anything was swept.",
		}
	case r.State == Held && r.DryRun:
		return ending{
			posted + "; nothing would be swept", dryAll + ", and delete nothing, for the reasons below.",
			"A real run would sweep nothing, for the reasons above.",
		}
	case r.State == Held:
		return ending{
			posted + ", nothing swept", all + ". Nothing was deleted there. A person should look at the reasons below.",
			"Nothing was swept, for the reasons above. What is gone in PingOne is still in Authomize.",
		}
	case r.Sweep.Swept:
		return ending{
			posted + ", swept", all + ", and what PingOne no longer holds was deleted there.",
			"The sweep deleted in Authomize what this run did not post.",
		}
	case r.DryRun:
		return ending{posted, dryAll + ".", "Nothing was swept. A real run would delete in Authomize what it does not post."}
	}
	return ending{
		posted + ", nothing swept (SWEEP=" + r.Sweep.Mode + ")", all + ". Nothing was deleted, as the settings ask (SWEEP=" + r.Sweep.Mode + ").",
		"Nothing was swept, as the settings ask. A sweep would delete " + plural(r.goes(), "record", "records") + ".",
	}
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

// text names the settings as an operator sets them.
func (s Settings) text() string {
	return fmt.Sprintf("MAX_SHRINK_PERCENT %g, MAX_READING_AGE %s, SERVICE_ACCOUNTS %s, ROLE_PERMISSIONS %t, MFA_DEVICES %t, ESCALATION_CONFIDENCE %s",
		s.MaxShrinkPercent, s.MaxReadingAge, s.ServiceAccounts, s.RolePermissions, s.Devices, s.Confidence)
}
