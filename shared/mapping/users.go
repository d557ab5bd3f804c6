package mapping

import (
	"cmp"
	"strings"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// localProvider is the identity provider type of users whose password PingOne
// itself keeps.
const localProvider = "PING_ONE"

// documentedProviders are the identity provider types of PingOne's documentation,
// beside its own.
var documentedProviders = map[string]bool{
	localProvider: true, "FACEBOOK": true, "GOOGLE": true, "LINKEDIN": true, "LINKEDIN_OIDC": true, "APPLE": true, "TWITTER": true,
	"AMAZON": true, "YAHOO": true, "MICROSOFT": true, "PAYPAL": true, "GITHUB": true, "OPENID_CONNECT": true, "SAML": true,
}

// User maps a user. population is the name of the user's population, or ""
// where there is none; it becomes a tag and the custom property
// "population", the latter cut to 64 runes.
//
// The name is the formatted one, else given and family name, else the
// username, else the id. Tags are, in this order, the population, the free
// text type and the identity provider's type (PING_ONE too). External is who
// signs on with an identity provider of a type other than PING_ONE. hasMFA
// says that MFA is allowed, not that a device is enrolled (see HasMFA for
// that), and is left out where PingOne says nothing.
func User(u *pingone.User, population string) (authomize.User, []Warning) {
	unique := UserID(u.ID)
	status, ws := userStatus(u)
	provider := clean(u.IdentityProvider.Type)
	r := authomize.User{
		UniqueID:   unique,
		OriginID:   originOf(unique),
		FirstName:  clean(u.Name.Given),
		LastName:   clean(u.Name.Family),
		Status:     status,
		Title:      clean(u.Title),
		IsExternal: IsExternal(provider),
	}
	r.Name = PersonName(u.ID, u.Username, u.Name)
	if email := clean(u.Email); validEmail(email) {
		r.Email = email
	} else if email != "" {
		ws = append(ws, WarnBadEmail)
	}
	if u.MFAEnabled != nil {
		has := *u.MFAEnabled // a copy: callers may decode into u again
		r.HasMFA = &has
	}
	at, late := stamp(u.LastSignOn.At)
	r.LastLoginAt = at
	ws = append(ws, late...)
	if provider != "" && !documentedProviders[strings.ToUpper(provider)] {
		ws = append(ws, WarnUnknownProvider)
	}
	for _, tag := range []string{population, u.Type, provider} {
		r.Tags = addTag(r.Tags, tag)
	}
	if value := cut(population, authomize.MaxPropertyRunes); value != "" {
		r.CustomProperties = []authomize.Property{{Key: "population", Value: value}}
	}
	return r, ws
}

// IsExternal tells whether an identity provider of a type is not PingOne itself.
func IsExternal(provider string) bool {
	provider = clean(provider)
	return provider != "" && !strings.EqualFold(provider, localProvider)
}

// PersonName is what a user is called; see User.
func PersonName(id pingone.ID, username string, n pingone.UserName) string {
	return cmp.Or(clean(n.Formatted), clean(clean(n.Given)+" "+clean(n.Family)), clean(username), id.String())
}

// userStatus applies the first rule that fits: not said whether enabled →
// Unknown, disabled → Disabled, locked → Suspended, not yet verified →
// Staged, a status never seen → Unknown, else Enabled. An absent status says
// nothing and is not a new one. New ones are warned of whatever rule fits.
func userStatus(u *pingone.User) (authomize.UserStatus, []Warning) {
	account, lifecycle := clean(u.Account.Status), clean(u.Lifecycle.Status)
	locked := strings.EqualFold(account, "LOCKED")
	staged := strings.EqualFold(lifecycle, "VERIFICATION_REQUIRED")
	isNew := account != "" && !locked && !strings.EqualFold(account, "OK") ||
		lifecycle != "" && !staged && !strings.EqualFold(lifecycle, "ACCOUNT_OK")

	status, ws := serviceStatus(u.Enabled)
	if isNew {
		ws = append(ws, WarnUnknownStatus)
	}
	switch {
	case status != authomize.StatusEnabled:
	case locked:
		status = authomize.StatusSuspended
	case staged:
		status = authomize.StatusStaged
	case isNew:
		status = authomize.StatusUnknown
	}
	return status, ws
}

// Devices is what replies said of a user's MFA devices: 8 bytes. The zero value
// says that nothing was read.
type Devices struct {
	readAt uint32 // in seconds
	facts  deviceFacts
	own    bool // by the user's own list, not by an exploration
}

type deviceFacts uint8

const (
	deviceActive deviceFacts = 1 << iota
	devicesEnd               // the last page was read
	devicesBroken
	deviceStatusNew
)

// DevicesOf is what one reply says: the devices that could be decoded, how many
// could not, and whether it is the last page.
func DevicesOf(devices []pingone.Device, broken int, last bool) (of Devices) {
	if last {
		of.facts |= devicesEnd
	}
	if broken > 0 {
		of.facts |= devicesBroken
	}
	for _, d := range devices {
		switch status := clean(d.Status); {
		case strings.EqualFold(status, "ACTIVE"):
			of.facts |= deviceActive
		case !strings.EqualFold(status, "ACTIVATION_REQUIRED"):
			of.facts |= deviceStatusNew
		}
	}
	return of
}

// At tells when a reply was read, and whether it is of the user's own list, and
// not of an exploration.
func (d Devices) At(read time.Time, own bool) Devices {
	return Devices{uint32(read.Unix()), d.facts, own} //nolint:gosec // until 2106
}

// Join adds what another reply says. An exploration and a user's own list are two
// readings of one thing, of which the later counts; pages of one are not.
func (d Devices) Join(more Devices) Devices {
	switch {
	case d.readAt == 0, d.own != more.own && more.readAt >= d.readAt:
		return more
	case d.own != more.own:
		return d
	}
	return Devices{max(d.readAt, more.readAt), d.facts | more.facts, d.own}
}

// HasMFA says whether a user has MFA, in a run that read devices: MFA must be
// allowed and a device be active. nil leaves the field out: PingOne doesn't
// say whether MFA is allowed, or it is and the devices could not all be read
// and none of the others is active.
func HasMFA(u *pingone.User, of Devices) (has *bool, ws []Warning) {
	if u.MFAEnabled == nil {
		return nil, nil
	}
	active := *u.MFAEnabled && of.facts&deviceActive != 0
	if !*u.MFAEnabled {
		return &active, nil
	}
	has = &active
	if !active && of.facts&(devicesEnd|devicesBroken) != devicesEnd {
		has, ws = nil, []Warning{WarnDevicesNotRead}
	}
	if of.facts&deviceStatusNew != 0 {
		ws = append(ws, WarnUnknownDeviceStatus)
	}
	return has, ws
}
