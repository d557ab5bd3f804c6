package transform

import (
	"context"
	"slices"

	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// userDevices is what is known of the MFA devices of those who were asked for
// them, sorted by user: 17 bytes each.
type userDevices []deviceFacts

type deviceFacts struct {
	user  pingone.ID
	facts mapping.Devices
}

// readDevices goes through the replies about devices, which stand among the
// pages of users. nil means that the run did not read devices.
func readDevices(ctx context.Context, users *staging.Snapshot) (userDevices, error) {
	if users.Manifest.Devices == nil {
		return nil, nil
	}
	asked := 0
	for _, s := range users.Manifest.Slices {
		asked += s.Asked
	}
	all := make(userDevices, 0, asked)
	var d pingone.Decoder[pingone.Device]
	for reply, err := range users.Replies(ctx) {
		if err != nil {
			return nil, err
		}
		if reply.IsDevices() {
			all = append(all, deviceFacts{reply.Parent.ID, factsOf(&d, reply.Body)})
		}
	}
	return all.joined(), nil
}

// factsOf is what a page of devices says. One of another shape, from which
// nobody's access follows, only leaves its user's field out.
func factsOf(d *pingone.Decoder[pingone.Device], body []byte) mapping.Devices {
	devices, broken, err := d.Items(body, pingone.DevicesKey)
	if err != nil {
		return mapping.DevicesOf(nil, 1, false)
	}
	return mapping.DevicesOf(devices, broken, pingone.IsLast(body))
}

// joined makes one entry of all pages of a user.
func (all userDevices) joined() userDevices {
	slices.SortFunc(all, func(a, b deviceFacts) int { return a.user.Compare(b.user) })
	kept := all[:0]
	for _, f := range all {
		if n := len(kept); n > 0 && kept[n-1].user == f.user {
			kept[n-1].facts |= f.facts
			continue
		}
		kept = append(kept, f)
	}
	return kept
}

// of is what is known of a user's devices; nothing, if it was not asked for
// them or they could not be read.
func (all userDevices) of(user pingone.ID) mapping.Devices {
	i, ok := slices.BinarySearchFunc(all, user, func(f deviceFacts, id pingone.ID) int { return f.user.Compare(id) })
	if !ok {
		return 0
	}
	return all[i].facts
}
