package mapping

// A Warning is a reason to look again at what was mapped: a value was new,
// malformed or absent, and a careful guess took its place. The text is fixed
// and holds no value of the resource, so it may be counted, logged and
// reported.
type Warning string

// Warnings that the functions of this package return.
const (
	WarnNoEnabled              Warning = "enabled_absent"             // a user or service account gets status Unknown; an application counts as enabled
	WarnUnknownStatus          Warning = "status_unknown"             // an account or lifecycle status of a user is new
	WarnBadEmail               Warning = "email_malformed"            // a user's e-mail was left out
	WarnBadTime                Warning = "time_malformed"             // a date is not RFC 3339 and was left out
	WarnNoPermissions          Warning = "role_without_permissions"   // one that is not built in: it counts as Administrative
	WarnUnreadablePermission   Warning = "role_permission_unreadable" // it has neither form: it counts as a write, on rights if that can't be told
	WarnUnknownAccessType      Warning = "access_type_unknown"        // a group condition of a new type counts as ANY_GROUP
	WarnUnknownRoleCondition   Warning = "access_role_unknown"        // a role condition of a new type counts as none
	WarnEmptyGroupCondition    Warning = "access_groups_empty"        // a group condition with an empty list counts as none
	WarnUnknownApplicationType Warning = "application_type_unknown"   // a new type, which the asset keeps
	WarnUnknownProvider        Warning = "identity_provider_unknown"  // of a new type: a tag even so, and the user external
	WarnDevicesNotRead         Warning = "mfa_devices_not_read"       // a user may use MFA: hasMFA was left out
	WarnUnknownDeviceStatus    Warning = "mfa_device_status_unknown"  // a new status counts as not active
	WarnUnknownRole            Warning = "role_unknown"               // an assignment names a role that no list held
)

// Warnings for callers, who alone can tell.
const (
	WarnUnknownScopeType Warning = "scope_unknown"   // a scope is not Documented
	WarnSelfNesting      Warning = "group_in_itself" // the edge is dropped
	WarnFieldLeftOut     Warning = "field_left_out"  // of another type than PingOne's: the rest of the item counts
)
