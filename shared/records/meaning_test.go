package records_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// ruled is tiny with who controls it: boss is Organization Admin; desk, in which
// are bob and, by leads, ann, may reset passwords; sync holds what it did.
func ruled() *world {
	w := tiny()
	w.options.Confidence, w.options.Now, w.options.Self = insight.Likely, run.Time(), w.id("sync")
	w.add(staging.Users, 1, "users", "population:people", `[{"id":"#boss","username":"boss","enabled":true,"population":{"id":"#people"},
		"lastSignOn":{"at":"1970-01-11T09:00:00Z"},"createdAt":"1970-01-03T09:00:00Z"},
		{"id":"#bob","enabled":false,"population":{"id":"#people"},"identityProvider":{"type":"SAML"}}]`)
	w.add(staging.Groups, 0, "groups", "", `[{"id":"#desk","name":"old","sourceType":"IDP"}]`)
	w.add(staging.Groups, 1, "groups", "", `[{"id":"#desk","name":"Desk","population":{"id":"#people"},"userFilter":"x"}]`)
	w.members("group", "desk", "bob", "nobody")
	w.children("desk", "leads")
	w.add(staging.Roles, 1, "/v1/roles", "", `[{"id":"#orgadmin","name":"Organization Admin","permissions":[{"id":"orgmgt:read:organization"}]},
		{"id":"#reset","name":"Reset","type":"CUSTOM","environment":{"id":"#main"},"permissions":[{"id":"dir:reset:userPassword"},{"id":"mfa:delete:device"}],
		 "canAssign":[{"id":"#reader"},{}],"canBeAssignedBy":[{"id":"#envadmin"}]}]`).Environment = pingone.ID{}
	w.add(staging.Roles, 1, "adminConfig", "", `{"authenticationMethod":"hybrid","mfaStatus":"ENFORCE","recovery":"true","allowedMethods":{"EMAIL":"{\"enabled\":true}","TOTP":{"enabled":false}}}`)
	w.role("user:boss", "orgadmin", "ORGANIZATION:org", "")
	w.role("group:desk", "reset", "ENVIRONMENT:main", "")
	w.role("gateway:gate", "reader", "GROUP:staff", "")
	w.role("gateway:gate", "reader", "APPLICATION:wiki", "")
	w.add(staging.Gateways, 0, "gateways", "", `[{"id":"#other"},{"id":"#gate","name":"Gate","enabled":false,"type":"PING_FEDERATE"}]`)
	return w
}

