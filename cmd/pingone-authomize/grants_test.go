package main

import (
	"os"
	"regexp"
	"strings"
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
	custom("Writer", "dir:read:user", "dir:update:user", "applications:read:secret")
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
		"ok custom role Reader: reads only what a run needs",
		"warning custom role Writer allows more than a run needs: applications:read:secret, dir:update:user",
		"warning custom role Empty: PingOne lists no permission of it, so it is not known what it allows",
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

// custom adds a role of this name to the environment.
func (x *tenant) custom(name string, permissions ...string) pingone.ID {
	r := pingonetest.Role{ID: pingonetest.StableID("role", name), Name: name}
	for _, p := range permissions {
		r.Permissions = append(r.Permissions, pingonetest.Permission{ID: p})
	}
	x.org.AddRole(pingonetest.SizedEnvironment(), r)
	return r.ID
}

func TestCheckScopes(t *testing.T) {
	t.Parallel()
	main, side, people := pingonetest.SizedEnvironment(), pingonetest.StableID("side"), pingonetest.StableID("people")
	const (
		identity = "Identity Data Read Only"
		config   = "Configuration Read Only"
		beyond   = "granted roles: warning: " + identity + " is granted on more than is read: on "
	)
	for name, test := range map[string]struct {
		held   []pingonetest.RoleAssignment
		denied bool // the side environment is not readable
		code   int
		want   []string
	}{
		"both environments": {[]pingonetest.RoleAssignment{on(identity, "ENVIRONMENT", main), on(config, "ENVIRONMENT", main), on(identity, "environment", side), on(config, "ENVIRONMENT", side)}, false, exitDone, nil},
		"a population only": {[]pingonetest.RoleAssignment{on(identity, "POPULATION", people), on(config, "ENVIRONMENT", main), on(config, "ENVIRONMENT", side)}, false, exitFailed, []string{
			"granted roles: missing: " + identity + " is granted on a population: that shrinks the list of users without any error; grant it on the whole environment",
		}},
		"a population besides": {[]pingonetest.RoleAssignment{on(identity, "POPULATION", people), on(identity, "ENVIRONMENT", main), on(identity, "ENVIRONMENT", side)}, false, exitDone, []string{
			beyond + "populations besides",
		}},
		"organization": {[]pingonetest.RoleAssignment{on(identity, "ORGANIZATION", people)}, false, exitDone, []string{beyond + "the whole organization"}},
		"another environment": {[]pingonetest.RoleAssignment{on(identity, "ENVIRONMENT", main), on(identity, "ENVIRONMENT", side), on(identity, "ENVIRONMENT", people), on(identity, "APPLICATION", people)}, false, exitDone, []string{
			beyond + "environment " + people.String() + ", application " + people.String(),
		}},
		"none, yet readable": {[]pingonetest.RoleAssignment{on(identity, "ENVIRONMENT", main)}, false, exitDone, nil},
		"none": {[]pingonetest.RoleAssignment{on(identity, "ENVIRONMENT", main)}, true, exitFailed, []string{
			"groups: missing: not readable", "memberships: missing: not readable", "roleassignments of groups: missing: not readable",
			"granted roles: missing: no role that reads is granted on the whole of environment " + side.String() + ": grant " + identity + " and " + config + " there",
		}},
		"no role at all": {nil, false, exitFailed, []string{"granted roles: missing: none: grant the worker application " + identity + " and " + config}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			x.org.AddEnvironment(pingonetest.Environment{ID: side, Name: "Side"})
			x.worker(test.held...)
			if test.denied {
				x.pingone.Deny("/v1/environments/"+side.String()+"/groups", 403, "ACCESS_FAILED")
			}
			m := newMachine(t, x.env())
			m.env["PINGONE_ENVIRONMENTS"] = main.String() + "," + side.String()
			matchAll(t, m.check(test.code).bad(), test.want)
		})
	}
}

// allNeeded are the permissions of a custom role that reads what a run needs.
func allNeeded() []string {
	all := []string{"orgmgt:read:deployment", "licensing:read:license", "permissions:read:roles", "gateway:read:gateways"}
	for _, p := range permissions {
		all = append(all, p.id)
	}
	return all
}

func TestCheckCustomRoles(t *testing.T) {
	t.Parallel()
	all := allNeeded()
	for name, test := range map[string]struct {
		permissions []string
		builtIn     string
		want        []string
	}{
		"as the docs say": {all, "", nil},
		"other reads": {append([]string{"dir:read:userPassword", "dir:read:device", "authn:read:signOnPolicy"}, all...), "", []string{
			"granted roles: warning: custom role Reader allows more than a run needs: authn:read:signOnPolicy, dir:read:device, dir:read:userPassword",
		}},
		"only some": {[]string{"dir:read:user", "orgmgt:read:environment", "orgmgt:read:organization", "dir:read:population", "applications:read:application"}, "", []string{
			"granted roles: warning: no role holds these, which a run needs: audit_reporting:read:activity, dir:read:group, dir:read:groupMembership, " +
				"one to read custom roles, one to read gateways, permissions:read:applicationRoleAssignments, permissions:read:gatewayRoleAssignments, " +
				"permissions:read:groupRoleAssignments, permissions:read:userRoleAssignments",
		}},
		"beside a built-in one": {[]string{"applications:read:application"}, "Identity Data Read Only", []string{
			"granted roles: warning: no role holds these, which a run needs: one to read custom roles, one to read gateways, " +
				"permissions:read:applicationRoleAssignments, permissions:read:gatewayRoleAssignments",
		}},
		"nothing needed": {[]string{"dir:read:device"}, "", []string{"granted roles: warning: custom role Reader allows nothing that a run needs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTenant(t)
			env := pingonetest.SizedEnvironment()
			held := []pingonetest.RoleAssignment{{Role: x.custom("Reader", test.permissions...), ScopeType: "ENVIRONMENT", Scope: env}}
			if test.builtIn != "" {
				held = append(held, on(test.builtIn, "ENVIRONMENT", env))
			}
			x.worker(held...)
			matchAll(t, newMachine(t, x.env()).check(exitDone).bad(), test.want)
		})
	}
}

// The permission to read devices is beyond need, unless devices are read.
func TestPermissionForDevices(t *testing.T) {
	t.Parallel()
	x := newTenant(t)
	role := x.custom("Reader", append(allNeeded(), "mfa:read:device")...)
	x.worker(pingonetest.RoleAssignment{Role: role, ScopeType: "ENVIRONMENT", Scope: pingonetest.SizedEnvironment()})
	m := newMachine(t, x.env())
	matchAll(t, m.check(exitDone).bad(), []string{"granted roles: warning: custom role Reader allows more than a run needs: mfa:read:device"})
	m.env["MFA_DEVICES"] = "true"
	matchAll(t, m.check(exitDone).bad(), nil)
}

// The permissions that check looks for are those of the setup guide.
func TestPermissionsAreThoseOfTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/pingone-setup.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(guide), "## Way 2: a custom role")
	table, _, _ = strings.Cut(table, "The ids marked")
	want := map[string]bool{}
	for _, line := range strings.Split(table, "\n") {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, id := range regexp.MustCompile("`([a-z_]+:[a-z]+:[a-zA-Z]+)`").FindAllStringSubmatch(cells[1], -1) {
				want[id[1]] = true
			}
		}
	}
	got := map[string]bool{}
	for _, p := range permissions {
		got[p.id] = true
	}
	for _, id := range inEveryRole {
		got[id] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("permissions (-guide +check):\n%s", diff)
	}
}
