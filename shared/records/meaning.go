package records

import (
	"context"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// readMeaning finds out who controls the organization and who can. The classes of
// the world are in the order of their records. It goes through roles, groups and
// users once more, and keeps what privileges hang on.
func (x *Index) readMeaning(ctx context.Context) error {
	b := &worldBuilder{Index: x, world: &insight.World{Now: x.o.Now, Self: x.o.Self, AdminEnvironment: x.o.AdminEnvironment}}
	b.surroundings()
	b.choose()
	for _, step := range []func(context.Context) error{b.roles, b.groups, b.users} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	b.hold()
	x.world, x.people, x.reach = b.world, b.people, insight.Compute(b.world, x.o.Confidence)
	return nil
}

// A worldBuilder holds where things stand in the world.
type worldBuilder struct {
	*Index
	world   *insight.World
	row     map[uint32]uint32     // of the world's users, by row
	group   map[pingone.ID]uint32 // of its groups
	client  map[pingone.ID]uint32
	gateway map[pingone.ID]uint32
	home    map[insight.Home]uint32
	people  []string
}

func (b *worldBuilder) surroundings() {
	w := b.world
	w.Organization = insight.OrganizationInfo{ID: b.things.organization.ID, Name: b.things.organization.Name}
	for _, e := range b.Environments() {
		w.Environments = append(w.Environments, insight.EnvironmentInfo{ID: e.ID, Name: e.Name, Read: e.Read})
	}
	for _, p := range b.things.populations.all {
		w.Populations = append(w.Populations, insight.PopulationInfo{ID: p.id, Name: p.item.Name, Environment: b.EnvironmentOf(p.tag)})
	}
	for _, c := range b.rights.classes.all {
		w.Classes = append(w.Classes, insight.Class{Role: c.role, Scope: insight.Scope{Type: c.scope.Type, ID: c.scope.ID}})
	}
	open := map[string]bool{}
	for _, p := range b.access.permissions {
		if r, ok := p.Record.(authomize.Permission); ok && strings.HasPrefix(r.SourceUniqueID, mapping.AllUsersPrefix) {
			open[r.AssetID] = true
		}
	}
	apps := []insight.ApplicationInfo{}
	for _, a := range b.things.applications.all {
		asset, _ := mapping.Application(&a.item)
		info := insight.ApplicationInfo{ID: a.id, Name: asset.Name, Open: open[asset.UniqueID]}
		for _, tag := range asset.Tags {
			info.System, info.Disabled = info.System || tag == "system", info.Disabled || tag == "disabled"
		}
		apps = append(apps, info)
	}
	w.Applications = apps
}

// choose makes room for the principals that hold roles, the members of such
// groups, and the groups and applications that are the scope of one.
func (b *worldBuilder) choose() {
	b.row, b.group = map[uint32]uint32{}, map[pingone.ID]uint32{}
	b.client, b.gateway = map[pingone.ID]uint32{}, map[pingone.ID]uint32{}
	for _, row := range b.administrators() {
		b.row[row] = number(len(b.row))
		b.world.Users = append(b.world.Users, insight.UserInfo{ID: b.Index.users.rows[row].id})
	}
	group := func(id pingone.ID) {
		if _, ok := b.group[id]; !ok && b.things.groups.has(id) {
			b.group[id] = number(len(b.group))
		}
	}
	for _, a := range b.rights.all.all {
		switch a.holder.Kind {
		case "group":
			group(a.holder.ID)
		case "application":
			b.addClient(a.holder.ID)
		case "gateway":
			b.gateway[a.holder.ID] = 0
		}
	}
	for _, c := range b.rights.classes.all {
		switch c.scope.Type {
		case "GROUP":
			group(c.scope.ID)
		case "APPLICATION":
			b.addClient(c.scope.ID)
		}
	}
	for _, g := range b.things.gateways.all {
		if _, holds := b.gateway[g.id]; holds {
			b.gateway[g.id] = number(len(b.world.Gateways))
			b.world.Gateways = append(b.world.Gateways, insight.GatewayInfo{
				ID: g.id, Name: g.item.Name, Environment: b.EnvironmentOf(g.tag),
				Disabled: isOff(g.item.Enabled), PingFederate: strings.EqualFold(g.item.Type, "PING_FEDERATE"),
			})
		}
	}
}

func number(n int) uint32 { return uint32(n) } //nolint:gosec // far fewer than 2^32

func (b *worldBuilder) addClient(id pingone.ID) {
	if _, ok := b.client[id]; ok || !b.things.applications.has(id) {
		return
	}
	a := b.things.applications.get(id)
	info := insight.ClientInfo{ID: id, Name: a.item.Name, Environment: b.EnvironmentOf(a.tag), Disabled: isOff(a.item.Enabled)}
	for _, grant := range a.item.GrantTypes {
		info.ActsAlone = info.ActsAlone || strings.EqualFold(grant, "CLIENT_CREDENTIALS")
	}
	b.client[id] = number(len(b.world.Clients))
	b.world.Clients = append(b.world.Clients, info)
}

// isOff tells whether PingOne says that a thing is disabled. One that it says
// nothing of may act.
func isOff(enabled *bool) bool { return enabled != nil && !*enabled }

func (b *worldBuilder) roles(ctx context.Context) error {
	at, read := map[pingone.ID]int{}, map[pingone.ID]time.Time{}
	for p, err := range pages[pingone.Role](ctx, &b.source, staging.Roles, string(staging.Roles)) {
		if err != nil {
			return err
		}
		switch {
		case isOrganization(p.Path), pingone.IsApplicationRoles(p.Path):
			continue
		case pingone.IsAdminConfig(p.Path):
			b.signOn(p.reply)
			continue
		}
		for i := range p.items {
			r := &p.items[i]
			if before, twice := read[r.ID]; twice && before.After(p.FetchedAt) {
				continue
			}
			if _, twice := at[r.ID]; !twice {
				at[r.ID] = len(b.world.Roles)
				b.world.Roles = append(b.world.Roles, insight.RoleInfo{})
			}
			read[r.ID] = p.FetchedAt
			info := insight.RoleOf(r)
			info.Permissions = slices.Clone(info.Permissions)
			b.world.Roles[at[r.ID]] = info
		}
	}
	return nil
}

// signOn takes up how the administrators of an environment sign on.
func (b *worldBuilder) signOn(r *reply) {
	c, err := pingone.One[pingone.AdminConfig](r.Body)
	if err != nil || c.Method == "" || c.Recover == nil {
		return // as if it was not read
	}
	for i := range b.world.Environments {
		if e := &b.world.Environments[i]; e.ID == r.Environment {
			e.AdminConfig = &insight.AdminConfig{Method: strings.ToUpper(c.Method), EmailCode: c.Allows("EMAIL"), Recovery: *c.Recover}
		}
	}
}

func (b *worldBuilder) groups(ctx context.Context) error {
	b.world.Groups = make([]insight.GroupInfo, len(b.group))
	read := make([]time.Time, len(b.group))
	for p, err := range pages[pingone.Group](ctx, &b.source, staging.Groups, string(staging.Groups)) {
		if err != nil {
			return err
		}
		for i := range p.items {
			g := &p.items[i]
			at, wanted := b.group[g.ID]
			if !wanted || read[at].After(p.FetchedAt) {
				continue
			}
			read[at] = p.FetchedAt
			b.world.Groups[at] = insight.GroupInfo{
				ID: g.ID, Name: g.Name, Environment: b.EnvironmentOf(p.tag), Population: g.Population.ID,
				Dynamic: g.UserFilter != "", Synced: g.SourceType != "",
			}
		}
	}
	for id, at := range b.group {
		for _, row := range b.everyoneIn(id) {
			if user, ok := b.row[row]; ok {
				b.world.Groups[at].Members = append(b.world.Groups[at].Members, user)
			}
		}
	}
	return nil
}

// A person is what of a user privileges hang on.
type person struct {
	ID               pingone.ID       `json:"id"`
	Username         string           `json:"username"`
	Name             pingone.UserName `json:"name"`
	Enabled          *bool            `json:"enabled"`
	Population       pingone.Ref      `json:"population"`
	LastSignOn       pingone.SignOn   `json:"lastSignOn"`
	IdentityProvider pingone.Ref      `json:"identityProvider"`
	CreatedAt        string           `json:"createdAt"`
}

// users reads the replies that show somebody who is wanted, and no others.
func (b *worldBuilder) users(ctx context.Context) error {
	b.people = make([]string, len(b.world.Users))
	b.home, b.world.Homes = map[insight.Home]uint32{{}: 0}, []insight.Home{{}}
	wanted := map[uint32]bool{}
	for row := range b.row {
		wanted[b.Index.users.rows[row].reply] = true
	}
	d := pingone.Decoder[person]{LeftOut: func(pingone.ID, string) {}} // the stream warns
	for r, err := range b.replies(ctx, staging.Users) {
		if err != nil {
			return err
		}
		if !wanted[number(r.n)] {
			continue
		}
		all, _, err := d.Items(r.Page(string(staging.Users)), string(staging.Users))
		if err != nil {
			return badReply(staging.Users, r.Path, err)
		}
		for i := range all {
			row, ok := b.Index.users.find(all[i].ID)
			if !ok || int(b.Index.users.rows[row].reply) != r.n {
				continue
			}
			if at, ok := b.row[number(row)]; ok {
				b.describe(at, &all[i], b.EnvironmentOf(r.tag))
			}
		}
	}
	return nil
}

func (b *worldBuilder) describe(user uint32, p *person, environment pingone.ID) {
	home := insight.Home{Environment: environment, Population: p.Population.ID}
	at, known := b.home[home]
	if !known {
		at = number(len(b.world.Homes))
		b.home[home] = at
		b.world.Homes = append(b.world.Homes, home)
	}
	external := mapping.IsExternal(p.IdentityProvider.Type)
	b.people[user] = mapping.PersonName(p.ID, p.Username, p.Name)
	b.world.Users[user] = insight.UserInfo{
		ID: p.ID, Home: at, LastSignOn: days(p.LastSignOn.At), Created: days(p.CreatedAt), Disabled: isOff(p.Enabled),
		Federated: external, External: external,
	}
}

// days counts the days from 1970 to a time; 0 for none.
func days(text string) int32 {
	at, ok := pingone.ParseTime(strings.TrimSpace(text))
	if !ok {
		return 0
	}
	return int32(at.Unix() / (24 * 60 * 60)) //nolint:gosec // in the year 9999 some three millions
}

func (b *worldBuilder) hold() {
	for _, a := range b.rights.all.all {
		h := insight.Holding{Class: a.class}
		switch a.holder.Kind {
		case "user":
			row, _ := b.Index.users.find(a.holder.ID)
			h.Kind, h.Holder = insight.User, b.row[number(row)]
		case "group":
			h.Kind, h.Holder = insight.Group, b.group[a.holder.ID]
		case "application":
			h.Kind, h.Holder = insight.Client, b.client[a.holder.ID]
		case "gateway":
			h.Kind, h.Holder = insight.Gateway, b.gateway[a.holder.ID]
		}
		b.world.Holdings = append(b.world.Holdings, h)
	}
}
