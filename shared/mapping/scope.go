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

// A Scope is what a role assignment reaches: the organization, an
// environment, a population, an application, or a thing of a newer type.
type Scope struct {
	Type string // upper-case
	ID   pingone.ID
}

// ScopeOf returns the scope of an assignment. PingOne writes scope types in
// either case. False means that type or id is missing or malformed: the
// assignment can't be told from others that Authomize may hold.
func ScopeOf(a *pingone.RoleAssignment) (Scope, bool) {
	s := Scope{Type: strings.ToUpper(clean(a.Scope.Type)), ID: a.Scope.ID}
	return s, s.Type != "" && !s.ID.IsZero()
}

// Known tells whether the scope is of a known type. One that is not is kept,
// with an asset of its own (ScopeAsset), and counted by the caller as
// WarnUnknownScopeType.
func (s Scope) Known() bool {
	switch s.Type {
	case organizationScope, environmentScope, populationScope, applicationScope:
		return true
	default:
		return false
	}
}

// AssetID is the uniqueId of the asset that the scope is.
//
// It is "" for ORGANIZATION only: a permission without asset is on the whole
// app, and the app stands for the organization. Scopes that are not Known
// have scope:<TYPE>:<id>, which can't collide with another kind, whatever
// types PingOne adds.
func (s Scope) AssetID() string {
	switch {
	case !s.Known():
		return scopeKind + s.Type + ":" + s.ID.String()
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
