package mapping

import (
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

// Group maps a group, empty or not. The description is cut to 256 runes. An
// external group (it comes from a gateway or an identity provider) can't be
// dynamic, so that sourceType is looked at first.
func Group(g *pingone.Group) authomize.Grouping {
	unique, origin := ids(groupKind, g.ID)
	originType := "PingOne Group"
	switch {
	case clean(g.SourceType) != "":
		originType = "PingOne External Group"
	case clean(g.UserFilter) != "":
		originType = "PingOne Dynamic Group"
	}
	return authomize.Grouping{
		UniqueID:        unique,
		OriginID:        origin,
		Name:            nameOr(g.Name, g.ID),
		OriginType:      originType,
		Type:            authomize.Group,
		AlternativeName: cut(clean(g.Description), authomize.MaxAlternativeRunes),
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
