package pingonetest

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"pingone-authomize/shared/pingone"
)

// maxPooled lets no oversized reply stay for ever.
const maxPooled = 8 << 20 // bytes

// A call is one request on its way to a reply.
type call struct {
	s     *Server
	r     *http.Request
	path  string // of the list, escaped
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
	free    bool // needs no token
	created bool // answers 201
	// serve writes the reply's body into c.doc while the organization is
	// locked for reading.
	serve func(c *call) error
}

// serve answers one request: route, faults, token, parameters,
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
	w.Header().Set("Content-Type", contentType(r))
	w.Header().Set("Date", s.org.now().UTC().Format(http.TimeFormat))

	path := r.URL.EscapedPath()
	c.path = path
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
	if c.route != nil && c.route.created {
		status = http.StatusCreated
	}
	if refused != nil {
		status = s.refuse(w, c, refused)
	}
	s.log.add(c, status)
	s.send(w, c, status)
}

// contentType is HAL's, or plain JSON for those who ask for it: Ping's own Go
// clients decode nothing else.
func contentType(r *http.Request) string {
	if accept := r.Header.Get("Accept"); strings.Contains(accept, "application/json") {
		return "application/json;charset=UTF-8"
	}
	return "application/hal+json;charset=UTF-8"
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
		if c.env = s.org.byID[c.ids[0]]; c.env == nil || s.org.hidden[c.ids[0]] {
			return refusal(http.StatusForbidden, "ACCESS_FAILED")
		}
		if s.org.vanished[tie{id: c.ids[0]}] {
			return notFound()
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
	if c.fault != nil && status/100 == 2 {
		switch c.fault.Do {
		case FaultTruncate:
			body = body[:len(body)/2]
		case FaultResetBody:
			resetAfterHalf(w, body)
			return
		case FaultEdit:
			body = []byte(c.fault.Edit(string(body)))
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
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
