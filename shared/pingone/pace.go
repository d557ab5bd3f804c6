package pingone

import (
	"net/http"
	"strings"

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
)

// auditPerSecond is 35 % of the audit limit.
const auditPerSecond = 3.5

// RateGroupOf tells which limit a path draws on.
func RateGroupOf(path string) RateGroup {
	rest, inEnvironment := strings.CutPrefix(path, "/v1/environments/")
	_, rest, hasList := strings.Cut(rest, "/")
	if !inEnvironment || !hasList {
		return Configuration
	}
	switch list, _, _ := strings.Cut(rest, "/"); {
	case list == "activities":
		return Audit
	case strings.HasSuffix(rest, "/roleAssignments"):
		return Configuration
	case strings.HasSuffix(rest, "/"+DevicesKey):
		return MFA
	case list == "users", list == "groups", list == "populations":
		return Directory
	}
	return Configuration
}

// Pacers hold the pace of each rate limit. All clients that send from one
// address should share them: to PingOne they are one.
type Pacers struct {
	own map[RateGroup]*transport.Pacer
}

// NewPacers allows so many requests a second of the configuration and of the
// directory limit, as many of the MFA limit as of the latter, and of the audit
// limit no more than one address gets.
func NewPacers(configuration, directory float64) *Pacers {
	return &Pacers{own: map[RateGroup]*transport.Pacer{
		Configuration: transport.NewPacer(configuration),
		Directory:     transport.NewPacer(directory),
		Audit:         transport.NewPacer(min(configuration, auditPerSecond)),
		MFA:           transport.NewPacer(directory),
	}}
}

// Pacing spaces a client's requests out by the limit that they draw on: a 429
// of one slows down no other, and all clients that share p. Those of this
// client are never faster than perSecond together.
func (p *Pacers) Pacing(perSecond float64, o transport.Options) transport.Options {
	o.Pacer = transport.NewPacer(perSecond)
	o.PacerFor = func(r *http.Request) *transport.Pacer { return p.own[RateGroupOf(r.URL.Path)] }
	return o
}

// Pacing is that of a client with pacers of its own.
func Pacing(perSecond float64, o transport.Options) transport.Options {
	return NewPacers(perSecond, perSecond).Pacing(perSecond, o)
}
