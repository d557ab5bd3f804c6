package transport

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"
)

// Stats counts what one client did. It is safe for concurrent use.
type Stats struct {
	Calls     atomic.Int64 // requests sent, repeated ones included, those for tokens not
	Retries   atomic.Int64 // requests sent again by the retry layer
	Throttled atomic.Int64 // replies with status 429
	Bytes     atomic.Int64 // reply bytes, after decompression
}

type count struct {
	next  http.RoundTripper
	stats *Stats
}

func (c *count) RoundTrip(r *http.Request) (*http.Response, error) {
	c.stats.Calls.Add(1)
	resp, err := c.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		c.stats.Throttled.Add(1)
	}
	return resp, err
}

// logged writes one debug line an attempt: no query, since a cursor or a
// filter has no place in a log, and no header.
type logged struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (l *logged) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := l.next.RoundTrip(r)
	attrs := []any{"method", r.Method, "path", r.URL.Path, "elapsed_ms", time.Since(began).Milliseconds()}
	if resp != nil {
		attrs = append(attrs, "status", resp.StatusCode, "correlation_id", resp.Header.Get("Correlation-Id"))
	}
	if err != nil {
		attrs = append(attrs, "err", err)
	}
	l.log.DebugContext(r.Context(), "call", attrs...)
	return resp, err
}
