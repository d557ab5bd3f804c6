package authomizetest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// A call is one request on its way through the server.
type call struct {
	r      *http.Request
	at     time.Time // by the clock of WithClock
	clocks Clocks
	app    string         // id
	held   store          // of the app
	kind   authomize.Kind // of a post of records
	body   []byte
	items  []jsontext.Value
}

// accepted is the time of a receipt.
func (c *call) accepted() string { return stamp(c.at.Add(c.clocks.Accepted)) }

// A reply is what will be sent.
type reply struct {
	status  int
	header  map[string]string
	body    any // a jsontext.Value is sent as it is, other values as JSON
	cut     bool
	altered bool // by a fault, so that it need not fit the API description
}

// An outcome is a reply as it goes over the wire.
type outcome struct {
	status int
	header http.Header
	body   []byte
	cut    bool
}

// handle answers a request.
func (s *Server) handle(r *http.Request) outcome {
	c := &call{r: r, at: s.now().UTC()}
	s.mu.Lock()
	c.clocks = s.clocks
	s.mu.Unlock()
	body, err := readBody(r)
	if err != nil {
		s.violate(r, "the body can't be read")
		return outcome{cut: true}
	}
	c.body = body
	rep := s.answer(c)
	s.log(c, rep)
	if rep.cut {
		return outcome{cut: true}
	}
	out, err := encode(rep.body)
	if err != nil {
		s.violate(r, "reply: %v", err)
	}
	if s.spec != nil && !rep.altered {
		if err := s.spec.checkReply(c, rep.status, out); err != nil {
			s.violate(r, "the fake's own reply: %v", err)
		}
	}
	h := http.Header{"Content-Type": {"application/json"}, "Date": {c.at.Add(c.clocks.Date).Format(http.TimeFormat)}}
	for k, v := range rep.header {
		h.Set(k, v)
	}
	return outcome{status: rep.status, header: h, body: out}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	o := s.handle(r)
	if o.cut {
		panic(http.ErrAbortHandler) // closes the connection without a reply
	}
	maps.Copy(w.Header(), o.header)
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body) // the client may be gone
}

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > 0 && r.ContentLength < 16<<20 {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(io.LimitReader(r.Body, 16<<20))
}

func encode(v any) ([]byte, error) {
	if raw, ok := v.(jsontext.Value); ok {
		return raw, nil
	}
	return json.Marshal(v, json.Deterministic(true))
}

func (s *Server) log(c *call, rep reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := rep.status
	if rep.cut {
		status = 0
	}
	s.requests = append(s.requests, RequestLog{Method: c.r.Method, Path: c.r.URL.Path, Query: c.r.URL.RawQuery, Status: status})
	if c.kind != "" && c.items != nil {
		s.posts = append(s.posts, PostLog{Kind: c.kind, Items: len(c.items), Bytes: len(c.body), Status: status})
	}
}

// answer routes, checks, lets faults strike, and applies.
func (s *Server) answer(c *call) reply {
	route := s.route(c)
	if route == nil {
		s.violate(c.r, "there is no such route, or app")
		return failure(http.StatusNotFound, "Not Found")
	}
	if c.r.Header.Get("Authorization") != s.Token {
		s.violate(c.r, "Authorization is not the bare token")
		return failure(http.StatusUnauthorized, "Unauthorized")
	}
	if refused, ok := s.check(c); !ok {
		return refused
	}
	strikes := s.strikes(c)
	for _, a := range strikes {
		if a.before == nil {
			continue
		}
		if rep, ok := a.before(c); ok {
			rep.altered = true
			return rep
		}
	}
	rep := route(c)
	for _, a := range strikes {
		if a.after != nil {
			a.after(&rep)
			rep.altered = true
		}
	}
	return rep
}

// route finds what answers c, and the kind of a post.
func (s *Server) route(c *call) func(*call) reply {
	method, path := c.r.Method, c.r.URL.Path
	switch {
	case method == http.MethodGet && path == "/me":
		return func(*call) reply {
			return reply{status: 200, body: map[string]string{"id": "fake-user", "tenant": "fake-tenant", "version": "4.6.8"}}
		}
	case method == http.MethodPost && path == "/v2/apps":
		return s.newApp
	}
	below, ok := s.inApp(c)
	switch {
	case !ok:
		return nil
	case method == http.MethodGet && below == "":
		return s.showApp
	case method == http.MethodDelete && below == "" && c.app != s.AppID: // no client has any business deleting the other
		return s.deleteApp
	case method == http.MethodDelete && below == "/data":
		return s.sweep
	case method == http.MethodPost || method == http.MethodGet:
		return s.records(c, below)
	}
	return nil
}

// records is what posts or reads records of the kind that a path names.
func (s *Server) records(c *call, below string) func(*call) reply {
	for _, kind := range authomize.SweptKinds {
		switch {
		case below != kind.Path():
		case c.r.Method == http.MethodGet:
			return func(c *call) reply { return s.read(c, kind) }
		case kind != authomize.Identities: // which no client here posts
			c.kind = kind
			return s.post
		}
	}
	return nil
}

// post answers a batch.
func (s *Server) post(c *call) reply {
	if s.discard {
		return s.receipt(c, len(c.items), nil)
	}
	if bad := malformedMail(c); bad != nil {
		return unprocessable(bad...)
	}
	s.mu.Lock()
	accepted, refs := c.held.apply(c.kind, c.items, c.at.Add(c.clocks.Modified), s.rules)
	s.mu.Unlock()
	if s.countInvalid {
		accepted = len(c.items)
	}
	return s.receipt(c, accepted, refs)
}

func (s *Server) receipt(c *call, accepted int, refs map[string][]string) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requestCounter++
	body := map[string]any{
		"requestId":                fmt.Sprintf("request-%d", s.requestCounter),
		"acceptedTimestamp":        c.accepted(),
		"numberOfAcceptedEntities": accepted,
	}
	lists := map[string]any{}
	for _, l := range listsOf(c.kind) {
		lists["valid"+l], lists["invalid"+l] = orEmpty(refs["valid"+l]), orEmpty(refs["invalid"+l])
	}
	if c.kind == authomize.Groupings || c.kind == authomize.Assets {
		maps.Copy(body, lists)
		lists = map[string]any{}
	}
	body["data"] = lists
	return reply{status: http.StatusOK, body: body}
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// stamp writes a time as the API does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000-07:00") }

// sweep deletes what was last posted before a time.
func (s *Server) sweep(c *call) reply {
	raw := c.r.URL.Query().Get("modifiedBefore")
	before, err := time.Parse(time.RFC3339Nano, raw)
	if raw == "" || err != nil {
		s.violate(c.r, "a sweep without modifiedBefore, or with one that is no time with a zone")
		return unprocessable(detail{Loc: []any{"query", "modifiedBefore"}, Type: "value_error.datetime"})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	log := SweepLog{ModifiedBefore: before.UTC(), Deleted: map[authomize.Kind]int{}}
	for _, d := range c.held.sweep(before.UTC()) {
		d.App, d.At = c.app, c.at
		s.deleted = append(s.deleted, d)
		log.Deleted[d.Kind]++
	}
	s.sweeps = append(s.sweeps, log)
	s.requestCounter++
	return reply{status: http.StatusOK, body: map[string]any{
		"requestId": fmt.Sprintf("request-%d", s.requestCounter), "acceptedTimestamp": c.accepted(),
	}}
}
