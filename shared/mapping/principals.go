package mapping

import (
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// ServiceAccountOfApplication maps an application that acts on its own, and
// tells whether it is one: a WORKER, or any with the grant type
// CLIENT_CREDENTIALS. The record is filled in either case, since PingOne may
// let a type that is new tomorrow hold roles.
//
// Tags are the grant types. An application that doesn't say whether it is
// enabled has status Unknown; its asset carries the warning, see Application.
func ServiceAccountOfApplication(a *pingone.Application) (authomize.ServiceAccount, bool) {
	unique, origin := ids(clientKind, a.ID)
	status, _ := serviceStatus(a.Enabled)
	r := authomize.ServiceAccount{
		UniqueID:    unique,
		OriginID:    origin,
		Type:        authomize.ApplicationPrincipal,
		Name:        nameOr(a.Name, a.ID),
		Status:      status,
		Description: clean(a.Description),
	}
	for _, grant := range a.GrantTypes {
		r.Tags = addTag(r.Tags, grant)
	}
	acts := strings.EqualFold(clean(a.Type), "WORKER") ||
		slices.ContainsFunc(r.Tags, func(grant string) bool {
			return strings.EqualFold(grant, "CLIENT_CREDENTIALS")
		})
	return r, acts
}

// ServiceAccountOfGateway maps a gateway, which the caller does only if it
// holds a role. Warnings: WarnNoEnabled.
func ServiceAccountOfGateway(g *pingone.Gateway) (authomize.ServiceAccount, Warnings) {
	unique, origin := ids(gatewayKind, g.ID)
	status, ws := serviceStatus(g.Enabled)
	return authomize.ServiceAccount{
		UniqueID:    unique,
		OriginID:    origin,
		Type:        authomize.CloudWorkload,
		Name:        nameOr(g.Name, g.ID),
		Status:      status,
		Description: clean(g.Description),
	}, ws
}

// serviceTag marks a service account among users.
const serviceTag = "service-account"

// ServiceUser is a service account as a user, tagged service-account, with
// the same ids.
func ServiceUser(a authomize.ServiceAccount) authomize.ServiceUser {
	return authomize.ServiceUser{User: authomize.User{
		UniqueID: a.UniqueID,
		OriginID: a.OriginID,
		Name:     a.Name,
		Status:   a.Status,
		Tags:     append([]string{serviceTag}, a.Tags...),
	}}
}

func serviceStatus(enabled *bool) (authomize.UserStatus, Warnings) {
	switch {
	case enabled == nil:
		return authomize.StatusUnknown, noEnabled
	case *enabled:
		return authomize.StatusEnabled, 0
	default:
		return authomize.StatusDisabled, 0
	}
}
