package mapping

import (
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

const (
	environmentOrigin = "PingOne Environment"
	populationOrigin  = "PingOne Population"
)

// Environment maps an environment. The description is cut to 512 runes.
// Warnings: WarnBadTime.
func Environment(e *pingone.Environment) (authomize.Asset, Warnings) {
	r := UnreadEnvironment(e.ID)
	r.Name = nameOr(e.Name, e.ID)
	r.Description = cut(clean(e.Description), authomize.MaxDescriptionRunes)
	created, ws := stamp(e.CreatedAt)
	r.CreatedAt = created
	return r, ws
}

// UnreadEnvironment maps an environment that something refers to, but that
// could not be read: its id is its name.
func UnreadEnvironment(environment pingone.ID) authomize.Asset {
	unique, origin := ids(environmentKind, environment)
	return authomize.Asset{
		UniqueID:   unique,
		OriginID:   origin,
		Name:       origin,
		Type:       authomize.OtherAsset,
		OriginType: environmentOrigin,
	}
}

// Population maps a population. It grants nothing by itself, so it is an
// asset and no grouping. The description is cut to 512 runes.
func Population(p *pingone.Population) authomize.Asset {
	unique, origin := ids(populationKind, p.ID)
	return authomize.Asset{
		UniqueID:    unique,
		OriginID:    origin,
		Name:        nameOr(p.Name, p.ID),
		Type:        authomize.OtherAsset,
		OriginType:  populationOrigin,
		Description: cut(clean(p.Description), authomize.MaxDescriptionRunes),
	}
}

// PopulationInheritance says that access to an environment is access to a
// population of it. There is none like it for applications: roles on an
// environment are no use of its applications.
func PopulationInheritance(environment, population pingone.ID) authomize.AssetInheritance {
	return authomize.AssetInheritance{SourceID: EnvironmentID(environment), TargetID: PopulationID(population)}
}

// knownApplicationTypes are those of PingOne's OpenAPI description
// (EnumApplicationType, management module 0.70).
var knownApplicationTypes = map[string]bool{
	"WEB_APP": true, "NATIVE_APP": true, "SINGLE_PAGE_APP": true, "WORKER": true, "SERVICE": true,
	"CUSTOM_APP": true, "TEMPLATE_APP": true, "PORTAL_LINK_APP": true,
	"PING_ONE_SELF_SERVICE": true, "PING_ONE_ADMIN_CONSOLE": true, "PING_ONE_PORTAL": true,
}

// Application maps an application to its asset. Who may use it says AccessOf.
// originType is `<protocol> <type>`, without one that is absent; the link is
// the home page, else the login page; the description is cut to 512 runes.
// PingOne's own applications are tagged `system`, disabled ones `disabled`.
// An application that doesn't say whether it is enabled counts as enabled.
// Warnings: WarnNoEnabled, WarnBadTime, WarnUnknownApplicationType.
func Application(a *pingone.Application) (authomize.Asset, Warnings) {
	unique, origin := ids(applicationKind, a.ID)
	created, ws := stamp(a.CreatedAt)
	r := authomize.Asset{
		UniqueID:    unique,
		OriginID:    origin,
		Name:        nameOr(a.Name, a.ID),
		Type:        authomize.Application,
		OriginType:  clean(clean(a.Protocol) + " " + clean(a.Type)),
		CreatedAt:   created,
		Description: cut(clean(a.Description), authomize.MaxDescriptionRunes),
		Href:        clean(a.HomePageURL),
	}
	if r.Href == "" {
		r.Href = clean(a.LoginPageURL)
	}
	kind := strings.ToUpper(clean(a.Type))
	if strings.HasPrefix(kind, "PING_ONE_") {
		r.Tags = append(r.Tags, "system")
	}
	if kind != "" && !knownApplicationTypes[kind] {
		ws |= unknownApplicationType
	}
	switch {
	case a.Enabled == nil:
		ws |= noEnabled
	case !*a.Enabled:
		r.Tags = append(r.Tags, "disabled")
	}
	return r, ws
}

// ScopeAsset maps a scope that no resource was read for: one of a type that
// is not known, or one whose environment, population or application is not
// among what the worker may read. It is named `<TYPE> <id>`, an environment
// by its id alone. ORGANIZATION has no asset: the zero Asset is returned.
func ScopeAsset(s Scope) authomize.Asset {
	if s.Type == organizationScope {
		return authomize.Asset{}
	}
	if s.Type == environmentScope {
		return UnreadEnvironment(s.ID)
	}
	r := authomize.Asset{
		UniqueID:   s.AssetID(),
		OriginID:   s.ID.String(),
		Name:       s.Type + " " + s.ID.String(),
		Type:       authomize.OtherAsset,
		OriginType: "PingOne " + s.Type,
	}
	switch s.Type {
	case populationScope:
		r.OriginType = populationOrigin
	case applicationScope:
		r.Type, r.OriginType = authomize.Application, "PingOne Application"
	}
	return r
}
