package oracle

import (
	"slices"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
)

// A record is one that Authomize holds.
type record struct {
	kind authomize.Kind
	key  string
}

// A truth is the records that follow from facts, by reference/mapping.md. It is
// worked out here in the plainest way, and shares with the product no more than
// how ids are spelled.
type truth struct {
	facts   map[fact]bool
	records map[record]bool

	users    map[pingone.ID]pingone.ID // the environment of each
	groups   map[pingone.ID]bool
	members  map[pingone.ID][]pingone.ID
	children map[pingone.ID][]pingone.ID
	held     []fact
	acts     map[pingone.ID]bool // applications and gateways that hold a role
}

func truthOf(facts map[fact]bool) map[record]bool {
	t := &truth{
		facts: facts, records: map[record]bool{}, users: map[pingone.ID]pingone.ID{}, groups: map[pingone.ID]bool{},
		members: map[pingone.ID][]pingone.ID{}, children: map[pingone.ID][]pingone.ID{}, acts: map[pingone.ID]bool{},
	}
	t.index()
	for f := range facts {
		t.item(&f)
	}
	for i := range t.held {
		t.right(&t.held[i])
	}
	for f := range facts {
		if f.sort == isApplication {
			t.access(&f)
		}
	}
	return t.records
}

// index finds who is there, and what of it counts: a tie only with both ends.
func (t *truth) index() {
	apps := map[pingone.ID]bool{}
	for f := range t.facts {
		switch f.sort {
		case isUser:
			t.users[f.id] = f.env
		case isGroup:
			t.groups[f.id] = true
		case isApplication, isGateway:
			apps[f.id] = true
		}
	}
	for f := range t.facts {
		_, user := t.users[f.id]
		switch {
		case f.sort == isMember && t.groups[f.id] && !t.users[f.other].IsZero():
			t.members[f.id] = append(t.members[f.id], f.other)
		case f.sort == isNested && t.groups[f.id] && t.groups[f.other] && f.id != f.other:
			t.children[f.id] = append(t.children[f.id], f.other)
		case f.sort == isHeld && (user || t.groups[f.id] || apps[f.id]):
			t.held = append(t.held, f)
			t.acts[f.id] = t.acts[f.id] || apps[f.id]
		}
	}
}

func (t *truth) add(kind authomize.Kind, key string) { t.records[record{kind, key}] = true }

func (t *truth) item(f *fact) {
	switch f.sort {
	case isMember, isNested, isHeld, isGateway:
	default:
		t.records[f.record()] = true
	}
	switch f.sort {
	case isPopulation:
		t.add(authomize.Assets, mapping.PopulationID(f.id))
	case isGroup:
		for _, user := range t.members[f.id] {
			t.add(authomize.AccountAssociations, mapping.UserID(user)+" "+mapping.GroupID(f.id))
		}
		for _, child := range t.children[f.id] {
			t.add(authomize.GroupingAssociations, mapping.GroupID(child)+" "+mapping.GroupID(f.id))
		}
	case isApplication:
		if strings.Contains(f.conditions(), "w") || t.acts[f.id] {
			t.add(authomize.ServiceAccounts, mapping.ClientID(f.id))
		}
	case isGateway:
		if t.acts[f.id] {
			t.records[f.record()] = true
		}
	}
}

// record is what a fact is by itself in Authomize.
func (f *fact) record() record {
	switch f.sort {
	case isEnvironment:
		return record{authomize.Assets, mapping.EnvironmentID(f.id)}
	case isPopulation: // its asset may be there for a role's scope alone
		return record{authomize.AssetInheritances, mapping.EnvironmentID(f.env) + " " + mapping.PopulationID(f.id)}
	case isUser:
		return record{authomize.Users, mapping.UserID(f.id)}
	case isGroup:
		return record{authomize.Groupings, mapping.GroupID(f.id)}
	case isMember:
		return record{authomize.AccountAssociations, mapping.UserID(f.other) + " " + mapping.GroupID(f.id)}
	case isNested:
		return record{authomize.GroupingAssociations, mapping.GroupID(f.other) + " " + mapping.GroupID(f.id)}
	case isRole:
		return record{authomize.Privileges, mapping.RolePrivilegeID(f.id)}
	case isApplication:
		return record{authomize.Assets, mapping.ApplicationID(f.id)}
	case isHeld:
		return f.right()
	}
	return record{authomize.ServiceAccounts, mapping.GatewayID(f.id)}
}

