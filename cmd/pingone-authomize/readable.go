package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// lookFunc reads as little as there is of something.
type lookFunc func(ctx context.Context, p pingOneCheck, env pingone.ID) error

// lookedAt is a collection, or a part of one, and the role that opens it.
type lookedAt struct {
	name string
	role string
	// try reads as little of it as there is.
	try lookFunc
	// costs says what a run without it costs; "" for what a run can't do without.
	costs string
}

// looks are all that a run reads of an environment.
var looks = []lookedAt{
	{name: string(staging.Environments), role: configurationRole, try: some(func(env pingone.ID) pingone.List { return pingone.List{Path: pingone.EnvironmentPath(env)} })},
	{name: string(staging.Populations), role: identityRole, try: some(pingone.Populations)},
	{name: string(staging.Users), role: identityRole, try: some(pingone.UsersOf)},
	{
		name: "user counts", try: userCounts,
		costs: "a user whom no list shows is gone only if the audit feed says so; grant the worker application " + identityRole + " and " + configurationRole + " on this environment",
	},
	{name: string(staging.Groups), role: identityRole, try: some(pingone.GroupsOf)},
	{name: string(staging.Memberships), role: identityRole, try: below(pingone.GroupsOf, pingone.Members)},
	{name: string(staging.Roles), role: configurationRole, try: some(pingone.RolesOf)},
	{name: "roleassignments of users", role: identityRole, try: below(pingone.UsersOf, held(pingone.UserPrincipal))},
	{name: "roleassignments of groups", role: identityRole, try: below(pingone.GroupsOf, held(pingone.GroupPrincipal))},
	{name: "roleassignments of applications", role: configurationRole, try: below(pingone.ApplicationsOf, held(pingone.ApplicationPrincipal))},
	{name: "roleassignments of gateways", role: configurationRole, try: below(pingone.GatewaysOf, held(pingone.GatewayPrincipal))},
	{
		name: "audit feed", try: some(recentGrants),
		costs: "every run reads the members of every group, and sees a change of roles only when the last reading is older than MAX_READING_AGE; grant the worker application the permission " + readActivity,
	},
	{name: string(staging.Applications), role: configurationRole, try: some(pingone.ApplicationsOf)},
	{name: string(staging.Gateways), role: configurationRole, try: some(pingone.GatewaysOf)},
}

// deviceLooks are what a run with MFA_DEVICES reads beside.
var deviceLooks = []lookedAt{
	{
		name: "devices in bulk", try: explore,
		costs: "each user who may use MFA is asked for, one call each; grant the worker application " + identityRole + " and " + configurationRole + " on this environment",
	},
	{
		name: "devices of users", try: below(pingone.UsersOf, pingone.DevicesOf),
		costs: "hasMFA is left out for users who may use MFA and are not listed in bulk; grant the worker application the role " + identityRole + ", or set MFA_DEVICES to false where there is no MFA product",
	},
}

// roleLooks are what a run with APPLICATION_ROLES reads beside.
var roleLooks = []lookedAt{{
	name: "application roles", try: some(pingone.ApplicationRolesOf),
	costs: "a run shows none; where PingOne Authorize is licensed, grant the worker application what docs/pingone-setup.md names, else set APPLICATION_ROLES to false",
}}

// errNoParent tells that there is nothing of what a look hangs on.
var errNoParent = errors.New("nothing to see here: there is none of what it hangs on")

// some reads the first item of a list.
func some(list func(pingone.ID) pingone.List) lookFunc {
	return func(ctx context.Context, p pingOneCheck, env pingone.ID) error {
		_, err := p.first(ctx, list(env))
		return err
	}
}

// below reads what the first item of a list is the parent of.
func below(of func(pingone.ID) pingone.List, child func(env, parent pingone.ID) pingone.List) lookFunc {
	return func(ctx context.Context, p pingOneCheck, env pingone.ID) error {
		page, err := p.first(ctx, of(env))
		switch {
		case err != nil:
			return err
		case len(page.IDs) == 0:
			return errNoParent
		}
		_, err = p.first(ctx, child(env, page.IDs[0]))
		return err
	}
}

// recentGrants is as little of the audit feed as can be asked for.
func recentGrants(env pingone.ID) pingone.List {
	now := time.Now()
	return pingone.Activities(env, now.Add(-time.Minute), now, pingone.RoleAssigned)
}

func held(p pingone.Principal) func(env, parent pingone.ID) pingone.List {
	return func(env, parent pingone.ID) pingone.List { return pingone.RoleAssignmentsOf(env, p, parent) }
}

// errNoCount tells that PingOne answers, and counts nobody.
var errNoCount = errors.New("neither the populations nor the head count say how many users there are")

