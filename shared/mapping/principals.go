package mapping

import (
	"cmp"
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// ServiceAccountOfApplication maps an application that acts on its own or for
// others, and tells whether it is one: a WORKER, or any with one of the grant
// types CLIENT_CREDENTIALS, TOKEN_EXCHANGE and CIBA. The latter two are those of
// AI agents (Ping's page on managing AI agents); of what type PingOne's API says
// that these are is not documented. The record is filled in either case, since
// PingOne may let a type that is new tomorrow hold roles.
//
// Tags are the grant types, and acts-for-others. An application that doesn't say
// whether it is enabled has status Unknown; its asset carries the warning, see
// Application. The caller knows the owner.
func ServiceAccountOfApplication(a *pingone.Application) (authomize.ServiceAccount, bool) {
	r, _ := serviceAccount(ClientID(a.ID), a.Name, a.Description, a.Enabled)
	r.Type = authomize.ApplicationPrincipal
	for _, grant := range a.GrantTypes {
		r.Tags = addTag(r.Tags, grant)
	}
	has := func(grants ...string) bool {
		return slices.ContainsFunc(r.Tags, func(tag string) bool {
			return slices.ContainsFunc(grants, func(grant string) bool { return strings.EqualFold(tag, grant) })
		})
	}
	forOthers := has("TOKEN_EXCHANGE", "CIBA")
	acts := forOthers || has("CLIENT_CREDENTIALS") || strings.EqualFold(clean(a.Type), "WORKER")
	if forOthers {
		r.Tags = append(r.Tags, "acts-for-others")
	}
	return r, acts
}

// ServiceAccountOfGateway maps a gateway, which the caller does only if it
// holds a role.
func ServiceAccountOfGateway(g *pingone.Gateway) (authomize.ServiceAccount, []Warning) {
	r, ws := serviceAccount(GatewayID(g.ID), g.Name, g.Description, g.Enabled)
	r.Type = authomize.CloudWorkload
	return r, ws
}

func serviceAccount(unique, name, description string, enabled *bool) (authomize.ServiceAccount, []Warning) {
	status, ws := serviceStatus(enabled)
	return authomize.ServiceAccount{
		UniqueID:    unique,
		OriginID:    originOf(unique),
		Name:        cmp.Or(clean(name), originOf(unique)),
		Status:      status,
		Description: clean(description),
	}, ws
}

// ServiceUser is a service account as a user, tagged service-account, with
// the same ids.
func ServiceUser(a authomize.ServiceAccount) authomize.ServiceUser {
	return authomize.ServiceUser{User: authomize.User{
		UniqueID: a.UniqueID,
		OriginID: a.OriginID,
		Name:     a.Name,
		Status:   a.Status,
		Tags:     append([]string{"service-account"}, a.Tags...),
	}}
}

func serviceStatus(enabled *bool) (authomize.UserStatus, []Warning) {
	switch {
	case enabled == nil:
		return authomize.StatusUnknown, []Warning{WarnNoEnabled}
	case *enabled:
		return authomize.StatusEnabled, nil
	default:
		return authomize.StatusDisabled, nil
	}
}

// Group maps a group, empty or not. The description is cut to 256 runes. An
// external group (it comes from a gateway or an identity provider) can't be
// dynamic, so that sourceType is looked at first.
func Group(g *pingone.Group) authomize.Grouping {
	unique, originType := GroupID(g.ID), groupOrigin
	switch {
	case clean(g.SourceType) != "":
		originType = "PingOne External Group"
	case clean(g.UserFilter) != "":
		originType = "PingOne Dynamic Group"
	}
	return authomize.Grouping{
		UniqueID:        unique,
		OriginID:        originOf(unique),
		Name:            nameOr(g.Name, g.ID),
		OriginType:      originType,
		Type:            authomize.Group,
		AlternativeName: cut(g.Description, authomize.MaxAlternativeRunes),
	}
}

// Membership maps a direct or dynamic membership of a user. Indirect ones
// must not be mapped: they would look direct in a review. It takes the
// group's GroupID, made once for its many members.
func Membership(user pingone.ID, groupID string) authomize.AccountAssociation {
	return authomize.AccountAssociation{SourceID: UserID(user), TargetID: groupID}
}

// Nesting maps a group within a group: members of child count as members of
// parent. PingOne allows cycles, and so does this; a group within itself is
// for the caller to drop.
func Nesting(child, parent pingone.ID) authomize.GroupingAssociation {
	return authomize.GroupingAssociation{SourceID: GroupID(child), TargetID: GroupID(parent)}
}
