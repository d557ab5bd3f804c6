package mapping

import (
	"strings"

	"pingone-authomize/shared/pingone"
)

// The scope types that are assets of a kind of their own, or the whole app.
const (
	organizationScope = "ORGANIZATION"
	environmentScope  = "ENVIRONMENT"
	populationScope   = "POPULATION"
	applicationScope  = "APPLICATION"
)

// unnamed stands in a scope for a type or an id that is missing.
const unnamed = "UNKNOWN"

// A Scope is what a role assignment reaches: the organization, an
// environment, a population, an application, or a thing of a newer type.
type Scope struct {
	Type string // upper-case, never empty
	ID   pingone.ID
}

// ScopeOf returns the scope of an assignment. PingOne writes scope types in
// either case; an absent type becomes "UNKNOWN".
func ScopeOf(a pingone.RoleAssignment) Scope {
	t := strings.ToUpper(clean(a.Scope.Type))
	if t == "" {
		t = unnamed
	}
	return Scope{Type: t, ID: a.Scope.ID}
}

// Known tells whether the scope is of a known type and, unless it is the
// organization, has an id. One that is not known is kept, with an asset of
// its own (ScopeAsset), and counted by the caller as WarnUnknownScopeType.
func (s Scope) Known() bool {
	switch s.Type {
	case organizationScope:
		return true
	case environmentScope, populationScope, applicationScope:
		return !s.ID.IsZero()
	default:
		return false
	}
}

// AssetID is the uniqueId of the asset that the scope is.
//
// It is "" for ORGANIZATION only: a permission without asset is on the whole
// app, and the app stands for the organization. Scopes that are not Known
// have scope:<TYPE>:<id>, which can't collide with another kind, whatever
// types PingOne adds. A missing id reads "UNKNOWN".
func (s Scope) AssetID() string {
	switch {
	case !s.Known():
		return scopeKind + s.Type + ":" + s.idText()
	case s.Type == environmentScope:
		return EnvironmentID(s.ID)
	case s.Type == populationScope:
		return PopulationID(s.ID)
	case s.Type == applicationScope:
		return ApplicationID(s.ID)
	default:
		return ""
	}
}

func (s Scope) idText() string {
	if s.ID.IsZero() {
		return unnamed
	}
	return s.ID.String()
}
