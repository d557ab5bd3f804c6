package records

import (
	"cmp"
	"context"
	"slices"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

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
