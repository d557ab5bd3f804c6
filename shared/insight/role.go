package insight

import (
	"strings"

	"pingone-authomize/shared/pingone"
)

// RoleOf is what of PingOne's role a world holds.
func RoleOf(r *pingone.Role) RoleInfo {
	return RoleInfo{
		ID: r.ID, Name: r.Name, Custom: strings.EqualFold(r.Type, "CUSTOM"), Environment: r.Environment.ID,
		Permissions: r.Permissions, CanAssign: idsOf(r.CanAssign), CanBeAssignedBy: idsOf(r.CanBeAssignedBy),
	}
}

// idsOf leaves out what names no role.
func idsOf(refs []pingone.Ref) (ids []pingone.ID) {
	for _, r := range refs {
		if !r.ID.IsZero() {
			ids = append(ids, r.ID)
		}
	}
	return ids
}
