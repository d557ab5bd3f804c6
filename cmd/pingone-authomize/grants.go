package main

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

const (
	grantsCheck  = "granted roles"
	readSecret   = "applications:read:secret"
	readActivity = "audit_reporting:read:activity" // opens the audit feed
)

// grants says whether the worker application can read its own roles, and what
// it may do beyond what a run needs. home is its environment, zero behind a
// custom domain.
func (p pingOneCheck) grants(ctx context.Context, home pingone.ID, clientID string) {
	unreadable := func(why, do string) {
		p.found.add(warning, grantsCheck, fmt.Sprintf("can't be read (%s), so what no list shows is gone only if the audit feed says so: %s", why, do))
	}
	app, isID := pingone.ParseID(clientID)
	switch {
	case !isID:
		unreadable("the client id is no application id", "check the client id")
		return
	case home.IsZero():
		unreadable("a custom domain hides where the worker application lives",
			"give the token endpoint that names the environment, such as https://auth.pingone.eu/ENVIRONMENT/as/token")
		return
	}
	assigned, err := firstOf[pingone.RoleAssignment](ctx, p.client, pingone.RoleAssignmentsOf(home, pingone.ApplicationPrincipal, app))
	refused := pingone.Refusal(err)
	switch {
	case refused != nil:
		unreadable(answered(refused), "grant the worker application "+configurationRole+" on environment "+home.String()+", where it lives")
	case err != nil:
		p.found.add(warning, grantsCheck, err.Error())
	default:
		p.judgeGrants(ctx, home, assigned)
	}
}

// judgeGrants looks at each role once, and at the scopes that it is held in.
func (p pingOneCheck) judgeGrants(ctx context.Context, env pingone.ID, assigned []pingone.RoleAssignment) {
	// The roles of the environment have more to say, and custom ones.
	roles, err := firstOf[pingone.Role](ctx, p.client, pingone.RolesOf(env))
	if err != nil {
		roles, err = firstOf[pingone.Role](ctx, p.client, pingone.BuiltInRoles())
	}
	switch {
	case err != nil:
		p.found.add(warning, grantsCheck, "what they allow is not to be seen, as the list of roles can't be read: "+err.Error())
		return
	case len(assigned) == 0:
		p.found.add(fault, grantsCheck, "none: grant the worker application "+identityRole+" and "+configurationRole)
		return
	}
	scopes := map[pingone.ID][]string{}
	var held []pingone.ID
	for _, a := range assigned {
		if scopes[a.Role.ID] == nil {
			held = append(held, a.Role.ID)
		}
		scopes[a.Role.ID] = append(scopes[a.Role.ID], strings.ToUpper(a.Scope.Type))
	}
	for _, id := range held {
		i := slices.IndexFunc(roles, func(r pingone.Role) bool { return r.ID == id })
		if i < 0 {
			p.found.add(warning, grantsCheck, fmt.Sprintf("role %s is in no list that can be read: look in PingOne what it allows", id))
			continue
		}
		g, detail := judgeRole(&roles[i])
		p.found.add(g, grantsCheck, detail)
		if slices.Contains(scopes[id], "POPULATION") && !slices.Contains(scopes[id], "ENVIRONMENT") && !slices.Contains(scopes[id], "ORGANIZATION") {
			p.found.add(fault, grantsCheck, roles[i].Name+" is granted on a population: that shrinks the list of users without any error; grant it on the whole environment")
		}
	}
}

// secrets are what a run never reads.
var secrets = regexp.MustCompile(`(?i)secret|password`)

// judgeRole says whether a role reads what a run needs, and whether it allows
// more. Whether anything is lacking, the other checks say.
func judgeRole(r *pingone.Role) (grade, string) {
	custom := strings.EqualFold(r.Type, "CUSTOM")
	switch {
	case !custom && r.Name == identityRole:
		return ok, identityRole + ": reads only"
	case !custom && r.Name == configurationRole:
		return ok, configurationRole + ": reads only, client secrets of applications among it; a custom role without " + readSecret + " does not"
	case !custom:
		return warning, fmt.Sprintf("%s is more than a run needs: take it away; %s and %s are enough", r.Name, identityRole, configurationRole)
	case len(r.Permissions) == 0:
		return warning, fmt.Sprintf("custom role %s: PingOne lists no permission of it: look in PingOne what it allows", r.Name)
	}
	var beyond []string
	for _, permission := range r.Permissions {
		if !strings.Contains(permission.ID, ":read:") || secrets.MatchString(permission.ID) {
			beyond = append(beyond, cmp.Or(permission.ID, permission.Classifier))
		}
	}
	if len(beyond) > 0 {
		slices.Sort(beyond)
		return warning, fmt.Sprintf("custom role %s allows more than a run needs: %s", r.Name, strings.Join(slices.Compact(beyond), ", "))
	}
	return ok, fmt.Sprintf("custom role %s: reads only", r.Name)
}
