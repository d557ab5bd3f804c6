package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// RefusedField begins the code of a warning about a field that Authomize
// refuses, without which the records were posted. The field stands behind it.
const RefusedField = "refused_field "

// The codes of warnings about witnesses of what is gone.
const (
	RightsUnreadable = "rights_unreadable"
	UsersNotCounted  = "users_not_counted"
)

// meanings say in words what a warning counts. Its key is the text of a
// mapping.Warning; one that is not here is shown as it is.
var meanings = map[string]string{
	RightsUnreadable:             "a collection beside which the worker application could not read its own roles: what no list shows is gone only if the audit feed says so; grant it Configuration Read Only on the environment where it lives, and give the token endpoint that names that environment",
	UsersNotCounted:              "an environment whose users nothing counts: who is in no list is gone only if the audit feed says so; grant the worker application Identity Data Read Only on it",
	"enabled_absent":             "“enabled” was absent: users and service accounts have the status Unknown, applications count as enabled",
	"status_unknown":             "account or lifecycle status of a user that was never seen before: status Unknown",
	"email_malformed":            "malformed e-mail address of a user: posted without it",
	"field_left_out":             "a field of an item is of another type than PingOne documents: left out, the rest counts",
	"time_malformed":             "a date that can't be read: left out",
	"role_without_permissions":   "a role that is not built in and lists no permissions: counts as Administrative",
	"role_permission_unreadable": "a role's permission that can't be read: counts as a write, or the role as Administrative",
	"access_type_unknown":        "group condition of an application of an unknown type: counts as “any of these groups”",
	"access_role_unknown":        "role condition of an application of an unknown type: counts as no condition",
	"access_groups_empty":        "group condition of an application with an empty list: counts as no condition",
	"role_unknown":               "a role assignment names a role that PingOne does not list: posted, named by its id",
	"application_type_unknown":   "an application is of a type that was never seen before: posted as it is",
	"identity_provider_unknown":  "a user's identity provider is of a type that was never seen before: posted as a tag, and the user counts as external",
	"mfa_devices_not_read":       "MFA devices of a user that could not be read: “hasMFA” is left out; grant the worker application Identity Data Read Only on the environment, or set MFA_DEVICES to false where there is no MFA product",
	"mfa_device_status_unknown":  "an MFA device of a status that was never seen before: counts as not active",
	"scope_unknown":              "a role assignment's scope is of a type that was never seen before: posted, as asset of type Other",
	"group_in_itself":            "a group that is a member of itself: that nesting is left out",
}

func meaning(warning string) string {
	if words, ok := meanings[warning]; ok {
		return words
	}
	if field, ok := strings.CutPrefix(warning, RefusedField); ok {
		return "Authomize refuses the field “" + field + "” of these records: posted without it"
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
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
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

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04:05 UTC") }

func minute(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
