package mapping

import (
	"cmp"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
)

const (
	environmentOrigin = "PingOne Environment"
	populationOrigin  = "PingOne Population"
)

// Environment maps an environment. The description is cut to 512 runes. One
// with status DELETE_PENDING is tagged `delete-pending`.
func Environment(e *pingone.Environment) (authomize.Asset, []Warning) {
	r := asset(EnvironmentID(e.ID), e.Name, environmentOrigin, e.Description)
	created, ws := stamp(e.CreatedAt)
	r.CreatedAt = created
	if strings.EqualFold(clean(e.Status), "DELETE_PENDING") {
		r.Tags = []string{"delete-pending"}
	}
	return r, ws
}

// Population maps a population. It grants nothing by itself, so it is an
// asset and no grouping. The description is cut to 512 runes.
func Population(p *pingone.Population) authomize.Asset {
	return asset(PopulationID(p.ID), p.Name, populationOrigin, p.Description)
}

// asset is one of type Other, with its id for a name where that is absent.
func asset(unique, name, originType, description string) authomize.Asset {
	return authomize.Asset{
		UniqueID:    unique,
		OriginID:    originOf(unique),
		Name:        cmp.Or(clean(name), originOf(unique)),
		Type:        authomize.OtherAsset,
		OriginType:  originType,
		Description: cut(description, authomize.MaxDescriptionRunes),
	}
}

// PopulationInheritance says that access to an environment is access to a
// population of it. There is none like it for applications: roles on an
// environment are no use of its applications.
func PopulationInheritance(environment, population pingone.ID) authomize.AssetInheritance {
	return authomize.AssetInheritance{SourceID: EnvironmentID(environment), TargetID: PopulationID(population)}
}

// documentedApplicationTypes are those of PingOne's OpenAPI description
// (EnumApplicationType, management module 0.70).
var documentedApplicationTypes = map[string]bool{
	"WEB_APP": true, "NATIVE_APP": true, "SINGLE_PAGE_APP": true, "WORKER": true, "SERVICE": true,
	"CUSTOM_APP": true, "TEMPLATE_APP": true, "PORTAL_LINK_APP": true,
	"PING_ONE_SELF_SERVICE": true, "PING_ONE_ADMIN_CONSOLE": true, "PING_ONE_PORTAL": true,
}

// Application maps an application to its asset. Who may use it says AccessOf.
// originType is `<protocol> <type>`, without one that is absent; the link is
// the home page, else the login page; the description is cut to 512 runes.
// PingOne's own applications are tagged `system`, disabled ones `disabled`.
// An application that doesn't say whether it is enabled counts as enabled.
func Application(a *pingone.Application) (authomize.Asset, []Warning) {
	r := asset(ApplicationID(a.ID), a.Name, clean(clean(a.Protocol)+" "+clean(a.Type)), a.Description)
	r.Type = authomize.Application
	r.Href = cmp.Or(clean(a.HomePageURL), clean(a.LoginPageURL))
	var ws []Warning
	if a.Enabled == nil {
		ws = append(ws, WarnNoEnabled)
	}
	created, late := stamp(a.CreatedAt)
	r.CreatedAt = created
	ws = append(ws, late...)
	kind := strings.ToUpper(clean(a.Type))
	if kind != "" && !documentedApplicationTypes[kind] {
		ws = append(ws, WarnUnknownApplicationType)
	}
	if strings.HasPrefix(kind, "PING_ONE_") {
		r.Tags = append(r.Tags, "system")
	}
	if a.Enabled != nil && !*a.Enabled {
		r.Tags = append(r.Tags, "disabled")
	}
	return r, ws
}

// The scope types that are assets of a kind of their own, or the whole app.
const (
	organizationScope = "ORGANIZATION"
	environmentScope  = "ENVIRONMENT"
	populationScope   = "POPULATION"
	applicationScope  = "APPLICATION"
	groupScope        = "GROUP"
)

// ScopeOf returns the scope of an assignment. PingOne writes scope types in
// either case. False means that type or id is absent or malformed: the
// assignment can't be told from others that Authomize may hold.
func ScopeOf(a *pingone.RoleAssignment) (Scope, bool) {
	s := Scope{Type: strings.ToUpper(clean(a.Scope.Type)), ID: a.Scope.ID}
	return s, s.Type != "" && !s.ID.IsZero()
}

// Documented tells whether PingOne describes the type of the scope. One that it
// does not stays, with an asset of its own (ScopeAsset), and is counted by the
// caller as WarnUnknownScopeType.
func (s Scope) Documented() bool {
	switch s.Type {
	case organizationScope, environmentScope, populationScope, applicationScope, groupScope:
		return true
	default:
		return false
	}
}

// AssetID is the uniqueId of the asset that the scope is.
//
// It is "" for ORGANIZATION only: a permission without asset is on the whole
// app, and the app stands for the organization. Groups, which are groupings
// otherwise, and types that are not Documented have scope:<TYPE>:<id>, which
// can't collide with another kind, whatever types PingOne adds.
func (s Scope) AssetID() string {
	switch s.Type {
	case organizationScope:
		return ""
	case environmentScope:
		return EnvironmentID(s.ID)
	case populationScope:
		return PopulationID(s.ID)
	case applicationScope:
		return ApplicationID(s.ID)
	default:
		return "scope:" + s.Type + ":" + s.ID.String()
	}
}

// ScopeAsset maps a scope that is no asset by itself: a group; one of a type
// that is not Documented; or a population or application that the run does not
// hold. It is named after the group, if name is not "", else `<TYPE> <id>`.
func ScopeAsset(s Scope, name string) authomize.Asset {
	r := asset(s.AssetID(), cmp.Or(clean(name), s.Type+" "+s.ID.String()), "PingOne "+s.Type, "")
	switch s.Type {
	case populationScope:
		r.OriginType = populationOrigin
	case groupScope:
		r.OriginType = groupOrigin
	case applicationScope:
		r.Type, r.OriginType = authomize.Application, "PingOne Application"
	}
	return r
}
