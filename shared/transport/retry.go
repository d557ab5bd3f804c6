package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// ErrBodyTooLarge is the error for a reply body beyond RetryPolicy.MaxBody.
var ErrBodyTooLarge = errors.New("reply body is larger than the limit")

// Final marks an error of a lower layer as one that no other try can mend. It
// reads and unwraps as err does.
func Final(err error) error { return final{err} }

type final struct{ error }

func (f final) Unwrap() error { return f.error }

// A RetryPolicy says what is tried again: replies 408, 429 and 5xx, broken
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
	// BodyTime is the most that a reply's body may take once its header is
	// there; 0 means two minutes. Without it a server that stalls would hold a
	// request for as long as its context lives.
	BodyTime time.Duration
	// Valid looks at a 2xx reply; an error makes it a broken one.
	Valid func(body []byte) error
	// Forbidden tries a 403 once more, after a pause: PingOne answers 403 at
	// random under load (terraform-provider-pingone issue 18).
	Forbidden bool
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.Attempts == 0 {
		p.Attempts = 6
	}
	if p.Pause == 0 {
		p.Pause = 500 * time.Millisecond
	}
	if p.MaxPause == 0 {
		p.MaxPause = 30 * time.Second
	}
	if p.MaxBody == 0 {
		p.MaxBody = 64 << 20
	}
	if p.BodyTime == 0 {
		p.BodyTime = 2 * time.Minute
	}
	return p
}

// Body returns a reply's body, which a client made by New has read already.
func Body(resp *http.Response) []byte {
	if b, ok := resp.Body.(*body); ok {
		return b.data
	}
	return nil
}

type body struct {
	*bytes.Reader
	data []byte
}

func (*body) Close() error { return nil }

type retry struct {
	next   http.RoundTripper
	base   http.RoundTripper
	policy RetryPolicy
	stats  *Stats
	pacers pacers
	log    *slog.Logger // nil logs nothing
}

// mostWait is the longest that an API may ask to be left alone: PingOne's
// limits are counted by the second, and what would stand still for longer is
// better ended, so that somebody hears of it. The next run asks again.
const mostWait = time.Hour

// longWait is a pause that an operator is told of. No pause of our own is longer.
const longWait = 30 * time.Second

// CloseIdleConnections lets http.Client do so through all layers.
func (t *retry) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// tries counts the attempts of one request by what made them fail.
type tries struct{ failed, throttled, forbidden int }

func (t *retry) RoundTrip(r *http.Request) (*http.Response, error) {
	var n tries
	for {
		resp, err := t.attempt(r)
		again, pause := t.judge(r, resp, err, &n)
		again = again && canRewind(r)
		t.tell(r, resp, pause, again)
		if !again {
			return resp, err
		}
		if serr := sleep(r.Context(), pause); serr != nil {
			return nil, outOfTime(serr, resp, err)
		}
		if r, err = rewind(r); err != nil {
			return nil, err
		}
		t.stats.Retries.Add(1)
	}
}

// tell says why nothing happens for a while: no query, as in a debug line.
func (t *retry) tell(r *http.Request, resp *http.Response, pause time.Duration, again bool) {
	if t.log == nil || resp == nil || pause <= longWait {
		return
	}
	t.log.WarnContext(r.Context(), "the API asks for a long pause",
		"method", r.Method, "path", r.URL.Path, "status", resp.StatusCode, "seconds", int64(pause.Seconds()), "tried_again", again)
}

// outOfTime says that a request would have been tried again if its deadline
// allowed; it wraps the context's error.
func outOfTime(cause error, resp *http.Response, err error) error {
	if err != nil {
		return fmt.Errorf("not tried again after %w: %w", err, cause)
	}
	return fmt.Errorf("not tried again after status %d: %w", resp.StatusCode, cause)
}

