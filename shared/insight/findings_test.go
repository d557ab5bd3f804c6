package insight_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// assess are the findings of one check: severity, state and sentence.
func (b *rig) assess(check string, accepted map[string]time.Time) (insight.Assessment, []string) {
	r := insight.Compute(&b.World, insight.Likely)
	all := insight.Assess(&b.World, r, accepted)
	a := all[slices.IndexFunc(all, func(a insight.Assessment) bool { return a.Check == check })]
	var texts []string
	for _, f := range a.Findings {
		texts = append(texts, f.Severity.String()+": "+f.Text.String(b.names()))
	}
	return a, texts
}

func TestFindings(t *testing.T) {
	t.Parallel()
	day := func(before int) int32 {
		return int32(newRig().Now.AddDate(0, 0, -before).Unix() / 86400)
	}
	bob := func(b *rig) { b.user("Bob", "Workforce"); b.give("Bob", dataAdmin, "ENVIRONMENT", "Administrators") }
	path := "Bob holds Identity Data Admin on environment Administrators, so this user can reset the password of Ada, who is Organization Admin (R1, likely)"
	for _, tt := range []struct {
		name, check string
		build       func(*rig)
		want        []string // none: clean
		not         string   // why not assessed, or a part of it
	}{
		{"a path", "F01", bob, []string{"medium: " + path}, ""},
		{"a path of an external user", "F01", func(b *rig) { bob(b); b.Users[1].External = true }, []string{"high: " + path}, ""},
		{"a path that nobody can take", "F01", func(b *rig) { bob(b); b.Users[1].Disabled = true }, nil, ""},
		{"a path of one in tier zero", "F01", func(b *rig) { b.give("Ada", dataAdmin, "ENVIRONMENT", "Administrators") }, nil, ""},
		{"a path of a group of one in tier zero", "F01", func(b *rig) {
			b.group("Support", "Administrators", "Ada")
			b.give("Support", dataAdmin, "ENVIRONMENT", "Administrators")
		}, nil, ""},
		{"a scope of a new type", "F01", func(b *rig) { b.user("Bob", "Workforce"); b.give("Bob", dataAdmin, "GALAXY", "Acme") }, nil, "scopes"},
		{"a path of a group with an external member", "F01", func(b *rig) {
			b.user("Bob", "Workforce").External = true
			b.group("Support", "Workforce", "Bob")
			b.give("Support", helpDesk, "ENVIRONMENT", "Administrators")
		}, []string{"high: members of group Support hold Help Desk Admin on environment Administrators, so they can reset the password of Ada, who is Organization Admin (R1, likely)"}, ""},
		{"a documented path of a client", "F01", func(b *rig) {
			b.group("Bosses", "Workforce")
			b.give("Bosses", orgAdmin, "ORGANIZATION", "Acme")
			b.client("Provisioner", "Workforce")
			b.give("Provisioner", dataAdmin, "ENVIRONMENT", "Workforce")
		}, []string{"critical: client Provisioner holds Identity Data Admin on environment Workforce, so it can add a user to group Bosses, which holds Organization Admin (R5, documented)"}, ""},
		{"two roles together", "F01", func(b *rig) {
			b.custom("Passwords", "Administrators", "dir:reset:userPassword")
			b.custom("Devices", "Administrators", "mfa:delete:device")
			b.user("Bob", "Workforce").External = true
			b.give("Bob", "Passwords", "ORGANIZATION", "Acme")
			b.give("Bob", "Devices", "ORGANIZATION", "Acme")
		}, []string{"high: Bob holds Devices on the organization and Passwords on the organization, so this user can reset the password of Ada, who is Organization Admin (R1, likely)"}, ""},
		{"a role of unknown permissions", "F01", func(b *rig) { b.user("Bob", "Workforce"); b.give("Bob", "?", "ORGANIZATION", "Acme") }, nil, "permissions"},
		{"at home", "F02", func(*rig) {}, nil, ""},
		{"at home elsewhere", "F02", func(b *rig) { b.Users[0].Home = b.home("Workforce") }, []string{"high: Ada holds Organization Admin and is at home in environment Workforce"}, ""},
		{"no Administrators", "F02", func(b *rig) { b.Environments[0].Name = "Old" }, nil, "ADMIN_ENVIRONMENT"},
		{"two named Administrators", "F02", func(b *rig) { b.Environments[1].Name = "Administrators" }, nil, "ADMIN_ENVIRONMENT"},
		{"an environment of administrators that is set", "F02", func(b *rig) { b.Environments[0].Name, b.AdminEnvironment = "Old", id("Administrators") }, nil, ""},
		{"a worker in tier zero", "F03", func(b *rig) { b.client("Robot", "Administrators"); b.give("Robot", envAdmin, "ORGANIZATION", "Acme") }, []string{"high: client Robot holds Environment Admin on the organization and acts by itself (CLIENT_CREDENTIALS)"}, ""},
		{"an application that acts for users", "F03", func(b *rig) {
			b.client("Robot", "Administrators").ActsAlone = false
			b.give("Robot", envAdmin, "ORGANIZATION", "Acme")
		}, nil, ""},
		{"a loose group", "F04", func(b *rig) {
			bob(b)
			b.group("Bosses", "Administrators")
			b.give("Bosses", envAdmin, "ENVIRONMENT", "Workforce")
		}, []string{"high: holders of Identity Data Admin on environment Administrators may change the members of group Bosses, which holds Environment Admin on environment Workforce, and can't assign that"}, ""},
		{"a group whose role they can assign", "F04", func(b *rig) {
			bob(b)
			b.group("Bosses", "Administrators")
			b.give("Bosses", dataAdmin, "POPULATION", "Administrators people")
		}, nil, ""},
		{"a group that nobody can change", "F04", func(b *rig) {
			bob(b)
			b.group("Bosses", "Administrators").Dynamic = true
			b.group("Others", "Administrators").Synced = true
			b.give("Bosses", envAdmin, "ENVIRONMENT", "Workforce")
			b.give("Others", envAdmin, "ENVIRONMENT", "Workforce")
		}, nil, ""},
		{"a group that only one who is disabled could change", "F04", func(b *rig) {
			bob(b)
			b.Users[1].Disabled = true
			b.group("Bosses", "Administrators")
			b.give("Bosses", envAdmin, "ENVIRONMENT", "Workforce")
		}, nil, ""},
		{"a group that tier zero may change", "F04", func(b *rig) {
			b.role(orgAdmin).Permissions = role("", "dir:create:groupMembership").Permissions
			b.group("Bosses", "Administrators")
			b.give("Bosses", dataAdmin, "ENVIRONMENT", "Workforce")
		}, nil, ""},
		{"a built-in role that is assigned", "F05", func(b *rig) { b.role(helpDesk).CanAssign = []pingone.ID{id(dataAdmin)} }, nil, ""},
		{"a custom role of Organization Admin's", "F05", func(b *rig) {
			b.custom("High", "Workforce", "dir:reset:userPassword").CanBeAssignedBy = []pingone.ID{id(orgAdmin)}
		}, nil, ""},
		{"a higher custom role", "F05", func(b *rig) {
			b.custom("High", "Workforce", "dir:read:user dir:reset:userPassword dir:delete:population").CanBeAssignedBy = []pingone.ID{id(helpDesk)}
		}, []string{"high: High may do 1 thing that Help Desk Admin, which can assign it, may not, such as delete population"}, ""},
		{"a custom role no higher", "F05", func(b *rig) {
			b.custom("Low", "Workforce", "dir:read:population dir:reset:userPassword").CanBeAssignedBy = []pingone.ID{id(helpDesk)}
		}, nil, ""},
		{"a custom role for one that is not known", "F05", func(b *rig) {
			b.custom("Low", "Workforce", "dir:read:population").CanBeAssignedBy = []pingone.ID{id(helpDesk)}
			b.role(helpDesk).Permissions = nil
		}, nil, "1 pair of roles"},
		{"sign-on", "F06", func(b *rig) { b.Environments[0].AdminConfig = &insight.AdminConfig{Method: "PINGONE"} }, nil, ""},
		{"weak sign-on", "F06", func(b *rig) {
			b.Environments[0].AdminConfig = &insight.AdminConfig{Method: "HYBRID", EmailCode: true, Recovery: true}
		}, []string{
			"medium: for administrators who are at home in environment Administrators an external identity provider decides (HYBRID)",
			"medium: for administrators who are at home in environment Administrators a code by e-mail is enough",
			"medium: for administrators who are at home in environment Administrators accounts can be recovered",
		}, ""},
		{"sign-on that was not read", "F06", func(*rig) {}, nil, "admin:read:config"},
		{"idle", "F07", func(b *rig) { b.Users[0].LastSignOn, b.Users[0].Created = day(91), day(900) }, []string{"medium: Ada did not sign on for 91 days"}, ""},
		{"idle, with a path", "F07", func(b *rig) { b.Users[0].LastSignOn = day(1); bob(b); b.Users[1].Created = day(200) }, []string{"medium: Bob did not sign on for 200 days"}, ""},
		{"not yet idle", "F07", func(b *rig) { b.Users[0].LastSignOn = day(90) }, nil, ""},
		{"new", "F07", func(b *rig) { b.Users[0].Created = day(3) }, nil, ""},
		{"federated", "F07", func(b *rig) { b.Users[0].Created, b.Users[0].Federated = day(300), true }, nil, ""},
		{"of unknown age", "F07", func(*rig) {}, nil, "1 person"},
		{"disabled", "F08", func(b *rig) { b.Users[0].Disabled = true }, []string{"low: Ada holds Organization Admin and is disabled"}, ""},
		{"our worker changes", "F09", func(b *rig) {
			b.Self = id("Us")
			b.client("Us", "Workforce")
			b.give("Us", dataAdmin, "ENVIRONMENT", "Workforce")
		}, []string{"medium: client Us, which reads for this report, holds Identity Data Admin on environment Workforce, which may change things"}, ""},
		{"our worker reads secrets", "F09", func(b *rig) {
			b.Self = id("Us")
			b.client("Us", "Workforce")
			b.give("Us", reader, "ENVIRONMENT", "Workforce")
		}, []string{"low: client Us, which reads for this report, holds Configuration Read Only on environment Workforce, which may read secrets"}, ""},
		{"our worker reads", "F09", func(b *rig) {
			b.Self = id("Us")
			b.client("Us", "Workforce")
			b.custom("Reader", "Workforce", "dir:read:user")
			b.give("Us", "Reader", "ENVIRONMENT", "Workforce")
		}, nil, ""},
		{"our worker is not known", "F09", func(*rig) {}, nil, "not read"},
		{"one person", "F10", func(*rig) {}, []string{"low: 1 person controls the organization; 2 to 5 are usual"}, ""},
		{"one person of those read", "F10", func(b *rig) { b.Environments[1].Read = false }, nil, "not read"},
		{"two people", "F10", func(b *rig) { b.user("Bob", "Workforce"); b.give("Bob", orgAdmin, "ORGANIZATION", "Acme") }, nil, ""},
		{"open applications", "F11", func(b *rig) {
			b.Applications = []insight.ApplicationInfo{{ID: id("App"), Name: "App", Open: true}, {ID: id("Sys"), Open: true, System: true}, {ID: id("Off"), Open: true, Disabled: true}, {ID: id("Closed")}}
		}, []string{"info: 1 application is open to everyone in the environment"}, ""},
		{"newly open applications", "F11", func(b *rig) {
			b.Applications = []insight.ApplicationInfo{{ID: id("App"), Name: "App", Open: true, NewlyOpen: true}, {ID: id("Old"), Open: true}}
		}, []string{"medium: 2 applications are open to everyone in the environment, newly application App"}, ""},
		{"closed applications", "F11", func(b *rig) { b.Applications = []insight.ApplicationInfo{} }, nil, ""},
		{"applications that were not read", "F11", func(*rig) {}, nil, "not read"},
	} {
		t.Run(tt.check+" "+tt.name, func(t *testing.T) {
			t.Parallel()
			b := newRig()
			tt.build(b)
			a, got := b.assess(tt.check, nil)
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			want := insight.Clean
			if len(tt.want) > 0 {
				want = insight.Found
			} else if tt.not != "" {
				want = insight.NotAssessed
			}
			if a.State != want || tt.not != "" && !strings.Contains(a.Reason, tt.not) {
				t.Errorf("is %s (%s), want %s (%s)", a.State, a.Reason, want, tt.not)
			}
		})
	}
}

