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
	"math"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// Options decide over records beside the snapshots.
type Options struct {
	// ServiceAccountsAsUsers makes users of service accounts.
	ServiceAccountsAsUsers bool
	// RolePermissions makes privileges and grants of the permissions of roles.
	RolePermissions bool
	// Devices tells that MFA devices were asked for.
	Devices bool
	// Skip tells which replies to leave out, since a person approved that what
	// they show may go; nil: none.
	Skip func(staging.Collection, *staging.Reply) bool
}

// Tags of items. Others are the number of an environment, or 0 for none.
const (
	// RolePermissions marks records that are there because of
	// Options.RolePermissions. They are counted apart, so that switching them
	// off is no loss, and many of them hide no loss of roles.
	RolePermissions uint32 = math.MaxUint32
	// virtual is added to the environment's number for groupings of our making.
	virtual uint32 = 1 << 31
)

// IsVirtual tells whether a tag marks a grouping of our own making (all users,
// administrators, access to an application), who is in it, or its permission.
// They are counted apart too: a million of them would hide any loss.
func IsVirtual(tag uint32) bool { return tag != RolePermissions && tag&virtual != 0 }

// An Index is what must be held of all snapshots to map one resource of them. It
// never changes, and is safe for concurrent use.
//
// Memory: 28 bytes a user, 8 more with devices; 4 a membership; some 300 a group,
// of which PingOne allows 100,000 in an environment; 56 a role assignment.
type Index struct {
	source
	o       Options
	found   map[authomize.Kind]*Findings // what Load left out, by kind
	things  things
	users   users
	rights  rights
	members members
	access  access
}

// Load makes the index. snaps must hold all collections; devices may be nil.
// Each is gone through once. Errors: those of staging, and pingone.ErrBadPage with
// the path of a reply of another shape.
func Load(ctx context.Context, snaps map[staging.Collection]*staging.Snapshot, o Options) (*Index, error) {
	x := &Index{source: source{snaps: snaps, skip: o.Skip}, o: o, found: map[authomize.Kind]*Findings{}}
	for _, kind := range authomize.Kinds {
		x.found[kind] = new(Findings)
	}
	for _, step := range []func(context.Context) error{
		x.readThings, x.readUsers, x.readDevices, x.readRights, x.readMembers,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	x.makeAccess()
	return x, nil
}

// quarantine counts what Load leaves out.
func (x *Index) quarantine(kind authomize.Kind, key, reason string, n int) {
	x.found[kind].quarantine(kind, key, reason, n)
}

// An Environment is one that the run holds, or that something in it refers to.
type Environment struct {
	ID   pingone.ID
	Name string // "" where it was never read
	// Read tells that the snapshots hold the environment itself, be it carried.
	Read bool
}

// Environments are all of them, by the tag of their records: that of the first is 1.
func (x *Index) Environments() []Environment {
	var all []Environment
	for _, e := range x.environments.all {
		all = append(all, Environment{ID: e.id, Name: e.item.Name, Read: !e.item.ID.IsZero()})
	}
	return all
}

// EnvironmentOf is the environment that a tag stands for, zero for none.
func (x *Index) EnvironmentOf(tag uint32) pingone.ID {
	if n := int(tag &^ virtual); n > 0 && n <= len(x.environments.all) {
		return x.environments.all[n-1].id
	}
	return pingone.ID{}
}

// Organization is what PingOne says of it; zero where it was never read.
func (x *Index) Organization() pingone.Organization { return x.things.organization }
