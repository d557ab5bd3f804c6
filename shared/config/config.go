// Package config reads a function's settings from its environment variables,
// all of them at once, so that one message names every fault.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
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

// DefaultAuthomizeURL is Authomize's API.
const DefaultAuthomizeURL = "https://api.authomize.com"

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
}

// LoadFetch reads the settings of the function that reads c through getenv. The
// error joins every fault.
func LoadFetch(getenv func(string) string, c staging.Collection) (Fetch, error) {
	v, err := load(getenv, string(c))
	if v.fetch.PerSecond == 0 {
		v.fetch.PerSecond = perSecond(c)
	}
	return v.fetch, err
}

// LoadTransform reads transform's settings through getenv. The error joins
// every fault.
func LoadTransform(getenv func(string) string) (Transform, error) {
	v, err := load(getenv, transform)
	return v.transform, err
}

// perSecond is how often a function asks by default, so that PingOne's limits
// are left to the organization's sign-on: that of the configuration endpoints is
// 600 a minute for the whole licence, and 35 % of that for one address.
func perSecond(c staging.Collection) float64 {
	if of, err := collection.Of(c); err == nil && of.Limit == pingone.Configuration {
		return 3
	}
	return 10
}

// Resolve fills in where PingOne's API is, and for the root, which opens runs,
// what a new one reads, by the token endpoint of the secret. Behind a custom
// domain both must be set.
func (f Fetch) Resolve(c secret.Credentials, root bool) (Fetch, error) {
	e, err := pingone.ParseTokenEndpoint(c.TokenEndpoint)
	if err != nil {
		return Fetch{}, fmt.Errorf("secret: %w", err)
	}
	var absent []string
	if f.APIURL == nil {
		if e.APIURL == "" {
			absent = append(absent, "PINGONE_API_URL (like https://api.pingone.eu, by the region of the organization)")
		} else if f.APIURL, err = url.Parse(e.APIURL); err != nil {
			return Fetch{}, err
		}
	}
	if root && len(f.Environments) == 0 && !f.All {
		if e.Environment.IsZero() {
			absent = append(absent, "PINGONE_ENVIRONMENTS (environment ids, comma-separated, or all)")
		} else {
			f.Environments = []pingone.ID{e.Environment}
		}
	}
	if len(absent) > 0 {
		return Fetch{}, fmt.Errorf("the token endpoint is on a custom domain, which names neither region nor environment: set %s", strings.Join(absent, " and "))
	}
	return f, nil
}

// CheckOnly refuses to narrow a run to environments that the settings don't
// name: it would post what the next full one deletes. Settings that are not
// resolved may name none.
func (f Fetch) CheckOnly(only []pingone.ID) error {
	var others []error
	for _, id := range only {
		if !f.All && len(f.Environments) > 0 && !slices.Contains(f.Environments, id) {
			others = append(others, fmt.Errorf("environment %s: a full run does not read it: name it in PINGONE_ENVIRONMENTS first", id))
		}
	}
	return errors.Join(others...)
}
