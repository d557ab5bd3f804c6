package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// listNames are what a list holds, where its own word does not say it.
var listNames = map[string]string{
	"memberships users": "members of groups", "memberships groups": "nested groups", "roleassignments roleAssignments": "role assignments",
	"devices devices": "MFA devices", "devices entries": "MFA devices",
}

// what names so many of what the list holds.
func (c *Carried) what() string {
	name := cmp.Or(listNames[c.Collection+" "+c.List], c.Collection)
	if c.Records == 1 {
		first, of, isOf := strings.Cut(name, " of ")
		name = strings.TrimSuffix(first, "s")
		if isOf {
			name += " of " + of
		}
	}
	return name
}

// Explain fills in Text and Do from the rest.
func (c *Carried) Explain() {
	c.Text = c.what()
	if !c.Environment.ID.IsZero() {
		c.Text += " of environment " + cmp.Or(c.Environment.Name, c.Environment.ID.String())
	}
	switch {
	case c.Records == 0 && c.Oldest.IsZero():
		c.Text += " were never read"
	case c.Records == 1:
		c.Text = "1 " + c.Text + " is as of " + minute(c.Oldest)
	default:
		c.Text = Number(c.Records) + " " + c.Text + " are as of " + minute(c.Oldest)
	}
	c.Text += ", since " + c.why()
	if c.Approved {
		c.Text += "; a person approved that they go"
	}
	if w := sweep.WayOf(c.Reason); w != nil {
		c.Do = w.Do
	}
	if c.Reason == staging.Refused && c.Role != "" {
		on := ""
		if !c.Environment.ID.IsZero() {
			on = " on environment " + c.Environment.ID.String()
		}
		c.Do = fmt.Sprintf("grant the worker application %s%s; if all of it may go, approve", c.Role, on)
	}
}

func (c *Carried) why() string {
	reply := strings.TrimSpace(fmt.Sprintf("%d %s", c.Status, c.Code))
	switch c.Reason {
	case staging.NotDue:
		return "it is not their turn"
	case staging.NotAsked:
		return "the run was narrowed to other environments"
	case staging.Refused:
		return "PingOne refuses them (" + reply + ")"
	case staging.Failed:
		return "PingOne fails to answer (" + reply + ")"
	case staging.Short:
		return "PingOne shows fewer than it counts"
	case staging.Unproven:
		return "PingOne shows them no more, and nothing proves that they are gone"
	case staging.Unlisted:
		return "their environment is not listed any more"
	}
	return string(c.Reason)
}

// notRead are those of Carried that a person should know of: not what waits for
// its turn, or was not asked for.
func (r *Report) notRead() []Carried {
	var all []Carried
	for _, c := range r.Carried {
		if c.Reason.Approvable() {
			all = append(all, c)
		}
	}
	return all
}

// CarriedBy counts the carried records by reason.
func (r *Report) CarriedBy() map[string]int64 {
	all := map[string]int64{}
	for _, c := range r.Carried {
		all[string(c.Reason)] += c.Records
	}
	return all
}

// Approvable are the codes that a person may approve, those that hold the run
// first.
func (r *Report) Approvable() []string {
	codes := r.holding()
	for _, c := range r.Carried {
		code := sweep.CarriedCode(c.Reason, staging.Collection(c.Collection))
		if c.Reason.Approvable() && !c.Approved && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	return codes
}

// holding are the codes of the reasons that a person may overrule, with those
// that must be approved with them.
func (r *Report) holding() []string {
	var codes []string
	for _, h := range r.Sweep.Held {
		if !h.Approvable {
			continue
		}
		for _, code := range append([]string{string(h.Code)}, h.Needs...) {
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	return codes
}

// ApproveCommand is the command that approves codes, or without any, those that
// hold the run and may be overruled; "" if there are none.
func (r *Report) ApproveCommand(codes ...string) string {
	if len(codes) == 0 {
		codes = r.holding()
	}
	if len(codes) == 0 || r.DryRun {
		return ""
	}
	return fmt.Sprintf(`pingone-authomize approve --run %s --codes %s --reason "…"`, r.Run, strings.Join(codes, ","))
}

// next is the command that approves one reason; "" if nobody may.
func (r *Report) next(h *sweep.Reason) string {
	if !h.Approvable {
		return ""
	}
	return r.ApproveCommand(append([]string{string(h.Code)}, h.Needs...)...)
}

// Sum fills in what follows from the rest: Totals, Unlisted and Approve.
func (r *Report) Sum() {
	t := Totals{}
	for _, c := range r.Collections {
		t.Calls += c.Calls
		t.Pages += int64(c.Pages)
		t.Records += int64(c.Records)
		t.NeverRead += c.NeverRead
		t.Gone += c.Gone
	}
	for _, c := range r.Carried {
		if c.Reason.Approvable() && !c.Approved {
			t.Carried += c.Records
		}
	}
	for _, k := range r.Kinds {
		t.Mapped += k.Mapped
		t.Posted += k.Posted
		t.Accepted += k.Accepted
		t.Requests += k.Requests
		t.Quarantined += k.QuarantinedTotal()
	}
	r.Totals, r.Unlisted = t, t.Quarantined
	for _, q := range r.Quarantine {
		r.Unlisted -= 1 + q.Others
	}
	r.Approve = r.ApproveCommand()
}
