package pingonetest

import "pingone-authomize/shared/pingone"

// role renders a role. A roles page of an environment names the type, the
// list of built-in roles doesn't.
func (d *doc) role(public string, r *Role, kind string, env *Environment) {
	d.open()
	d.object("_links")
	if kind == "CUSTOM" {
		d.link("self", public, "/v1/environments/", env.ID.String(), "/roles/", r.ID.String())
	} else {
		d.link("self", public, "/v1/roles/", r.ID.String())
	}
	d.close('}')
	d.id("id", r.ID)
	d.text("name", r.Name)
	d.text("description", r.Description)
	d.text("type", kind)
	if kind == "CUSTOM" {
		d.ref("environment", env.ID)
	}
	d.texts("applicableTo", r.ApplicableTo)
	d.array("permissions")
	for _, p := range r.Permissions {
		d.open()
		d.text("id", p.ID)
		d.text("classifier", p.Classifier)
		d.text("description", p.Description)
		d.close('}')
	}
	d.close(']')
	d.refs("canAssign", r.CanAssign)
	d.refs("canBeAssignedBy", r.CanBeAssignedBy)
	d.close('}')
}

func (c *call) roleAssignment(base string, p Principal, a RoleAssignment) {
	d := c.doc
	d.open()
	d.object("_links")
	d.link("self", base, "/", string(p.Kind), "/", p.ID.String(), "/roleAssignments/", a.ID.String())
	d.close('}')
	d.id("id", a.ID)
	d.object("scope")
	d.id("id", a.Scope)
	d.text("type", a.ScopeType)
	d.close('}')
	d.ref("role", a.Role)
	d.ref("environment", c.env.ID)
	switch p.Kind { // there is no field for the user or the application itself
	case UserPrincipal:
		c.inherited(!a.Group.IsZero(), a.Group)
	case GroupPrincipal:
		d.ref("group", p.ID)
	case GatewayPrincipal:
		d.ref("gateway", p.ID)
	case ApplicationPrincipal:
	}
	d.boolean("readOnly", a.ReadOnly)
	d.close('}')
}

// inherited marks a user's assignment.
func (c *call) inherited(yes bool, group pingone.ID) {
	switch marker := c.s.set.inheritedBy; {
	case marker == "group":
		c.ref("group", group)
	case marker == "":
	case yes:
		c.text(marker, "INDIRECT")
	default:
		c.text(marker, "DIRECT")
	}
}

func (d *doc) application(base string, env *Environment, a *Application) {
	self := base + "/applications/" + a.ID.String()
	d.open()
	d.object("_links")
	d.link("grants", self, "/grants")
	d.link("environment", base)
	d.link("self", self)
	if a.AuthMethod != "" && a.AuthMethod != "NONE" {
		d.link("attributes", self, "/attributes")
		d.link("secret", self, "/secret")
	}
	if a.Type == "WORKER" {
		d.link("roleAssignments", self, "/roleAssignments")
	}
	d.close('}')
	d.ref("environment", env.ID)
	d.id("id", a.ID)
	d.text("name", a.Name)
	d.text("description", a.Description)
	d.boolean("enabled", !a.Disabled)
	d.text("type", a.Type)
	d.accessControl(a)
	d.text("protocol", a.Protocol)
	d.when("createdAt", a.CreatedAt)
	d.when("updatedAt", a.UpdatedAt)
	d.texts("grantTypes", a.GrantTypes)
	d.text("tokenEndpointAuthMethod", a.AuthMethod)
	d.text("homePageUrl", a.HomePageURL)
	d.text("loginPageUrl", a.LoginPageURL)
	d.required(a)
	d.extra(a.Extra)
	d.close('}')
}

// required writes what PingOne's description requires of a protocol or type.
func (d *doc) required(a *Application) {
	switch {
	case a.Protocol == "SAML":
		d.text("spEntityId", "urn:example:"+a.ID.String())
		d.texts("acsUrls", []string{"https://sp.example/acs"})
		d.number("assertionDuration", 60)
	case a.Protocol == "WS_FED":
		d.text("domainName", "sp.example")
		d.text("replyUrl", "https://sp.example/reply")
		d.object("idpSigning")
		d.text("algorithm", "SHA256withRSA")
		d.ref("key", StableID("signing key", a.ID.String()))
		d.close('}')
	case a.Type == "PING_ONE_PORTAL", a.Type == "PING_ONE_SELF_SERVICE":
		d.boolean("applyDefaultTheme", true)
	}
}

func (d *doc) accessControl(a *Application) {
	if a.AccessRole == "" && a.AccessType == "" {
		return
	}
	d.object("accessControl")
	if a.AccessRole != "" {
		d.object("role")
		d.text("type", a.AccessRole)
		d.close('}')
	}
	if a.AccessType != "" {
		d.object("group")
		d.text("type", a.AccessType)
		d.refs("groups", a.AccessGroups)
		d.close('}')
	}
	d.close('}')
}

func (d *doc) gateway(base string, env *Environment, g *Gateway) {
	self := base + "/gateways/" + g.ID.String()
	d.open()
	d.object("_links")
	d.link("self", self)
	d.link("environment", base)
	d.link("credentials", self, "/credentials")
	d.link("instances", self, "/instances")
	d.close('}')
	d.id("id", g.ID)
	d.ref("environment", env.ID)
	d.text("name", g.Name)
	d.text("description", g.Description)
	d.text("type", g.Type)
	d.boolean("enabled", !g.Disabled)
	d.extra(g.Extra)
	d.close('}')
}
