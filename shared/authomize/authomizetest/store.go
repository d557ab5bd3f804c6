package authomizetest

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// A store holds what was posted: by kind and key, the last one posted.
type store map[authomize.Kind]map[string]stored

type stored struct {
	json     jsontext.Value
	modified time.Time
}

// rules say what the API does where its documentation does not.
type rules struct {
	usersOnly, noRefresh bool
}

func newStore() store {
	s := store{}
	for _, k := range authomize.SweptKinds {
		s[k] = map[string]stored{}
	}
	return s
}

// ids are the fields of a record that identify it or refer to others.
type ids struct {
	UniqueID       string `json:"uniqueId,omitzero"`
	Name           string `json:"name,omitzero"`
	OriginName     string `json:"originName,omitzero"`
	SourceID       string `json:"sourceId,omitzero"`
	TargetID       string `json:"targetId,omitzero"`
	SourceUniqueID string `json:"sourceUniqueId,omitzero"`
	SourceType     string `json:"sourceType,omitzero"`
	PrivilegeID    string `json:"privilegeId,omitzero"`
	AssetID        string `json:"assetId,omitzero"`
	Owner          string `json:"owner,omitzero"`
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

// apply stores the items whose references exist. It returns how many, and the
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
			if !s.has(ref) {
				ok, list = false, "invalid"+ref.list
			}
			if !seen[list+ref.id] {
				seen[list+ref.id] = true
				lists[list] = append(lists[list], ref.id)
			}
		}
		if ok {
			accepted++
			s.put(kind, r.key(kind), stored{json: item.Clone(), modified: at}, by)
		}
	}
	return accepted, lists
}

func (s store) has(r ref) bool {
	return slices.ContainsFunc(r.in, func(k authomize.Kind) bool {
		_, ok := s[k][r.id]
		return ok
	})
}

func (s store) put(kind authomize.Kind, key string, k stored, by rules) {
	if before, ok := s[kind][key]; ok && by.noRefresh {
		k.modified = before.modified
	}
	s[kind][key] = k
}

// A Deletion is one record that a sweep deleted.
type Deletion struct {
	App      string
	Kind     authomize.Kind
	Key      string
	Modified time.Time // when it was last posted, by the clock that sweeps compare with
	Before   time.Time // modifiedBefore
	At       time.Time // by the clock of WithClock
}

// sweep deletes what was last posted before a time, and says what that was, by
// kind and key.
func (s store) sweep(before time.Time) []Deletion {
	var deleted []Deletion
	for _, kind := range authomize.SweptKinds {
		first := len(deleted)
		for key, k := range s[kind] {
			if k.modified.Before(before) {
				deleted = append(deleted, Deletion{Kind: kind, Key: key, Modified: k.modified, Before: before})
				delete(s[kind], key)
			}
		}
		slices.SortFunc(deleted[first:], func(a, b Deletion) int { return strings.Compare(a.Key, b.Key) })
	}
	return deleted
}
