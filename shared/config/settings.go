package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pingone-authomize/shared/insight"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// A Setting is one row of the table of settings. Tests compare it with the
// template, with .env.example and with the README.
type Setting struct {
	Name string `json:"name"` // of the environment variable
	// Default is what an empty variable means; "" where Required, or where what
	// it means follows from something else.
	Default   string   `json:"default"`
	Required  bool     `json:"required"`
	Functions []string `json:"functions"` // that heed it, by name
	// set checks a value that is not empty and puts it where it belongs. Its
	// error says what a value must be, and quotes none: it may be a secret under a
	// wrong name.
	set setter
}

type setter func(*values, string) error

// values are what all settings come to.
type values struct {
	common    Common
	fetch     Fetch
	transform Transform
}

const transform = "transform"

var (
	root     = []string{string(staging.Environments)}
	aged     = []string{string(staging.RoleAssignments), string(staging.Devices), transform}
	devices  = []string{string(staging.Devices), transform}
	appRoles = []string{string(staging.Roles), string(staging.ApplicationRoles)}
	own      = []string{transform}
	fetchers = names(staging.Collections)
	everyone = append(slices.Clip(fetchers), transform)
)

var settings = []Setting{
	{"SECRET_ID", "", true, everyone, func(v *values, s string) error { v.common.SecretID = s; return nil }},
	{"STAGING_URL", "", true, everyone, setStaging},
	{"PINGONE_API_URL", "", false, fetchers, setAPIURL},
	{"PINGONE_ENVIRONMENTS", "", false, root, setEnvironments},
	{"PINGONE_REQUESTS_PER_SECOND", "", false, fetchers, setPerSecond},
	{"MAX_READING_AGE", "7d", false, aged, setMaxAge},
	{"MFA_DEVICES", "false", false, devices, boolean(func(v *values, b bool) { v.fetch.Devices, v.transform.Devices = b, b })},
	{"APPLICATION_ROLES", "false", false, appRoles, boolean(func(v *values, b bool) { v.fetch.ApplicationRoles = b })},
	{"AUTHOMIZE_APP_ID", "", true, own, func(v *values, s string) error { v.transform.AppID = s; return nil }},
	{"AUTHOMIZE_API_URL", "https://api.authomize.com", false, own, setAuthomizeURL},
	{"SWEEP", string(SweepApply), false, own, setSweep},
	{"MAX_SHRINK_PERCENT", "20", false, own, setShrink},
	{"DRY_RUN", "false", false, own, boolean(func(v *values, b bool) { v.transform.DryRun = b })},
	{"SERVICE_ACCOUNTS", string(ServiceAccountsApart), false, own, setServiceAccounts},
	{"ROLE_PERMISSIONS", "false", false, own, boolean(func(v *values, b bool) { v.transform.RolePermissions = b })},
	{"ESCALATION_CONFIDENCE", insight.Likely.String(), false, own, setConfidence},
	{"REPORT_NAMES", "true", false, own, boolean(func(v *values, b bool) { v.transform.ReportNames = b })},
	{"ADMIN_ENVIRONMENT", "", false, own, setAdminEnvironment},
}

func names(all []staging.Collection) []string {
	var names []string
	for _, c := range all {
		names = append(names, string(c))
	}
	return names
}

// Settings are all of them.
func Settings() []Setting { return slices.Clone(settings) }

// load reads what a function heeds. The error joins every fault.
func load(getenv func(string) string, function string) (*values, error) {
	v := &values{}
	var faults []error
	for _, s := range settings {
		if !slices.Contains(s.Functions, function) {
			continue
		}
		text := strings.TrimSpace(getenv(s.Name))
		if text == "" {
			text = s.Default
		}
		var err error
		switch {
		case text != "":
			err = s.set(v, text)
		case s.Required:
			err = errors.New("it is not set")
		}
		for _, fault := range each(err) {
			faults = append(faults, fmt.Errorf("%s: %w", s.Name, fault))
		}
	}
	v.fetch.Common, v.transform.Common = v.common, v.common
	return v, errors.Join(faults...)
}

// each are the faults that err joins.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

