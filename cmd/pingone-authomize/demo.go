package main

import (
	"slices"
	"strconv"
	"strings"

	"pingone-authomize/shared/assemble"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/pingone/pingonetest"
)

// demoFolder keeps demonstrations apart from real runs: what they remember
// for the next sweep must not mix.
const demoFolder = "/demo"

// demoPerSecond is a pace for fakes, which share no limit with anybody.
const demoPerSecond = 5000

// connecting are the variables that tell of a real organization. If any is
// set, a run is meant to be real.
var connecting = append([]string{
	"SECRET_ID", "AUTHOMIZE_APP_ID", "AUTHOMIZE_API_URL", "PINGONE_API_URL", "PINGONE_ENVIRONMENTS",
}, assemble.EnvSecretNames...)

func isDemo(getenv func(string) string) bool {
	return !slices.ContainsFunc(connecting, func(name string) bool { return strings.TrimSpace(getenv(name)) != "" })
}

// demo is a PingOne and an Authomize in this process.
type demo struct {
	pingone   *pingonetest.Server
	authomize *authomizetest.Server
}

func startDemo() (*demo, error) {
	p, err := pingonetest.Start(pingonetest.Demo(), pingonetest.CountOnly())
	if err != nil {
		return nil, err
	}
	a, err := authomizetest.Start()
	if err != nil {
		p.Close()
		return nil, err
	}
	return &demo{pingone: p, authomize: a}, nil
}

func (d *demo) close() {
	d.pingone.Close()
	d.authomize.Close()
}

// getenv is an environment in which only the fakes exist; what does not
// concern connections comes from outer.
func (d *demo) getenv(outer func(string) string) func(string) string {
	own := map[string]string{
		assemble.EnvClientID:       d.pingone.ClientID,
		assemble.EnvClientSecret:   d.pingone.ClientSecret,
		assemble.EnvTokenEndpoint:  d.pingone.TokenEndpoint(pingonetest.DemoIDs().Administrators),
		assemble.EnvAuthomizeToken: d.authomize.Token,
		"PINGONE_API_URL":          d.pingone.URL,
		"PINGONE_ENVIRONMENTS":     config.AllEnvironments,
		"AUTHOMIZE_API_URL":        d.authomize.URL,
		"AUTHOMIZE_APP_ID":         d.authomize.AppID,
	}
	return func(name string) string {
		if v, ok := own[name]; ok {
			return v
		}
		if v := outer(name); v != "" || name != "PINGONE_REQUESTS_PER_SECOND" {
			return v
		}
		return strconv.Itoa(demoPerSecond)
	}
}