func TestWorld(t *testing.T) {
	t.Parallel()
	x := ruled().load(t)
	got := *x.World()
	users := map[pingone.ID]insight.UserInfo{}
	row := func(name string) uint32 {
		for i, u := range got.Users {
			if u.ID == id(name) {
				return uint32(i)
			}
		}
		t.Fatalf("%s is not in the world", name)
		return 0
	}
	for _, u := range got.Users {
		if got.Homes[u.Home] != (insight.Home{Environment: id("main"), Population: id("people")}) {
			t.Errorf("%s is at home in %v", u.ID, got.Homes[u.Home])
		}
		u.Home = 0
		users[u.ID] = u
	}
	wantUsers := map[pingone.ID]insight.UserInfo{
		id("boss"): {ID: id("boss"), LastSignOn: 10, Created: 2},
		id("bob"):  {ID: id("bob"), Disabled: true, Federated: true, External: true},
		id("ann"):  {ID: id("ann")},
	}
	if diff := cmp.Diff(wantUsers, users); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	for i := range got.Groups {
		g := &got.Groups[i]
		want := map[pingone.ID]insight.GroupInfo{
			id("desk"):  {ID: id("desk"), Name: "Desk", Environment: id("main"), Population: id("people"), Dynamic: true},
			id("staff"): {ID: id("staff"), Name: "staff", Environment: id("main")},
		}[g.ID]
		members := map[uint32]bool{row("ann"): true, row("bob"): true} // cy is in staff and holds nothing
		for _, m := range g.Members {
			if !members[m] {
				t.Errorf("%s: %d is a member", g.Name, m)
			}
			delete(members, m)
		}
		if g.Members = nil; len(members) > 0 || !cmp.Equal(*g, want) {
			t.Errorf("group %+v without %v, want %+v", *g, members, want)
		}
	}
	reset := got.Roles[len(got.Roles)-1]
	want := insight.RoleInfo{
		ID: id("reset"), Name: "Reset", Custom: true, Environment: id("main"), Permissions: []pingone.RolePermission{{ID: "dir:reset:userPassword"}, {ID: "mfa:delete:device"}},
		CanAssign: []pingone.ID{id("reader")}, CanBeAssignedBy: []pingone.ID{id("envadmin")},
	}
	if diff := cmp.Diff(want, reset); diff != "" || len(got.Roles) != 4 {
		t.Errorf("of %d roles the last (-want +got):\n%s", len(got.Roles), diff)
	}
	holdings := map[string]string{}
	for _, h := range got.Holdings {
		c := got.Classes[h.Class]
		holdings[string(h.Kind)+" "+got.Holder(h).ID.String()+" "+c.Scope.Type] = c.Role.String()
	}
	wantHoldings := map[string]string{}
	for _, h := range [][4]string{
		{"user", "ann", "POPULATION", "reader"}, {"client", "sync", "ENVIRONMENT", "envadmin"}, {"user", "boss", "ORGANIZATION", "orgadmin"},
		{"group", "desk", "ENVIRONMENT", "reset"}, {"gateway", "gate", "GROUP", "reader"}, {"gateway", "gate", "APPLICATION", "reader"},
	} {
		wantHoldings[h[0]+" "+id(h[1]).String()+" "+h[2]] = id(h[3]).String()
	}
	if diff := cmp.Diff(wantHoldings, holdings); diff != "" {
		t.Errorf("holdings (-want +got):\n%s", diff)
	}
	apps := map[pingone.ID]insight.ApplicationInfo{}
	for _, a := range got.Applications {
		apps[a.ID] = a
	}
	if !apps[id("wiki")].Open || apps[id("sync")].Open || len(apps) != 2 {
		t.Errorf("applications %+v", apps)
	}
	got.Users, got.Groups, got.Roles, got.Holdings, got.Classes, got.Homes, got.Applications = nil, nil, nil, nil, nil, nil, nil
	rest := insight.World{
		Organization: insight.OrganizationInfo{ID: id("org"), Name: "Tiny"},
		Environments: []insight.EnvironmentInfo{{
			ID: id("main"), Name: "Main", Read: true, AdminConfig: &insight.AdminConfig{Method: "HYBRID", EmailCode: true, Recovery: true},
		}},
		Populations: []insight.PopulationInfo{{ID: id("people"), Name: "People", Environment: id("main")}},
		Clients: []insight.ClientInfo{
			{ID: id("sync"), Name: "sync", Environment: id("main"), ActsAlone: true}, {ID: id("wiki"), Name: "wiki", Environment: id("main")},
		},
		Gateways: []insight.GatewayInfo{{ID: id("gate"), Name: "Gate", Environment: id("main"), Disabled: true, PingFederate: true}},
		Self:     id("sync"), Now: run.Time(),
	}
	if diff := cmp.Diff(rest, got); diff != "" {
		t.Errorf("what is around (-want +got):\n%s", diff)
	}
	if now := x.World().Now; !now.Equal(run.Time()) || now.Location() != time.UTC {
		t.Errorf("now is %s", now)
	}
}

// Permissions carry what their class leads to.
func TestMarks(t *testing.T) {
	t.Parallel()
	w := ruled()
	marks := map[string]string{}
	for item, err := range w.load(t).Stream(t.Context(), authomize.Permissions, nil) {
		r := item.Record.(authomize.Permission)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range r.Tags {
			marks[w.named(r.SourceUniqueID)] += tag + " "
		}
		if r.EscalationPathPossible != (len(r.Tags) == 2) {
			t.Errorf("%s: a path is %t, tags %q", w.named(r.Key()), r.EscalationPathPossible, r.Tags)
		}
	}
	want := map[string]string{
		"role:orgadmin@ORGANIZATION:org": "tier:0 ",
		"role:envadmin@ENVIRONMENT:main": "tier:0 ", // home of the boss
		"role:reset@ENVIRONMENT:main":    "esc:R1 reaches:organization-admin ",
	}
	if diff := cmp.Diff(want, marks); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	w.options.Confidence = 0
	if x := w.load(t); x.Reach() != nil || x.World() != nil {
		t.Error("reach that nobody asked for")
	}
}