// What a person accepted stays so until its time is up, or the risk widens.
func TestAccepted(t *testing.T) {
	t.Parallel()
	build := func() *rig {
		b := newRig()
		b.user("Bob", "Workforce")
		b.give("Bob", helpDesk, "POPULATION", "Administrators people")
		return b
	}
	b := build()
	a, _ := b.assess("F01", nil)
	until := b.Now.Add(time.Hour)
	accepted := map[string]time.Time{a.Findings[0].ID: until}
	for _, tt := range []struct {
		name   string
		change func(*rig)
		want   insight.State
	}{
		{"the same", func(*rig) {}, insight.Accepted},
		{"another order", func(b *rig) { slices.Reverse(b.Roles); slices.Reverse(b.Populations) }, insight.Accepted},
		{"the time is up", func(b *rig) { b.Now = until }, insight.Found},
		{"a wider scope", func(b *rig) { b.Classes[1].Scope = insight.Scope{Type: "ENVIRONMENT", ID: id("Administrators")} }, insight.Found},
		{"another role", func(b *rig) { b.Classes[1].Role = id(dataAdmin) }, insight.Found},
		{"another person", func(b *rig) { b.Users[1].ID = id("Eve") }, insight.Found},
	} {
		b := build()
		tt.change(b)
		a, _ := b.assess("F01", accepted)
		if a.State != tt.want || len(a.Findings) != 1 || a.Findings[0].State != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, a, tt.want)
		}
	}
}

// Clean is never said without what was not read.
func TestCleanNamesWhatWasNotRead(t *testing.T) {
	t.Parallel()
	b := newRig()
	b.Environments[1].Read = false
	if a, _ := b.assess("F03", nil); a.State != insight.Clean || a.Reason != "1 environment was read; 1 was not" {
		t.Errorf("got %+v", a)
	}
}