// canRewind tells whether the request can be sent as it was once more.
func canRewind(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

// rewind gives the request a fresh body.
func rewind(r *http.Request) (*http.Request, error) {
	if r.GetBody == nil {
		return r, nil
	}
	fresh, err := r.GetBody()
	if err != nil {
		return nil, fmt.Errorf("rewind request body: %w", err)
	}
	c := r.Clone(r.Context())
	c.Body = fresh
	return c, nil
}

// attempt sends once and reads the body whole, since a connection can break
// there too.
func (t *retry) attempt(r *http.Request) (*http.Response, error) {
	ctx, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, notOurs(r.Context(), err)
	}
	stall := fmt.Errorf("it did not end within %s", t.policy.BodyTime)
	timer := time.AfterFunc(t.policy.BodyTime, func() { stop(stall) })
	defer timer.Stop()
	data, err := readAll(resp, t.policy.MaxBody)
	if err != nil && !isFinal(err) && errors.Is(context.Cause(ctx), stall) {
		err = stall
	}
	if err != nil {
		return nil, notOurs(r.Context(), fmt.Errorf("read reply: %w", err))
	}
	t.stats.Bytes.Add(int64(len(data)))
	resp.Body = &body{Reader: bytes.NewReader(data), data: data}
	if t.policy.Valid != nil && resp.StatusCode/100 == 2 {
		if err := t.policy.Valid(data); err != nil {
			return nil, fmt.Errorf("status %d with a broken body: %w", resp.StatusCode, err)
		}
	}
	return resp, nil
}

func readAll(resp *http.Response, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	var buf bytes.Buffer
	if n := resp.ContentLength; n > 0 && n <= limit {
		buf.Grow(int(n) + bytes.MinRead)
	}
	n, err := buf.ReadFrom(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%w of %d bytes", ErrBodyTooLarge, limit)
	}
	return buf.Bytes(), nil
}

// judge decides whether to try again and after what pause.
func (t *retry) judge(r *http.Request, resp *http.Response, err error, n *tries) (bool, time.Duration) {
	switch {
	case r.Context().Err() != nil, isFinal(err):
		return false, 0
	case err != nil:
		n.failed++
		return n.failed < t.policy.Attempts, t.jitter(n.failed)
	case resp.StatusCode == http.StatusTooManyRequests:
		n.throttled++
		pause := max(retryAfter(resp), t.jitter(n.throttled))
		if pause > mostWait {
			t.pacers.answered(r, resp.StatusCode, 0) // or all others would wait for what this one doesn't
			return false, pause
		}
		t.pacers.answered(r, resp.StatusCode, pause)
		return n.throttled < 3*t.policy.Attempts, pause
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500:
		n.failed++
		pause := max(retryAfter(resp), t.jitter(n.failed))
		return n.failed < t.policy.Attempts && pause <= mostWait, pause
	case resp.StatusCode == http.StatusForbidden && t.policy.Forbidden:
		n.forbidden++
		t.pacers.answered(r, resp.StatusCode, 0)
		return n.forbidden < 2, 2 * t.jitter(2)
	}
	t.pacers.answered(r, resp.StatusCode, 0)
	return false, 0
}

// isFinal tells whether trying again is pointless.
func isFinal(err error) bool { return errors.Is(err, ErrBodyTooLarge) || errors.As(err, new(final)) }

// notOurs keeps a time-out of the network apart from the end of ctx. net and
// net/http make their own time-outs equal to context.DeadlineExceeded: a
// server that hangs would neither be tried again nor be told from a caller
// who ran out of time.
func notOurs(ctx context.Context, err error) error {
	if ctx.Err() == nil && !isFinal(err) && errors.Is(err, context.DeadlineExceeded) {
		return timeOutError{err}
	}
	return err
}

// timeOutError reads as its err, and doesn't unwrap to it.
type timeOutError struct{ err error }

func (t timeOutError) Error() string { return t.err.Error() }
func (timeOutError) Timeout() bool   { return true }

// jitter is the nth pause, between half and all of the doubled base.
func (t *retry) jitter(n int) time.Duration {
	full := t.policy.MaxPause
	if n < 16 {
		full = min(t.policy.Pause<<(n-1), t.policy.MaxPause)
	}
	return full/2 + rand.N(full/2+1)
}

// maxSeconds is the most that a time.Duration holds.
const maxSeconds = int(math.MaxInt64 / time.Second)

// retryAfter reads the header as seconds or as an HTTP date; 0 without one.
func retryAfter(resp *http.Response) time.Duration {
	h := resp.Header.Get("Retry-After")
	if s, err := strconv.Atoi(h); err == nil && s > 0 {
		return time.Duration(min(s, maxSeconds)) * time.Second
	}
	if at, err := http.ParseTime(h); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
