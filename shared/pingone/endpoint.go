package pingone

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// regions are the host suffixes of PingOne's regions: North America, Europe,
// Canada, Australia, Singapore, and the legacy Asia-Pacific one.
// Source: PingOne documentation, "IP address and domain reference".
var regions = []string{"com", "eu", "ca", "com.au", "sg", "asia"}

// An Endpoint is what a worker application's token endpoint tells. A custom
// domain hides the region, and the environment with it.
type Endpoint struct {
	TokenURL string
	// APIURL is the region's API without /v1; "" behind a custom domain.
	APIURL string
	// Environment is where the worker application lives; zero behind a
	// custom domain.
	Environment ID
}

// ParseTokenEndpoint reads the URL that PingOne's console shows as Token
// Endpoint: https://auth.pingone.<region>/<environment id>/as/token, or
// https://<custom domain>/as/token. Plain http is for loopback addresses only.
func ParseTokenEndpoint(s string) (Endpoint, error) {
	u, err := parseHTTPS(s)
	if err != nil {
		return Endpoint{}, fmt.Errorf("token endpoint: %w", err)
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	e := Endpoint{TokenURL: u.String()}
	first, isToken := strings.CutSuffix(u.Path, "/as/token")
	e.Environment, _ = ParseID(strings.TrimPrefix(first, "/"))
	switch {
	case isToken && (first == "" || !e.Environment.IsZero()):
	case isToken:
		return Endpoint{}, errors.New("token endpoint: before /as/token is no environment id (a UUID)")
	default:
		return Endpoint{}, errors.New("token endpoint: its path must be /<environment id>/as/token, or /as/token on a custom domain: copy it from the worker application's Configuration tab")
	}
	if region, ok := strings.CutPrefix(u.Host, "auth.pingone."); ok && slices.Contains(regions, region) {
		if e.Environment.IsZero() {
			return Endpoint{}, errors.New("token endpoint: there is no environment id before /as/token")
		}
		e.APIURL = "https://api.pingone." + region
	}
	return e, nil
}

// ParseAPIURL reads the base of the API, such as https://api.pingone.eu. A
// trailing slash or /v1 is dropped, as the client adds /v1 by itself.
func ParseAPIURL(s string) (*url.URL, error) {
	u, err := parseHTTPS(s)
	if err != nil {
		return nil, err
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v1")
	if u.Path != "" {
		return nil, errors.New("it must end behind the host, without a path")
	}
	return u, nil
}

// parseHTTPS never quotes its input, which may hold what was pasted by mistake.
func parseHTTPS(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, errors.New("it is no absolute URL")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("it must have no user, query or fragment")
	case strings.ContainsFunc(u.Hostname(), isForeignToHost):
		return nil, errors.New("its host must be a plain name or address; an international name is written in its xn-- form")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	}
	return nil, errors.New("it must begin with https://")
}

// isForeignToHost tells a character that no DNS name and no IP address holds.
// url.Parse lets more through: an IPv6 zone may hold any byte, and is then not
// printed as it was read.
func isForeignToHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-._:", r)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
