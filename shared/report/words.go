package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// meanings say in words what a warning counts. Its key is the text of a
// mapping.Warning; one that is missing here is shown as it is.
var meanings = map[string]string{
	"enabled_missing":            "“enabled” was absent: users and service accounts have the status Unknown, applications count as enabled",
	"status_unknown":             "account or lifecycle status of a user that was never seen before: status Unknown",
	"email_malformed":            "malformed e-mail address of a user: posted without it",
	"time_malformed":             "a date that can't be read: left out",
	"role_without_permissions":   "a role that is not built in and lists no permissions: counts as Administrative",
	"role_permission_unreadable": "a role's permission that can't be read: counts as a write, or the role as Administrative",
	"access_type_unknown":        "group condition of an application of an unknown type: counts as “any of these groups”",
	"access_role_unknown":        "role condition of an application of an unknown type: counts as no condition",
	"access_groups_empty":        "group condition of an application with an empty list: counts as no condition",
	"role_unknown":               "a role assignment names a role that PingOne does not list: kept, named by its id",
	"application_type_unknown":   "an application is of a type that was never seen before: kept as it is",
	"identity_provider_unknown":  "a user's identity provider is of a type that was never seen before: kept as a tag, and the user counts as external",
	"mfa_devices_unread":         "MFA devices of a user that could not be read: “hasMFA” is left out; grant the worker application Identity Data Read Only on the environment, or set MFA_DEVICES to false where there is no MFA product",
	"mfa_device_status_unknown":  "an MFA device of a status that was never seen before: counts as not active",
	"not_described":              "could not be read, and no earlier run knew it: posted with its id for a name, or a user without the population",
	"scope_unknown":              "a role assignment's scope is of a type that was never seen before: kept, as asset of type Other",
	"group_in_itself":            "a group that is a member of itself: that nesting is left out",
}

func meaning(warning string) string {
	if words, ok := meanings[warning]; ok {
		return words
	}
	return warning
}

// kindNames are those kinds whose name is not a plain word.
var kindNames = map[string]string{
	"serviceAccounts": "service accounts", "privilegeGrants": "privilege grants", "assetInheritance": "asset inheritance",
	"groupingAssociations": "grouping associations", "accountAssociations": "account associations",
}

// KindName is a kind of record in plain words, such as "service accounts".
func KindName(kind string) string {
	if name, ok := kindNames[kind]; ok {
		return name
	}
	return kind
}

// Number writes n with commas between thousands.
func Number[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign, digits := digits[:len(digits)-len(strings.TrimPrefix(digits, "-"))], strings.TrimPrefix(digits, "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// size writes a number of bytes with three digits at most.
func size(bytes int64) string {
	value, units := float64(bytes), []string{"B", "kB", "MB", "GB"}
	i := 0
	for ; value >= 999.5 && i < len(units)-1; i++ {
		value /= 1000
	}
	if i == 0 || value >= 99.5 {
		return fmt.Sprintf("%.0f %s", value, units[i])
	}
	return fmt.Sprintf("%.1f %s", value, units[i])
}

// elapsed writes milliseconds for people.
func elapsed(ms int64) string {
	d := time.Duration(ms) * time.Millisecond
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// plural writes a number of things.
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Number(n) + " " + many
}

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
		return "collections are missing, or another transform is at work"
	case r.State == Failed:
		return posted + "; " + r.Error
	case r.State == Held && r.DryRun:
		return posted + "; nothing would have been swept"
	case r.State == Held:
		return posted + ", nothing swept"
	case r.Sweep.ApprovedAt != nil && r.Sweep.Swept:
		return posted + ", swept, as a person approved over these reasons"
	case r.Sweep.ApprovedAt != nil:
		return posted + ", nothing swept (SWEEP=" + r.Sweep.Mode + "), and a person approved what is gone over these reasons"
	case r.Sweep.Swept:
		return posted + ", swept"
	case r.DryRun:
		return posted
	}
	return posted + ", nothing swept (SWEEP=" + r.Sweep.Mode + ")"
}

// gone is how many records the sweep deleted, or would delete.
func (r *Report) gone() int64 {
	var n int64
	for _, g := range r.Sweep.Gone {
		n += g.Count
	}
	return n
}

