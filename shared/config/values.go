package config

import (
	"net/url"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
)

// A SweepMode says what happens to records that a run did not refresh.
type SweepMode string

// The sweep modes.
const (
	SweepApply  SweepMode = "apply"  // delete them
	SweepReport SweepMode = "report" // say what would go, delete nothing
	SweepNever  SweepMode = "never"  // leave them
)

// A ServiceAccountMode says what service accounts are posted as.
type ServiceAccountMode string

// The service account modes. Authomize documents only for users that they can
// be in a grouping; check --probe finds out whether it takes service accounts.
const (
	ServiceAccountsApart   ServiceAccountMode = "apart" // as service accounts
	ServiceAccountsAsUsers ServiceAccountMode = "users" // as users with the tag service-account
)

// AllEnvironments is the setting for every environment that the worker
// application can read.
const AllEnvironments = "all"

// Common are the settings of every function.
type Common struct {
	SecretID   string
	StagingURL string
}

// Fetch are the settings of a fetch function. What it does not heed is zero.
type Fetch struct {
	Common
	APIURL    *url.URL // nil: from the token endpoint
	PerSecond float64
	// Environments and All are what a new run reads; the root alone heeds them.
	// Neither set: the environment of the token endpoint.
	Environments []pingone.ID
	All          bool
	// MaxAge is how old the last reading of a principal's roles, or of a user's
	// devices, may be before it is read again.
	MaxAge time.Duration
	// Devices says that the MFA devices of users are read.
	Devices bool
	// ApplicationRoles says that roles within applications are read.
	ApplicationRoles bool
}

// Transform are the settings of the transform function.
type Transform struct {
	Common
	AppID            string
	AuthomizeURL     string
	Sweep            SweepMode
	MaxShrinkPercent float64 // 0 to 100
	DryRun           bool
	// MaxAge is how old what is carried forward may be before it raises an
	// alarm.
	MaxAge time.Duration
	// Devices says that a user has MFA only if a device is active.
	Devices bool
	// ServiceAccounts says what they are posted as.
	ServiceAccounts ServiceAccountMode
	// RolePermissions posts each permission of a role as a privilege, and that
	// the role's privilege contains it.
	RolePermissions bool
	// Confidence is the least that a rule must have to make paths to control of the
	// organization.
	Confidence insight.Confidence
	// ReportNames names people in the report; else they are ids.
	ReportNames bool
	// AdminEnvironment is home to administrators; zero: the one of that name.
	AdminEnvironment pingone.ID
}
