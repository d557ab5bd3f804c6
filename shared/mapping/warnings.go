package mapping

// A Warning is a reason to look again at what was mapped: a value was new,
// malformed or missing, and a careful guess took its place. The text is fixed
// and holds no value of the resource, so it may be counted, logged and
// reported.
type Warning string

// All warnings. The first group comes out of the functions of this package;
// the last three are for callers, who alone can know.
const (
	// WarnNoEnabled: `enabled` is absent. A user or service account gets
	// status Unknown; an application counts as enabled.
	WarnNoEnabled Warning = "enabled_missing"
	// WarnUnknownStatus: account.status or lifecycle.status of a user has a
	// value that was never seen.
	WarnUnknownStatus Warning = "status_unknown"
	// WarnBadEmail: a user's e-mail is malformed and was left out.
	WarnBadEmail Warning = "email_malformed"
	// WarnBadTime: a date is not RFC 3339 and was left out.
	WarnBadTime Warning = "time_malformed"
	// WarnNoPermissions: a role that is not built in lists no permissions. It
	// counts as Administrative.
	WarnNoPermissions Warning = "role_without_permissions"
	// WarnUnreadablePermission: a permission of a role has neither form. The
	// role counts as Administrative if it can't be told what the permission
	// is on, else the permission counts as a write.
	WarnUnreadablePermission Warning = "role_permission_unreadable"
	// WarnUnknownAccessType: an application's group condition has a type that
	// was never seen. It counts as ANY_GROUP.
	WarnUnknownAccessType Warning = "access_type_unknown"
	// WarnUnknownRoleCondition: an application's role condition has a type
	// that was never seen. It counts as no condition.
	WarnUnknownRoleCondition Warning = "access_role_unknown"
	// WarnEmptyGroupCondition: the list of an application's group condition is
	// empty. It counts as no condition.
	WarnEmptyGroupCondition Warning = "access_groups_empty"
	// WarnUnknownApplicationType: an application has a type that was never
	// seen. Its asset keeps it.
	WarnUnknownApplicationType Warning = "application_type_unknown"
	// WarnUnknownProvider: a user's identity provider has a type that was
	// never seen. It is a tag even so, and the user external.
	WarnUnknownProvider Warning = "identity_provider_unknown"
	// WarnDevicesUnread: a user may use MFA, and its devices could not be read.
	// hasMFA was left out.
	WarnDevicesUnread Warning = "mfa_devices_unread"
	// WarnUnknownDeviceStatus: an MFA device of a user has a status that was
	// never seen. It counts as not active.
	WarnUnknownDeviceStatus Warning = "mfa_device_status_unknown"
	// WarnUnknownRole: a role assignment names a role that no list held.
	WarnUnknownRole Warning = "role_unknown"
	// WarnNotDescribed: what this run could not read is not known from an
	// earlier run either. It is posted with its id for a name; of a user's
	// population nothing is posted. For callers.
	WarnNotDescribed Warning = "not_described"
	// WarnUnknownScopeType: a scope is not Known. For callers.
	WarnUnknownScopeType Warning = "scope_unknown"
	// WarnSelfNesting: a group is a member of itself; the edge is dropped.
	// For callers.
	WarnSelfNesting Warning = "group_in_itself"
)

// Warnings is a set of warnings; the zero value is empty. Millions of
// resources have none, so it is a number and not a slice.
type Warnings uint32

// The warnings that functions of this package return, as members of a set;
// bit n belongs to warningOf[n].
const (
	noEnabled Warnings = 1 << iota
	unknownStatus
	badEmail
	badTime
	noPermissions
	unreadablePermission
	unknownAccessType
	unknownRoleCondition
	emptyGroupCondition
	unknownRole
	unknownApplicationType
	unknownProvider
	devicesUnread
	unknownDeviceStatus
)

var warningOf = [...]Warning{
	WarnNoEnabled,
	WarnUnknownStatus,
	WarnBadEmail,
	WarnBadTime,
	WarnNoPermissions,
	WarnUnreadablePermission,
	WarnUnknownAccessType,
	WarnUnknownRoleCondition,
	WarnEmptyGroupCondition,
	WarnUnknownRole,
	WarnUnknownApplicationType,
	WarnUnknownProvider,
	WarnDevicesUnread,
	WarnUnknownDeviceStatus,
}

// Each yields the warnings of the set, always in the same order. It is an
// iterator: for w := range ws.Each.
func (ws Warnings) Each(yield func(Warning) bool) {
	if ws == 0 {
		return
	}
	for i, w := range warningOf {
		if ws&(1<<i) != 0 && !yield(w) {
			return
		}
	}
}
