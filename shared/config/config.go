// Package config reads a function's settings from its environment variables,
// all of them at once, so that one message names every fault.
package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
)

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
