package records

import (
	"math"
	"slices"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/mapping"
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
	// Confidence is the least that a rule must have to make paths to control of the
	// organization, for Reach and the marks of permissions; 0: no reach.
	Confidence insight.Confidence
	// AdminEnvironment is home to administrators; zero: the one of that name.
	AdminEnvironment pingone.ID
	Self             pingone.ID // our own worker application; zero: not known
	Now              time.Time  // of the reading
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
	o        Options
	found    map[authomize.Kind]*Findings // what Load left out, by kind
	things   things
	users    users
	rights   rights
	members  members
	access   access
	appRoles appRoles
	world    *insight.World
	reach    *insight.Reach
	people   []string // names of the world's users
}

// Reach is who controls the organization, and who can; nil where Options ask for
// none. World is what it was computed of.
func (x *Index) Reach() *insight.Reach { return x.reach }

// Names are those of all things in the world, and of some of its users.
func (x *Index) Names(users map[pingone.ID]bool) insight.Names {
	names := x.world.Names()
	for i := range x.world.Users {
		if id := x.world.Users[i].ID; users[id] {
			names[id] = x.people[i]
		}
	}
	return names
}

// World is what the run knows of who holds which role, and of what is around it.
func (x *Index) World() *insight.World { return x.world }

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

// things are the collections that are small enough to be held whole.
type things struct {
	organization pingone.Organization
	populations  listed[pingone.Population]
	groups       listed[authomize.Grouping]
	roles        listed[role]
	applications listed[pingone.Application]
	gateways     listed[pingone.Gateway]
}

// A role is what of one is held: its permissions, of which there may be
// hundreds, only for Options.RolePermissions.
type role struct {
	privilege   authomize.Privilege
	owns        bool // the application that it is held on
	warnings    []mapping.Warning
	permissions []pingone.RolePermission
}

// An ordered is a map in the order in which its values came up first.
type ordered[K comparable, V any] struct {
	all []V
	at  map[K]int
}

// A listed is a small collection.
type listed[T any] struct {
	ordered[pingone.ID, entry[T]]
}

type entry[T any] struct {
	id      pingone.ID
	tag     uint32
	readAt  int64 // in milliseconds
	item    T
	leftOut []string // fields that could not be decoded
}

// put takes up an item. Of two readings the later counts.
func (l *listed[T]) put(e entry[T]) {
	if at, isNew := l.add(e.id, e); !isNew && e.readAt >= l.all[at].readAt {
		l.all[at] = e
	}
}

func (l *listed[T]) has(id pingone.ID) bool { _, ok := l.at[id]; return ok }

// get is the item with an id; the zero one if there is none.
func (l *listed[T]) get(id pingone.ID) (e entry[T]) {
	if at, ok := l.at[id]; ok {
		e = l.all[at]
	}
	return e
}

// users are the id of each user, and which reply of the snapshot counts for it.
// The row of a user stands for it elsewhere, in 4 bytes.
type users struct {
	rows    []row             // sorted by id
	tags    []uint32          // of each reply's environment
	devices []mapping.Devices // by row; nil: they were not asked for
}

type row struct {
	id    pingone.ID
	reply uint32
}

// find returns the row of a user.
func (u *users) find(id pingone.ID) (int, bool) {
	return slices.BinarySearchFunc(u.rows, id, func(r row, id pingone.ID) int { return r.id.Compare(id) })
}

// tag is that of the environment that a row was read in.
func (u *users) tag(row int) uint32 { return u.tags[u.rows[row].reply] }

// members are which groups are in which, and who is in them.
type members struct {
	nestings []nesting
	children map[pingone.ID][]pingone.ID
	// lists are the users in a group, by what PingOne lists them of: see direct and
	// anyWay. A user is the number of its row, 4 bytes. They are sorted, and each is
	// there once: a list may show one twice that was begun anew or read once more.
	lists map[staging.Parent][]uint32
	// strangers are users that the run does not hold. Their numbers come behind
	// those of the rows.
	strangers ordered[pingone.ID, pingone.ID]
}

type nesting struct{ child, parent pingone.ID }

// rights are who holds which role in which scope.
type rights struct {
	all     ordered[assignment, assignment] // those whose holder the run holds; keys have no tag
	classes ordered[class, class]           // that these are of; keys have no tag
	acting  map[pingone.ID]bool             // the applications and gateways that hold a role
}

// A class is a role in a scope. There are some thousands, and of assignments
// some hundreds of thousands. The tag is that of the first who holds it.
type class struct {
	role  pingone.ID
	scope mapping.Scope
	tag   uint32
}

// groupingID is the uniqueId of the grouping of those who hold a class.
func (c *class) groupingID() string { return mapping.RoleGroupingID(c.role, c.scope) }

// An assignment is a class that a user, group, application or gateway holds.
type assignment struct {
	holder staging.Parent
	class  uint32
	tag    uint32
}

// An inherited is what a user has by a group: it is the group's.
type inherited struct {
	group staging.Parent
	class class
}

// appRoles are the roles within applications, and who holds each: 4 bytes a holder.
type appRoles struct {
	listed[pingone.ApplicationRole]
	holders map[pingone.ID][]uint32
}

// access is who may use which application.
type access struct {
	virtual     ordered[string, virtualGrouping] // by uniqueId
	permissions []authomize.Item
}

// A virtualGrouping is one of our making and who is in it: 4 bytes a user.
type virtualGrouping struct {
	grouping authomize.Grouping
	tag      uint32 // of the environment
	rows     []uint32
}

// A source is the snapshots of a run, without what was approved away, and the
// environments of the run.
type source struct {
	snaps map[staging.Collection]*staging.Snapshot
	skip  func(staging.Collection, *staging.Reply) bool
	// environments are numbered by their order, from 1 on. The zero one is not
	// held: something only refers to it, or it was never read.
	environments listed[pingone.Environment]
}

// add takes up a value, unless there is one with its key, and tells where it is.
func (o *ordered[K, V]) add(key K, v V) (at int, isNew bool) {
	if at, ok := o.at[key]; ok {
		return at, false
	}
	if o.at == nil {
		o.at = map[K]int{}
	}
	o.at[key] = len(o.all)
	o.all = append(o.all, v)
	return len(o.all) - 1, true
}
