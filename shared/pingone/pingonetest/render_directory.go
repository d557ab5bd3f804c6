package pingonetest

import (
	"strconv"
	"strings"

	"pingone-authomize/shared/pingone"
)

// The address parameter base is that of the environment, without a slash at
// the end.

func (d *doc) user(base string, env *Environment, u *User) {
	d.open()
	d.userLinks(base + "/users/" + u.ID.String())
	d.id("id", u.ID)
	d.ref("environment", env.ID)
	d.object("account")
	d.boolean("canAuthenticate", u.AccountStatus != "LOCKED")
	d.text("status", orElse(u.AccountStatus, "OK"))
	d.close('}')
	d.when("createdAt", u.CreatedAt)
	d.text("email", u.Email)
	d.boolean("enabled", !u.Disabled)
	d.object("identityProvider")
	if !u.IdentityProvider.IsZero() {
		d.id("id", u.IdentityProvider)
	}
	d.text("type", orElse(u.IdentityProviderType, "PING_ONE"))
	d.close('}')
	if !u.LastSignOn.IsZero() {
		d.object("lastSignOn")
		d.when("at", u.LastSignOn)
		d.text("remoteIp", "192.0.2.10")
		d.close('}')
	}
	d.object("lifecycle")
	d.text("status", orElse(u.Lifecycle, "ACCOUNT_OK"))
	d.close('}')
	d.boolean("mfaEnabled", u.MFAEnabled)
	d.userName(u)
	d.ref("population", u.Population)
	d.text("title", u.Title)
	d.text("type", u.Type)
	d.when("updatedAt", u.UpdatedAt)
	d.text("username", u.Username)
	d.text("verifyStatus", "NOT_INITIATED")
	d.extra(u.Extra)
	d.close('}')
}

func (d *doc) userLinks(self string) {
	d.object("_links")
	d.link("self", self)
	for _, rel := range [...]string{"password", "password.set", "password.reset", "password.check", "password.recover"} {
		d.link(rel, self, "/password")
	}
	d.link("account.sendVerificationCode", self)
	d.link("linkedAccounts", self, "/linkedAccounts")
	d.close('}')
}

func (d *doc) userName(u *User) {
	if u.Given == "" && u.Family == "" && u.Formatted == "" && !u.EmptyName {
		return
	}
	d.object("name")
	d.text("formatted", u.Formatted)
	d.text("given", u.Given)
	d.text("family", u.Family)
	d.close('}')
}

func (d *doc) device(base string, env *Environment, u *User, device *Device) {
	d.open()
	d.object("_links")
	d.link("self", base, "/users/", u.ID.String(), "/devices/", device.ID.String())
	d.close('}')
	d.id("id", device.ID)
	d.ref("environment", env.ID)
	d.ref("user", u.ID)
	d.text("type", device.Type)
	d.text("status", device.Status)
	d.text("phone", device.Phone)
	d.when("createdAt", device.CreatedAt)
	d.when("updatedAt", device.CreatedAt)
	d.close('}')
}

func (c *call) group(base string, env *Environment, g *Group) {
	d := c.doc
	d.open()
	d.object("_links")
	d.link("self", base, "/groups/", g.ID.String())
	d.close('}')
	d.id("id", g.ID)
	d.ref("environment", env.ID)
	d.text("name", g.Name)
	d.text("displayName", g.DisplayName)
	d.text("description", g.Description)
	d.ref("population", g.Population)
	d.text("externalId", g.ExternalID)
	d.text("userFilter", g.UserFilter)
	d.text("sourceType", g.SourceType)
	if !g.SourceID.IsZero() {
		d.id("sourceId", g.SourceID)
	}
	d.object("directMemberCounts")
	users, groups := len(g.Members), len(g.Children)
	if env.miscounted[g.ID] {
		users, groups = 0, 0
	}
	if !c.s.set.noUserCounts {
		d.number("users", users)
	}
	if !c.s.set.noGroupCounts {
		d.number("groups", groups)
	}
	d.close('}')
	d.when("createdAt", g.CreatedAt)
	d.when("updatedAt", g.UpdatedAt)
	d.text("checkSum", strconv.Itoa(1000003*int(g.seq)+len(g.Members)))
	d.extra(g.Extra)
	d.close('}')
}

