package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// gone is what earlier runs were told of and this one was not, but for what is
// settled.
type gone struct {
	// missed are users that a membership names all the same.
	missed set
	// users counts by environment; unproven are those of them that PingOne was
	// not asked for.
	users, unproven map[pingone.ID]int
	populations     []staging.Known
}

// findGone compares the run with what is known of earlier ones.
func (t *transform) findGone(ctx context.Context, m *memory, all posted) error {
	g := gone{missed: set{}, users: map[pingone.ID]int{}, unproven: map[pingone.ID]int{}}
	proven := set{}
	for _, id := range t.snaps[staging.Users].Manifest.Proven {
		proven.add(id)
	}
	var err error
	t.report.Sweep.Gone, err = m.gone(ctx, all, func(k staging.Known) {
		user, ok := pingone.ParseID(strings.TrimPrefix(k.ID, "user:"))
		if ok && t.x.missed.has(user) {
			g.missed.add(user)
		}
		g.users[k.Environment]++
		if !proven.has(user) {
			g.unproven[k.Environment]++
		}
	})
	if err != nil {
		return err
	}
	err = m.eachUnsettled(ctx, listedPopulations, all, func(k staging.Known) { g.populations = append(g.populations, k) })
	t.gone = g
	return err
}

// unprovenReasons are about users that are gone without proof: fetch did not
// know of them when it asked for what it missed, because a run before was
// still posting, or it has not asked at all.
func (t *transform) unprovenReasons() []string {
	users := t.snaps[staging.Users].Complete
	if slices.ContainsFunc(users.Unread, isRefused) {
		return nil // said already
	}
	said := map[pingone.ID]bool{}
	for _, u := range users.Unread {
		said[u.Environment] = true
	}
	var reasons []string
	for _, env := range slices.SortedFunc(maps.Keys(t.gone.unproven), pingone.ID.Compare) {
		if slices.Contains(users.Environments, env) && !said[env] {
			reasons = append(reasons, fmt.Sprintf("users: %d users of environment %s that an earlier run was told of were not read, and PingOne was not asked for them one by one; the next run does so",
				t.gone.unproven[env], env))
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
