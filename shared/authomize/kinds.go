package authomize

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Kind is one sort of record, named as in reports and answers.
type Kind string

// The kinds of records, in the order of posting: a record may only refer to
// records of kinds before its own. Identities are posted by other programs only.
const (
	Users                Kind = "users"
	ServiceAccounts      Kind = "serviceAccounts"
	Groupings            Kind = "groupings"
	Privileges           Kind = "privileges"
	Assets               Kind = "assets"
	PrivilegeGrants      Kind = "privilegeGrants"
	AssetInheritances    Kind = "assetInheritance"
	GroupingAssociations Kind = "groupingAssociations"
	AccountAssociations  Kind = "accountAssociations"
	Permissions          Kind = "permissions"
	Identities           Kind = "identities"
)

// Kinds lists the kinds that are posted, in order.
var Kinds = []Kind{
	Users, ServiceAccounts, Groupings, Privileges, Assets,
	PrivilegeGrants, AssetInheritances, GroupingAssociations, AccountAssociations, Permissions,
}

// SweptKinds lists every kind that a sweep deletes.
var SweptKinds = append(slices.Clone(Kinds), Identities)

// A shape is how the API takes a kind.
type shape struct {
	path     string   // below /v2/apps/{appId}
	key      []string // the fields that identify a record
	required string   // one more field that it can't do without; "": none
}

var (
	byID   = []string{"uniqueId"}
	byEnds = []string{"sourceId", "targetId"}
)

var shapes = map[Kind]shape{
	Users:                {"/accounts/users", byID, ""},
	ServiceAccounts:      {"/accounts/nonHumanIdentities", byID, ""},
	Groupings:            {"/access/grouping", byID, "name"},
	Privileges:           {"/privileges", byID, "originName"},
	Assets:               {"/assets", byID, "name"},
	PrivilegeGrants:      {"/privileges/grants", byEnds, ""},
	AssetInheritances:    {"/assets/inheritance", byEnds, ""},
	GroupingAssociations: {"/association/groupings", byEnds, ""},
	AccountAssociations:  {"/association/accounts", byEnds, ""},
	Permissions:          {"/access/permissions", []string{"sourceUniqueId", "privilegeId", "assetId"}, "sourceType"},
	Identities:           {"/identities", byID, ""},
}

// Path is where records of the kind are, below /v2/apps/{appId}.
func (k Kind) Path() string { return shapes[k].path }

// needs reports whether a record can't do without a field.
func (k Kind) needs(field string) bool {
	s := shapes[k]
	return field == s.required || slices.Contains(s.key, field)
}

// keyOf is the Key of the record with these fields.
func (k Kind) keyOf(record map[string]jsontext.Value) string {
	var ids []string
	for _, field := range shapes[k].key {
		ids = append(ids, text(record[field]))
	}
	return strings.Join(ids, " ")
}
