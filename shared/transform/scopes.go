package transform

import (
	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/staging"
)

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
