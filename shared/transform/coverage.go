package transform

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

// coverageReasons compares what was read with what PingOne says there is. A
// worker application that sees a part gets no error, only less.
func (t *transform) coverageReasons() []string {
	return slices.Concat(t.shortReasons(), t.populationReasons(), t.roleReasons(), t.missedReasons(), t.namedReasons(), t.unprovenReasons(), t.vanishedReasons())
}

// shortReasons are about lists that fetch found short, asking twice.
func (t *transform) shortReasons() []string {
	var reasons []string
	for _, c := range staging.Collections {
		for _, s := range t.snaps[c].Complete.Short {
			if s.Parent.Kind == "environment" {
				reasons = append(reasons, fmt.Sprintf("%s: %d of %d %s are visible: PingOne counts more in environment %s than the worker application is shown, check that its roles are on the whole of it",
					c, s.Read, s.Expected, s.List, s.Environment))
				continue
			}
			reasons = append(reasons, fmt.Sprintf("%s: %d of %d %s of %s %s were read: the rest is not visible to the worker application, check that its roles are on the whole of environment %s",
				c, s.Read, s.Expected, s.List, s.Parent.Kind, t.nameOf(s.Parent), s.Environment))
		}
	}
	return reasons
}

func (t *transform) nameOf(p staging.Parent) string {
	if p.Kind == "population" {
		if name := t.x.populationName(p.ID); name != "" {
			return name
		}
	}
	return p.ID.String()
}

// populationReasons compares the users of each population, each once, with
// its userCount: as it was listed, and where fetch counted again as it was
// then, if that is less.
func (t *transform) populationReasons() []string {
	users := t.snaps[staging.Users]
	if slices.ContainsFunc(users.Complete.Unread, isRefused) {
		return nil // said already
	}
	again := map[pingone.ID]int{}
	for _, r := range users.Manifest.Recounts {
		again[r.Population] = r.Users
	}
	var reasons []string
	for _, id := range t.x.popOrder {
		p := t.x.populations[id]
		if p.UserCount == nil {
			continue
		}
		read, there := t.x.usersIn[id], *p.UserCount
		if n, ok := again[id]; ok {
			there = min(there, n)
		}
		if read >= there {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("users: %d of %d users of population %s were read: the rest was deleted meanwhile, or is not visible to the worker application; if the next run says so too, check that its roles are on the whole of environment %s",
			read, there, t.nameOf(staging.Parent{Kind: "population", ID: id}), p.Environment.ID))
	}
	return reasons
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

// shrunk compares with the last run that was swept, by kind and by kind in
// each environment: the loss of a small environment is a small part of all.
// An environment that was not read at all has a reason of its own.
func (m *memory) shrunk(now counts, read []pingone.ID, most float64) []string {
	if m.state.Swept == nil {
		return nil
	}
	var reasons []string
	tooMuch := func(what string, before, after int64) bool {
		lost := before - after
		if lost <= 0 || float64(lost)*100 <= most*float64(before) {
			return false
		}
		reasons = append(reasons, fmt.Sprintf("%s shrank from %d to %d since run %s, by more than %g %%: if that is right, approve the sweep, or raise MAX_SHRINK_PERCENT for one run",
			what, before, after, m.state.Swept.Run, most))
		return true
	}
	for _, kind := range authomize.Kinds {
		before, after := m.state.Swept.Counts[kind], now[kind]
		if tooMuch(string(kind), before.Total, after.Total) {
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
