package transform

import (
	"context"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
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
		if r := mapping.ScopeAsset(a.scope); !s.known[r.UniqueID] && !emit(&r, a.tag) {
			return nil
		}
	}
	return nil
}

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

// knownBefore tells which assets, privileges and groupings earlier runs
// posted, for a narrowed run: it knows things of other environments by their
// ids only, and must not put these in the place of names. nil for others.
func (t *transform) knownBefore(ctx context.Context) (map[string]bool, error) {
	if !t.report.Narrowed {
		return nil, nil
	}
	m, err := loadMemory(ctx, t.o.Store)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, kind := range []authomize.Kind{authomize.Groupings, authomize.Privileges, authomize.Assets} {
		ids, err := m.known(ctx, kind)
		if err != nil {
			return nil, err
		}
		for id, err := range ids {
			if err != nil {
				return nil, err
			}
			all[id] = true
		}
	}
	return all, nil
}
