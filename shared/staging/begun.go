package staging

import (
	"context"
	"errors"
	"slices"

	"pingone-authomize/shared/pingone"
)

// Begun is what the manifests of a run say of it, complete or not.
type Begun struct {
	// Terms hold for the run if they do for any collection.
	Terms
	Environments []pingone.ID // of any collection, sorted
	Collections  int          // that have a manifest
}

// LookAt reads the manifests of a run; none is no error.
func LookAt(ctx context.Context, store Store, run RunID) (Begun, error) {
	var b Begun
	for _, c := range Collections {
		m, err := LoadManifest(ctx, store, run, c)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return Begun{}, err
		}
		b.Narrowed, b.DryRun = b.Narrowed || m.Narrowed, b.DryRun || m.DryRun
		b.Environments = append(b.Environments, m.Environments...)
		b.Collections++
	}
	slices.SortFunc(b.Environments, pingone.ID.Compare)
	b.Environments = slices.Compact(b.Environments)
	return b, nil
}
