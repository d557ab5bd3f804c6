package transform

import (
	"context"
	"maps"
	"math"
	"slices"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/mapping"
)

// rolePermissionTag marks the records that are there because ROLE_PERMISSIONS
// is true. No environment has it. They are counted apart, so that switching
// them off is no loss, and many of them hide no loss of roles.
const rolePermissionTag = math.MaxUint32

// A rolePermission is a permission that some role lists.
type rolePermission struct {
	privilege authomize.Privilege
	warnings  mapping.Warnings
}

// isDescribed tells whether PingOne said what the permission is called: custom
// roles name it by its id alone.
func (p rolePermission) isDescribed() bool { return p.privilege.OriginName != p.privilege.OriginID }

// addPermissions takes up the permissions of all roles, each once, as the
// first role has it that describes it.
func (x *index) addPermissions() {
	x.permissions = map[string]rolePermission{}
	for _, role := range x.roleOrder {
		permissions := x.roles[role].Permissions
		for i := range permissions {
			id := mapping.PermissionID(&permissions[i])
			if id == "" {
				continue
			}
			known, twice := x.permissions[id]
			if twice && (known.isDescribed() || permissions[i].Description == "") {
				continue
			}
			r, ws := mapping.PrivilegeOfPermission(&permissions[i])
			x.permissions[id] = rolePermission{r, ws}
		}
	}
}

// permissionPrivileges are the permissions of all roles, each once.
func (s *streams) permissionPrivileges(emit emitter) {
	for _, id := range slices.Sorted(maps.Keys(s.x.permissions)) {
		r := s.x.permissions[id].privilege
		if described, ok := s.x.described.Permissions[id]; ok {
			r = described
		}
		s.found.warnAll(s.x.permissions[id].warnings)
		if !emit(&r, rolePermissionTag) {
			return
		}
	}
}

// privilegeGrants say which permissions each role has. They are made one by
// one: thousands of custom roles may have hundreds each.
func (s *streams) privilegeGrants(_ context.Context, emit emitter) error {
	if s.x.permissions == nil {
		return nil
	}
	granted := map[string]struct{}{}
	for _, role := range s.x.roleOrder {
		clear(granted)
		nameless := 0
		permissions := s.x.roles[role].Permissions
		for i := range permissions {
			id := mapping.PermissionID(&permissions[i])
			if id == "" {
				nameless++
				continue
			}
			if _, twice := granted[id]; twice {
				continue
			}
			granted[id] = struct{}{}
			if r := mapping.PermissionGrant(role, &permissions[i]); !emit(&r, rolePermissionTag) {
				return nil
			}
		}
		s.found.quarantineMany(authomize.PrivilegeGrants, mapping.RolePrivilegeID(role), noPermissionID, nameless)
	}
	return nil
}
