package transport

import (
	"log/slog"
	"net"
	"net/http"
	"time"
)

// New returns a client for one API. Its reply bodies are read whole, within
// Retry.MaxBody, before it returns: see Body.
func New(o Options) *http.Client {
	if o.Base == nil {
		o.Base = NewBase()
	}
	if o.Stats == nil {
		o.Stats = &Stats{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Retry = o.Retry.withDefaults()
	next := o.Base
	if o.Authorize != nil {
		next = o.Authorize(next)
	}
	return &http.Client{
		Transport:     &retry{next: next, Options: o},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewBase returns a transport with limits on every phase of a request but the
// body, which has bodyTime.
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
