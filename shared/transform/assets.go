package transform

import (
	"context"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/staging"
)

func (s *streams) assets(_ context.Context, emit emitter) error {
	for _, id := range s.x.order {
		e := s.x.environments[id]
		r := s.scopeAsset(mapping.Scope{Type: "ENVIRONMENT", ID: id})
		if e.resource != nil {
			var ws mapping.Warnings
			r, ws = mapping.Environment(e.resource)
			s.found.warnAll(ws)
		}
		if !emit(&r, e.tag) {
			return nil
		}
	}
	for _, id := range s.x.popOrder {
		p := s.x.populations[id]
		if r := mapping.Population(p); !emit(&r, s.x.tagOf(p.Environment.ID)) {
			return nil
		}
	}
	for i := range s.x.applications {
		a := &s.x.applications[i]
		r, ws := mapping.Application(&a.Application)
		s.found.warnAll(ws)
		if !emit(&r, a.tag) {
			return nil
		}
	}
	return s.scopeAssets(emit)
}

// scopeAssets are what roles reach and no list held.
func (s *streams) scopeAssets(emit emitter) error {
	for a := range s.scopedRoles() {
		if !a.scope.Known() {
			s.found.warn(mapping.WarnUnknownScopeType)
		}
	}
	seen := map[mapping.Scope]struct{}{}
	for _, a := range s.roles {
		if _, ok := seen[a.scope]; ok || s.isAsset(a.scope) {
			continue
		}
		seen[a.scope] = struct{}{}
		if r := s.scopeAsset(a.scope); !emit(&r, a.tag) {
			return nil
		}
	}
	return nil
}

// scopeAsset is the asset of something that no list of this run holds.
func (s *streams) scopeAsset(scope mapping.Scope) authomize.Asset {
	if r, ok := s.x.described.asset(scope); ok {
		return r
	}
	if list, ok := listOf[scope.Type]; ok && s.isUnread(list) {
		s.found.warn(mapping.WarnNotDescribed)
	}
	return mapping.ScopeAsset(scope)
}

func (s *streams) isUnread(c staging.Collection) bool { return len(s.snaps[c].Complete.Unread) > 0 }

// isAsset tells whether the scope is the whole app or the asset of something
// that was read.
func (s *streams) isAsset(scope mapping.Scope) bool {
	switch {
	case !scope.Known():
		return false
	case scope.Type == "ENVIRONMENT":
		return s.x.environments[scope.ID] != nil
	case scope.Type == "POPULATION":
		return s.x.populations[scope.ID] != nil
	case scope.Type == "APPLICATION":
		return s.x.appByID[scope.ID] != nil
	}
	return true
}

func (s *streams) inheritances(_ context.Context, emit emitter) error {
	for _, id := range s.x.popOrder {
		p := s.x.populations[id]
		r := mapping.PopulationInheritance(p.Environment.ID, p.ID)
		if !emit(&r, s.x.tagOf(p.Environment.ID)) {
			return nil
		}
	}
	return nil
}
