package transform

import (
	"context"
	"fmt"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/records"
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

// Preview says what an approval would delete: the records of the replies that
// it covers, and what the app holds from before the run. Nothing is posted
// and nothing written.
func Preview(ctx context.Context, run staging.RunID, a sweep.Approval, o Options) (Going, error) {
	t, err := openToApprove(ctx, run, &a, o)
	if err != nil {
		return Going{}, err
	}
	if err := t.recallEnded(ctx); err != nil {
		return Going{}, fmt.Errorf("look what approving run %s would delete: %w", run, err)
	}
	cutoff := t.notes.Pass.Outcome.Cutoff
	next, covers, err := t.covered(ctx, a.Codes)
	if err == nil {
		err = t.overrule(a.Codes) // which nobody saves
	}
	if err != nil {
		return Going{}, err
	}
	going := map[authomize.Kind]*report.Gone{}
	for _, kind := range authomize.SweptKinds {
		going[kind] = &report.Gone{Kind: string(kind)}
	}
	if len(covers) > 0 {
		err := t.leaving(ctx, next, func(_ *records.Index, kind authomize.Kind, item authomize.Item) { going[kind].Add(item.Record.Key()) })
		if err != nil {
			return Going{}, err
		}
	}
	if !cutoff.IsZero() {
		all, err := older(ctx, t.o.Client, cutoff)
		if err != nil {
			return Going{}, fmt.Errorf("ask Authomize what it holds from before the run: %w", err)
		}
		for _, g := range all {
			going[authomize.Kind(g.Kind)].Join(g)
		}
	}
	g := Going{Run: run}
	for _, kind := range authomize.SweptKinds {
		if going[kind].Count > 0 {
			g.Kinds = append(g.Kinds, *going[kind])
		}
	}
	return g, nil
}
