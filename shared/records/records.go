// Package records turns the snapshots of a run into records for Authomize: a
// frozen [Index] first, then one stream for each kind of record.
//
// The snapshots are the truth as far as it is known. What is carried forward
// counts like anything else; of two replies that show one item of a collection
// the later one counts, and what is proven gone is left out. A tie to something
// that the snapshots don't hold is quarantined. What a resource becomes is
// decided in package mapping.
package records

import (
	"context"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/staging"
)

// Load makes the index. snaps must hold all collections; devices may be nil.
// Each is gone through once. Errors: those of staging, and pingone.ErrBadPage with
// the path of a reply of another shape.
func Load(ctx context.Context, snaps map[staging.Collection]*staging.Snapshot, o Options) (*Index, error) {
	x := &Index{source: source{snaps: snaps, skip: o.Skip}, o: o, found: map[authomize.Kind]*Findings{}}
	for _, kind := range authomize.Kinds {
		x.found[kind] = new(Findings)
	}
	for _, step := range []func(context.Context) error{
		x.readThings, x.readUsers, x.readDevices, x.readRights, x.readMembers, x.readApplicationRoles,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	x.makeAccess()
	if o.Confidence == 0 {
		return x, nil
	}
	return x, x.readMeaning(ctx)
}
