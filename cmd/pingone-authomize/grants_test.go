package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

func TestCheckGrants(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	env := pingonetest.SizedEnvironment()
	worker := pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: x.org.Client}
	grant := func(role pingone.ID) {
		x.org.Assign(env, worker, pingonetest.RoleAssignment{Role: role, ScopeType: "ENVIRONMENT", Scope: env})
	}
	grant(pingonetest.RoleID("Configuration Read Only"))
	grant(pingonetest.RoleID("Identity Data Admin"))
	custom := func(name string, permissions ...string) {
		r := pingonetest.Role{ID: pingonetest.StableID("custom", name), Name: name}
		for _, p := range permissions {
			r.Permissions = append(r.Permissions, pingonetest.Permission{ID: p})
		}
		x.org.AddRole(env, r)
		grant(r.ID)
	}
	custom("Reader", "dir:read:user", "applications:read:application")
	custom("Writer", "dir:read:user", "dir:update:user", "applications:read:secret", "dir:read:userPassword")
	custom("Empty")
	var got []string
	for _, f := range newMachine(t, x.env()).check(exitDone).Checks {
		if f.Check == "granted roles" {
			got = append(got, f.State+" "+f.Detail)
		}
	}
	want := []string{
		"ok Identity Data Read Only: reads only",
		"ok Configuration Read Only: reads only, client secrets of applications among it; a custom role without applications:read:secret does not",
		"warning Identity Data Admin is more than a run needs: take it away; Identity Data Read Only and Configuration Read Only are enough",
		"ok custom role Reader: reads only",
		"warning custom role Writer allows more than a run needs: applications:read:secret, dir:read:userPassword, dir:update:user",
		"warning custom role Empty: PingOne lists no permission of it: look in PingOne what it allows",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("granted roles (-want +got):\n%s", diff)
	}
}

// worker gives the tenant's worker application these roles and no others.
func (x *tenant) worker(assigned ...pingonetest.RoleAssignment) {
	env := pingonetest.SizedEnvironment()
	p := pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: x.org.Client}
	x.org.Read(func() { delete(x.org.Environments[0].RoleAssignments, p) })
	for _, a := range assigned {
		x.org.Assign(env, p, a)
	}
}

func on(role, kind string, scope pingone.ID) pingonetest.RoleAssignment {
	return pingonetest.RoleAssignment{Role: pingonetest.RoleID(role), ScopeType: kind, Scope: scope}
}

// A role on a population only gives no error anywhere, so it is looked for.
func TestCheckScopes(t *testing.T) {
	t.Parallel()
	const identity = "Identity Data Read Only"
	main, people := pingonetest.SizedEnvironment(), pingonetest.StableID("people")
	for name, test := range map[string]struct {
		held []pingonetest.RoleAssignment
		code int
		want []string
	}{
		"environment":          {[]pingonetest.RoleAssignment{on(identity, "environment", main)}, exitDone, nil},
		"organization":         {[]pingonetest.RoleAssignment{on(identity, "ORGANIZATION", people)}, exitDone, nil},
		"a population besides": {[]pingonetest.RoleAssignment{on(identity, "POPULATION", people), on(identity, "ENVIRONMENT", main)}, exitDone, nil},
		"a population only": {[]pingonetest.RoleAssignment{on(identity, "POPULATION", people)}, exitFailed, []string{
			"granted roles: fault: " + identity + " is granted on a population: that shrinks the list of users without any error; grant it on the whole environment",
		}},
		"no role at all": {nil, exitFailed, []string{"granted roles: fault: none: grant the worker application " + identity + " and Configuration Read Only"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			x.worker(test.held...)
			matchAll(t, newMachine(t, x.env()).check(test.code).bad(), test.want)
		})
	}
}
