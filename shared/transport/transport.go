// Package transport holds the HTTP layers that the two API clients share.
//
// A request passes, outermost first,
//
//	retry → log → limit → authorize → count → base
//
// so that every attempt is logged and paid for at the pacer, carries a fresh
// token, and no layer above authorize ever sees that token. Redirects are not
// followed: a token must not travel to wherever a reply points.
package transport

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Options say how a client treats its API. Zero values give the defaults.
type Options struct {
	// Base sends; nil is NewBase().
	Base http.RoundTripper
	// Authorize wraps the base with credentials; nil sends none.
	Authorize func(http.RoundTripper) http.RoundTripper
	// Pacer limits the pace of all requests; nil does not.
	Pacer *Pacer
	// PacerFor returns the pacer of the rate limit that a request draws on,
	// which it waits for as well, and which slows down at a 429; nil, or a
	// nil result, leaves that to Pacer.
	PacerFor func(*http.Request) *Pacer
	// Stats counts; nil counts nowhere.
	Stats *Stats
	// Log gets a debug line an attempt, and a warning where the API asks for a
	// pause of more than 30 seconds; nil logs nothing.
	Log *slog.Logger
	// Retry says what is tried again.
	Retry RetryPolicy
}

// New returns a client for one API. Its reply bodies are read whole, within
// Retry.MaxBody, before it returns: see Body.
func New(o Options) *http.Client {
	base := o.Base
	if base == nil {
		base = NewBase()
	}
	stats := o.Stats
	if stats == nil {
		stats = &Stats{}
	}
	rt := http.RoundTripper(&count{next: base, stats: stats})
	if o.Authorize != nil {
		rt = o.Authorize(rt)
	}
	pace := pacers{own: o.PacerFor, all: o.Pacer}
	rt = &limit{next: rt, pacers: pace}
	if o.Log != nil {
		rt = &logged{next: rt, log: o.Log}
	}
	rt = &retry{next: rt, base: base, policy: o.Retry.withDefaults(), stats: stats, pacers: pace, log: o.Log}
	return &http.Client{
		Transport:     rt,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewBase returns a transport with limits on every phase of a request but the
// body, which the request's own deadline bounds.
func NewBase() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       50 * time.Second, // below the minute after which a frozen function's connections are dead
	}
}
