package pingonetest

import (
	"slices"
	"sync"
)

// A Request is one line of the request log.
type Request struct {
	Method string
	Path   string
	Query  string // as sent
	Status int    // 0: no reply
}

type requestLog struct {
	mu        sync.Mutex
	countOnly bool
	requests  []Request
	counts    map[string]int // by route
}

func (l *requestLog) add(c *call, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.countOnly {
		l.requests = append(l.requests, Request{c.r.Method, c.r.URL.EscapedPath(), c.r.URL.RawQuery, status})
		return
	}
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	if c.route != nil {
		l.counts[c.route.pattern]++
	}
}

// Requests is the log so far, in the order of replies, token requests
// included. With CountOnly it is empty.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.requests)
}

// ResetLog forgets the requests so far.
func (s *Server) ResetLog() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests, s.log.counts = nil, nil
}

// Calls counts the requests whose path matches a pattern as of Deny. With
// CountOnly every id in the pattern must be a *.
func (s *Server) Calls(pattern string) int {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	n := 0
	for _, r := range s.log.requests {
		if matches(pattern, r.Path) {
			n++
		}
	}
	for route, count := range s.log.counts {
		if matches(pattern, route) {
			n += count
		}
	}
	return n
}
