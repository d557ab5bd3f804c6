package fetch

import (
	"context"
	"strings"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// parents are the groups that held users, and that held groups, by what earlier
// runs posted. Those are asked whatever PingOne counts: a count of none is no
// proof that nobody is in a group any more.
type parents struct{ users, groups map[pingone.ID]bool }

func knownParents(ctx context.Context, store staging.Store, run staging.RunID) (known parents, err error) {
	if known.users, err = knownGroups(ctx, store, run, staging.GroupsWithUsers); err != nil {
		return parents{}, err
	}
	known.groups, err = knownGroups(ctx, store, run, staging.GroupsWithGroups)
	return known, err
}

func knownGroups(ctx context.Context, store staging.Store, run staging.RunID, list string) (map[pingone.ID]bool, error) {
	groups := map[pingone.ID]bool{}
	for k, err := range staging.KnownOf(ctx, store, run, list) {
		if err != nil {
			return nil, err
		}
		if id, ok := pingone.ParseID(strings.TrimPrefix(k.ID, knownAs["groups"].prefix)); ok {
			groups[id] = true
		}
	}
	return groups, nil
}
