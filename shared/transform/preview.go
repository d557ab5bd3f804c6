package transform

import (
	"context"
	"fmt"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/sweep"
)

// Going is what would be deleted.
type Going struct {
	Run staging.RunID
	// Kinds are those of which anything goes, each with the first hundred ids.
	Kinds []report.Gone
}

// Count is how many records go.
func (g Going) Count() int64 {
	var n int64
	for _, k := range g.Kinds {
		n += k.Count
	}
	return n
}

// Preview says what an approval would delete: all that the app holds and the run
// has not without the replies that it covers. Nothing is posted and nothing
// written.
func Preview(ctx context.Context, run staging.RunID, a sweep.Approval, o Options) (Going, error) {
	t, err := openToApprove(ctx, run, &a, o)
	if err != nil {
		return Going{}, err
	}
	if err := t.recallEnded(ctx); err != nil {
		return Going{}, fmt.Errorf("look what approving run %s would delete: %w", run, err)
	}
	refused := t.quarantined() // which are not posted
	next, _, err := t.covered(ctx, a.Codes)
	if err == nil {
		err = t.overrule(a.Codes) // which nobody saves
	}
	if err != nil {
		return Going{}, err
	}
	stay, err := t.staying(ctx, next)
	if err != nil {
		return Going{}, err
	}
	stays := func(kind authomize.Kind, key string) bool {
		asUser := kind == authomize.Users && t.o.Settings.ServiceAccounts == config.ServiceAccountsAsUsers
		return !refused[key] && (stay.has(kind, key) || asUser && stay.has(authomize.ServiceAccounts, key))
	}
	g := Going{Run: run}
	for _, kind := range authomize.SweptKinds {
		gone := report.Gone{Kind: string(kind)}
		for key, err := range t.o.Client.Refreshed(ctx, kind, time.Time{}) {
			if err != nil {
				return Going{}, fmt.Errorf("ask Authomize what it holds: %w", err)
			}
			if !stays(kind, key) {
				gone.Add(key)
			}
		}
		if gone.Count > 0 {
			g.Kinds = append(g.Kinds, gone)
		}
	}
	return g, nil
}
