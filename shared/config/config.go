// Package config reads a function's settings from its environment variables,
// all of them at once, so that one message names every fault.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

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

// Fetch are the settings of a fetch function.
type Fetch struct {
	Common
	APIURL       *url.URL     // nil: from the token endpoint
	Environments []pingone.ID // empty: the token endpoint's, unless All
	All          bool
	PerSecond    float64
	// RoleMaxAge and RoleRefresh are about the role assignments of users,
	// which are not all read in every run: how old the last reading of a user
	// may be, and how many users are read again in each run to make sure.
	RoleMaxAge  time.Duration
	RoleRefresh int
	// MFADevices tells that the MFA devices of users are read, at the price of
	// one call for each user who may use MFA.
	MFADevices bool
}

// Transform are the settings of the transform function.
type Transform struct {
	Common
	AppID            string
	AuthomizeURL     string
	Sweep            SweepMode
	MaxShrinkPercent float64 // 0 to 100
	DryRun           bool
	// RoleMaxAge is how old the last reading of a user's roles may be when the
	// run is swept, which may be days after it was fetched.
	RoleMaxAge time.Duration
	// ServiceAccounts says what they are posted as.
	ServiceAccounts ServiceAccountMode
	// RolePermissions posts each permission of a role as a privilege, and that
	// the role's privilege contains it.
	RolePermissions bool
}

// LoadFetch reads a fetch function's settings through getenv. The error joins
// every fault.
func LoadFetch(getenv func(string) string, c staging.Collection) (Fetch, error) {
	r := reader{getenv: getenv}
	f := Fetch{Common: r.common(), PerSecond: r.perSecond(c)}
	if s := r.optional("PINGONE_API_URL", ""); s != "" {
		u, err := pingone.ParseAPIURL(s)
		r.fault("PINGONE_API_URL", err)
		f.APIURL = u
	}
	f.Environments, f.All = r.environments()
	if c == staging.RoleAssignments {
		f.RoleMaxAge = r.roleMaxAge()
		f.RoleRefresh = r.count("ROLE_ASSIGNMENT_REFRESH_CALLS", 1000)
	}
	if c == staging.Users {
		f.MFADevices = r.boolean("MFA_DEVICES")
	}
	return f, errors.Join(r.faults...)
}

// LoadTransform reads transform's settings through getenv. The error joins
// every fault.
func LoadTransform(getenv func(string) string) (Transform, error) {
	r := reader{getenv: getenv}
	t := Transform{
		Common:           r.common(),
		AppID:            r.required("AUTHOMIZE_APP_ID"),
		AuthomizeURL:     r.optional("AUTHOMIZE_API_URL", DefaultAuthomizeURL),
		Sweep:            SweepMode(r.optional("SWEEP", string(SweepApply))),
		MaxShrinkPercent: r.percent("MAX_SHRINK_PERCENT", 20),
		DryRun:           r.boolean("DRY_RUN"),
		RoleMaxAge:       r.roleMaxAge(),
		ServiceAccounts:  ServiceAccountMode(r.optional("SERVICE_ACCOUNTS", string(ServiceAccountsApart))),
		RolePermissions:  r.boolean("ROLE_PERMISSIONS"),
	}
	if u, err := pingone.ParseAPIURL(t.AuthomizeURL); err != nil {
		r.fault("AUTHOMIZE_API_URL", err)
	} else {
		t.AuthomizeURL = u.String()
	}
	switch t.Sweep {
	case SweepApply, SweepReport, SweepNever:
	default:
		r.fault("SWEEP", errors.New("it must be apply, report or never"))
	}
	switch t.ServiceAccounts {
	case ServiceAccountsApart, ServiceAccountsAsUsers:
	default:
		r.fault("SERVICE_ACCOUNTS", errors.New("it must be apart or users"))
	}
	return t, errors.Join(r.faults...)
}

// Resolve settles where to read and what, with the token endpoint of the
// secret. Behind a custom domain both must be set.
func (f Fetch) Resolve(c secret.Credentials) (Fetch, error) {
	e, err := pingone.ParseTokenEndpoint(c.TokenEndpoint)
	if err != nil {
		return Fetch{}, fmt.Errorf("secret: %w", err)
	}
	var missing []string
	if f.APIURL == nil {
		if e.APIURL == "" {
			missing = append(missing, "PINGONE_API_URL (like https://api.pingone.eu, by the region of the organization)")
		} else if f.APIURL, err = url.Parse(e.APIURL); err != nil {
			return Fetch{}, err
		}
	}
	if len(f.Environments) == 0 && !f.All {
		if e.Environment.IsZero() {
			missing = append(missing, "PINGONE_ENVIRONMENTS (environment ids, comma-separated, or all)")
		} else {
			f.Environments = []pingone.ID{e.Environment}
		}
	}
	if len(missing) > 0 {
		return Fetch{}, fmt.Errorf("the token endpoint is on a custom domain, which names neither region nor environment: set %s", strings.Join(missing, " and "))
	}
	return f, nil
}

