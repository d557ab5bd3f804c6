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

// The built-in roles that a run needs.
const (
	identityRole      = "Identity Data Read Only"
	configurationRole = "Configuration Read Only"
)

// pingOneCheck asks PingOne what may be read.
type pingOneCheck struct {
	client *pingone.Client
	found  *findings
	most   int // environments to look into; 0 is all
	// devices tells that MFA devices are looked at.
	devices bool
}

// lookedAt is a collection, or a part of one, and the role that opens it.
type lookedAt struct {
	name string
	role string
	list func(env pingone.ID) pingone.List
	// of names the list whose first item is the parent of child.
	of    func(env pingone.ID) pingone.List
	child func(env, parent pingone.ID) pingone.List
	// costs says what a run without it costs; "" if it would hold its sweep.
	costs string
}

// looks are all that a run reads of an environment.
var looks = []lookedAt{
	{name: string(staging.Environments), role: configurationRole, list: func(env pingone.ID) pingone.List { return pingone.List{Path: pingone.EnvironmentPath(env)} }},
	{name: string(staging.Populations), role: identityRole, list: pingone.Populations},
	{name: string(staging.Users), role: identityRole, list: pingone.UsersOf},
	{name: string(staging.Groups), role: identityRole, list: pingone.GroupsOf},
	{name: string(staging.Memberships), role: identityRole, of: pingone.GroupsOf, child: pingone.Members},
	{name: string(staging.Roles), role: configurationRole, list: pingone.RolesOf},
	{name: "roleassignments of users", role: identityRole, of: pingone.UsersOf, child: held(pingone.UserPrincipal)},
	{name: "roleassignments of groups", role: identityRole, of: pingone.GroupsOf, child: held(pingone.GroupPrincipal)},
	{name: "roleassignments of applications", role: configurationRole, of: pingone.ApplicationsOf, child: held(pingone.ApplicationPrincipal)},
	{name: "roleassignments of gateways", role: configurationRole, of: pingone.GatewaysOf, child: held(pingone.GatewayPrincipal)},
	{
		name: "audit feed", list: recentGrants,
		costs: "every run asks for the roles of every user; grant the worker application the permission " + readActivity,
	},
	{name: string(staging.Applications), role: configurationRole, list: pingone.ApplicationsOf},
	{name: string(staging.Gateways), role: configurationRole, list: pingone.GatewaysOf},
}

// deviceLook is what a run with MFA_DEVICES reads beside.
var deviceLook = lookedAt{
	name: "MFA devices of users", role: identityRole, of: pingone.UsersOf, child: pingone.DevicesOf,
	costs: "hasMFA is left out for users who may use MFA; grant the worker application the role " + identityRole + ", or set MFA_DEVICES to false where there is no MFA product",
}

// looks are what a run reads, as it is set.
func (p pingOneCheck) looks() []lookedAt {
	if p.devices {
		return append(slices.Clone(looks), deviceLook)
	}
	return looks
}

// recentGrants is as little of the audit feed as can be asked for.
func recentGrants(env pingone.ID) pingone.List {
	now := time.Now()
	return pingone.Activities(env, now.Add(-time.Minute), now, pingone.RoleAssigned)
}

func held(p pingone.Principal) func(env, parent pingone.ID) pingone.List {
	return func(env, parent pingone.ID) pingone.List { return pingone.RoleAssignmentsOf(env, p, parent) }
}

// listEnvironments are those that the worker application can read.
func (p pingOneCheck) listEnvironments(ctx context.Context) []pingone.ID {
	var ids []pingone.ID
	var d pingone.Decoder[pingone.Environment]
	list := pingone.Environments()
	for page, err := range p.client.Pages(ctx, list, "") {
		if err != nil {
			p.found.add(refusedOr(err, fault), "environments", err.Error())
			return ids
		}
		items, _, err := d.Items(page.Body, list.Key)
		if err != nil {
			p.found.add(fault, "environments", err.Error())
			return ids
		}
		for _, e := range items {
			ids = append(ids, e.ID)
		}
	}
	if len(ids) == 0 {
		p.found.add(fault, "environments", "the worker application can read none: grant it "+identityRole+" and "+configurationRole+" on at least one")
	}
	return ids
}

