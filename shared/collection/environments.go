package collection

import (
	"context"
	"iter"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// environments are the root of a run: those that the settings name, or all that
// the worker application may read.
var environments = Collection{
	Name: staging.Environments, Limit: pingone.Configuration,
	Role:       "Configuration Read Only",
	ByFeedOnly: true,
	Lists:      environmentLists,
	Absent:     absentEnvironment,
	Ask: func(_ staging.ListKey, id pingone.ID) Ask {
		return Ask{Path: pingone.EnvironmentPath(id)}
	},
	Deleted: pingone.EnvironmentDeleted, Created: pingone.EnvironmentCreated,
	Event: itemEvent("environments"),
}

func environmentLists(_ context.Context, in *Inputs) iter.Seq2[List, error] {
	return func(yield func(List, error) bool) {
		asked := in.Run.Only
		if len(asked) == 0 {
			asked = in.Run.Environments
		}
		if in.Run.All && len(in.Run.Only) == 0 {
			yield(List{List: pingone.Environments()}, nil)
			return
		}
		for _, id := range asked {
			if !yield(List{Environment: id, List: pingone.List{Path: pingone.EnvironmentPath(id)}}, nil) {
				return
			}
		}
	}
}

// absentEnvironment: one that the run was not asked for is as before. One that
// the settings name no more is for a person to approve: it may be a slip.
func absentEnvironment(in *Inputs, id pingone.ID) (staging.Carried, bool) {
	switch {
	case len(in.Run.Only) > 0 && !slices.Contains(in.Run.Only, id) && (in.Run.All || slices.Contains(in.Run.Environments, id)):
		return staging.NotAsked, false
	case !in.Run.All && !slices.Contains(in.Run.Environments, id):
		return staging.Unlisted, false
	}
	return staging.Unlisted, true
}
