package transform

import (
	"iter"
	"maps"
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

// counted counts the records of a stream, and keeps the ids of those that
// have one.
func (t *transform) counted(kind authomize.Kind, records iter.Seq2[authomize.Item, error]) iter.Seq2[authomize.Item, error] {
	keep := slices.Contains(identified, kind) && kind != authomize.Users // the index has those
	return func(yield func(authomize.Item, error) bool) {
		for item, err := range records {
			if err == nil {
				t.mapped[kind]++
				if keep {
					t.ids[kind] = append(t.ids[kind], taggedID{item.Record.Key(), item.Tag})
				}
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// A taggedID is the id of a record and the tag of its environment.
type taggedID struct {
	id  string
	tag uint32
}

// postedIDs are the ids of this run's records, sorted, for the kinds that
// have them, and the populations, applications and roles that were listed. Those
// of users are written out one by one: as text a million take 64 MB, as ids 16.
func (t *transform) postedIDs() posted {
	all := posted{}
	for _, kind := range identified {
		slices.SortFunc(t.ids[kind], func(a, b taggedID) int { return strings.Compare(a.id, b.id) })
		all[kind] = t.known(slices.Values(t.ids[kind]))
	}
	users := slices.AppendSeq(make([]pingone.ID, 0, len(t.x.users)), maps.Keys(t.x.users))
	slices.SortFunc(users, pingone.ID.Compare)
	all[authomize.Users] = t.known(func(yield func(taggedID) bool) {
		for _, id := range users {
			if !yield(taggedID{mapping.UserID(id), t.x.users[id]}) { // in the order of ids, since these are of fixed length
				return
			}
		}
	})
	populations := slices.SortedFunc(maps.Keys(t.x.populations), pingone.ID.Compare)
	all[listedPopulations] = t.known(func(yield func(taggedID) bool) {
		for _, id := range populations {
			if !yield(taggedID{mapping.PopulationID(id), t.x.tagOf(t.x.populations[id].Environment.ID)}) {
				return
			}
		}
	})
	applications := slices.SortedFunc(maps.Keys(t.x.appByID), pingone.ID.Compare)
	all[listedApplications] = t.known(func(yield func(taggedID) bool) {
		for _, id := range applications {
			if !yield(taggedID{mapping.ApplicationID(id), t.x.appByID[id].tag}) {
				return
			}
		}
	})
	all[groupsWithUsers] = t.known(t.knownParents(t.parents.users))
	all[groupsWithGroups] = t.known(t.knownParents(t.parents.groups))
	var roles []taggedID
	if t.x.permissions != nil {
		for _, id := range slices.SortedFunc(maps.Keys(t.x.roles), pingone.ID.Compare) {
			roles = append(roles, taggedID{mapping.RolePrivilegeID(id), 0})
		}
	}
	all[listedRoles] = t.known(slices.Values(roles))
	return all
}

// known names the environments of ids.
func (t *transform) known(ids iter.Seq[taggedID]) iter.Seq[staging.Known] {
	return func(yield func(staging.Known) bool) {
		for x := range ids {
			k := staging.Known{ID: x.id}
			if x.tag > 0 && x.tag != rolePermissionTag {
				k.Environment = t.x.order[x.tag-1]
			}
			if !yield(k) {
				return
			}
		}
	}
}

// settingsOf is as much of the settings as a report tells.
func settingsOf(s config.Transform) report.Settings {
	return report.Settings{
		AuthomizeURL: s.AuthomizeURL, MaxShrinkPercent: s.MaxShrinkPercent, RoleMaxAge: s.RoleMaxAge.String(),
		ServiceAccounts: string(s.ServiceAccounts), RolePermissions: s.RolePermissions,
	}
}

// fill completes the report.
func (t *transform) fill() {
	r := t.report
	if sum, err := programSum(); err == nil { // as good without it
		r.Program = sum
	}
	r.FinishedAt = time.Now().UTC()
	r.ElapsedMs = r.FinishedAt.Sub(r.StartedAt).Milliseconds()
	t.fillNames()
	for _, c := range staging.Collections {
		if snap := t.snaps[c]; snap != nil {
			r.Collections = append(r.Collections, collectionOf(snap.Complete))
		}
	}
	for _, kind := range authomize.Kinds {
		r.Kinds = append(r.Kinds, t.kindOf(kind))
	}
	r.Quarantine = t.findings.listed(true)
	for _, kind := range authomize.Kinds {
		for _, q := range t.results[kind].Quarantined { // what Authomize refuses holds the sweep as well
			r.Quarantine = append(r.Quarantine, report.Quarantined{Kind: string(q.Kind), Key: q.Key, Reason: q.Reason})
		}
	}
	r.Quarantine = append(r.Quarantine, t.findings.listed(false)...)
	r.Warnings = t.findings.warnings
	r.RoleCoverage = t.coverage()
	r.Sum()
}

func (t *transform) fillNames() {
	if t.x == nil {
		return
	}
	if o := t.x.organization; o != nil {
		t.report.Organization = &report.Name{ID: o.ID, Name: o.Name}
	}
	read := t.environments()
	for _, id := range t.x.order {
		t.report.Environments = append(t.report.Environments, report.Environment{ID: id, Name: t.x.environmentName(id), Read: slices.Contains(read, id)})
	}
}

func collectionOf(c *staging.Complete) report.Collection {
	out := report.Collection{
		Name: string(c.Collection), Calls: c.Calls, Pages: c.Pages, Records: c.Records, Bytes: c.Bytes, RawBytes: c.RawBytes,
		Retries: c.Retries, Throttled: c.Throttled, ElapsedMs: c.ElapsedMs, Gone: c.Gone, Unread: []report.Unread{},
	}
	for _, u := range c.Unread {
		out.Unread = append(out.Unread, report.Unread{
			Environment: u.Environment, Path: u.Path, Status: u.Status, Code: u.Code, Message: u.Message, CorrelationID: u.CorrelationID,
			Others: u.Skipped, Missing: u.Missing, Advice: adviceFor(c.Collection, u),
		})
	}
	return out
}

func (t *transform) kindOf(kind authomize.Kind) report.Kind {
	result, counted := t.results[kind], t.counts()[kind]
	k := report.Kind{
		Kind: string(kind), Mapped: t.mapped[kind], Posted: result.Posted, Accepted: result.Accepted,
		Shortfall: result.Shortfall, Duplicates: result.Duplicates, Requests: result.Batches + result.Refused, Bytes: result.Bytes,
		Quarantined: map[string]int64{}, Environments: counted.Environments, RolePermissions: counted.RolePermissions,
	}
	if t.baseline != nil {
		k.Before = t.baseline.Counts[kind].Total
	}
	if t.o.Settings.DryRun {
		k.Posted, k.Accepted, k.RolePermissions, k.Requests, k.Bytes = 0, 0, 0, 0, 0
	}
	for why, n := range t.findings.quarantined[kind] {
		k.Quarantined[why] += n
	}
	for why, n := range result.QuarantinedByReason {
		k.Quarantined[why] += n
	}
	return k
}
