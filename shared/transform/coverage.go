package transform

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// coverageReasons compares what was read with what PingOne says there is. A
// worker application that sees a part gets no error, only less.
func (t *transform) coverageReasons(m *memory) []string {
	return slices.Concat(t.shortReasons(m), t.roleReasons(), t.missedReasons(), t.namedReasons(), t.unprovenReasons(), t.unaskedReasons(), t.vanishedReasons())
}

// roleReasons are about users whose roles were not read, or too long ago. What
// was recent enough for fetch need not be for a sweep that comes days later.
func (t *transform) roleReasons() []string {
	var reasons []string
	for _, c := range t.snaps[staging.RoleAssignments].Complete.Coverage {
		if c.Known < c.Users {
			reasons = append(reasons, fmt.Sprintf("roleassignments: the roles of %d of %d users of environment %s are known from a reading that is recent enough",
				c.Known, c.Users, c.Environment))
		}
		if most := t.o.Settings.RoleMaxAge; !c.Oldest.IsZero() && time.Since(c.Oldest) > most {
			reasons = append(reasons, fmt.Sprintf("roleassignments: the oldest reading of roles in environment %s is of %s, longer ago than %s (ROLE_ASSIGNMENT_MAX_AGE): start a new run, or approve the sweep if nothing was granted or taken since",
				c.Environment, c.Oldest.UTC().Format("2006-01-02 15:04 MST"), most))
		}
	}
	return reasons
}

// A user who is a member of a group that was read later than the list of
// users, and was not in that list, was created in between, or was missed. If
// an earlier run knew the user, it was missed.
func (t *transform) missedReasons() []string {
	var reasons []string
	for id := range t.x.missed {
		if t.gone.missed.has(id) {
			reasons = append(reasons, fmt.Sprintf("users: %s is a member of a group and was not in the list of users, though an earlier run was told of this user", mapping.UserID(id)))
		}
	}
	slices.Sort(reasons)
	return firstReasons(reasons, "users")
}

// keepReasons is how many reasons of a sort are given one by one.
const keepReasons = 10

func firstReasons(reasons []string, what string) []string {
	if n := len(reasons); n > keepReasons {
		reasons = append(reasons[:keepReasons], fmt.Sprintf("%s: %d more like these", what, n-keepReasons))
	}
	return reasons
}

// noteMissed remembers a member who was read later than the list of users.
func (x *index) noteMissed(user, env pingone.ID, readAt time.Time) {
	if last, ok := x.usersReadAt[env]; ok && readAt.After(last) {
		x.missed.add(user)
	}
}

// coverage is what the report says of role assignments.
func (t *transform) coverage() []report.RoleCoverage {
	all := []report.RoleCoverage{}
	snap := t.snaps[staging.RoleAssignments]
	if snap == nil {
		return all
	}
	for _, c := range snap.Complete.Coverage {
		all = append(all, report.RoleCoverage{Environment: c.Environment, Users: c.Users, Known: c.Known, Oldest: c.Oldest})
	}
	return all
}

// shrunk compares with the last run that was swept or approved, by kind and by kind in
// each environment: the loss of a small environment is a small part of all.
// An environment that was not read at all has a reason of its own. Permissions
// of roles are compared with permissions of roles, and not at all where they
// are switched off: that is no loss.
func (m *memory) shrunk(now counts, read []pingone.ID, set config.Transform) []string {
	last := m.baseline()
	if last == nil {
		return nil
	}
	var reasons []string
	tooMuch := func(what string, before, after int64) bool {
		lost := before - after
		if lost <= 0 || float64(lost)*100 <= set.MaxShrinkPercent*float64(before) {
			return false
		}
		reasons = append(reasons, fmt.Sprintf("%s shrank from %d to %d since run %s, by more than %g %%: if that is right, approve the sweep, or raise MAX_SHRINK_PERCENT for one run",
			what, before, after, last.Run, set.MaxShrinkPercent))
		return true
	}
	for _, kind := range authomize.Kinds {
		before, after := last.Counts[kind], now[kind]
		if set.RolePermissions {
			tooMuch("role permissions among "+string(kind), before.RolePermissions, after.RolePermissions)
		}
		if tooMuch(string(kind), before.Total-before.RolePermissions, after.Total-after.RolePermissions) {
			continue
		}
		environments := make([]string, 0, len(before.Environments))
		for env := range before.Environments {
			if id, _ := pingone.ParseID(env); slices.Contains(read, id) {
				environments = append(environments, env)
			}
		}
		slices.SortFunc(environments, strings.Compare)
		for _, env := range environments {
			tooMuch(fmt.Sprintf("%s of environment %s", kind, env), before.Environments[env], after.Environments[env])
		}
	}
	return reasons
}