func setStaging(v *values, s string) error {
	v.common.StagingURL = s
	bucket, isS3 := strings.CutPrefix(s, "s3://")
	folder, isFile := strings.CutPrefix(s, "file:///")
	if isS3 && bucket != "" && bucket[0] != '/' || isFile && folder != "" {
		return nil
	}
	return errors.New("it must be s3://bucket/prefix or file:///folder")
}

func setAPIURL(v *values, s string) (err error) {
	v.fetch.APIURL, err = pingone.ParseAPIURL(s)
	return err
}

func setAuthomizeURL(v *values, s string) error {
	u, err := pingone.ParseAPIURL(s)
	if err == nil {
		v.transform.AuthomizeURL = u.String()
	}
	return err
}

func setConfidence(v *values, s string) (err error) {
	least, ok := insight.ParseConfidence(strings.ToLower(s))
	if v.transform.Confidence = least; !ok {
		err = errors.New("it must be documented, likely or untested")
	}
	return err
}

func setAdminEnvironment(v *values, s string) (err error) {
	id, ok := pingone.ParseID(s)
	if v.transform.AdminEnvironment = id; !ok {
		err = errors.New("it must be the id of an environment")
	}
	return err
}

func setEnvironments(v *values, s string) error {
	if strings.EqualFold(s, AllEnvironments) {
		v.fetch.All = true
		return nil
	}
	ids, err := pingone.ParseEnvironments(strings.Split(s, ","))
	v.fetch.Environments = ids
	var faults []error
	for _, fault := range each(err) {
		faults = append(faults, fmt.Errorf("%w; give ids, comma-separated, or all", fault))
	}
	return errors.Join(faults...)
}

// number reads one that is in bounds, which NaN never is.
func number(must string, inBounds func(float64) bool, set func(*values, float64)) setter {
	return func(v *values, s string) error {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !inBounds(n) {
			return errors.New(must)
		}
		set(v, n)
		return nil
	}
}

// day is what the unit d means, and maxDays more than a reading should ever be
// relied on.
const (
	day     = 24 * time.Hour
	maxDays = 366
)

// setMaxAge reads a number of days, such as 7d, or what Go takes for a
// duration.
func setMaxAge(v *values, s string) error {
	age, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		age = time.Duration(min(n, maxDays+1)) * day
	}
	if err != nil || age < time.Minute || age > maxDays*day {
		return fmt.Errorf("it must be a time from 1m to %dd, such as 7d or 36h", maxDays)
	}
	v.fetch.MaxAge, v.transform.MaxAge = age, age
	return nil
}

// boolean reads a switch. What is neither true nor false is on, which is the
// harmless reading of DRY_RUN; with a fault no setting is used.
func boolean(set func(*values, bool)) setter {
	return func(v *values, s string) error {
		set(v, !strings.EqualFold(s, "false"))
		if !strings.EqualFold(s, "true") && !strings.EqualFold(s, "false") {
			return errors.New("it must be true or false")
		}
		return nil
	}
}

// oneOf reads one of a few words.
func oneOf[T ~string](must string, set func(*values, T), words ...T) setter {
	return func(v *values, s string) error {
		if !slices.Contains(words, T(s)) {
			return errors.New(must)
		}
		set(v, T(s))
		return nil
	}
}

var (
	setPerSecond = number("it must be a number more than 0 and at most 10000",
		func(n float64) bool { return n > 0 && n <= 10_000 }, func(v *values, n float64) { v.fetch.PerSecond = n })
	setShrink = number("it must be a number from 0 to 100",
		func(n float64) bool { return n >= 0 && n <= 100 }, func(v *values, n float64) { v.transform.MaxShrinkPercent = n })
	setSweep = oneOf("it must be apply, report or never",
		func(v *values, m SweepMode) { v.transform.Sweep = m }, SweepApply, SweepReport, SweepNever)
	setServiceAccounts = oneOf("it must be apart or users",
		func(v *values, m ServiceAccountMode) { v.transform.ServiceAccounts = m }, ServiceAccountsApart, ServiceAccountsAsUsers)
)
