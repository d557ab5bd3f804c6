package functions_test

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
)

// The oracle says what Authomize must hold for an organization, straight from
// the fake's model and by the rows of the mapping. It is written a second
// time on purpose, and shares nothing with the packages that it checks: it
// even spells the records' fields by itself.

// A record is one as it goes over the wire.
type record map[string]any

// records are by kind and key.
type records map[authomize.Kind]map[string]record

// keyOf is the uniqueId, or for records without one what they connect.
func keyOf(kind authomize.Kind, r record) string {
	part := func(name string) string { s, _ := r[name].(string); return s }
	switch {
	case kind == authomize.Permissions:
		return part("sourceUniqueId") + " " + part("privilegeId") + " " + part("assetId")
	case part("uniqueId") != "":
		return part("uniqueId")
	}
	return part("sourceId") + " " + part("targetId")
}

type oracle struct {
	org    *pingonetest.Organization
	out    records
	groups map[pingone.ID]*pingonetest.Environment
	names  map[string]string // of assets and roles, by uniqueId
}

// expect is everything that Authomize must hold when every environment of the
// organization was read.
func expect(org *pingonetest.Organization) records {
	o := &oracle{org: org, out: records{}, groups: map[pingone.ID]*pingonetest.Environment{}, names: map[string]string{}}
	for _, k := range authomize.Kinds {
		o.out[k] = map[string]record{}
	}
	org.Read(func() {
		o.assets()
		o.roles()
		for _, e := range org.Environments {
			o.users(e)
			o.groupsOf(e)
			o.accounts(e)
		}
		for _, e := range org.Environments {
			o.assignments(e)
			for _, a := range e.Applications {
				o.access(e, a)
			}
		}
	})
	return o.out
}

// add adds a record, without what is absent.
func (o *oracle) add(kind authomize.Kind, r record) {
	for name, v := range r {
		switch v := v.(type) {
		case string:
			if v == "" {
				delete(r, name)
			}
		case []any:
			if len(v) == 0 {
				delete(r, name)
			}
		}
	}
	o.out[kind][keyOf(kind, r)] = r
}

func (o *oracle) join(kind authomize.Kind, source, target string) {
	o.add(kind, record{"sourceId": source, "targetId": target})
}

func (o *oracle) assets() {
	for _, e := range o.org.Environments {
		id := "environment:" + e.ID.String()
		o.names[id] = e.Name
		o.add(authomize.Assets, record{
			"uniqueId": id, "originId": e.ID.String(), "name": e.Name, "type": "Other", "originType": "PingOne Environment",
			"description": first(e.Description, 512), "createdAt": timeText(e.CreatedAt),
		})
		for _, p := range e.Populations {
			pid := "population:" + p.ID.String()
			o.names[pid] = p.Name
			o.add(authomize.Assets, record{
				"uniqueId": pid, "originId": p.ID.String(), "name": p.Name, "type": "Other", "originType": "PingOne Population",
				"description": first(p.Description, 512),
			})
			o.join(authomize.AssetInheritances, id, pid)
		}
		for _, a := range e.Applications {
			o.application(a)
		}
		for _, g := range e.Groups {
			o.groups[g.ID], o.names["group:"+g.ID.String()] = e, g.Name
		}
	}
}

func (o *oracle) application(a *pingonetest.Application) {
	id := "application:" + a.ID.String()
	o.names[id] = a.Name
	tags := []any{}
	if strings.HasPrefix(a.Type, "PING_ONE_") {
		tags = append(tags, "system")
	}
	if a.Disabled {
		tags = append(tags, "disabled")
	}
	href := a.HomePageURL
	if href == "" {
		href = a.LoginPageURL
	}
	o.add(authomize.Assets, record{
		"uniqueId": id, "originId": a.ID.String(), "name": a.Name, "type": "Application", "originType": a.Protocol + " " + a.Type,
		"description": first(strings.TrimSpace(a.Description), 512), "href": href, "createdAt": timeText(a.CreatedAt), "tags": tags,
	})
}

func (o *oracle) users(e *pingonetest.Environment) {
	for i := range e.Users {
		u := &e.Users[i]
		if u.Removed() {
			continue
		}
		population := o.names["population:"+u.Population.String()]
		provider := u.IdentityProviderType
		if provider == "" {
			provider = "PING_ONE"
		}
		tags := []any{}
		for _, tag := range []string{population, u.Type, provider} {
			if tag != "" {
				tags = append(tags, tag)
			}
		}
		o.add(authomize.Users, record{
			"uniqueId": "user:" + u.ID.String(), "originId": u.ID.String(), "name": nameOf(u),
			"firstName": u.Given, "lastName": u.Family, "email": goodAddress(u.Email), "title": u.Title,
			"status": statusOf(u), "isExternal": provider != "PING_ONE", "hasMFA": u.MFAEnabled,
			"lastLoginAt": timeText(u.LastSignOn), "tags": tags,
			"customProperties": []any{map[string]any{"key": "population", "value": first(population, 64)}},
		})
	}
}

