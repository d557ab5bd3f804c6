package insight_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pingone-authomize/shared/insight"
)

func TestTableOfRules(t *testing.T) {
	t.Parallel()
	use := map[insight.Use][]string{}
	for i, r := range insight.Rules {
		if r.ID != fmt.Sprint("R", i+1) || r.Sentence == "" || r.Source == "" || r.Confidence == 0 {
			t.Errorf("row %d is %+v", i, r)
		}
		use[r.Use] = append(use[r.Use], r.ID)
	}
	for of, want := range map[insight.Use]string{
		insight.Basic: "R1 R3 R5 R7 R13 R15 R17", insight.Never: "R4 R6 R8 R11 R18 R19 R20",
		insight.Off: "R10 R12", insight.Blind: "R2 R9 R14 R16",
	} {
		if got := strings.Join(use[of], " "); got != want {
			t.Errorf("%s: %s, want %s", of, got, want)
		}
	}
	for _, c := range insight.Confidences {
		if got, ok := insight.ParseConfidence(c.String()); !ok || got != c {
			t.Errorf("%s is read as %s", c, got)
		}
	}
	if _, ok := insight.ParseConfidence("certain"); ok {
		t.Error("a confidence that there is not")
	}
}

// Each rule that makes paths, and for each barrier a twin organization that differs
// in one fact.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		build func(*rig)
		want  string // the one path
		twins map[string]func(*rig)
		least insight.Confidence // the zero one: likely
	}{
		{
			name: "R1: an Identity Data Admin over the home of an administrator",
			build: func(b *rig) {
				b.user("Bob", "Workforce")
				b.give("Bob", dataAdmin, "ENVIRONMENT", "Administrators")
			},
			want: "Whoever holds Identity Data Admin on environment Administrators can reset the password of Ada, who is Organization Admin (R1, likely)",
			twins: map[string]func(*rig){
				"another environment": func(b *rig) { b.Classes[1].Scope.ID = id("Workforce") },
				"another population":  func(b *rig) { b.Classes[1].Scope = insight.Scope{Type: "POPULATION", ID: id("others")} },
				"a scope without id": func(b *rig) {
					b.Classes[1].Scope, b.Homes[0].Population = insight.Scope{Type: "POPULATION"}, id("")
				},
				"a scope of no known type": func(b *rig) { b.Classes[1].Scope.Type = "GALAXY" },
				"administrators of an IdP": func(b *rig) { b.Environments[0].AdminConfig = &insight.AdminConfig{Method: "EXTERNAL"} },
				"no right over second factors": func(b *rig) {
					b.role(dataAdmin).Permissions = role("", "dir:reset:userPassword dir:create:user").Permissions
				},
				"nobody holds it": func(b *rig) { b.Users[1].Disabled = true },
			},
		},
		{
			name: "R1: help desk, by a group",
			build: func(b *rig) {
				b.user("Bob", "Administrators")
				b.group("Support", "Administrators", "Bob")
				b.give("Support", helpDesk, "POPULATION", "Administrators people")
			},
			want: "Whoever holds Help Desk Admin on population Administrators people can reset the password of Ada, who is Organization Admin (R1, likely)",
			twins: map[string]func(*rig){
				"the administrator is disabled":  func(b *rig) { b.Users[0].Disabled = true },
				"the administrator is federated": func(b *rig) { b.Users[0].Federated = true },
				"the group is empty":             func(b *rig) { b.Groups[0].Members = nil },
			},
		},
		{
			name: "R1: disabled and federated do not stop an Identity Data Admin",
			build: func(b *rig) {
				b.Users[0].Disabled, b.Users[0].Federated = true, true
				b.client("Provisioner", "Workforce")
				b.give("Provisioner", dataAdmin, "ORGANIZATION", "Acme")
			},
			want: "Whoever holds Identity Data Admin on the organization can reset the password of Ada, who is Organization Admin (R1, likely)",
			twins: map[string]func(*rig){
				"the client acts for users": func(b *rig) { b.Clients[0].ActsAlone = false },
				"the client is disabled":    func(b *rig) { b.Clients[0].Disabled = true },
			},
		},
		{
			name: "R1: members of a group that is the scope",
			build: func(b *rig) {
				b.user("Bob", "Workforce")
				b.group("Bosses", "Administrators", "Ada")
				b.give("Bob", helpDesk, "GROUP", "Bosses")
			},
			want:  "Whoever holds Help Desk Admin on group Bosses can reset the password of Ada, who is Organization Admin (R1, likely)",
			twins: map[string]func(*rig){"she left": func(b *rig) { b.Groups[0].Members = nil }},
		},
		{
			name: "R1: a custom role made among administrators, or in an environment that nothing is known of",
			build: func(b *rig) {
				b.custom("Resets", "elsewhere", "dir:reset:userPassword mfa:delete:device")
				b.user("Bob", "Workforce")
				b.give("Bob", "Resets", "ORGANIZATION", "Acme")
			},
			want: "Whoever holds Resets on the organization can reset the password of Ada, who is Organization Admin (R1, likely)",
			twins: map[string]func(*rig){
				"it was made in Workforce": func(b *rig) { b.role("Resets").Environment = id("Workforce") },
				"no environment is that of the administrators": func(b *rig) {
					b.role("Resets").Environment, b.Environments[0].Name = id("Workforce"), "Old"
				},
				"another is": func(b *rig) {
					b.role("Resets").Environment, b.Environments[0].Name = id("Workforce"), "Old"
					b.AdminEnvironment = id("Administrators")
				},
			},
		},
		{
			name: "R3: a role that can assign another",
			build: func(b *rig) {
				b.role(dataAdmin).CanAssign = append(b.role(dataAdmin).CanAssign, id(envAdmin))
				b.Users[0].Home = b.home("Workforce")
				b.Environments[1].AdminConfig = &insight.AdminConfig{Method: "EXTERNAL"}
				b.user("Bob", "Workforce")
				b.give("Bob", dataAdmin, "ENVIRONMENT", "Workforce")
			},
			want: "Whoever holds Identity Data Admin on environment Workforce can assign Environment Admin on environment Workforce (R3, documented)",
			twins: map[string]func(*rig){
				"nothing is said of what it can assign":  func(b *rig) { b.role(dataAdmin).CanAssign = nil },
				"it has no right to assign":              func(b *rig) { b.role(dataAdmin).Permissions = role("", "dir:create:groupMembership").Permissions },
				"its scope is no home of administrators": func(b *rig) { b.Classes[1].Scope.ID = id("Administrators") },
				"its scope is a population":              func(b *rig) { b.Classes[1].Scope = insight.Scope{Type: "POPULATION", ID: id("Workforce people")} },
			},
		},
		{
			name: "R3: Organization Admin is assigned on the organization",
			build: func(b *rig) {
				b.role(helpDesk).CanAssign = append(b.role(helpDesk).CanAssign, id(orgAdmin))
				b.role(helpDesk).Permissions = role("", "permissions:update:userRoleAssignments").Permissions
				b.user("Bob", "Workforce")
				b.give("Bob", helpDesk, "ORGANIZATION", "Acme")
			},
			want: "Whoever holds Help Desk Admin on the organization can assign Organization Admin (R3, documented)",
			twins: map[string]func(*rig){
				"within an environment":       func(b *rig) { b.Classes[1].Scope = insight.Scope{Type: "ENVIRONMENT", ID: id("Administrators")} },
				"applications without secret": func(b *rig) { b.role(helpDesk).Permissions[0].ID = "permissions:update:applicationRoleAssignments" },
				"groups without members":      func(b *rig) { b.role(helpDesk).Permissions[0].ID = "permissions:update:groupRoleAssignments" },
			},
		},
		{
			name: "R5: members of a group with roles",
			build: func(b *rig) {
				b.group("Bosses", "Workforce")
				b.give("Bosses", orgAdmin, "ORGANIZATION", "Acme")
				b.user("Bob", "Workforce")
				b.give("Bob", dataAdmin, "ENVIRONMENT", "Workforce")
			},
			want: "Whoever holds Identity Data Admin on environment Workforce can add a user to group Bosses, which holds Organization Admin (R5, documented)",
			twins: map[string]func(*rig){
				"the group is dynamic":         func(b *rig) { b.Groups[0].Dynamic = true },
				"another directory has it":     func(b *rig) { b.Groups[0].Synced = true },
				"it lies elsewhere":            func(b *rig) { b.Groups[0].Environment = id("Administrators") },
				"no second user":               func(b *rig) { b.role(dataAdmin).Permissions = role("", "dir:create:groupMembership").Permissions },
				"no right over members":        func(b *rig) { b.role(dataAdmin).Permissions = role("", "dir:create:user").Permissions },
				"a population not the group's": func(b *rig) { b.Classes[1].Scope = insight.Scope{Type: "POPULATION", ID: id("Workforce people")} },
			},
		},
		{
			name: "R7: the secret of a client",
			build: func(b *rig) {
				b.client("Robot", "Workforce")
				b.give("Robot", orgAdmin, "ORGANIZATION", "Acme")
				b.role(reader).CanAssign = append(b.role(reader).CanAssign, id(orgAdmin))
				b.user("Bob", "Workforce")
				b.give("Bob", reader, "ORGANIZATION", "Acme")
			},
			want: "Whoever holds Configuration Read Only on the organization can read the secret of client Robot, which holds Organization Admin (R7, documented)",
			twins: map[string]func(*rig){
				"the guard: it can't assign the role":   func(b *rig) { b.role(reader).CanAssign = nil },
				"the guard: another role of the client": func(b *rig) { b.give("Robot", "PingFederate Administrator", "ORGANIZATION", "Acme") },
				"the guard: the scope is narrower":      func(b *rig) { b.Classes[1].Scope = insight.Scope{Type: "ENVIRONMENT", ID: id("Workforce")} },
				"the client is disabled":                func(b *rig) { b.Clients[0].Disabled = true },
				"the client acts for users":             func(b *rig) { b.Clients[0].ActsAlone = false },
				"no right to secrets":                   func(b *rig) { b.role(reader).Permissions = nil },
			},
		},
		{
			name: "R13: a custom role that a lower one can assign",
			build: func(b *rig) {
				b.custom("Powerful", "Administrators", "dir:set:userPassword mfa:create:device").CanBeAssignedBy = append(b.role("Powerful").CanBeAssignedBy, id(dataAdmin))
				b.role(dataAdmin).Permissions = role("", "permissions:update:userRoleAssignments").Permissions
				b.user("Bob", "Workforce")
				b.give("Bob", dataAdmin, "ENVIRONMENT", "Administrators")
			},
			want: "Whoever holds Identity Data Admin on environment Administrators can assign Powerful on environment Administrators, with which one can reset the password of Ada, who is Organization Admin (R13, R1, likely)",
			twins: map[string]func(*rig){
				"another role can": func(b *rig) { b.role("Powerful").CanBeAssignedBy[0] = id(helpDesk) },
				"it was made in another environment, where alone it counts": func(b *rig) { b.role("Powerful").Environment = id("Workforce") },
			},
		},
		{
			name: "R15: how administrators sign on",
			build: func(b *rig) {
				b.custom("Security", "Administrators", "admin:update:config")
				b.user("Bob", "Workforce")
				b.give("Bob", "Security", "ENVIRONMENT", "Administrators")
			},
			want: "Whoever holds Security on environment Administrators can change how administrators sign on, and so become Ada, who is Organization Admin (R15, documented)",
			twins: map[string]func(*rig){
				"of another environment":        func(b *rig) { b.Classes[1].Scope.ID = id("Workforce") },
				"the administrator is disabled": func(b *rig) { b.Users[0].Disabled = true },
				"it may read alone":             func(b *rig) { b.role("Security").Permissions[0].ID = "admin:read:config" },
			},
		},
		{
			name: "R17: the gateway of PingFederate",
			build: func(b *rig) {
				b.gateway("Federate", "Workforce")
				b.give("Federate", envAdmin, "ORGANIZATION", "Acme")
				b.user("Bob", "Workforce")
				b.give("Bob", "PingFederate Administrator", "ENVIRONMENT", "Workforce")
			},
			want: "Whoever holds PingFederate Administrator on environment Workforce can administer PingFederate, and so act as gateway Federate, which holds Environment Admin on the organization (R17, documented)",
			twins: map[string]func(*rig){
				"another type":             func(b *rig) { b.Gateways[0].PingFederate = false },
				"disabled":                 func(b *rig) { b.Gateways[0].Disabled = true },
				"another environment":      func(b *rig) { b.Gateways[0].Environment = id("Administrators") },
				"a custom role named thus": func(b *rig) { b.role("PingFederate Administrator").Custom = true },
			},
		},
		{
			name: "R10: the keys of a client, untested", least: insight.Untested,
			build: func(b *rig) {
				b.client("Robot", "Workforce")
				b.give("Robot", orgAdmin, "ORGANIZATION", "Acme")
				b.custom("Apps", "Workforce", "applications:update:application")
				b.user("Bob", "Workforce")
				b.give("Bob", "Apps", "ENVIRONMENT", "Workforce")
			},
			want:  "Whoever holds Apps on environment Workforce can change the keys of client Robot, which holds Organization Admin (R10, untested)",
			twins: map[string]func(*rig){"elsewhere": func(b *rig) { b.Clients[0].Environment = id("Administrators") }},
		},
		{
			name: "R12: a custom role that its holder may change, untested", least: insight.Untested,
			build: func(b *rig) {
				b.custom("Roles", "Administrators", "permissions:update:roles")
				b.user("Bob", "Workforce")
				b.give("Bob", "Roles", "ENVIRONMENT", "Administrators")
			},
			want: "Whoever holds Roles on environment Administrators can add any permission to Roles, which it holds, with which one can reset the password of Ada, who is Organization Admin (R12, R1, untested)",
			twins: map[string]func(*rig){
				"it was made elsewhere": func(b *rig) { b.role("Roles").Environment = id("Workforce") },
				"it is not custom":      func(b *rig) { b.role("Roles").Custom = false },
			},
		},
		{
			name: "two roles together",
			build: func(b *rig) {
				b.custom("Passwords", "Administrators", "dir:reset:userPassword")
				b.custom("Devices", "Administrators", "mfa:delete:device")
				b.user("Bob", "Workforce")
				b.give("Bob", "Passwords", "ENVIRONMENT", "Administrators")
				b.give("Bob", "Devices", "ORGANIZATION", "Acme")
			},
			want: "Bob holds Devices on the organization and Passwords on environment Administrators, so this user can reset the password of Ada, who is Organization Admin (R1, likely)",
			twins: map[string]func(*rig){
				"one of them elsewhere": func(b *rig) { b.Classes[2].Scope = insight.Scope{Type: "ENVIRONMENT", ID: id("Workforce")} },
				"held by two": func(b *rig) {
					b.user("Eve", "Workforce")
					_, b.Holdings[2].Holder = b.principal("Eve")
				},
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			least := cmp.Or(tt.least, insight.Likely)
			b := newRig()
			tt.build(b)
			if got := b.sentences(t, least); !slices.Equal(got, []string{tt.want}) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if least == insight.Untested {
				if got := b.sentences(t, insight.Likely); len(got) != 0 {
					t.Errorf("untested rules are off: got %q, want no path", got)
				}
			}
			for name, change := range tt.twins {
				twin := newRig()
				tt.build(twin)
				change(twin)
				if got := twin.sentences(t, least); len(got) != 0 {
					t.Errorf("%s: got %q, want no path", name, got)
				}
			}
		})
	}
}
