package transport

import (
	"cmp"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// A RetryPolicy says what is retried: replies 408, 429 and 5xx, broken
// connections, bodies that break off or stall, and replies that Valid refuses.
// A reply whose Retry-After asks for more than an hour is the last one. Requests
// with a body need GetBody.
type RetryPolicy struct {
	// Attempts is how often a request is sent at most; 0 means 6. Replies
	// with 429 have a bound of their own, three times that: they cost little
	// and end when the API says so.
	Attempts int
	// Pause is the first pause; it doubles up to MaxPause, with jitter.
	// 0 means 500 ms and 30 s.
	Pause, MaxPause time.Duration
	// MaxBody is the most bytes of a reply body; 0 means 64 MiB.
	MaxBody int64
	// Valid looks at a 2xx reply; an error makes it a broken one.
	Valid func(body []byte) error
	// Transient tells whether a reply outside 2xx is retried like a 5xx,
	// whatever its status.
	Transient func(body []byte) bool
	// Forbidden retries a 403 once, after a pause: PingOne answers 403 at
	// random under load (terraform-provider-pingone issue 18).
	Forbidden bool
	// Unauthorized retries a 401 once, without a pause: Authorize has another
	// token by then.
	Unauthorized bool
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	p.Attempts = cmp.Or(p.Attempts, 6)
	p.Pause = cmp.Or(p.Pause, 500*time.Millisecond)
	p.MaxPause = cmp.Or(p.MaxPause, 30*time.Second)
	p.MaxBody = cmp.Or(p.MaxBody, 64<<20)
	return p
}

// mostWait is the longest that an API may ask to be left alone: what would stand
// still for longer is better ended, so that somebody hears of it.
const mostWait = time.Hour

// tries counts the attempts of one request by what made them fail.
type tries struct{ failed, throttled, forbidden, unauthorized int }

// judge decides whether a reply or error is retried, and after what pause.
func (p *RetryPolicy) judge(resp *http.Response, err error, n *tries) (bool, time.Duration) {
	switch {
	case IsFinal(err):
		return false, 0
	case err != nil:
		n.failed++
		return n.failed < p.Attempts, p.jitter(n.failed)
	case resp.StatusCode == http.StatusTooManyRequests:
		n.throttled++
		pause := max(retryAfter(resp), p.jitter(n.throttled))
		return n.throttled < 3*p.Attempts && pause <= mostWait, pause
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500, p.isTransient(resp):
		n.failed++
		pause := max(retryAfter(resp), p.jitter(n.failed))
		return n.failed < p.Attempts && pause <= mostWait, pause
	case resp.StatusCode == http.StatusForbidden && p.Forbidden:
		n.forbidden++
		return n.forbidden < 2, 2 * p.jitter(2)
	case resp.StatusCode == http.StatusUnauthorized && p.Unauthorized:
		n.unauthorized++
		return n.unauthorized < 2, 0
	}
	return false, 0
}

func (p *RetryPolicy) isTransient(resp *http.Response) bool {
	return p.Transient != nil && resp.StatusCode/100 != 2 && p.Transient(Body(resp))
}

// jitter is the nth pause, between half and all of the doubled base.
func (p *RetryPolicy) jitter(n int) time.Duration {
	full := p.MaxPause
	if n < 16 {
		full = min(p.Pause<<(n-1), p.MaxPause)
	}
	return full/2 + rand.N(full/2+1)
}

// retryAfter reads the header as seconds or as an HTTP date; 0 without one.
func retryAfter(resp *http.Response) time.Duration {
	h := resp.Header.Get("Retry-After")
	if s, err := strconv.Atoi(h); err == nil && s > 0 {
		return time.Duration(min(s, int(math.MaxInt64/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(h); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