// readable tries every collection of the environments, and the built-in roles.
func (p pingOneCheck) readable(ctx context.Context, environments []pingone.ID) {
	if _, err := p.client.First(ctx, pingone.BuiltInRoles()); err != nil {
		p.found.add(missing, "built-in roles", err.Error())
	}
	all := len(environments)
	if p.most > 0 && all > p.most {
		environments = environments[:p.most]
		p.found.add(warning, "environments", fmt.Sprintf("only %d of %d were looked into", p.most, all))
	}
	for _, env := range environments {
		looks := p.looks()
		found := make([]finding, len(looks))
		var wg sync.WaitGroup
		for i, l := range looks {
			wg.Go(func() { found[i] = p.look(ctx, env, l) })
		}
		wg.Wait()
		p.found.all = append(p.found.all, found...)
	}
}

// look reads one page of a collection.
func (p pingOneCheck) look(ctx context.Context, env pingone.ID, l lookedAt) finding {
	f := finding{Check: l.name, Environment: env.String(), State: ok, Detail: "readable"}
	list := l.of
	if list == nil {
		list = l.list
	}
	page, err := p.first(ctx, list(env))
	if err == nil && l.child != nil {
		var d pingone.Decoder[pingone.Ref]
		items, _, derr := d.Items(page.Body, list(env).Key)
		switch {
		case derr != nil:
			err = derr
		case len(items) == 0:
			f.Detail = "not known, as there is none of what it hangs on"
			return f
		default:
			_, err = p.first(ctx, l.child(env, items[0].ID))
		}
		// Deleted since it was listed. Of what holds no sweep, it is more likely
		// that the product is not there.
		if errors.Is(err, pingone.ErrNotFound) && l.costs == "" {
			err = nil
		}
	}
	if err != nil {
		f.State, f.Detail = refusedOr(err, fault), reading(err, l.role)
		var refused *pingone.Error
		if l.costs != "" && f.State == missing && errors.As(err, &refused) {
			f.State, f.Detail = warning, fmt.Sprintf("not readable (%d %s): %s", refused.Status, refused.Code, l.costs)
		}
		if l.name == string(staging.Environments) && errors.Is(err, pingone.ErrForbidden) {
			f.Detail += "; check its id, too, since PingOne gives this answer for an environment that does not exist"
		}
	}
	return f
}

// first reads as little of a list as there is: one item where it is paged.
func (p pingOneCheck) first(ctx context.Context, l pingone.List) (pingone.Page, error) {
	if l.Key == "" {
		return p.client.Get(ctx, l.Path)
	}
	l.Query = strings.Replace(l.Query, "limit=1000", "limit=1", 1)
	return p.client.First(ctx, l)
}

// refusedOr is missing for what PingOne refuses for good, else other.
func refusedOr(err error, other grade) grade {
	if errors.Is(err, pingone.ErrForbidden) || errors.Is(err, pingone.ErrNotFound) || errors.Is(err, pingone.ErrRefused) {
		return missing
	}
	return other
}

// reading says what a refusal means.
func reading(err error, role string) string {
	var refused *pingone.Error
	if !errors.As(err, &refused) {
		return err.Error()
	}
	answer := strings.TrimSpace(fmt.Sprintf("%d %s", refused.Status, refused.Code))
	switch refused.Status {
	case http.StatusForbidden:
		return fmt.Sprintf("not readable (%s): grant the worker application %s on this environment, or a custom role that reads it", answer, role)
	case http.StatusNotFound:
		return fmt.Sprintf("not found (%s): check that the environment exists and that its id is right", answer)
	}
	return err.Error()
}
