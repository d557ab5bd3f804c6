package transform

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// reasonsToHold says why the sweep is not safe; none means that it is proven
// that what this run did not refresh is gone.
func (t *transform) reasonsToHold(m *memory) []string {
	var reasons []string
	if t.report.Narrowed {
		reasons = append(reasons, "this run was narrowed on purpose, to "+t.environmentList()+": what else there is it did not look for; the next full run sweeps")
	}
	reasons = append(reasons, t.unreadReasons()...)
	if n := len(t.x.users); n == 0 {
		reasons = append(reasons, "no user was read: an organization without users is a reading that went wrong")
	}
	if m.state.Lost {
		reasons = append(reasons, staging.MemoryKey+" was lost, and with it what earlier runs posted: what is missing now can't be told from what was deleted; compare the counts with an earlier report, and approve the sweep if they are right")
	}
	if n := t.findings.malformed; n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d resources have no id or an unknown shape, so that their records were not refreshed: see quarantine", n))
	}
	reasons = append(reasons, t.coverageReasons(m)...)
	reasons = append(reasons, t.receiptReasons()...)
	reasons = append(reasons, t.environmentReasons(m)...)
	if !t.report.Narrowed { // it has less by its nature
		reasons = append(reasons, m.shrunk(t.counts(), t.environments(), t.o.Settings)...)
	}
	if newer := m.newest; newer > t.id {
		t.report.Sweep.Newer = string(newer)
		reasons = append(reasons, fmt.Sprintf("run %s is newer and was posted, or begun: what only it holds must not go", newer))
	}
	return reasons
}

func (t *transform) unreadReasons() []string {
	var reasons []string
	for _, c := range staging.Collections {
		for _, u := range t.snaps[c].Complete.Unread {
			others := ""
			if u.Skipped > 0 {
				others = fmt.Sprintf(" and %d like it", u.Skipped)
			}
			reasons = append(reasons, fmt.Sprintf("%s: %s%s could not be read (%d %s): %s", c, u.Path, others, u.Status, u.Code, adviceFor(c, u)))
		}
	}
	return reasons
}

// environments are those that any collection read, sorted.
func (t *transform) environments() []pingone.ID {
	var all []pingone.ID
	for _, c := range staging.Collections {
		all = append(all, t.snaps[c].Complete.Environments...)
	}
	slices.SortFunc(all, pingone.ID.Compare)
	return slices.Compact(all)
}

func (t *transform) environmentList() string {
	names := []string{}
	for _, id := range t.environments() {
		names = append(names, id.String())
	}
	return "environment " + strings.Join(names, ", ")
}

const ifAllGoes = "if it is right that all of it goes, approve the sweep"

// environmentReasons are about environments that are missing without a word.
// One on which the worker application lost its roles is listed no more: that
// looks like one that was deleted.
func (t *transform) environmentReasons(m *memory) []string {
	var reasons []string
	all := t.environments()
	for _, c := range staging.Collections {
		snap := t.snaps[c].Complete
		for _, env := range all {
			if len(snap.Unread) == 0 && !slices.Contains(snap.Environments, env) {
				reasons = append(reasons, fmt.Sprintf("%s: environment %s was not read, though other collections of this run hold it: check PINGONE_ENVIRONMENTS of all functions, and run again", c, env))
			}
		}
	}
	if t.report.Narrowed {
		return reasons
	}
	if last := m.baseline(); last != nil {
		for _, env := range last.Environments {
			if !slices.Contains(all, env) {
				all = append(all, env)
				reasons = append(reasons, fmt.Sprintf("environment %s was read in run %s and is not in this one: %s", env, last.Run, ifAllGoes))
			}
		}
	}
	// Runs that were held may have posted others.
	for _, env := range slices.SortedFunc(maps.Keys(t.gone.records), pingone.ID.Compare) {
		if !env.IsZero() && !slices.Contains(all, env) {
			reasons = append(reasons, fmt.Sprintf("environment %s, of which earlier runs posted %d records, is not in this run: %s", env, t.gone.records[env], ifAllGoes))
		}
	}
	return reasons
}

