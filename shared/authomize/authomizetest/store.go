package authomizetest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// A store holds what was posted: by kind and key, the last one posted.
type store map[authomize.Kind]map[string]kept

type kept struct {
	json    jsontext.Value
	updated time.Time
	pending bool // for what it refers to
}

// rules say what the API does where its documentation does not.
type rules struct {
	usersOnly, noVirtual, pending, noRefresh bool
}

func newStore() store {
	s := store{}
	for _, k := range authomize.Kinds {
		s[k] = map[string]kept{}
	}
	return s
}

// ids are the fields of a record that identify it or refer to others.
type ids struct {
	UniqueID       string `json:"uniqueId"`
	SourceID       string `json:"sourceId"`
	TargetID       string `json:"targetId"`
	SourceUniqueID string `json:"sourceUniqueId"`
	SourceType     string `json:"sourceType"`
	PrivilegeID    string `json:"privilegeId"`
	AssetID        string `json:"assetId"`
	Owner          string `json:"owner"`
}

func (r ids) key(kind authomize.Kind) string {
	switch {
	case kind == authomize.Permissions:
		return r.SourceUniqueID + " " + r.PrivilegeID + " " + r.AssetID
	case r.UniqueID != "":
		return r.UniqueID
	}
	return r.SourceID + " " + r.TargetID
}

// A ref is one reference of a record: the list of the receipt that names it,
// and the kinds in which its id must be.
type ref struct {
	list string
	id   string
	in   []authomize.Kind
}

func (r ids) refs(kind authomize.Kind, by rules) []ref {
	pair := func(target authomize.Kind, source ...authomize.Kind) []ref {
		return []ref{{"SourceIds", r.SourceID, source}, {"TargetIds", r.TargetID, []authomize.Kind{target}}}
	}
	switch kind {
	case authomize.Groupings, authomize.Assets, authomize.ServiceAccounts:
		return []ref{{"OwnerIds", r.Owner, []authomize.Kind{authomize.Users}}}
	case authomize.PrivilegeGrants:
		return pair(authomize.Privileges, authomize.Privileges)
	case authomize.AssetInheritances:
		return pair(authomize.Assets, authomize.Assets)
	case authomize.GroupingAssociations:
		return pair(authomize.Groupings, authomize.Groupings)
	case authomize.AccountAssociations:
		if by.usersOnly {
			return pair(authomize.Groupings, authomize.Users)
		}
		return pair(authomize.Groupings, authomize.Users, authomize.ServiceAccounts)
	case authomize.Permissions:
		source := ref{"GroupingIds", r.SourceUniqueID, []authomize.Kind{authomize.Groupings}}
		if r.SourceType == "User" {
			source = ref{"UserIds", r.SourceUniqueID, []authomize.Kind{authomize.Users}}
		}
		return []ref{source,
			{"PrivilegeIds", r.PrivilegeID, []authomize.Kind{authomize.Privileges}},
			{"AssetIds", r.AssetID, []authomize.Kind{authomize.Assets}}}
	}
	return nil
}

// listsOf names the lists of ids in the receipt of a kind, without "valid" or
// "invalid".
func listsOf(kind authomize.Kind) []string {
	switch kind {
	case authomize.Groupings, authomize.Assets:
		return []string{"OwnerIds"}
	case authomize.Permissions:
		return []string{"UserIds", "GroupingIds", "AssetIds", "PrivilegeIds"}
	case authomize.Users, authomize.ServiceAccounts, authomize.Privileges:
		return nil
	}
	return []string{"SourceIds", "TargetIds"}
}

// apply keeps the items whose references exist. It returns how many, and the
// ids referred to, by "valid" or "invalid" and list.
func (s store) apply(kind authomize.Kind, items []jsontext.Value, at time.Time, by rules) (accepted int, lists map[string][]string) {
	lists = map[string][]string{}
	seen := map[string]bool{}
	for _, item := range items {
		var r ids
		if json.Unmarshal(item, &r) != nil {
			continue // the schema was checked before
		}
		ok := true
		for _, ref := range r.refs(kind, by) {
			if ref.id == "" {
				continue
			}
			list := "valid" + ref.list
			if !s.knows(ref, by) {
				ok, list = false, "invalid"+ref.list
			}
			if !seen[list+ref.id] {
				seen[list+ref.id] = true
				lists[list] = append(lists[list], ref.id)
			}
		}
		if ok {
			accepted++
		}
		if ok || by.pending {
			s.keep(kind, r.key(kind), kept{json: item.Clone(), updated: at, pending: !ok}, by)
		}
	}
	if by.pending {
		s.resolve(by)
	}
	return accepted, lists
}

func (s store) knows(r ref, by rules) bool {
	return slices.ContainsFunc(r.in, func(k authomize.Kind) bool {
		held, ok := s[k][r.id]
		return ok && (!by.noVirtual || !strings.Contains(held.json.String(), `"VirtualGroup"`))
	})
}

func (s store) keep(kind authomize.Kind, key string, k kept, by rules) {
	if before, again := s[kind][key]; again && by.noRefresh {
		k.updated = before.updated
	}
	s[kind][key] = k
}

// resolve ends the waiting of records whose references are all there.
func (s store) resolve(by rules) {
	for kind, records := range s {
		for key, k := range records {
			var r ids
			if !k.pending || json.Unmarshal(k.json, &r) != nil {
				continue
			}
			k.pending = slices.ContainsFunc(r.refs(kind, by), func(ref ref) bool { return ref.id != "" && !s.knows(ref, by) })
			records[key] = k
		}
	}
}

// sweep deletes what was last posted before a time.
func (s store) sweep(before time.Time) map[authomize.Kind]int {
	deleted := map[authomize.Kind]int{}
	for kind, records := range s {
		n := len(records)
		maps.DeleteFunc(records, func(_ string, k kept) bool { return k.updated.Before(before) })
		if n -= len(records); n > 0 {
			deleted[kind] = n
		}
	}
	return deleted
}

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