// userCounts looks whether anything says how many users there are.
func userCounts(ctx context.Context, p pingOneCheck, env pingone.ID) error {
	page, err := p.first(ctx, pingone.Populations(env))
	if err == nil {
		var d pingone.Decoder[pingone.Population]
		if all, _, err := d.Items(page.Body, "populations"); err == nil && len(all) > 0 && all[0].UserCount != nil {
			return nil
		}
	}
	now := time.Now()
	list := pingone.TotalIdentities(env, now.AddDate(0, 0, -1), now)
	if page, err = p.first(ctx, list); err != nil {
		return err
	}
	var d pingone.Decoder[pingone.DayTotal]
	days, _, err := d.Items(page.Body, list.Key)
	if err == nil && !slices.ContainsFunc(days, func(t pingone.DayTotal) bool { return t.TotalIdentities != nil }) {
		err = errNoCount
	}
	return err
}

// explore has PingOne list the MFA devices of an environment.
func explore(ctx context.Context, p pingOneCheck, env pingone.ID) error {
	for _, err := range p.client.Explore(ctx, env) {
		return err
	}
	return nil
}

// listEnvironments are those that the worker application can read.
func (p pingOneCheck) listEnvironments(ctx context.Context) []pingone.ID {
	all, err := firstOf[pingone.Environment](ctx, p.client, pingone.Environments())
	switch {
	case err != nil:
		p.found.add(fault, "environments", err.Error())
	case len(all) == 0:
		p.found.add(fault, "environments", "the worker application can read none: grant it "+identityRole+" and "+configurationRole+" on at least one")
	}
	var ids []pingone.ID
	for _, e := range all {
		ids = append(ids, e.ID)
	}
	return ids
}

// readable tries every collection of the environments, and the built-in roles.
func (p pingOneCheck) readable(ctx context.Context, environments []pingone.ID) {
	if _, err := p.client.First(ctx, pingone.BuiltInRoles()); err != nil {
		p.found.add(fault, "built-in roles", err.Error())
	}
	looks := looks
	if p.devices {
		looks = slices.Concat(looks, deviceLooks)
	}
	if p.appRoles {
		looks = slices.Concat(looks, roleLooks)
	}
	for _, env := range environments {
		found := make([]finding, len(looks))
		var wg sync.WaitGroup
		for i, l := range looks {
			wg.Go(func() { found[i] = p.look(ctx, env, l) })
		}
		wg.Wait()
		p.found.all = append(p.found.all, found...)
	}
}

// look tries one of looks.
func (p pingOneCheck) look(ctx context.Context, env pingone.ID, l lookedAt) finding {
	f := finding{Check: l.name, Environment: env.String(), State: ok, Detail: "readable"}
	err := l.try(ctx, p, env)
	refused := pingone.Refusal(err)
	switch {
	case err == nil:
	case errors.Is(err, errNoParent):
		f.Detail = err.Error()
	case errors.Is(err, errNoCount):
		f.State, f.Detail = warning, err.Error()+": "+l.costs
	case l.costs != "" && refused != nil:
		f.State, f.Detail = warning, fmt.Sprintf("not readable (%s): %s", answered(refused), l.costs)
	case errors.Is(err, pingone.ErrNotFound) && strings.Contains(refused.Path, "/roleAssignments"):
		// Deleted since it was listed.
	default:
		f.State, f.Detail = fault, reading(err, l.role)
		if l.name == string(staging.Environments) && errors.Is(err, pingone.ErrForbidden) {
			f.Detail += "; check its id, too, since PingOne gives this answer for an environment that does not exist"
		}
	}
	return f
}

// first reads as little of a list as there is: where it is paged two pages of one
// item each, since the link to the second can fail, too.
func (p pingOneCheck) first(ctx context.Context, l pingone.List) (pingone.Page, error) {
	if l.Key == "" {
		return p.client.Get(ctx, l.Path)
	}
	l.Query = strings.Replace(l.Query, "limit=1000", "limit=1", 1)
	var first pingone.Page
	pages := 0
	for page, err := range p.client.Pages(ctx, l, "") {
		if err != nil {
			return page, err
		}
		if pages++; pages == 1 {
			first = page
			continue
		}
		break
	}
	return first, nil
}

// reading says what a refusal means.
func reading(err error, role string) string {
	refused := pingone.Refusal(err)
	if refused == nil {
		return err.Error()
	}
	switch refused.Status {
	case http.StatusForbidden:
		return fmt.Sprintf("not readable (%s): grant the worker application %s on this environment, or a custom role that reads it", answered(refused), role)
	case http.StatusNotFound:
		return fmt.Sprintf("not found (%s): check that the environment exists and that its id is right", answered(refused))
	}
	return err.Error()
}