// adviceFor says what to do about an unread slice. 403 means a missing role
// or one with too narrow a scope (PingOne: ACCESS_FAILED), rarely an
// environment that does not exist.
func adviceFor(c staging.Collection, u staging.Unread) string {
	where := "the environment"
	if !u.Environment.IsZero() {
		where = "environment " + u.Environment.String()
	}
	switch u.Code {
	case staging.StillReading:
		return "nothing; the next run has them"
	case staging.KeptLost:
		return "nothing; the next run reads all of them again"
	case staging.ManyMissing:
		return "check that the worker application's roles are on the whole of " + where + "; if so many were deleted, approve the sweep"
	}
	if u.Missing && u.Status == 403 {
		return fmt.Sprintf("grant the worker application the role %s on %s; if all of it was deleted, approve the sweep", roleFor(c, u), where)
	}
	switch u.Status {
	case 403:
		return fmt.Sprintf("grant the worker application the role %s on %s", roleFor(c, u), where)
	case 404:
		if u.Parent != nil {
			return fmt.Sprintf("nothing, unless the next run says so too; then grant the worker application the role %s on %s", roleFor(c, u), where)
		}
		return fmt.Sprintf("check that %s exists and that its id is right", where)
	}
	if u.CorrelationID == "" {
		return "ask Ping Identity's support"
	}
	return "ask Ping Identity's support, with the correlation id " + u.CorrelationID
}

// roleFor names the built-in read-only role that allows a reading.
func roleFor(c staging.Collection, u staging.Unread) string {
	const identity, configuration = "Identity Data Read Only", "Configuration Read Only"
	switch c {
	case staging.Populations, staging.Users, staging.Groups, staging.Memberships:
		return identity
	case staging.RoleAssignments:
		of := path.Base(u.Path) // a list of principals, or else the roles of one
		if u.Parent != nil {
			of = u.Parent.Kind + "s"
		}
		if of == string(pingone.UserPrincipal) || of == string(pingone.GroupPrincipal) {
			return identity
		}
	}
	return configuration
}

// receiptReasons are about records that Authomize may still hold, and that
// this run could not refresh.
func (t *transform) receiptReasons() []string {
	var reasons []string
	var missing int64
	for _, kind := range authomize.Kinds {
		r := t.results[kind]
		missing += r.MissingTimestamp
		if r.QuarantinedTotal > 0 {
			reasons = append(reasons, fmt.Sprintf("%d %s were refused by Authomize and not refreshed: see quarantine", r.QuarantinedTotal, kind))
		}
		if r.UnmatchedIDs > 0 {
			reasons = append(reasons, fmt.Sprintf("receipts for %s call %d ids invalid that no record refers to", kind, r.UnmatchedIDs))
		}
		if r.Overcounted > 0 {
			reasons = append(reasons, fmt.Sprintf("%d receipts for %s accept more records than were sent", r.Overcounted, kind))
		}
		if r.Shortfall > 0 {
			reasons = append(reasons, fmt.Sprintf("Authomize accepted %d %s fewer than were sent, without saying which", r.Shortfall, kind))
		}
	}
	if missing > 0 || t.earliest.IsZero() {
		reasons = append(reasons, fmt.Sprintf("%d receipts name no time of acceptance, so that there is no safe moment to sweep from", missing))
	}
	return reasons
}

// counts are the accepted records by kind and environment.
func (t *transform) counts() counts {
	all := counts{}
	for kind, r := range t.results {
		k := kindCounts{Total: r.Accepted, Environments: map[string]int64{}}
		for tag, n := range r.AcceptedByTag {
			switch tag {
			case 0:
			case rolePermissionTag:
				k.RolePermissions = n
			default:
				k.Environments[t.x.order[tag-1].String()] = n
			}
		}
		all[kind] = k
	}
	return all
}
