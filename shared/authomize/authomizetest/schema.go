package authomizetest

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// A rule says what one field of a record may hold.
type rule struct {
	required bool
	ok       func(jsontext.Value) bool
}

// A schema holds the rules of one kind, by field. Other fields are unknown.
type schema map[string]rule

// A problem is one field that breaks a rule; kind is worded like FastAPI's types.
type problem struct{ field, kind string }

func (s schema) check(item jsontext.Value) []problem {
	var m map[string]jsontext.Value
	if json.Unmarshal(item, &m) != nil || m == nil {
		return []problem{{"record", "type_error.dict"}}
	}
	var out []problem
	for field, v := range m {
		r, there := s[field]
		switch {
		case !there:
			out = append(out, problem{field, "value_error.extra"})
		case !r.ok(v):
			out = append(out, problem{field, "value_error"})
		}
	}
	for field, r := range s {
		if _, ok := m[field]; r.required && !ok {
			out = append(out, problem{field, "value_error.missing"})
		}
	}
	slices.SortFunc(out, func(a, b problem) int { return strings.Compare(a.field, b.field) })
	return out
}

func text(v jsontext.Value) (string, bool) {
	var s string
	ok := v.Kind() == '"' && json.Unmarshal(v, &s) == nil
	return s, ok
}

// str allows strings of so many characters; max 0 is no limit.
func str(min, max int) func(jsontext.Value) bool {
	return func(v jsontext.Value) bool {
		s, ok := text(v)
		n := utf8.RuneCountInString(s)
		return ok && n >= min && (max == 0 || n <= max)
	}
}

func oneOf(values ...string) func(jsontext.Value) bool {
	return func(v jsontext.Value) bool {
		s, ok := text(v)
		return ok && slices.Contains(values, s)
	}
}

func boolean(v jsontext.Value) bool { return v.Kind() == 't' || v.Kind() == 'f' }

func dateTime(v jsontext.Value) bool {
	s, ok := text(v)
	_, err := time.Parse(time.RFC3339Nano, s)
	return ok && err == nil
}

func listOf(each func(jsontext.Value) bool) func(jsontext.Value) bool {
	return func(v jsontext.Value) bool {
		var list []jsontext.Value
		return v.Kind() == '[' && json.Unmarshal(v, &list) == nil && !slices.ContainsFunc(list, func(e jsontext.Value) bool { return !each(e) })
	}
}

func property(v jsontext.Value) bool {
	s := schema{"key": {true, str(0, 0)}, "value": {true, str(0, authomize.MaxPropertyRunes)}}
	return len(s.check(v)) == 0
}

func need(ok func(jsontext.Value) bool) rule  { return rule{true, ok} }
func allow(ok func(jsontext.Value) bool) rule { return rule{false, ok} }

var (
	anyText    = allow(str(0, 0))
	filled     = allow(str(1, 0))
	needed     = need(str(1, 0))
	flag       = allow(boolean)
	date       = allow(dateTime)
	tags       = allow(listOf(str(1, 0)))
	properties = allow(listOf(property))
	status     = allow(oneOf("Staged", "Enabled", "Disabled", "Suspended", "Deleted", "Unknown"))
	pair       = schema{"sourceId": needed, "targetId": needed}
)

// schemas are the request schemas of API description 4.6.8, plus the limit on
// an asset's description that it states in prose.
var schemas = map[authomize.Kind]schema{
	authomize.Users: {
		"uniqueId": needed, "originId": filled, "name": anyText, "email": anyText, "firstName": anyText,
		"lastName": anyText, "status": status, "department": anyText, "title": anyText, "description": anyText,
		"isExternal": flag, "hasMFA": flag, "lastLoginAt": date, "tags": tags, "customProperties": properties,
	},
	authomize.ServiceAccounts: {
		"uniqueId": needed, "originId": filled, "name": filled, "alternativeName": anyText, "status": status,
		"type":  allow(oneOf("ServiceAccount", "UserAccountAsServiceAccount", "CloudWorkload", "ApplicationPrincipal")),
		"owner": anyText, "description": anyText, "lastLoginAt": date, "lastActivityDate": date,
		"credentialsUpdateDate": date, "tags": tags,
	},
	authomize.Groupings: {
		"uniqueId": needed, "originId": filled, "name": needed, "originType": anyText,
		"type": allow(oneOf("Group", "VirtualGroup")), "isRole": flag, "anyoneCanJoinOrLeave": flag, "owner": anyText,
		"tags": tags, "alternativeName": allow(str(0, authomize.MaxAlternativeRunes)), "customProperties": properties,
	},
	authomize.Privileges: {
		"uniqueId": needed, "originId": filled, "originName": need(str(0, 0)),
		"privilegeType": allow(oneOf("Administrative", "Data Create", "Metadata Create", "Data Read", "Metadata Read",
			"Data Write", "Metadata Write", "Data Update", "Metadata Update", "Data Delete", "Metadata Delete")),
		"type": allow(oneOf("Administrative", "Unknown", "Read", "ReadMetadata", "Write", "Create", "Delete", "Execute",
			"Enable", "Assign", "Restore", "Import", "Export", "Update", "Cancel", "Use", "Delegate", "Join", "Invite", "Share")),
	},
	authomize.Assets: {
		"uniqueId": needed, "originId": filled, "name": needed, "alternativeName": anyText, "originType": anyText,
		"type": allow(oneOf("Application", "Database", "Drive", "File", "Folder", "GitRepository", "Integration", "Project",
			"Site", "Table", "Ticket", "VirtualMachine", "Secret", "Other")),
		"createdAt": date, "lastUsedAt": date, "description": allow(str(0, authomize.MaxDescriptionRunes)),
		"href": anyText, "tags": tags, "owner": anyText, "customProperties": properties,
	},
	authomize.PrivilegeGrants:      pair,
	authomize.AssetInheritances:    pair,
	authomize.GroupingAssociations: pair,
	authomize.AccountAssociations:  pair,
	authomize.Permissions: {
		"sourceUniqueId": needed, "sourceType": need(oneOf("User", "Grouping")), "privilegeId": needed,
		"assetId": anyText, "isRole": flag, "tags": tags, "escalationPathPossible": flag,
	},
}

// malformedMail returns a fault for each user whose address the API would
// refuse. The text repeats the address, as the real one may: clients must not
// pass it on. The positions are strings, as in the API description.
func malformedMail(c *call) []detail {
	if c.kind != authomize.Users {
		return nil
	}
	var out []detail
	for i, item := range c.items {
		var u struct {
			Email *string `json:"email"`
		}
		if json.Unmarshal(item, &u) != nil || u.Email == nil || isMail(*u.Email) {
			continue
		}
		out = append(out, detail{
			Loc: []any{"body", "data", strconv.Itoa(i), "email"},
			Msg: "value is not a valid email address: " + *u.Email, Type: "value_error.email",
		})
	}
	return out
}

func isMail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && !strings.ContainsAny(s, " \t\r\n<>,;") && !strings.Contains(domain, "@") &&
		strings.Contains(domain, ".") && !strings.HasPrefix(domain, ".") && !strings.HasSuffix(domain, ".") &&
		!strings.Contains(s, "..")
}

// countItems finds how many records a body holds without decoding it: it
// returns a list of that length without content.
func countItems(body []byte) []jsontext.Value {
	depth, n, inText := 0, 0, false
	for i := 0; i < len(body); i++ {
		switch b := body[i]; {
		case inText && b == '\\':
			i++
		case b == '"':
			inText = !inText
		case inText:
		case b == '{' || b == '[':
			depth++
			if depth == 3 {
				n++
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return make([]jsontext.Value, n)
}