// right is the record of who holds a role.
func (f *fact) right() record {
	grouping := " " + mapping.RoleGroupingID(f.role, mapping.Scope{Type: f.scopeType, ID: f.scope})
	switch f.kind {
	case "groups":
		return record{authomize.GroupingAssociations, mapping.GroupID(f.id) + grouping}
	case "applications":
		return record{authomize.AccountAssociations, mapping.ClientID(f.id) + grouping}
	case "gateways":
		return record{authomize.AccountAssociations, mapping.GatewayID(f.id) + grouping}
	}
	return record{authomize.AccountAssociations, mapping.UserID(f.id) + grouping}
}

// right is a role that somebody holds.
func (t *truth) right(f *fact) {
	scope := mapping.Scope{Type: f.scopeType, ID: f.scope}
	grouping := mapping.RoleGroupingID(f.role, scope)
	t.add(authomize.Groupings, grouping)
	t.add(authomize.Privileges, mapping.RolePrivilegeID(f.role))
	t.add(authomize.Permissions, mapping.RolePermission(f.role, scope).Key())
	if asset := scope.AssetID(); asset != "" {
		t.add(authomize.Assets, asset)
	}
	t.records[f.right()] = true
}

// conditions are the letters of conditionsOf.
func (f *fact) conditions() string {
	letters, _, _ := strings.Cut(f.text, " ")
	return letters
}

// access is who may use an application.
func (t *truth) access(f *fact) {
	conditions, admins := f.conditions(), strings.Contains(f.conditions(), "a")
	var groups []pingone.ID
	for _, text := range strings.Fields(f.text)[1:] {
		id, _ := pingone.ParseID(text)
		groups = append(groups, id)
	}
	switch {
	case !strings.Contains(conditions, "e"):
	case len(groups) == 0 && admins:
		t.permit(f, mapping.AdminsID(f.env), t.admins(f.env))
	case len(groups) == 0:
		t.permit(f, mapping.AllUsersID(f.env), t.everyone(f.env))
	case !admins && (len(groups) == 1 || !strings.Contains(conditions, "&")):
		for _, g := range groups {
			if t.groups[g] {
				t.permission(f, mapping.GroupID(g))
			}
		}
	default:
		pass := t.within(groups[0])
		for _, g := range groups[1:] {
			if in := t.within(g); strings.Contains(conditions, "&") {
				pass = both(pass, in)
			} else {
				pass = append(pass, in...)
			}
		}
		if admins {
			pass = both(pass, t.admins(f.env))
		}
		t.permit(f, mapping.AppAccessID(f.id), pass)
	}
}

func (t *truth) permission(f *fact, grouping string) {
	t.add(authomize.Privileges, mapping.AppAccessPrivilegeID)
	t.add(authomize.Permissions, mapping.AccessPermission(grouping, f.id).Key())
}

// permit lets some users use an application, by a grouping of our making.
func (t *truth) permit(f *fact, grouping string, users []pingone.ID) {
	if len(users) == 0 {
		return
	}
	t.add(authomize.Groupings, grouping)
	t.permission(f, grouping)
	for _, u := range users {
		t.add(authomize.AccountAssociations, mapping.UserID(u)+" "+grouping)
	}
}

func (t *truth) everyone(env pingone.ID) (all []pingone.ID) {
	for user, of := range t.users {
		if of == env {
			all = append(all, user)
		}
	}
	return all
}

// admins are the users of an environment who hold a role, directly or by a group.
func (t *truth) admins(env pingone.ID) (all []pingone.ID) {
	for i := range t.held {
		switch f := &t.held[i]; f.kind {
		case "users":
			all = append(all, f.id)
		case "groups":
			all = append(all, t.within(f.id)...)
		}
	}
	return slices.DeleteFunc(all, func(u pingone.ID) bool { return t.users[u] != env })
}

// within are the members of a group and of the groups in it.
func (t *truth) within(group pingone.ID) (all []pingone.ID) {
	seen := map[pingone.ID]bool{group: true}
	for open := []pingone.ID{group}; len(open) > 0; open = open[1:] {
		all = append(all, t.members[open[0]]...)
		for _, child := range t.children[open[0]] {
			if !seen[child] {
				seen[child] = true
				open = append(open, child)
			}
		}
	}
	return all
}

func both(a, b []pingone.ID) []pingone.ID {
	in := map[pingone.ID]bool{}
	for _, id := range b {
		in[id] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(id pingone.ID) bool { return !in[id] })
}
