package mapping

import (
	"strings"

	"pingone-authomize/shared/pingone"
)

// Devices is what the pages of a user's device list said. Those of several
// pages are joined by |. The zero value says that no page was read.
type Devices uint8

const (
	deviceActive Devices = 1 << iota
	devicesEnd           // the last page was read
	devicesBroken
	deviceStatusNew
)

// DevicesOf is what one page says: the devices that could be decoded, how many
// could not, and whether the page is the last one.
func DevicesOf(devices []pingone.Device, broken int, last bool) Devices {
	var of Devices
	if last {
		of |= devicesEnd
	}
	if broken > 0 {
		of |= devicesBroken
	}
	for _, d := range devices {
		switch status := clean(d.Status); {
		case strings.EqualFold(status, "ACTIVE"):
			of |= deviceActive
		case !strings.EqualFold(status, "ACTIVATION_REQUIRED"):
			of |= deviceStatusNew
		}
	}
	return of
}

// HasMFA says whether a user has MFA, in a run that read devices: MFA must be
// allowed and a device be active. nil leaves the field out: PingOne doesn't
// say whether MFA is allowed, or it is and the devices could not all be read
// and none of the others is active.
//
// Warnings: WarnDevicesUnread, WarnUnknownDeviceStatus.
func HasMFA(u *pingone.User, of Devices) (*bool, Warnings) {
	if u.MFAEnabled == nil {
		return nil, 0
	}
	has := *u.MFAEnabled && of&deviceActive != 0
	if !*u.MFAEnabled {
		return &has, 0
	}
	var ws Warnings
	if of&deviceStatusNew != 0 {
		ws = unknownDeviceStatus
	}
	if !has && of&(devicesEnd|devicesBroken) != devicesEnd {
		return nil, ws | devicesUnread
	}
	return &has, ws
}
