package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

func (*body) Close() error { return nil }

// A retry is the outermost layer. Its Options have no nil in them but pacers.
type retry struct {
	Options
	next http.RoundTripper
}

// CloseIdleConnections lets http.Client do so through all layers.
func (t *retry) CloseIdleConnections() {
	if c, ok := t.Base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *retry) RoundTrip(r *http.Request) (*http.Response, error) {
	var n tries
	for {
		resp, err := t.attempt(r)
		more, pause := t.Retry.judge(resp, err, &n)
		more = more && (r.Body == nil || r.Body == http.NoBody || r.GetBody != nil)
		if resp != nil {
			t.learn(r, resp.StatusCode, pause)
			t.warn(r, resp.StatusCode, pause, more)
		}
		if !more {
			return resp, err
		}
		if ended := sleep(r.Context(), pause); ended != nil {
			if err == nil {
				err = fmt.Errorf("status %d", resp.StatusCode)
			}
			return nil, fmt.Errorf("not retried after %w: %w", err, ended)
		}
		if r.GetBody != nil {
			r = r.Clone(r.Context())
			if r.Body, err = r.GetBody(); err != nil {
				return nil, fmt.Errorf("rewind request body: %w", err)
			}
		}
		t.Stats.Retries.Add(1)
	}
}

// warn says why nothing happens for longer than any pause of our own: no query,
// as in a debug line.
func (t *retry) warn(r *http.Request, status int, pause time.Duration, more bool) {
	if pause > 30*time.Second {
		t.Log.WarnContext(r.Context(), "the API asks for a long pause",
			"method", r.Method, "path", r.URL.Path, "status", status, "seconds", int64(pause.Seconds()), "retried", more)
	}
}

// bodyTime is the most that a reply's body may take once its header is there. A
// server that stalls would hold a request for as long as its context lives.
const bodyTime = 2 * time.Minute

// attempt sends once and reads the body whole, since a connection can break
// there too.
func (t *retry) attempt(r *http.Request) (*http.Response, error) {
	if err := t.wait(r); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	resp, err := t.send(r.WithContext(ctx))
	if err != nil {
		return nil, notOurs(r.Context(), err)
	}
	stall := fmt.Errorf("it did not end within %s", bodyTime)
	timer := time.AfterFunc(bodyTime, func() { stop(stall) })
	defer timer.Stop()
	data, err := readAll(resp, t.Retry.MaxBody)
	if err != nil && errors.Is(context.Cause(ctx), stall) {
		err = stall
	}
	if err != nil {
		return nil, notOurs(r.Context(), fmt.Errorf("read reply: %w", err))
	}
	resp.Body = &body{Reader: bytes.NewReader(data), data: data}
	if t.Retry.Valid != nil && resp.StatusCode/100 == 2 {
		if err := t.Retry.Valid(data); err != nil {
			return nil, fmt.Errorf("status %d with a broken body: %w", resp.StatusCode, err)
		}
	}
	return resp, nil
}

// send counts, and logs a debug line: no query, which may hold a cursor or a
// filter, and no header.
func (t *retry) send(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := t.next.RoundTrip(r)
	if !IsFinal(err) { // which was never sent
		t.Stats.Calls.Add(1)
	}
	attrs := []any{"method", r.Method, "path", r.URL.Path, "elapsed_ms", time.Since(began).Milliseconds()}
	if err != nil {
		attrs = append(attrs, "err", err)
	} else {
		attrs = append(attrs, "status", resp.StatusCode, "correlation_id", resp.Header.Get("Correlation-Id"))
	}
	if err == nil && resp.StatusCode == http.StatusTooManyRequests {
		t.Stats.Throttled.Add(1)
	}
	t.Log.DebugContext(r.Context(), "call", attrs...)
	return resp, err
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

// notOurs tells a time-out of the network from the end of ctx. net and net/http
// make their own time-outs equal to context.DeadlineExceeded: a server that
// hangs would look like a caller who ran out of time.
func notOurs(ctx context.Context, err error) error {
	if ctx.Err() == nil && !IsFinal(err) && errors.Is(err, context.DeadlineExceeded) {
		return errors.New(err.Error())
	}
	return err
}

// wait returns when both pacers of a request let it go: that of its own rate
// limit, and that of all requests. The error is Final.
func (o *Options) wait(r *http.Request) error {
	own := o.ownPacer(r)
	for {
		for _, one := range []*Pacer{own, o.Pacer} {
			if one == nil {
				continue
			}
			if err := one.Wait(r.Context()); err != nil {
				return Final(err)
			}
		}
		if own == nil || own.heldBack() <= 0 {
			return nil
		}
		// A 429 came while this one waited at the other pacer.
	}
}

func (o *Options) ownPacer(r *http.Request) *Pacer {
	if o.PacerFor == nil {
		return nil
	}
	return o.PacerFor(r)
}

// learn lets the pacer whose limit a request drew on learn from the reply.
// pause is how long the API wants to be left alone.
func (o *Options) learn(r *http.Request, status int, pause time.Duration) {
	if pause > mostWait {
		pause = 0 // the request is given up: all others would wait for nothing
	}
	if one := cmp.Or(o.ownPacer(r), o.Pacer); one != nil {
		one.learn(status, pause)
	}
}
