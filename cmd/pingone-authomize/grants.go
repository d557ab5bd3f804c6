package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pingone-authomize/shared/pingone"
)

const (
	grantsCheck = "granted roles"
	readSecret  = "applications:read:secret"
)

// grants says what the worker application may do beyond what a run needs.
// home is its environment, zero behind a custom domain: then those that it
// reads are tried.
func (p pingOneCheck) grants(ctx context.Context, home pingone.ID, clientID string, environments []pingone.ID) {
	app, isID := pingone.ParseID(clientID)
	if !isID {
		p.found.add(warning, grantsCheck, "not known: the client id is no application id")
		return
	}
	homes := []pingone.ID{home}
	if home.IsZero() {
		homes = environments
	}
	for _, env := range homes {
		assigned, err := collect[pingone.RoleAssignment](ctx, p.client, pingone.RoleAssignmentsOf(env, pingone.ApplicationPrincipal, app))
		if errors.Is(err, pingone.ErrNotFound) {
			continue
		}
		if err != nil {
			p.found.add(warning, grantsCheck, "not known: "+reading(err, configurationRole))
			return
		}
		p.judgeGrants(ctx, env, assigned, environments)
		return
	}
	p.found.add(warning, grantsCheck, "not known: the worker application was found in no environment that it reads")
}

// judgeGrants looks at each role once, and at the scopes that it is held in.
func (p pingOneCheck) judgeGrants(ctx context.Context, env pingone.ID, assigned []pingone.RoleAssignment, environments []pingone.ID) {
	// The roles of the environment have more to tell, and custom ones.
	roles, err := collect[pingone.Role](ctx, p.client, pingone.RolesOf(env))
	if err != nil {
		roles, err = collect[pingone.Role](ctx, p.client, pingone.BuiltInRoles())
	}
	if err != nil {
		p.found.add(warning, grantsCheck, "not known, as the list of roles can't be read: "+err.Error())
		return
	}
	if len(assigned) == 0 {
		p.found.add(missing, grantsCheck, "none: grant the worker application "+identityRole+" and "+configurationRole)
		return
	}
	var readers []*reader
	byRole := map[pingone.ID]*reader{}
	for _, a := range assigned {
		if byRole[a.Role.ID] == nil {
			r := &reader{}
			byRole[a.Role.ID] = r
			i := slices.IndexFunc(roles, func(r pingone.Role) bool { return r.ID == a.Role.ID })
			if i < 0 {
				p.found.add(warning, grantsCheck, fmt.Sprintf("role %s is in no list that can be read, so it is not known what it allows", a.Role.ID))
				continue
			}
			g, detail := p.judgeRole(&roles[i])
			p.found.add(g, grantsCheck, detail)
			if r.role = &roles[i]; r.isReader() {
				readers = append(readers, r)
			}
		}
		byRole[a.Role.ID].scopes = append(byRole[a.Role.ID].scopes, a.Scope)
	}
	p.judgeCustom(readers)
	p.judgeScopes(readers, environments)
}

func isCustom(r *pingone.Role) bool { return strings.EqualFold(r.Type, "CUSTOM") }

// judgeRole says whether a role allows more than reading what a run needs.
func (p pingOneCheck) judgeRole(r *pingone.Role) (grade, string) {
	switch {
	case r.Name == identityRole && !isCustom(r):
		return ok, identityRole + ": reads only"
	case r.Name == configurationRole && !isCustom(r):
		return ok, configurationRole + ": reads only, client secrets of applications among it; a custom role without " + readSecret + " does not"
	case !isCustom(r):
		return warning, fmt.Sprintf("%s is more than a run needs: take it away; %s and %s are enough", r.Name, identityRole, configurationRole)
	}
	var beyond []string
	reads := false
	for _, permission := range r.Permissions {
		needed := isNeeded(permission.ID)
		if !needed && !(p.devices && readDevices.MatchString(permission.ID)) {
			beyond = append(beyond, permissionName(permission))
		}
		reads = reads || needed
	}
	slices.Sort(beyond)
	switch {
	case len(r.Permissions) == 0:
		return warning, fmt.Sprintf("custom role %s: PingOne lists no permission of it, so it is not known what it allows", r.Name)
	case !reads:
		return warning, fmt.Sprintf("custom role %s allows nothing that a run needs", r.Name)
	case len(beyond) > 0:
		return warning, fmt.Sprintf("custom role %s allows more than a run needs: %s", r.Name, strings.Join(slices.Compact(beyond), ", "))
	}
	return ok, fmt.Sprintf("custom role %s: reads only what a run needs", r.Name)
}

func permissionName(p pingone.RolePermission) string {
	if p.ID != "" {
		return p.ID
	}
	return p.Classifier
}

// collect reads a whole list.
func collect[T any](ctx context.Context, client *pingone.Client, l pingone.List) ([]T, error) {
	var all []T
	for page, err := range client.Pages(ctx, l, "") {
		if err != nil {
			return nil, err
		}
		var d pingone.Decoder[T] // fresh, as it reuses the memory of its items
		items, _, err := d.Items(page.Body, l.Key)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
	}
	return all, nil
}
