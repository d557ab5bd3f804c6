package records

import (
	"cmp"
	"context"
	"strings"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

func (x *Index) readThings(ctx context.Context) error {
	t := &x.things
	return cmp.Or(
		readList(ctx, x, staging.Environments, authomize.Assets, mapping.EnvironmentID, &x.environments, itself), // which come first
		readList(ctx, x, staging.Populations, authomize.Assets, mapping.PopulationID, &t.populations, itself),
		readList(ctx, x, staging.Groups, authomize.Groupings, mapping.GroupID, &t.groups, mapping.Group),
		readList(ctx, x, staging.Roles, authomize.Privileges, mapping.RolePrivilegeID, &t.roles, func(r *pingone.Role) (held role) {
			held.privilege, held.warnings = mapping.PrivilegeOf(r)
			held.owns = mapping.GivesOwnership(r)
			if x.o.RolePermissions {
				held.permissions = r.Permissions
			}
			return held
		}),
		readList(ctx, x, staging.Applications, authomize.Assets, mapping.ApplicationID, &t.applications, itself),
		readList(ctx, x, staging.Gateways, authomize.ServiceAccounts, mapping.GatewayID, &t.gateways, itself),
	)
}

// isOrganization tells what stands among roles and is none, as IsAdminConfig does.
func isOrganization(path string) bool { return strings.HasPrefix(path, "/v1/organizations/") }

func itself[T any](item *T) T { return *item }

// readList reads a small collection, whose items stand in replies under its own
// name. Those that can't be told apart, or decoded, are quarantined as kind; turn
// makes of an item what is held of it.
func readList[T pingone.Resource, V any](
	ctx context.Context, x *Index, c staging.Collection, kind authomize.Kind, unique func(pingone.ID) string, l *listed[V], turn func(*T) V,
) error {
	for p, err := range pages[T](ctx, &x.source, c, string(c)) {
		if err != nil {
			return err
		}
		if isOrganization(p.Path) {
			x.readOrganization(p.reply)
			continue
		}
		if pingone.IsAdminConfig(p.Path) || pingone.IsApplicationRoles(p.Path) {
			continue // for whom it matters reads it
		}
		for i := range p.items {
			id := p.items[i].ResourceID()
			l.put(entry[V]{id, p.tag, p.FetchedAt.UnixMilli(), turn(&p.items[i]), p.leftOut[id]})
		}
		x.quarantine(kind, p.Path, malformed, p.broken)
	}
	for _, e := range l.all {
		x.found[kind].leftOut(unique(e.id), e.leftOut)
	}
	return nil
}

// readOrganization takes up what PingOne says of the organization, of which only
// the name matters.
func (x *Index) readOrganization(r *reply) {
	const key = "organizations"
	d := pingone.Decoder[pingone.Organization]{LeftOut: func(id pingone.ID, field string) {
		x.found[authomize.Assets].leftOut("organization:"+id.String(), []string{field})
	}}
	all, broken, _ := d.Items(r.Page(key), key) // staged bodies are JSON
	for _, o := range all {
		x.things.organization = o
	}
	x.quarantine(authomize.Assets, r.Path, malformed, broken)
}

// scope is the name of what a role reaches, "" where it was never read, and
// whether that is the whole app or an asset by itself. Each environment that is
// a scope has one.
func (x *Index) scope(s mapping.Scope) (name string, isAsset bool) {
	t := &x.things
	switch s.Type {
	case "ORGANIZATION":
		return t.organization.Name, true
	case "ENVIRONMENT":
		return x.environments.get(s.ID).item.Name, true
	case "POPULATION":
		return t.populations.get(s.ID).item.Name, t.populations.has(s.ID)
	case "APPLICATION":
		return t.applications.get(s.ID).item.Name, t.applications.has(s.ID)
	case "GROUP":
		return t.groups.get(s.ID).item.Name, false
	}
	return "", false
}

// privilege is that of a role.
func (x *Index) privilege(id pingone.ID) (authomize.Privilege, []mapping.Warning) {
	if !x.things.roles.has(id) {
		return mapping.UnknownRole(id)
	}
	r := x.things.roles.get(id).item
	return r.privilege, r.warnings
}

// describedPermissions are those of all roles, by id: each as the first role has
// it that describes it.
func (x *Index) describedPermissions() map[string]*pingone.RolePermission {
	best := map[string]*pingone.RolePermission{}
	for _, r := range x.things.roles.all {
		for i := range r.item.permissions {
			p := &r.item.permissions[i]
			id := mapping.PermissionID(p)
			if held := best[id]; id != "" && (held == nil || held.Description == "") {
				best[id] = p
			}
		}
	}
	return best
}
