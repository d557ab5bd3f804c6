package sweep

import (
	"maps"
	"strings"

	"pingone-authomize/shared/pingone"
)

// Counts are numbers of records, by what is counted together.
type Counts map[string]int64

// Class tells records of ours from PingOne's.
type Class string

// The classes. Each is counted apart, so that none dilutes another.
const (
	Plain Class = ""
	// Virtual are groupings that stand for a rule, such as all users of an
	// environment, with who is in them and what they permit.
	Virtual Class = " of our own making"
	// RolePermissions are there because ROLE_PERMISSIONS asks for them.
	RolePermissions Class = " for ROLE_PERMISSIONS"
)

// Add counts n records of a kind, and if they belong to an environment, as the
// records of that kind which do.
func (c Counts) Add(kind string, class Class, environment pingone.ID, n int64) {
	c[kind+string(class)] += n
	if !environment.IsZero() {
		c[kind+string(class)+" of environment "+environment.String()] += n
	}
}

// Of counts all records of a kind.
func (c Counts) Of(kind string) int64 {
	return c[kind] + c[kind+string(Virtual)] + c[kind+string(RolePermissions)]
}

// Without leaves out a class.
func (c Counts) Without(class Class) Counts {
	rest := maps.Clone(c)
	maps.DeleteFunc(rest, func(series string, _ int64) bool { return strings.Contains(series, string(class)) })
	return rest
}
