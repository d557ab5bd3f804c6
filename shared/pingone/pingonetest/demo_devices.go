package pingonetest

// devices gives most users who may use MFA a device: of each 16, by the last
// digit of their id, one has none, one has not finished to enroll, and two
// have a second device. Of the others one in 16 has a device.
func (b *demo) devices() {
	for _, e := range b.o.Environments {
		for i := range e.Users {
			u := &e.Users[i]
			for _, d := range devicesOf(u) {
				d.CreatedAt = b.epoch.AddDate(0, 4, 0)
				b.o.AddDevice(e.ID, u.ID, d)
			}
		}
	}
}

func devicesOf(u *User) []Device {
	app := Device{Type: "TOTP", Status: "ACTIVE"}
	phone := Device{Type: "SMS", Status: "ACTIVATION_REQUIRED", Phone: "+41.555000111"}
	digit := u.ID[len(u.ID)-1] % 16
	switch {
	case !u.MFAEnabled && digit == 0:
		return []Device{app}
	case !u.MFAEnabled, digit == 0:
		return nil
	case digit == 1:
		return []Device{phone}
	case digit == 2, digit == 3:
		return []Device{phone, {Type: "FIDO2", Status: "ACTIVE"}}
	}
	return []Device{app}
}
