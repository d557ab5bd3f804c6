package clients_test

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/patrickcping/pingone-go-sdk-v2/management"
	"github.com/pingidentity/pingone-go-client/pingone"

	"pingone-authomize/shared/pingone/pingonetest"
)

// token asks the fake for a token, as a client does.
func token(t *testing.T, s *pingonetest.Server) string {
	t.Helper()
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.TokenEndpoint(pingonetest.DemoIDs().Administrators), form)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(s.ClientID, s.ClientSecret)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var in struct {
		Token string `json:"access_token"`
	}
	if err != nil || json.Unmarshal(body, &in) != nil || in.Token == "" {
		t.Fatalf("no token: %d %v", resp.StatusCode, err)
	}
	return in.Token
}

func startManagement(t *testing.T, s *pingonetest.Server) *management.APIClient {
	t.Helper()
	cfg := management.NewConfiguration()
	cfg.Servers = management.ServerConfigurations{{URL: s.URL + "/v1"}}
	cfg.AddDefaultHeader("Authorization", "Bearer "+token(t, s))
	return management.NewAPIClient(cfg)
}

// kept checks a reply: the client decoded it, and lost nothing of it.
func kept(t *testing.T, name string, decoded any, resp *http.Response, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	body, err := io.ReadAll(resp.Body) // the clients put it back
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lost(t, name, body, decoded) {
		t.Errorf("%s: the client knows no %s", name, l)
	}
}

func TestManagementClientReadsLists(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, pingonetest.Demo())
	c := startManagement(t, s)
	ctx, ids := t.Context(), pingonetest.DemoIDs()
	admins, workforce := ids.Administrators.String(), ids.Workforce.String()
	lists := map[string]management.EntityArrayPagedIterator{
		"environments":                 c.EnvironmentsApi.ReadAllEnvironments(ctx).Execute(),
		"built-in roles":               c.RolesApi.ReadAllRoles(ctx).Execute(),
		"groups of a user":             c.GroupMembershipApi.ReadAllGroupMembershipsForUser(ctx, workforce, ids.Emoji.String()).Execute(),
		"groups of a group":            c.GroupsApi.ReadGroupNesting(ctx, workforce, ids.Level2.String()).Execute(),
		"members of a group":           c.UsersApi.ReadAllUsers(ctx, workforce).Filter(`memberOfGroups[id eq "` + ids.Level1.String() + `"]`).Execute(),
		"role assignments of a user":   c.UserRoleAssignmentsApi.ReadUserRoleAssignments(ctx, admins, ids.Multi.String()).Execute(),
		"role assignments of a group":  c.GroupRoleAssignmentsApi.ReadGroupRoleAssignments(ctx, workforce, ids.ServiceDesk.String()).Execute(),
		"role assignments of a worker": c.ApplicationRoleAssignmentsApi.ReadApplicationRoleAssignments(ctx, workforce, ids.AppWorker.String()).Execute(),
		"role assignments of gateway":  c.GatewayRoleAssignmentsApi.ReadGatewayRoleAssignments(ctx, workforce, ids.GatewayFederate.String()).Execute(),
	}
	for name, env := range map[string]string{"Administrators": admins, "Workforce": workforce, "Customers": ids.Customers.String()} {
		lists["users of "+name] = c.UsersApi.ReadAllUsers(ctx, env).Limit(100).Execute()
		lists["groups of "+name] = c.GroupsApi.ReadAllGroups(ctx, env).Execute()
		lists["populations of "+name] = c.PopulationsApi.ReadAllPopulations(ctx, env).Execute()
		lists["roles of "+name] = c.CustomAdminRolesApi.ReadAllCustomAdminRoles(ctx, env).Execute()
		lists["applications of "+name] = c.ApplicationsApi.ReadAllApplications(ctx, env).Execute()
		lists["gateways of "+name] = c.GatewaysApi.ReadAllGateways(ctx, env).Execute()
	}
	for name, pages := range lists {
		n := 0
		for page, err := range iter.Seq2[management.PagedCursor, error](pages) {
			kept(t, name, page.EntityArray, page.HTTPResponse, err)
			n++
		}
		if n == 0 {
			t.Errorf("%s: no page", name)
		}
	}
}

