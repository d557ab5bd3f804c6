package fetch

import (
	"context"
	"fmt"
	"strings"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// maxAsked is after how many missing of a list nobody is asked for: that many
// are a reading that went wrong, or a day on which a person should look.
const maxAsked = 5000

// knownAs says where transform keeps what it posted of each list, and how it
// calls it.
var knownAs = map[string]struct{ list, prefix string }{
	"users":        {"users", "user:"},
	"groups":       {"groupings", "group:"},
	"populations":  {"populations", "population:"},
	"applications": {"applications", "application:"},
	"gateways":     {"serviceAccounts", "gateway:"}, // those that hold a role
}

// missing is one whom an earlier run posted and the list of this one lacks.
type missing struct{ environment, id pingone.ID }

// A gap is all that is missing from the lists of one name.
type gap struct {
	name string
	// first are as many as may be asked for, and one more.
	first  []missing
	counts map[pingone.ID]int // by environment
	total  int
}

// gapOf compares what earlier runs posted with what this one was told of. An
// environment that is not known is never wanted.
func gapOf(ctx context.Context, store staging.Store, run staging.RunID, name string, wanted, has func(pingone.ID) bool) (gap, error) {
	g := gap{name: name, counts: map[pingone.ID]int{}}
	known := knownAs[name]
	for k, err := range staging.KnownOf(ctx, store, run, known.list) {
		if err != nil {
			return gap{}, err
		}
		text, ok := strings.CutPrefix(k.ID, known.prefix)
		if !ok || k.Environment.IsZero() || !wanted(k.Environment) {
			continue
		}
		id, ok := pingone.ParseID(text)
		if !ok || has(id) {
			continue
		}
		g.total++
		g.counts[k.Environment]++
		if len(g.first) <= maxAsked {
			g.first = append(g.first, missing{k.Environment, id})
		}
	}
	return g, nil
}

// isTooWide tells whether nobody should be asked for.
func (g gap) isTooWide() bool { return g.total > maxAsked }

// unread is the entry of an environment of which too many are missing.
func (g gap) unread(env pingone.ID) staging.Unread {
	return staging.Unread{
		Environment: env, Path: onePath(env, g.name, "{"+strings.TrimSuffix(g.name, "s")+"}"), Code: staging.ManyMissing, Skipped: g.counts[env] - 1, Missing: true,
		Message: fmt.Sprintf("%d %s that earlier runs were told of are missing: too many to be asked for one by one", g.counts[env], g.name),
	}
}

// onePath is where one of a list is read by itself.
func onePath(env pingone.ID, name, id string) string {
	return pingone.EnvironmentPath(env) + "/" + name + "/" + id
}
