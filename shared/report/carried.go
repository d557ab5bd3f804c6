package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// listNames are what a list holds, where its own word does not say it.
var listNames = map[string]string{
	"memberships users": "members of groups", "memberships groups": "nested groups", "roleassignments roleAssignments": "role assignments", "applicationroles assignments": "holders of application roles", "roles applicationRoles": "application roles",
	"devices devices": "MFA devices", "devices entries": "MFA devices",
}

// amount is so many of what the list holds; without a number where none was ever
// read.
func (c *Carried) amount() string {
	name := cmp.Or(listNames[c.Collection+" "+c.List], c.Collection)
	if c.isNeverRead() {
		return name
	}
	if c.Records == 1 {
		first, of, isOf := strings.Cut(name, " of ")
		name = strings.TrimSuffix(first, "s")
		if isOf {
			name += " of " + of
		}
	}
	return Number(c.Records) + " " + name
}

func (c *Carried) environment() string { return cmp.Or(c.Environment.Name, c.Environment.ID.String()) }

func (c *Carried) isNeverRead() bool { return c.Records == 0 && c.Oldest.IsZero() }

// sentence says of amounts what c says of its own.
func (c *Carried) sentence(amounts []string) string {
	text := strings.Join(amounts, ", ")
	if !c.Environment.ID.IsZero() {
		text += " of environment " + c.environment()
	}
	switch {
	case c.isNeverRead():
		text += " were never read"
	case c.Records == 1 && len(amounts) == 1:
		text += " is as of " + minute(c.Oldest)
	default:
		text += " are as of " + minute(c.Oldest)
	}
	text += ", since " + c.why()
	if c.Approved {
		text += "; a person approved that they go"
	}
	return text
}

// Explain fills in Text and Do from the rest.
func (c *Carried) Explain() {
	c.Text = c.sentence([]string{c.amount()})
	if w := sweep.WayOf(c.Reason); w != nil {
		c.Do = w.Do
	}
	if c.isLeaving() {
		c.Do = "nothing, until it is deleted; if all of it may go now, approve"
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
		if c.isLeaving() {
			return "the environment is to be deleted in PingOne (DELETE_PENDING), which refuses them (" + reply + ")"
		}
		return "their environment is not listed any more"
	}
	return string(c.Reason)
}

// isLeaving tells that the environment is listed, and refuses since it is to be
// deleted.
func (c *Carried) isLeaving() bool { return c.Reason == staging.Unlisted && c.Status != 0 }

// notRead tells of what a person should know of, and not of what waits for its
// turn or was not asked for: a sentence for each environment and cause.
func (r *Report) notRead() []string {
	type cause struct {
		environment pingone.ID
		why, do     string
		approved    bool
		never       bool
	}
	causes, all := []cause{}, map[cause][]Carried{}
	for _, c := range r.Carried {
		if !c.Reason.Approvable() {
			continue
		}
		why := cause{c.Environment.ID, c.why(), c.Do, c.Approved, c.isNeverRead()}
		if all[why] == nil {
			causes = append(causes, why)
		}
		all[why] = append(all[why], c)
	}
	var sentences []string
	for _, why := range causes {
		sentences = append(sentences, together(all[why])+": "+why.do)
	}
	return sentences
}

// together says of several what Text says of one. What holds nothing is named
// only where the others hold nothing either.
func together(all []Carried) string {
	if some := slices.DeleteFunc(slices.Clone(all), func(c Carried) bool { return c.Records == 0 }); len(some) > 0 {
		all = some
	}
	oldest := slices.MinFunc(all, func(a, b Carried) int { return a.Oldest.Compare(b.Oldest) })
	var amounts []string
	for i := range all {
		amounts = append(amounts, all[i].amount())
	}
	return oldest.sentence(amounts)
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
