package pingonetest

import "net/http"

// routes are all that the fake knows. A parameter that isn't here is a
// violation.
func routes() []route {
	const env = "/v1/environments/*"
	get := func(pattern string, serve func(*call) error, params ...string) route {
		return route{pattern: pattern, method: http.MethodGet, params: params, serve: serve}
	}
	list := []route{
		get(env+"/users", listUsers, "limit", "cursor", "filter"),
		get(env+"/users/*", oneUser),
		get(env+"/users/*/devices", listDevices, "cursor"),
		get(env+"/users/*/memberOfGroups", listUserGroups, "limit", "cursor", "filter", "expand"),
		get(env+"/groups", listGroups, "limit", "cursor", "filter"),
		get(env+"/groups/*", oneGroup),
		get(env+"/groups/*/memberOfGroups", listGroupParents, "limit", "cursor", "expand"),
		get(env+"/populations", listPopulations, "limit", "cursor"),
		get(env+"/populations/*", onePopulation),
		get(env+"/roles", listRoles, "limit", "filter"),
		get(env+"/roles/*", oneRole),
		get(env+"/applications", listApplications, "limit"),
		get(env+"/applications/*", oneApplication),
		get(env+"/gateways", listGateways, "limit"),
		get(env+"/gateways/*", oneGateway),
		get(env+"/applicationRoles", listApplicationRoles),
		get(env+"/applicationRoles/*", oneApplicationRole),
		get(env+"/applicationRoles/*/assignments", listAssignments),
		get(env+"/users/*/applicationRoles", listUserApplicationRoles),
		get(env+"/capabilities", capabilities),
		get(env+"/adminConfig", showAdminConfig),
		get(env+"/totalIdentities", totalIdentities, "filter"),
		get(env+"/activities", listActivities, "limit", "cursor", "filter"),
		{pattern: env + "/dataExplorations", method: http.MethodPost, created: true, params: []string{"expand", "limit"}, serve: makeExploration},
		get(env+"/dataExplorations/*/entries", listEntries, "limit", "cursor"),
		get(env, oneEnvironment),
		get("/v1/environments", listEnvironments, "limit", "cursor", "filter"),
		get("/v1/organizations/*", oneOrganization),
		get("/v1/roles", listBuiltInRoles, "limit"),
		{pattern: "/*/as/token", method: http.MethodPost, free: true, serve: issueToken},
		{pattern: "/as/token", method: http.MethodPost, free: true, serve: issueToken},
	}
	for _, kind := range []PrincipalKind{UserPrincipal, GroupPrincipal, ApplicationPrincipal, GatewayPrincipal} {
		list = append(list, get(env+"/"+string(kind)+"/*/roleAssignments",
			func(c *call) error { return listRoleAssignments(c, kind) }, "limit"),
			get(env+"/"+string(kind)+"/*/roleAssignments/*", func(c *call) error { return oneRoleAssignment(c, kind) }))
	}
	return list
}

// base is the address of the environment in the path.
func (c *call) base() string { return c.s.public + "/v1/environments/" + c.env.ID.String() }
