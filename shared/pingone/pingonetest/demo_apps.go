package pingonetest

import (
	"strings"

	"pingone-authomize/shared/pingone"
)

// applications adds PingOne's own applications to every environment, the
// connector to Administrators and one of each kind to Workforce.
func (b *demo) applications() {
	id := &b.ids
	for _, env := range []pingone.ID{id.Administrators, id.Workforce, id.Customers} {
		b.systemApps(env)
	}
	b.app(id.Administrators, Application{
		ID: id.Connector, Name: "Authomize connector", Type: "WORKER", Protocol: "OPENID_CONNECT",
		GrantTypes: []string{"CLIENT_CREDENTIALS"}, AuthMethod: "CLIENT_SECRET_BASIC", AccessRole: "ADMIN_USERS_ONLY",
	})
	b.app(id.Administrators, Application{
		ID: id.Provisioner, Name: "Provisioner", Type: "WORKER", Protocol: "OPENID_CONNECT",
		GrantTypes: []string{"CLIENT_CREDENTIALS"}, AuthMethod: "CLIENT_SECRET_BASIC", AccessRole: "ADMIN_USERS_ONLY",
	})
	for _, a := range b.workforceApps() {
		b.app(id.Workforce, a)
	}
	b.app(id.Customers, Application{
		ID: StableID("demo", "application shop"), Name: "Shop", Type: "SINGLE_PAGE_APP", Protocol: "OPENID_CONNECT",
		GrantTypes: []string{"AUTHORIZATION_CODE"}, AuthMethod: "NONE", HomePageURL: "https://shop.example/",
	})
}

func (b *demo) app(env pingone.ID, a Application) {
	a.CreatedAt, a.UpdatedAt = b.epoch, b.epoch.AddDate(0, 3, 0)
	b.o.AddApplication(env, a)
}

func (b *demo) systemApps(env pingone.ID) {
	for _, a := range []Application{
		{Name: "PingOne Admin Console", Type: "PING_ONE_ADMIN_CONSOLE", AccessRole: "ADMIN_USERS_ONLY"},
		{Name: "PingOne Application Portal", Type: "PING_ONE_PORTAL"},
		{Name: "PingOne Self-Service - MyAccount", Type: "PING_ONE_SELF_SERVICE"},
	} {
		a.ID = StableID("demo", env.String(), "application "+a.Type)
		a.Protocol, a.AuthMethod = "OPENID_CONNECT", "NONE"
		b.app(env, a)
	}
}

func (b *demo) workforceApps() []Application {
	id := &b.ids
	const oidc = "OPENID_CONNECT"
	code := []string{"AUTHORIZATION_CODE", "REFRESH_TOKEN"}
	client := []string{"CLIENT_CREDENTIALS"}
	other := func(name string) pingone.ID { return StableID("demo", "application "+name) }
	return []Application{
		{
			ID: id.AppAnyGroup, Name: "Payroll", Type: "WEB_APP", Protocol: "SAML", HomePageURL: "https://payroll.example/",
			AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{id.Finance, id.Level1},
		},
		{
			ID: id.AppAllOfOne, Name: "Field App", Type: "NATIVE_APP", Protocol: oidc, GrantTypes: code, AuthMethod: "NONE",
			AccessType: "ALL_GROUPS", AccessGroups: []pingone.ID{id.Engineering},
		},
		{
			ID: id.AppAllOfSeveral, Name: "Release Console", Type: "SINGLE_PAGE_APP", Protocol: oidc,
			GrantTypes: []string{"IMPLICIT"}, AuthMethod: "NONE", LoginPageURL: "https://release.example/login",
			AccessType: "ALL_GROUPS", AccessGroups: []pingone.ID{id.Level1, id.Dynamic, id.Approvers},
		},
		{ID: id.AppAdmins, Name: "Operations", Type: "WEB_APP", Protocol: oidc, GrantTypes: code, AuthMethod: "CLIENT_SECRET_POST", AccessRole: "ADMIN_USERS_ONLY"},
		{
			ID: id.AppAdminsAndGroup, Name: "Vault", Type: "WEB_APP", Protocol: oidc, GrantTypes: code,
			AuthMethod: "CLIENT_SECRET_BASIC", AccessRole: "ADMIN_USERS_ONLY",
			AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{id.ServiceDesk, id.Everyone},
		},
		{ID: id.AppOpen, Name: "Intranet", Type: "WEB_APP", Protocol: "WS_FED", LoginPageURL: "https://intranet.example/", Description: strings.Repeat("News, lunch and forms. ", 30)},
		{
			ID: id.AppDisabled, Name: "Old Wiki", Type: "WEB_APP", Protocol: "SAML", Disabled: true,
			AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{id.Everyone},
		},
		{ID: id.AppUnknownType, Name: "Shopping Agent 🤖", Type: "AI_AGENT", Protocol: oidc, GrantTypes: []string{"TOKEN_EXCHANGE", "CIBA"}},
		{
			ID: id.AppWorker, Name: "Flow Deployer", Type: "WORKER", Protocol: oidc, GrantTypes: client,
			AuthMethod: "CLIENT_SECRET_BASIC", AccessRole: "ADMIN_USERS_ONLY",
		},
		{ID: id.AppService, Name: "Nightly Export", Type: "SERVICE", Protocol: oidc, GrantTypes: client, AuthMethod: "CLIENT_SECRET_BASIC"},
		{ID: other("custom"), Name: "Television", Type: "CUSTOM_APP", Protocol: oidc, GrantTypes: []string{"DEVICE_CODE", "CLIENT_CREDENTIALS"}, AuthMethod: "CLIENT_SECRET_BASIC"},
		{ID: other("template"), Name: "Chat from the catalog", Type: "TEMPLATE_APP", Protocol: "SAML", AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{id.DynamicOnly}},
		{
			ID: other("link"), Name: "Canteen", Type: "PORTAL_LINK_APP", Protocol: "EXTERNAL_LINK",
			HomePageURL: "https://canteen.example/", Extra: map[string]any{"hiddenFromAppPortal": true},
		},
		{ID: other("idle worker"), Name: "Idle Worker", Type: "WORKER", Protocol: oidc, Disabled: true, GrantTypes: client, AuthMethod: "CLIENT_SECRET_BASIC"},
		{ID: other("gone group"), Name: "Left over", Type: "WEB_APP", Protocol: "SAML", AccessType: "ANY_GROUP", AccessGroups: []pingone.ID{other("a group that was deleted")}},
	}
}

func (b *demo) gateways() {
	for _, g := range []Gateway{
		{ID: b.ids.GatewayFederate, Name: "Data center federation", Type: "PING_FEDERATE"},
		{ID: b.ids.GatewayLDAP, Name: "Corporate LDAP", Type: "LDAP", Description: "Read by the data center.", Extra: map[string]any{"vendor": "PingDirectory"}},
		{ID: StableID("demo", "gateway radius"), Name: "VPN", Type: "RADIUS", Disabled: true},
	} {
		b.o.AddGateway(b.ids.Workforce, g)
	}
}