// explain says what the state means for a reader who wasn't there.
func (r *Report) explain() string {
	switch {
	case r.State == Waiting:
		return "The run is not complete yet, or another invocation works on it."
	case r.State == Failed && r.DryRun:
		return "The dry run could not be finished. Nothing was posted and nothing was deleted."
	case r.State == Failed:
		return "The run could not be finished, so Authomize may hold some of it already. That is harmless: posting again replaces what is there."
	case r.Narrowed && r.State == Held && !r.DryRun:
		return "Everything of these environments that is not in quarantine was posted. Nothing was deleted, because the run was narrowed to some environments on purpose."
	case r.State == Held && r.DryRun:
		return "Nothing was posted, as this is a dry run. A real run would post everything that was read, and delete nothing, for the reasons below."
	case r.State == Held:
		return "Everything that is not in quarantine was posted. Nothing was deleted, because it is not certain that what this run did not see is really gone. A person should look at the reasons below."
	case r.DryRun:
		return "Nothing was posted, as this is a dry run. A real run would post everything that was mapped."
	case r.Sweep.ApprovedAt != nil && r.Sweep.Swept:
		return "Everything that is not in quarantine was posted to Authomize. The sweep was held back for the reasons below, until a person approved it, " + moment(*r.Sweep.ApprovedAt) + "."
	case r.Sweep.ApprovedAt != nil:
		return "Everything that is not in quarantine was posted to Authomize. A person approved what is gone, over the reasons below, " + moment(*r.Sweep.ApprovedAt) + ". Nothing was deleted, as the settings ask (SWEEP=" + r.Sweep.Mode + ")."
	case r.Sweep.Swept:
		return "Everything that is not in quarantine was posted to Authomize, and what PingOne no longer holds was deleted there."
	}
	return "Everything that is not in quarantine was posted to Authomize. Nothing was deleted, as the settings ask (SWEEP=" + r.Sweep.Mode + ")."
}

// text names the settings as an operator sets them.
func (s Settings) text() string {
	return fmt.Sprintf("MAX_SHRINK_PERCENT %g, ROLE_ASSIGNMENT_MAX_AGE %s, SERVICE_ACCOUNTS %s, ROLE_PERMISSIONS %t",
		s.MaxShrinkPercent, s.RoleMaxAge, s.ServiceAccounts, s.RolePermissions)
}

// keepShort is how many lists are told of one by one.
const keepShort = 10

// approvedShort says of which lists no more is missing than a person approved
// before.
func (r *Report) approvedShort() []string {
	var lines []string
	for _, s := range r.Sweep.Short {
		if s.Approved > 0 {
			lines = append(lines, fmt.Sprintf("%s: %s of %s %s of %s %s were read; that %s are missing was approved before.",
				s.Of.Collection, Number(s.Read), Number(s.Expected), s.Of.Name, s.Of.Parent, s.Of.ID, Number(s.Approved)))
		}
	}
	if n := len(lines); n > keepShort {
		lines = append(lines[:keepShort], fmt.Sprintf("The same goes for %s more; report.json has all.", plural(int64(n-keepShort), "list", "lists")))
	}
	return lines
}

// sweepText says what the sweep did, and what it was allowed to overlook.
func (r *Report) sweepText() string {
	return strings.Join(append([]string{r.sweepOutcome()}, r.approvedShort()...), " ")
}

// Of records without an id of their own nobody keeps which there were.
const (
	haveNames    = "user, service account, grouping, privilege and asset"
	withoutNames = "Memberships, grants, inheritances and permissions have no names: compare their counts in the table above."
)

func (r *Report) sweepOutcome() string {
	n := plural(r.gone(), "record", "records")
	switch {
	case r.Sweep.Swept && r.gone() == 0:
		return "The sweep ran. Every " + haveNames + " of earlier runs was posted again, so none was deleted. " + withoutNames
	case r.Sweep.Swept:
		return "The sweep deleted what earlier runs had posted and this one did not: " + n + ", and what hung on them. " + withoutNames
	case r.State == Failed:
		return "It is not known that anything was swept."
	case r.Narrowed:
		return "Nothing was swept, since the run was narrowed to some environments on purpose. The next full run sweeps."
	case r.State == Held && r.gone() == 0:
		return "The sweep was held back. No " + haveNames + " of an earlier run is missing from this one as far as it could read. " + withoutNames
	case r.State == Held:
		return "The sweep was held back. Earlier runs had posted " + n + " that this one did not; they are still in Authomize. " + withoutNames
	case r.gone() == 0:
		return "Nothing was swept, and there would have been no " + haveNames + " to delete. " + withoutNames
	}
	return "Nothing was swept. A sweep would delete what earlier runs had posted and this one did not: " + n + ", and what hangs on them. " + withoutNames
}
