package authomizetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// app finds the store of an app.
func (s *Server) app(id string) store {
	if id == s.AppID {
		return s.store
	}
	return s.throwaways[id]
}

// AddForeign adds records of a kind to an app as somebody else would: with what
// the API requires and no more, dated now. An app that doesn't exist is made.
func (s *Server) AddForeign(app string, kind authomize.Kind, keys ...string) {
	at := s.now().UTC()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.app(app) == nil {
		s.throwaways[app] = newStore()
	}
	for _, key := range keys {
		s.app(app)[kind][key] = stored{json: minimal(kind, key), modified: at.Add(s.clocks.Modified)}
	}
}

// minimal is a record with this key.
func minimal(kind authomize.Kind, key string) jsontext.Value {
	part := append(strings.Split(key, " "), "", "")
	r := ids{UniqueID: key, Name: key, OriginName: key}
	switch kind {
	case authomize.PrivilegeGrants, authomize.AssetInheritances, authomize.GroupingAssociations, authomize.AccountAssociations:
		r = ids{SourceID: part[0], TargetID: part[1]}
	case authomize.Permissions:
		r = ids{SourceUniqueID: part[0], SourceType: "Grouping", PrivilegeID: part[1], AssetID: part[2]}
	case authomize.Privileges:
		r.Name = ""
	case authomize.Users, authomize.ServiceAccounts, authomize.Groupings, authomize.Assets, authomize.Identities:
		r.OriginName = ""
	}
	raw, err := json.Marshal(r)
	if err != nil {
		panic(err) // of text alone
	}
	return raw
}

// Held returns the keys of what an app holds of a kind, sorted.
func (s *Server) Held(app string, kind authomize.Kind) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.app(app)[kind]))
}

// Deleted returns every record that a sweep deleted, in order.
func (s *Server) Deleted() []Deletion { return locked(s, &s.deleted) }

// Records returns what the server holds of a kind, as it was posted, sorted by key.
func (s *Server) Records(kind authomize.Kind) []jsontext.Value {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []jsontext.Value
	for _, key := range slices.Sorted(maps.Keys(s.store[kind])) {
		out = append(out, s.store[kind][key].json.Clone())
	}
	return out
}

// Count returns how many records of a kind the server holds.
func (s *Server) Count(kind authomize.Kind) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.store[kind])
}

// Get returns what the server holds of one type of record, sorted by key.
// Fields that the type doesn't have are left out.
func Get[T authomize.Record](s *Server) []T {
	var zero T
	raw := s.Records(zero.Kind())
	out := make([]T, len(raw))
	for i, v := range raw {
		// It was checked when posted: what doesn't fit T is of no interest to its caller.
		_ = json.Unmarshal(v, &out[i])
	}
	return out
}
