package mapping

import (
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// localProvider is the identity provider type of users whose password PingOne
// itself keeps.
const localProvider = "PING_ONE"

// knownProviders are the identity provider types of PingOne's documentation,
// beside its own.
var knownProviders = map[string]bool{
	localProvider: true, "FACEBOOK": true, "GOOGLE": true, "LINKEDIN": true, "LINKEDIN_OIDC": true, "APPLE": true, "TWITTER": true,
	"AMAZON": true, "YAHOO": true, "MICROSOFT": true, "PAYPAL": true, "GITHUB": true, "OPENID_CONNECT": true, "SAML": true,
}

// User maps a user. population is the name of the user's population, or ""
// where it is not known; it becomes a tag and the custom property
// "population", the latter cut to 64 runes.
//
// The name is the formatted one, else given and family name, else the
// username, else the id. Tags are, in this order, the population, the free
// text type and the identity provider's type (PING_ONE too). External is who
// signs on with an identity provider of a type other than PING_ONE. hasMFA
// says that MFA is allowed, not that a device is enrolled (see HasMFA for
// that), and is left out where PingOne says nothing.
//
// Warnings: WarnNoEnabled, WarnUnknownStatus, WarnBadEmail, WarnBadTime,
// WarnUnknownProvider.
func User(u *pingone.User, population string) (authomize.User, Warnings) {
	unique, origin := ids(userKind, u.ID)
	status, ws := userStatus(u)
	r := authomize.User{
		UniqueID:   unique,
		OriginID:   origin,
		FirstName:  clean(u.Name.Given),
		LastName:   clean(u.Name.Family),
		Status:     status,
		Title:      clean(u.Title),
		IsExternal: isExternal(u.IdentityProvider.Type),
	}
	r.Name = userName(u, r.FirstName, r.LastName, origin)
	if email := clean(u.Email); validEmail(email) {
		r.Email = email
	} else if email != "" {
		ws |= badEmail
	}
	if u.MFAEnabled != nil {
		has := *u.MFAEnabled // a copy: callers may decode into u again
		r.HasMFA = &has
	}
	if provider := clean(u.IdentityProvider.Type); provider != "" && !knownProviders[provider] && !knownProviders[strings.ToUpper(provider)] {
		ws |= unknownProvider
	}
	at, late := stamp(u.LastSignOn.At)
	r.LastLoginAt = at

	population = clean(population)
	r.Tags = userTags(population, u.Type, u.IdentityProvider.Type)
	if population != "" {
		value := cut(population, authomize.MaxPropertyRunes)
		r.CustomProperties = []authomize.Property{{Key: "population", Value: value}}
	}
	return r, ws | late
}

func isExternal(provider string) bool {
	provider = clean(provider)
	return provider != "" && !strings.EqualFold(provider, localProvider)
}

func userName(u *pingone.User, given, family, id string) string {
	if name := clean(u.Name.Formatted); name != "" {
		return name
	}
	switch {
	case given != "" && family != "":
		return given + " " + family
	case given != "":
		return given
	case family != "":
		return family
	}
	if name := clean(u.Username); name != "" {
		return name
	}
	return id
}

func userTags(values ...string) []string {
	n := 0
	for _, v := range values {
		if v != "" {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	tags := make([]string, 0, n)
	for _, v := range values {
		tags = addTag(tags, v)
	}
	return tags
}

// userStatus applies the first rule that fits: not said whether enabled →
// Unknown, disabled → Disabled, locked → Suspended, not yet verified →
// Staged, a status never seen → Unknown, else Enabled. An absent status says
// nothing and is not a new one. New ones are warned of whatever rule fits.
func userStatus(u *pingone.User) (authomize.UserStatus, Warnings) {
	account, lifecycle := clean(u.Account.Status), clean(u.Lifecycle.Status)
	locked := strings.EqualFold(account, "LOCKED")
	staged := strings.EqualFold(lifecycle, "VERIFICATION_REQUIRED")

	var ws Warnings
	if account != "" && !locked && !strings.EqualFold(account, "OK") ||
		lifecycle != "" && !staged && !strings.EqualFold(lifecycle, "ACCOUNT_OK") {
		ws = unknownStatus
	}
	switch {
	case u.Enabled == nil:
		return authomize.StatusUnknown, ws | noEnabled
	case !*u.Enabled:
		return authomize.StatusDisabled, ws
	case locked:
		return authomize.StatusSuspended, ws
	case staged:
		return authomize.StatusStaged, ws
	case ws != 0:
		return authomize.StatusUnknown, ws
	default:
		return authomize.StatusEnabled, 0
	}
}