func nameOf(u *pingonetest.User) string {
	switch both := strings.TrimSpace(u.Given + " " + u.Family); {
	case u.Formatted != "":
		return u.Formatted
	case both != "":
		return both
	}
	return u.Username
}

func statusOf(u *pingonetest.User) string {
	account := u.AccountStatus == "" || u.AccountStatus == "OK"
	lifecycle := u.Lifecycle == "" || u.Lifecycle == "ACCOUNT_OK"
	switch {
	case u.Disabled:
		return "Disabled"
	case u.AccountStatus == "LOCKED":
		return "Suspended"
	case u.Lifecycle == "VERIFICATION_REQUIRED":
		return "Staged"
	case account && lifecycle:
		return "Enabled"
	}
	return "Unknown"
}

// goodAddress is the address, "" if it is malformed.
func goodAddress(s string) string {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || !strings.Contains(s[strings.LastIndex(s, "@")+1:], ".") {
		return ""
	}
	return s
}

func (o *oracle) groupsOf(e *pingonetest.Environment) {
	for _, g := range e.Groups {
		id := "group:" + g.ID.String()
		sort := "PingOne Group"
		if g.UserFilter != "" {
			sort = "PingOne Dynamic Group"
		}
		if g.SourceType != "" {
			sort = "PingOne External Group"
		}
		o.add(authomize.Groupings, record{
			"uniqueId": id, "originId": g.ID.String(), "name": g.Name, "type": "Group", "originType": sort, "isRole": false,
			"alternativeName": first(strings.TrimSpace(g.Description), 256),
		})
		for _, user := range e.DirectMembers(g.ID, true) {
			o.join(authomize.AccountAssociations, "user:"+user.String(), id)
		}
		for _, child := range g.Children {
			if child != g.ID && e.Group(child) != nil {
				o.join(authomize.GroupingAssociations, "group:"+child.String(), id)
			}
		}
	}
}

// accounts are the service accounts: workers, other applications with a grant to
// act on their own or for others, and whatever else holds a role.
func (o *oracle) accounts(e *pingonetest.Environment) {
	status := func(disabled bool) string {
		if disabled {
			return "Disabled"
		}
		return "Enabled"
	}
	for _, a := range e.Applications {
		holds := len(e.RoleAssignments[pingonetest.Principal{Kind: pingonetest.ApplicationPrincipal, ID: a.ID}]) > 0
		forOthers := slices.Contains(a.GrantTypes, "TOKEN_EXCHANGE") || slices.Contains(a.GrantTypes, "CIBA")
		if a.Type != "WORKER" && !slices.Contains(a.GrantTypes, "CLIENT_CREDENTIALS") && !forOthers && !holds {
			continue
		}
		tags := []any{}
		for _, g := range a.GrantTypes {
			tags = append(tags, g)
		}
		if forOthers {
			tags = append(tags, "acts-for-others")
		}
		o.add(authomize.ServiceAccounts, record{
			"uniqueId": "client:" + a.ID.String(), "originId": a.ID.String(), "type": "ApplicationPrincipal", "name": a.Name,
			"status": status(a.Disabled), "description": a.Description, "tags": tags,
			"owner": o.owner(a.ID),
		})
	}
	for _, g := range e.Gateways {
		if len(e.RoleAssignments[pingonetest.Principal{Kind: pingonetest.GatewayPrincipal, ID: g.ID}]) == 0 {
			continue
		}
		o.add(authomize.ServiceAccounts, record{
			"uniqueId": "gateway:" + g.ID.String(), "originId": g.ID.String(), "type": "CloudWorkload", "name": g.Name,
			"status": status(g.Disabled), "description": g.Description,
		})
	}
}

// owner is the first user who holds Application Owner on an application.
func (o *oracle) owner(app pingone.ID) string {
	var all []string
	for _, e := range o.org.Environments {
		for p, held := range e.RoleAssignments {
			for _, a := range held {
				if p.Kind == pingonetest.UserPrincipal && a.Group.IsZero() && a.Role == pingonetest.RoleID("Application Owner") && a.Scope == app {
					all = append(all, "user:"+p.ID.String())
				}
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	return slices.Min(all)
}

// first is the first n runes.
func first(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// timeText is a time as the fake writes it, which needs no change.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}