func TestManagementClientReadsItems(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, pingonetest.Demo())
	c := startManagement(t, s)
	ctx, ids := t.Context(), pingonetest.DemoIDs()
	workforce := ids.Workforce.String()
	organization, resp, err := c.OrganizationsApi.ReadOneOrganization(ctx, ids.Organization.String()).Execute()
	kept(t, "organizations", organization, resp, err)
	environment, resp, err := c.EnvironmentsApi.ReadOneEnvironment(ctx, workforce).Execute()
	kept(t, "environments", environment, resp, err)
	user, resp, err := c.UsersApi.ReadUser(ctx, workforce, ids.CustomData.String()).Execute()
	kept(t, "users", user, resp, err)
	group, resp, err := c.GroupsApi.ReadOneGroup(ctx, workforce, ids.Level1.String()).Execute()
	kept(t, "groups", group, resp, err)
	population, resp, err := c.PopulationsApi.ReadOnePopulation(ctx, workforce, ids.Employees.String()).Execute()
	kept(t, "populations", population, resp, err)
	role, resp, err := c.CustomAdminRolesApi.ReadOneCustomAdminRole(ctx, workforce, ids.PasswordRole.String()).Execute()
	kept(t, "roles", role, resp, err)
	app, resp, err := c.ApplicationsApi.ReadOneApplication(ctx, workforce, ids.AppOpen.String()).Execute()
	kept(t, "applications", app, resp, err)
	gateway, resp, err := c.GatewaysApi.ReadOneGateway(ctx, workforce, ids.GatewayLDAP.String()).Execute()
	kept(t, "gateways", gateway, resp, err)
}

func TestNewestClient(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, pingonetest.Demo(), pingonetest.WithNumericDates())
	cfg := pingone.NewConfiguration(nil)
	cfg.Service = nil // it asks for tokens at Ping's own hosts
	cfg.Servers = pingone.ServerConfigurations{{URL: s.URL + "/v1"}}
	cfg.AddDefaultHeader("Authorization", "Bearer "+token(t, s))
	c, err := pingone.NewAPIClient(context.WithoutCancel(t.Context()), cfg)
	if err != nil {
		t.Fatal(err)
	}
	env := uuid.MustParse(pingonetest.DemoIDs().Workforce.String())
	environments, resp, err := c.EnvironmentsApi.GetEnvironments(t.Context()).ExecuteInitialPage()
	kept(t, "environments", environments, resp, err)
	environment, resp, err := c.EnvironmentsApi.GetEnvironmentById(t.Context(), env).Execute()
	kept(t, "environments", environment, resp, err)
	totals, resp, err := c.DirectoryTotalIdentitiesApi.GetTotalIdentities(t.Context(), env).
		Filter(`startDate eq "2026-11-28T00:00:00Z" and endDate eq "2026-11-29T12:00:00Z"`).Execute()
	kept(t, "head count", totals, resp, err)
	// No call of the client asks for capabilities, but its models have them.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/environments/"+env.String()+"/capabilities", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token(t, s))
	var capabilities pingone.EnvironmentCapabilities
	if resp, err = http.DefaultClient.Do(r); err == nil {
		err = json.NewDecoder(resp.Body).Decode(&capabilities)
		resp.Body.Close()
	}
	if err != nil || capabilities.LicenseQuantities.RlgConfigRpm.Limit == nil || *capabilities.LicenseQuantities.RlgConfigRpm.Limit != 600 {
		t.Errorf("capabilities %+v, error %v", capabilities.LicenseQuantities, err)
	}
}
