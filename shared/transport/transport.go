// Package transport holds the HTTP layers that the two API clients share.
//
// A request passes, outermost first,
//
//	retry (and for each attempt: pace, count, log) → authorize → base
//
// so that every attempt is logged and paid for at the pacer, carries a fresh
// token, and no layer above authorize ever sees that token. Redirects are not
// followed: a token must not travel to wherever a reply points.
package transport

import (
	"log/slog"
	"net/http"
	"sync/atomic"
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
	// Retry says what is retried.
	Retry RetryPolicy
}

// Stats counts what one client did. It is safe for concurrent use.
type Stats struct {
	Calls     atomic.Int64 // requests sent, repeated ones included, those for tokens not
	Retries   atomic.Int64 // requests sent once more
	Throttled atomic.Int64 // replies with status 429
}
