package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

// permission is one that a run needs, and the built-in role that holds it; ""
// is either.
type permission struct{ id, role string }

// permissions are those of docs/pingone-setup.md whose ids are public.
var permissions = []permission{
	{"orgmgt:read:environment", ""},
	{"orgmgt:read:organization", ""},
	{"dir:read:population", identityRole},
	{"dir:read:user", identityRole},
	{"dir:read:group", identityRole},
	{"dir:read:groupMembership", identityRole},
	{"applications:read:application", configurationRole},
	{"permissions:read:userRoleAssignments", identityRole},
	{"permissions:read:groupRoleAssignments", identityRole},
	{"permissions:read:applicationRoleAssignments", configurationRole},
	{"permissions:read:gatewayRoleAssignments", configurationRole},
	{readActivity, ""},
}

// readActivity opens the audit feed.
const readActivity = "audit_reporting:read:activity"

// inEveryRole are those that PingOne wants in each custom role.
var inEveryRole = []string{"orgmgt:read:deployment", "licensing:read:license"}

// unlisted are those whose ids are not public, each with what it reads.
var unlisted = map[string]*regexp.Regexp{
	"one to read custom roles": regexp.MustCompile(`(?i)^[a-z_]+:read:(custom)?roles?$`),
	"one to read gateways":     regexp.MustCompile(`(?i)^[a-z_]+:read:gateways?$`),
}

// readDevices are the forms that the permission to read MFA devices may have,
// whose id is not public either. A run needs it with MFA_DEVICES only, and not
// to be whole.
var readDevices = regexp.MustCompile(`(?i)^[a-z_]+:read:(user)?devices?$`)

// isNeeded tells whether a run needs a permission, or PingOne does for it.
func isNeeded(id string) bool {
	if slices.Contains(inEveryRole, id) || slices.ContainsFunc(permissions, func(p permission) bool { return p.id == id }) {
		return true
	}
	for _, form := range unlisted {
		if form.MatchString(id) {
			return true
		}
	}
	return false
}

// reader is a role that the worker application holds, and where.
type reader struct {
	role   *pingone.Role
	scopes []pingone.Ref
}

// isReader tells whether the role reads what a run needs.
func (r *reader) isReader() bool {
	if !isCustom(r.role) {
		return r.role.Name == identityRole || r.role.Name == configurationRole
	}
	return slices.ContainsFunc(r.role.Permissions, func(p pingone.RolePermission) bool { return isNeeded(p.ID) })
}

func (r *reader) has(form func(id string) bool) bool {
	return slices.ContainsFunc(r.role.Permissions, func(p pingone.RolePermission) bool { return form(p.ID) })
}

// judgeCustom names what no role allows, where custom ones take the place of
// the built-in ones. Whether it can be read all the same, the other checks say.
func (p pingOneCheck) judgeCustom(readers []*reader) {
	builtIn := map[string]bool{}
	var custom []*reader
	for _, r := range readers {
		if isCustom(r.role) {
			custom = append(custom, r)
			continue
		}
		builtIn[r.role.Name], builtIn[""] = true, true
	}
	if len(custom) == 0 {
		return
	}
	isHeld := func(form func(id string) bool) bool {
		return slices.ContainsFunc(custom, func(r *reader) bool { return r.has(form) })
	}
	var lacking []string
	for _, need := range permissions {
		if !builtIn[need.role] && !isHeld(func(id string) bool { return id == need.id }) {
			lacking = append(lacking, need.id)
		}
	}
	for what, form := range unlisted {
		if !builtIn[configurationRole] && !isHeld(form.MatchString) {
			lacking = append(lacking, what)
		}
	}
	if len(lacking) > 0 {
		slices.Sort(lacking)
		p.found.add(warning, grantsCheck, "no role holds these, which a run needs: "+strings.Join(lacking, ", "))
	}
}

// judgeScopes says where roles reach too far, and where not far enough.
func (p pingOneCheck) judgeScopes(readers []*reader, environments []pingone.ID) {
	if len(environments) == 0 {
		return // what can't be listed was said
	}
	for _, r := range readers {
		p.judgeReach(r, environments)
	}
	for _, env := range environments {
		if slices.ContainsFunc(readers, func(r *reader) bool { return r.covers(env) }) || p.isReadable(env) {
			continue
		}
		p.found.add(missing, grantsCheck, fmt.Sprintf("no role that reads is granted on the whole of environment %s: grant %s and %s there", env, identityRole, configurationRole))
	}
}

func (p pingOneCheck) judgeReach(r *reader, environments []pingone.ID) {
	onPopulation := false
	var beyond []string
	for _, s := range r.scopes {
		switch kind := strings.ToUpper(s.Type); {
		case kind == "POPULATION":
			onPopulation = true
		case kind == "ORGANIZATION":
			beyond = append(beyond, "the whole organization")
		case kind != "ENVIRONMENT":
			beyond = append(beyond, strings.ToLower(s.Type)+" "+s.ID.String())
		case !slices.Contains(environments, s.ID):
			beyond = append(beyond, "environment "+s.ID.String())
		}
	}
	everywhere := !slices.ContainsFunc(environments, func(env pingone.ID) bool { return !r.covers(env) })
	switch {
	case onPopulation && everywhere:
		beyond = append(beyond, "populations besides")
	case onPopulation:
		p.found.add(missing, grantsCheck, r.role.Name+" is granted on a population: that shrinks the list of users without any error; grant it on the whole environment")
	}
	if len(beyond) > 0 {
		p.found.add(warning, grantsCheck, fmt.Sprintf("%s is granted on more than is read: on %s", r.role.Name, strings.Join(beyond, ", ")))
	}
}

// covers tells whether the role is held on the whole of an environment.
func (r *reader) covers(env pingone.ID) bool {
	return slices.ContainsFunc(r.scopes, func(s pingone.Ref) bool {
		kind := strings.ToUpper(s.Type)
		return kind == "ORGANIZATION" || kind == "ENVIRONMENT" && s.ID == env
	})
}

// isReadable tells whether all of an environment was looked at and found
// readable.
func (p pingOneCheck) isReadable(env pingone.ID) bool {
	looked := false
	for _, f := range p.found.all {
		if f.Environment == env.String() {
			if looked = true; f.State != ok && f.State != warning {
				return false
			}
		}
	}
	return looked
}
