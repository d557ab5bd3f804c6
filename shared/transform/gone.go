package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// gone is what earlier runs were told of and this one was not. What is settled
// counts only where this run names it.
type gone struct {
	// missed are users that a membership names all the same.
	missed set
	// users counts by environment; unproven does so by collection too, those
	// that PingOne was not asked for.
	users       map[pingone.ID]int
	unproven    map[staging.Collection]map[pingone.ID]int
	populations []staging.Known
	// records counts all that has a name, by environment.
	records map[pingone.ID]int
}

// proofs say what of the records that are gone PingOne was to be asked for, by
// list: the collection that asks, and how a uniqueId begins.
var proofs = map[authomize.Kind]struct {
	collection staging.Collection
	prefix     string
}{
	authomize.Users:           {staging.Users, "user:"},
	authomize.Groupings:       {staging.Groups, "group:"},
	listedApplications:        {staging.Applications, "application:"},
	authomize.ServiceAccounts: {staging.Gateways, "gateway:"},
	listedPopulations:         {staging.Populations, "population:"},
}

// findGone compares the run with what is known of earlier ones.
func (t *transform) findGone(ctx context.Context, m *memory, all posted) error {
	g := gone{missed: set{}, users: map[pingone.ID]int{}, unproven: map[staging.Collection]map[pingone.ID]int{}, records: map[pingone.ID]int{}}
	proven := map[staging.Collection]set{}
	for _, p := range proofs {
		proven[p.collection] = set{}
		for _, id := range t.snaps[p.collection].Manifest.Proven {
			proven[p.collection].add(id)
		}
		g.unproven[p.collection] = map[pingone.ID]int{}
	}
	note := func(list authomize.Kind, k staging.Known) {
		p, isProven := proofs[list]
		if !isProven {
			return
		}
		text, fits := strings.CutPrefix(k.ID, p.prefix)
		id, isID := pingone.ParseID(text)
		if !fits || !isID || p.collection == staging.Gateways && t.x.gatewayByID[id] != nil { // one that lost its last role
			return
		}
		if list == authomize.Users && t.x.missed.has(id) && !m.isApproved(k) {
			g.missed.add(id)
		}
		if m.isSettled(k) {
			return
		}
		if !proven[p.collection].has(id) {
			g.unproven[p.collection][k.Environment]++
		}
		switch list {
		case authomize.Users:
			g.users[k.Environment]++
		case listedPopulations:
			g.populations = append(g.populations, k)
		default:
		}
	}
	var err error
	count := func(list authomize.Kind, k staging.Known) {
		if !m.isSettled(k) {
			g.records[k.Environment]++
		}
		note(list, k)
	}
	if t.report.Sweep.Gone, err = m.gone(ctx, all, count); err != nil {
		return err
	}
	for _, list := range []authomize.Kind{listedPopulations, listedApplications} {
		if err := m.eachGone(ctx, list, all, func(k staging.Known) { note(list, k) }); err != nil {
			return err
		}
	}
	t.gone = g
	return nil
}

// unprovenReasons are about what is gone without proof: fetch did not know of
// it when it asked for what it missed, because a run before was still posting,
// or it has not asked at all.
func (t *transform) unprovenReasons() []string {
	var reasons []string
	for _, c := range staging.Collections {
		reasons = append(reasons, t.unprovenOf(c)...)
	}
	return reasons
}

func (t *transform) unprovenOf(c staging.Collection) []string {
	complete := t.snaps[c].Complete
	if slices.ContainsFunc(complete.Unread, isRefused) {
		return nil // said already
	}
	said := map[pingone.ID]bool{}
	for _, u := range complete.Unread {
		said[u.Environment] = true
	}
	var reasons []string
	for _, env := range slices.SortedFunc(maps.Keys(t.gone.unproven[c]), pingone.ID.Compare) {
		if slices.Contains(complete.Environments, env) && !said[env] {
			reasons = append(reasons, fmt.Sprintf("%s: %d %s of environment %s that an earlier run was told of were not read, and PingOne was not asked for them one by one; the next run does so",
				c, t.gone.unproven[c][env], c, env))
		}
	}
	return reasons
}

// vanishedReasons are about populations that are listed no more while users
// of their environment are gone. To a worker application whose role is limited
// to some populations, the others and their users are not there, and no count
// is short.
func (t *transform) vanishedReasons() []string {
	var reasons []string
	for _, k := range t.gone.populations {
		users := t.gone.users[k.Environment]
		if users == 0 || !slices.Contains(t.snaps[staging.Populations].Complete.Environments, k.Environment) {
			continue
		}
		reasons = append(reasons, fmt.Sprintf("populations: %s of environment %s was listed by an earlier run and is not now, and %d users of this environment are gone: a role that is limited to populations looks like this, so check that the worker application's roles are on the whole environment; if the population was deleted, approve the sweep",
			k.ID, k.Environment, users))
	}
	return firstReasons(reasons, "populations")
}
