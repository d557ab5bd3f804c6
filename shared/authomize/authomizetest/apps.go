package authomizetest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// inApp finds the app that a path is about, and what is below it.
func (s *Server) inApp(c *call) (below string, ok bool) {
	rest, ok := strings.CutPrefix(c.r.URL.Path, "/v2/apps/")
	if !ok {
		return "", false
	}
	id, below, _ := strings.Cut(rest, "/")
	if below != "" {
		below = "/" + below
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.app, c.held = id, s.app(id)
	return below, c.held != nil
}

// newApp makes an app that a client may delete.
func (s *Server) newApp(c *call) reply {
	var in struct {
		Name string `json:"integrationName"`
	}
	if err := json.Unmarshal(c.body, &in, json.RejectUnknownMembers(true)); err != nil || in.Name == "" {
		s.violate(c.r, "an app without a name")
		return unprocessable(detail{Loc: []any{"body", "integrationName"}, Type: "value_error.missing"})
	}
	if s.refuseApps {
		return failure(http.StatusForbidden, "Forbidden")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.app = fmt.Sprintf("app-%d", len(s.throwaways)+1)
	s.throwaways[c.app] = newStore()
	return s.showApp(c)
}

func (s *Server) deleteApp(c *call) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throwaways[c.app] = nil
	s.requestCounter++
	return reply{status: http.StatusOK, body: map[string]any{
		"requestId": fmt.Sprintf("request-%d", s.requestCounter), "acceptedTimestamp": c.accepted(),
	}}
}

// showApp is an app as the API shows it.
func (s *Server) showApp(c *call) reply {
	return reply{status: http.StatusOK, body: map[string]string{
		"id": c.app, "createdAt": "2026-01-05T09:00:00Z", "modifiedAt": c.at.Format(time.RFC3339),
	}}
}

// read lists what an app holds of a kind, since startDate where that is asked.
func (s *Server) read(c *call, kind authomize.Kind) reply {
	var since time.Time
	q := c.r.URL.Query()
	for name := range q {
		var err error
		if since, err = time.Parse(time.RFC3339Nano, q.Get(name)); err != nil || name != "startDate" {
			s.violate(c.r, "a query that is not startDate, or with no time with a zone")
			return unprocessable(detail{Loc: []any{"query", name}, Type: "value_error.datetime"})
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []jsontext.Value{}
	for _, key := range slices.Sorted(maps.Keys(c.held[kind])) {
		if r := c.held[kind][key]; !r.modified.Before(since) {
			list = append(list, r.json.Clone())
		}
	}
	return reply{status: http.StatusOK, body: map[string]any{"data": list}}
}