// Narrow leaves only some environments to read; none leaves all. They must be
// among those that the settings name, else a narrowed run would post what the
// next full one deletes. Settings that are not resolved may name none.
func (f Fetch) Narrow(only []pingone.ID) (Fetch, error) {
	if len(only) == 0 {
		return f, nil
	}
	var others []error
	for _, id := range only {
		if !f.All && len(f.Environments) > 0 && !slices.Contains(f.Environments, id) {
			others = append(others, fmt.Errorf("environment %s: a full run does not read it: name it in PINGONE_ENVIRONMENTS first", id))
		}
	}
	f.Environments, f.All = only, false
	return f, errors.Join(others...)
}

// reader collects the faults of all settings.
type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) fault(name string, err error) {
	if err != nil {
		r.faults = append(r.faults, fmt.Errorf("%s: %w", name, err))
	}
}

func (r *reader) optional(name, fallback string) string {
	if v := strings.TrimSpace(r.getenv(name)); v != "" {
		return v
	}
	return fallback
}

func (r *reader) required(name string) string {
	v := r.optional(name, "")
	if v == "" {
		r.fault(name, errors.New("it is not set"))
	}
	return v
}

func (r *reader) common() Common {
	c := Common{SecretID: r.required("SECRET_ID"), StagingURL: r.required("STAGING_URL")}
	bucket, isS3 := strings.CutPrefix(c.StagingURL, "s3://")
	folder, isFile := strings.CutPrefix(c.StagingURL, "file:///")
	if c.StagingURL != "" && !(isS3 && bucket != "" && bucket[0] != '/') && !(isFile && folder != "") {
		r.fault("STAGING_URL", errors.New("it must be s3://bucket/prefix or file:///folder"))
	}
	return c
}

func (r *reader) number(name string, fallback float64) float64 {
	v := r.optional(name, "")
	if v == "" {
		return fallback
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil {
		r.fault(name, errors.New("it is no number"))
		return fallback
	}
	return n
}

// day is what the unit d means.
const day = 24 * time.Hour

// age reads a time of at least a minute: a number of days, such as 7d, or
// what Go takes for a duration.
func (r *reader) age(name string, fallback time.Duration) time.Duration {
	v := r.optional(name, "")
	if v == "" {
		return fallback
	}
	age, err := time.ParseDuration(v)
	if days, ok := strings.CutSuffix(v, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		age = time.Duration(min(n, maxDays+1)) * day
	}
	if err != nil || age < time.Minute || age > maxDays*day {
		r.fault(name, fmt.Errorf("it must be a time from 1m to %dd, such as 7d or 36h", maxDays))
		return fallback
	}
	return age
}

func (r *reader) roleMaxAge() time.Duration { return r.age("ROLE_ASSIGNMENT_MAX_AGE", 7*day) }

// maxDays is more than a reading should ever be relied on.
const maxDays = 366

// count reads a number of things.
func (r *reader) count(name string, fallback int) int {
	v := r.optional(name, "")
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > 1_000_000 {
		r.fault(name, errors.New("it must be a whole number from 0 to 1000000"))
		return fallback
	}
	return n
}

func (r *reader) percent(name string, fallback float64) float64 {
	n := r.number(name, fallback)
	if !(n >= 0 && n <= 100) {
		r.fault(name, errors.New("it must lie between 0 and 100"))
	}
	return n
}

// RateGroupOf is the limit that most requests for a collection draw on. That
// of PingOne's configuration endpoints is 600 a minute for the whole licence
// and 35 % of that for one address.
func RateGroupOf(c staging.Collection) pingone.RateGroup {
	switch c {
	case staging.Roles, staging.RoleAssignments, staging.Applications, staging.Gateways, staging.Environments:
		return pingone.Configuration
	}
	return pingone.Directory
}

func (r *reader) perSecond(c staging.Collection) float64 {
	fallback := 10.0
	if RateGroupOf(c) == pingone.Configuration {
		fallback = 3
	}
	n := r.number("PINGONE_REQUESTS_PER_SECOND", fallback)
	if !(n > 0 && n <= 10_000) {
		r.fault("PINGONE_REQUESTS_PER_SECOND", errors.New("it must be more than 0 and at most 10000"))
	}
	return n
}

func (r *reader) boolean(name string) bool {
	switch strings.ToLower(r.optional(name, "false")) {
	case "true":
		return true
	case "false":
		return false
	}
	r.fault(name, errors.New("it must be true or false"))
	return true // the harmless reading of DRY_RUN; with a fault no setting is used
}

func (r *reader) environments() ([]pingone.ID, bool) {
	const name = "PINGONE_ENVIRONMENTS"
	v := r.optional(name, "")
	if v == "" {
		return nil, false
	}
	if strings.EqualFold(v, AllEnvironments) {
		return nil, true
	}
	var ids []pingone.ID
	seen := map[pingone.ID]bool{}
	for i, s := range strings.Split(v, ",") {
		id, ok := pingone.ParseID(strings.TrimSpace(s))
		switch {
		case !ok || id.IsZero():
			r.fault(name, fmt.Errorf("entry %d is no environment id (a UUID); give ids, comma-separated, or all", i+1))
		case !seen[id]:
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, false
}