func (d *doc) population(base string, env *Environment, p *Population) {
	d.open()
	d.object("_links")
	d.link("self", base, "/populations/", p.ID.String())
	d.link("environment", base)
	d.close('}')
	d.id("id", p.ID)
	d.ref("environment", env.ID)
	d.text("name", p.Name)
	d.text("description", p.Description)
	d.number("userCount", env.PopulationCount(p.ID))
	d.when("createdAt", p.CreatedAt)
	d.when("updatedAt", p.UpdatedAt)
	d.boolean("default", p.Default)
	d.close('}')
}

func (d *doc) environment(public string, o *Organization, e *Environment) {
	self := public + "/v1/environments/" + e.ID.String()
	d.open()
	d.object("_links")
	d.link("self", self)
	d.link("organization", public, "/v1/organizations/", o.ID.String())
	for _, rel := range [...]string{"populations", "users", "applications", "activities", "gateways", "schemas"} {
		d.link(rel, self, "/", rel)
	}
	d.close('}')
	d.id("id", e.ID)
	d.text("name", e.Name)
	d.text("description", e.Description)
	d.ref("organization", o.ID)
	d.text("type", e.Type)
	d.text("region", e.Region)
	d.text("status", orElse(e.Status, "ACTIVE"))
	d.when("createdAt", e.CreatedAt)
	d.when("updatedAt", e.CreatedAt)
	d.ref("license", e.License)
	d.close('}')
}

func (d *doc) organization(public string, o *Organization) {
	self := public + "/v1/organizations/" + o.ID.String()
	d.open()
	d.object("_links")
	d.link("self", self)
	d.link("environments", public, "/v1/environments")
	d.link("licenses", self, "/licenses")
	d.close('}')
	d.id("id", o.ID)
	d.text("name", o.Name)
	d.text("type", "INTERNAL")
	d.close('}')
}

// activity renders an event; the only trace of the user of a membership is in
// the resource's href, as in PingOne.
func (d *doc) activity(base string, env *Environment, ev *event) {
	d.open()
	d.object("_links")
	d.link("self", base, "/activities/", ev.id.String())
	d.close('}')
	d.id("id", ev.id)
	d.when("recordedAt", ev.at)
	d.when("createdAt", ev.at)
	d.id("correlationId", StableID("correlation", ev.id.String()))
	d.object("action")
	d.text("type", ev.action)
	d.close('}')
	d.array("resources")
	for i := range ev.resources {
		d.resource(base, env, &ev.resources[i])
	}
	d.close(']')
	d.object("result")
	if ev.failed {
		d.text("status", "FAILED")
	} else {
		d.text("status", "SUCCESS")
	}
	d.text("description", ev.description)
	d.close('}')
	d.close('}')
}

func (d *doc) resource(base string, env *Environment, r *resource) {
	href := base + map[string]string{
		"USER": "/users/", "GROUP": "/groups/", "POPULATION": "/populations/", "ROLE": "/roles/",
		"APPLICATION": "/applications/", "GATEWAY": "/gateways/", "ROLE_ASSIGNMENT": "/roleAssignments/",
		"MEMBER_OF_GROUP": "/" + string(r.holder.Kind) + "/" + r.holder.ID.String() + "/memberOfGroups/",
	}[r.kind]
	if r.kind == "ENVIRONMENT" {
		href = strings.TrimSuffix(base, env.ID.String())
	}
	d.open()
	d.text("type", r.kind)
	d.id("id", r.id)
	d.text("name", r.name)
	d.ref("environment", env.ID)
	if r.population != (pingone.ID{}) {
		d.ref("population", r.population)
	}
	d.text("href", href+r.id.String())
	d.close('}')
}
