package pingonetest

import (
	"bytes"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"pingone-authomize/shared/pingone"
)

// maxPooled keeps an oversized reply from being kept for ever.
const maxPooled = 8 << 20 // bytes

// A call is one request on its way to a reply.
type call struct {
	s     *Server
	r     *http.Request
	route *route
	ids   []pingone.ID // those in the path, in order
	query url.Values
	env   *Environment // of ids[0], on paths below an environment
	fault *Fault
	lost  int // items that the fault left out of the page
	*doc
}

// A route is a path with * for ids, and what may be asked of it.
type route struct {
	pattern string
	method  string
	params  []string
	free    bool // needs no token and is not limited
	// serve writes the reply's body into c.doc while the organization is
	// locked for reading.
	serve func(c *call) error
}

// serve answers one request: route, faults, rate, token, parameters,
// permission, reply.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{s: s, r: r}
	c.doc, _ = s.pool.Get().(*doc)
	if c.doc == nil {
		c.doc = &doc{}
	}
	defer func() {
		if c.b = c.b[:0]; cap(c.b) <= maxPooled {
			s.pool.Put(c.doc)
		}
	}()
	w.Header().Set("correlation-id", uuid.NewString())
	w.Header().Set("Content-Type", "application/hal+json;charset=UTF-8")
	w.Header().Set("Date", s.org.now().UTC().Format(http.TimeFormat))

	path := r.URL.EscapedPath()
	var refused error
	c.route, c.ids, refused = s.match(r, path)
	c.fault = s.strike(path, r.URL.RawQuery)
	if !s.early(w, c) {
		s.log.add(c, 0)
		return
	}
	if s.set.latency > 0 && !sleep(r, s.set.latency) {
		s.log.add(c, 0)
		return
	}
	if refused == nil {
		refused = s.check(c, path)
	}
	status := http.StatusOK
	if refused == nil {
		refused = s.answer(c)
	}
	if refused != nil {
		status = s.refuse(w, c, refused)
	}
	s.log.add(c, status)
	s.send(w, c, status)
}

// match finds the route; the path's ids must be well formed.
func (s *Server) match(r *http.Request, path string) (*route, []pingone.ID, error) {
	segments := strings.Split(path, "/")
	for i := range s.routes {
		rt := &s.routes[i]
		ids, ok := matchIDs(rt.pattern, segments)
		if !ok {
			continue
		}
		if r.Method != rt.method {
			s.violate("%s %s: the method must be %s", r.Method, path, rt.method)
			return rt, ids, &apiError{status: http.StatusMethodNotAllowed, code: "INVALID_REQUEST", message: "The method is not allowed."}
		}
		return rt, ids, nil
	}
	s.violate("%s %s: unknown path", r.Method, path)
	return nil, nil, notFound()
}

// matchIDs compares with a route's pattern, in which * must be an id.
func matchIDs(pattern string, segments []string) ([]pingone.ID, bool) {
	var ids []pingone.ID
	i := 0
	for part := range strings.SplitSeq(pattern, "/") {
		if i >= len(segments) {
			return nil, false
		}
		if part == "*" {
			id, ok := pingone.ParseID(segments[i])
			if !ok {
				return nil, false
			}
			ids = append(ids, id)
		} else if part != segments[i] {
			return nil, false
		}
		i++
	}
	return ids, i == len(segments)
}

// check tells whether the request may be answered at all.
func (s *Server) check(c *call, path string) error {
	if !c.route.free {
		if err := s.limit(); err != nil {
			return err
		}
		if err := s.authorize(c.r, path); err != nil {
			return err
		}
	}
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		s.violate("%s %s: malformed query", c.r.Method, path)
		return invalid("query", "INVALID_PARAMETER")
	}
	c.query = query
	for name, values := range query {
		if !slices.Contains(c.route.params, name) || len(values) != 1 {
			s.violate("%s %s: unknown or repeated query parameter %q", c.r.Method, path, name)
			return invalid(name, "INVALID_PARAMETER")
		}
	}
	if denied := s.denied(path); denied != nil {
		return denied
	}
	return nil
}

// limit throttles a request that comes too fast.
func (s *Server) limit() error {
	if s.set.limiter == nil || s.set.limiter.Allow() {
		return nil
	}
	s.mu.Lock()
	s.throttled++
	s.mu.Unlock()
	missing := 1 - s.set.limiter.Tokens()
	seconds := max(1, int(math.Ceil(missing/float64(s.set.limiter.Limit()))))
	return &apiError{
		status: http.StatusTooManyRequests, code: "REQUEST_LIMITED", message: "Too many requests.",
		details: []detail{{code: "LIMIT_EXCEEDED"}}, retryAfter: strconv.Itoa(seconds),
	}
}

// answer writes the reply of the route, or the one that a fault demands.
func (s *Server) answer(c *call) error {
	if c.fault != nil {
		if err := c.fault.replace(c); err != nil {
			return err
		}
	}
	s.org.mu.RLock()
	defer s.org.mu.RUnlock()
	if len(c.ids) > 0 && strings.HasPrefix(c.route.pattern, "/v1/environments/") {
		// PingOne doesn't tell apart what doesn't exist and what isn't yours.
		if c.env = s.org.byID[c.ids[0]]; c.env == nil {
			return refusal(http.StatusForbidden, "ACCESS_FAILED")
		}
	}
	return c.route.serve(c)
}

// refuse replaces the body by that of the error and returns its status.
func (s *Server) refuse(w http.ResponseWriter, c *call, err error) int {
	c.b = c.b[:0]
	var oauth *oauthError
	if errors.As(err, &oauth) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		oauth.write(c.doc, w.Header().Get("correlation-id"))
		return oauth.status
	}
	var api *apiError
	if !errors.As(err, &api) {
		api = &apiError{status: http.StatusInternalServerError, code: "UNEXPECTED_ERROR", message: err.Error()}
	}
	if api.retryAfter != "" {
		w.Header().Set("Retry-After", api.retryAfter)
	}
	if api.location != "" {
		w.Header().Set("Location", api.location)
	}
	if api.html != "" {
		w.Header().Set("Content-Type", "text/html")
		c.b = append(c.b, api.html...)
		return api.status
	}
	api.write(c.doc)
	return api.status
}

// send writes the reply, or as much of it as the fault allows.
func (s *Server) send(w http.ResponseWriter, c *call, status int) {
	body := c.b
	if c.fault != nil && status == http.StatusOK {
		switch c.fault.Do {
		case FaultTruncate:
			body = body[:len(body)/2]
		case FaultResetBody:
			resetAfterHalf(w, body)
			return
		case FaultStall:
			stallAfterHalf(w, c.r, body)
			return
		case FaultEdit:
			body = []byte(c.fault.Edit(string(body)))
		case FaultOversize:
			c.b = append(bytes.TrimSuffix(body, []byte("}")), `,"padding":"`...)
			c.b = append(c.b, bytes.Repeat([]byte("x"), c.fault.Bytes)...)
			c.b = append(c.b, `"}`...)
			body = c.b
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

func stallAfterHalf(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func sleep(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}
