package pingone

import (
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/transport"
)

// A RateGroup is one of PingOne's rate limits. Each is for the whole licence,
// and one address gets 35 % of it (PingOne documentation, "Base rate limits").
type RateGroup string

// The rate limits that this project draws on. Which paths belong to which is
// documented in part only; what is said of roles, applications, gateways and
// environments is an inference.
const (
	Configuration RateGroup = "configuration" // 600 a minute
	Directory     RateGroup = "directory"     // not published
	Audit         RateGroup = "audit"         // 10 a second
	MFA           RateGroup = "mfa"           // not published
	Analytics     RateGroup = "analytics"     // 600 a minute
)

// AddressShare is what of a licence's limit one address gets, unless the customer
// allows it more (PingOne documentation, "Rate Limits and Allowed IPs").
const AddressShare = 0.35

// cappedPerSecond is what one address gets of the audit and of the analytics limit.
const cappedPerSecond = 10 * AddressShare

// limitNames are what PingOne calls the limits of a licence; Rpm is a minute,
// Rps a second (model EnvironmentLicenseQuantities of pingone-go-client 0.12).
var limitNames = map[string]RateGroup{
	"rlgConfigRpm":    Configuration,
	"rlgDirAccessRps": Directory, "rlgDirBulkRps": Directory, "rlgDirFixedRps": Directory,
	"rlgAuditRps":     Audit,
	"rlgMfaRps":       MFA,
	"rlgMfaFixedRps":  MFA,
	"rlgAnalyticsRpm": Analytics,
}

// Capabilities is what an environment's licence allows.
func Capabilities(env ID) string { return EnvironmentPath(env) + "/capabilities" }

// LimitsOf are the limits of the licence, in requests a second, of a reply to
// [Capabilities]. PingOne has several of the directory, and does not document
// which path draws on which: the lowest counts. What it does not tell is absent.
func LimitsOf(body []byte) map[RateGroup]float64 {
	var reply struct {
		Quantities map[string]jsontext.Value `json:"licenseQuantities"`
	}
	limits := map[RateGroup]float64{}
	if json.Unmarshal(body, &reply) != nil {
		return limits
	}
	for name, value := range reply.Quantities {
		var quantity struct {
			Limit float64 `json:"limit"`
		}
		group, known := limitNames[name]
		if !known || json.Unmarshal(value, &quantity) != nil || quantity.Limit <= 0 {
			continue
		}
		if strings.HasSuffix(name, "Rpm") {
			quantity.Limit /= 60
		}
		if told, ok := limits[group]; !ok || quantity.Limit < told {
			limits[group] = quantity.Limit
		}
	}
	return limits
}

// explorePerSecond is how often PingOne makes an exploration for an environment
// (PingOne documentation, "MFA reports"), and here for all of them.
const explorePerSecond = 0.2

// RateGroupOf tells which limit a path draws on.
func RateGroupOf(path string) RateGroup {
	parts := append(strings.Split(path, "/"), "", "", "", "") // "", v1, environments, its id, list …
	switch list, last := parts[4], path[strings.LastIndex(path, "/")+1:]; {
	case parts[2] != "environments", strings.Contains(path, "/"+roleAssignments):
		return Configuration
	case list == "activities":
		return Audit
	case list == ExplorationsName, list == TotalIdentitiesKey:
		return Analytics
	case last == DevicesKey:
		return MFA
	case list == "users", list == "groups", list == "populations":
		return Directory
	}
	return Configuration
}

// Pacers hold the pace of each rate limit. All clients that send from one
// address should share them: to PingOne they are one.
type Pacers struct {
	own     map[RateGroup]*transport.Pacer
	explore *transport.Pacer // for making explorations
}

// NewPacers allows so many requests a second of the configuration and of the
// directory limit, as many of the MFA limit as of the latter, and of the audit
// and analytics limits no more than one address gets.
func NewPacers(configuration, directory float64) *Pacers {
	return &Pacers{explore: transport.NewPacer(explorePerSecond), own: map[RateGroup]*transport.Pacer{
		Configuration: transport.NewPacer(configuration),
		Directory:     transport.NewPacer(directory),
		Audit:         transport.NewPacer(min(configuration, cappedPerSecond)),
		MFA:           transport.NewPacer(directory),
		Analytics:     transport.NewPacer(min(configuration, cappedPerSecond)),
	}}
}

// Pacing spaces a client's requests out by the limit that they draw on: a 429
// of one slows down no other, and all clients that share p. Those of this
// client are never faster than perSecond together.
func (p *Pacers) Pacing(perSecond float64, o transport.Options) transport.Options {
	o.Pacer = transport.NewPacer(perSecond)
	o.PacerFor = p.of
	return o
}

// of returns the pacer of the limit that a request draws on.
func (p *Pacers) of(r *http.Request) *transport.Pacer {
	if r.Method == http.MethodPost {
		return p.explore
	}
	return p.own[RateGroupOf(r.URL.Path)]
}

// Pacing is that of a client with pacers of its own.
func Pacing(perSecond float64, o transport.Options) transport.Options {
	return NewPacers(perSecond, perSecond).Pacing(perSecond, o)
}
