package records

import (
	"cmp"
	"context"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

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

// readUsers reads the ids of users. Of two replies that show one the later
// counts.
func (x *Index) readUsers(ctx context.Context) error {
	u := users{rows: make([]row, 0, x.snaps[staging.Users].Complete.Records)} // grown once, not twenty times
	var readAt []int64
	for p, err := range pages[pingone.Member](ctx, &x.source, staging.Users, "") { // what is broken is counted by the stream
		if err != nil {
			return err
		}
		for len(readAt) <= p.n {
			u.tags, readAt = append(u.tags, p.tag), append(readAt, p.FetchedAt.UnixMilli())
		}
		for _, m := range p.items {
			u.rows = append(u.rows, row{m.ID, uint32(p.n)}) //nolint:gosec // far fewer than 2^32
		}
	}
	slices.SortFunc(u.rows, func(a, b row) int {
		if byID := a.id.Compare(b.id); byID != 0 {
			return byID
		}
		return cmp.Or(cmp.Compare(readAt[b.reply], readAt[a.reply]), cmp.Compare(b.reply, a.reply))
	})
	u.rows = slices.CompactFunc(u.rows, func(a, b row) bool { return a.id == b.id })
	x.users = u
	return nil
}

// people emits the users, each from the reply that counts for it.
func (s *stream) people(ctx context.Context) error {
	done := make([]bool, len(s.users.rows)) // a reply may show one twice
	for p, err := range pages[pingone.User](ctx, &s.source, staging.Users, "") {
		if err != nil {
			return err
		}
		for i := range p.items {
			u := &p.items[i]
			at, ok := s.users.find(u.ID)
			if !ok || done[at] || int(s.users.rows[at].reply) != p.n {
				continue
			}
			done[at] = true
			r, ws := mapping.User(u, s.things.populations.get(u.Population.ID).item.Name)
			if s.users.devices != nil {
				var more []mapping.Warning
				r.HasMFA, more = mapping.HasMFA(u, s.users.devices[at])
				ws = append(ws, more...)
			}
			s.f.leftOut(r.UniqueID, p.leftOut[u.ID])
			if s.emit(r, p.tag, ws...); s.ended {
				return nil
			}
		}
		s.f.quarantine(authomize.Users, p.Path, malformed, p.broken)
	}
	return nil
}

// readDevices reads what is there of MFA devices. A reply of another shape, from
// which nobody's access follows, is passed over: what is not whole counts as not
// read.
func (x *Index) readDevices(ctx context.Context) error {
	u := &x.users
	if !x.o.Devices {
		return nil
	}
	u.devices = make([]mapping.Devices, len(u.rows))
	var ofUser pingone.Decoder[pingone.Device]
	var ofAll pingone.Decoder[pingone.Entry]
	for r, err := range x.replies(ctx, staging.Devices) {
		if err != nil {
			return err
		}
		if r.IsMarker() {
			continue
		}
		if r.Parent != nil {
			if all, broken, err := ofUser.Items(r.Body, pingone.DevicesKey); err == nil {
				u.join(r.Parent.ID, mapping.DevicesOf(all, broken, pingone.IsLast(r.Body)).At(r.FetchedAt, true))
			}
			continue
		}
		all, _, _ := ofAll.Items(r.Body, pingone.EntriesKey)
		for _, e := range all {
			var devices []pingone.Device
			if e.DeviceStatus != "" { // else the row says that there is none
				devices = []pingone.Device{{Status: e.DeviceStatus}}
			}
			u.join(e.UserID, mapping.DevicesOf(devices, 0, true).At(r.FetchedAt, false))
		}
	}
	return nil
}

func (u *users) join(id pingone.ID, more mapping.Devices) {
	if at, ok := u.find(id); ok {
		u.devices[at] = u.devices[at].Join(more)
	}
}
