package authomizetest

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

// A call is one request on its way through the server.
type call struct {
	r     *http.Request
	at    time.Time
	app   string         // id
	held  store          // of the app
	kind  authomize.Kind // of a post of records
	body  []byte
	items []jsontext.Value
}

// A reply is what will be sent.
type reply struct {
	status  int
	header  map[string]string
	body    any // a jsontext.Value is sent as it is, other values as JSON
	cut     bool
	stall   bool // until the client gives up
	altered bool // by a fault, so that it need not fit the API description
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	c := &call{r: r, at: s.now().UTC()}
	w.Header().Set("Date", c.at.Format(http.TimeFormat)) // by the clock that dates all else
	body, err := readBody(r)
	if err != nil {
		s.violate(r, "the body can't be read")
		panic(http.ErrAbortHandler)
	}
	c.body = body
	rep := s.answer(c)
	s.log(c, rep)
	if rep.cut {
		panic(http.ErrAbortHandler) // closes the connection without a reply
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
	w.Header().Set("Content-Type", "application/json")
	for k, v := range rep.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(rep.status)
	if rep.stall {
		_, _ = w.Write(out[:len(out)-1])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return
	}
	_, _ = w.Write(out) // the client may be gone
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
	return json.Marshal(v)
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
	if c.r.URL.Path != "/is_alive" && c.r.Header.Get("Authorization") != s.Token {
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
	case method == http.MethodGet && path == "/is_alive":
		return func(*call) reply { return reply{status: 200, body: map[string]bool{"isAlive": true}} }
	case method == http.MethodGet && path == "/me":
		return func(*call) reply {
			return reply{status: 200, body: authomize.Me{ID: "fake-user", Tenant: "fake-tenant", Version: "4.6.8"}}
		}
	}
	if method == http.MethodPost && path == "/v2/apps" {
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
	for _, kind := range authomize.Kinds {
		switch {
		case below != kind.Path():
		case c.r.Method == http.MethodGet:
			return func(c *call) reply { return s.read(c, kind) }
		default:
			c.kind = kind
			return s.post
		}
	}
	return nil
}

// check is everything about a request that a correct client gets right.
func (s *Server) check(c *call) (refused reply, ok bool) {
	if s.discard {
		c.items = countItems(c.body)
		return reply{}, true
	}
	if s.spec != nil {
		if err := s.spec.checkRequest(c); err != nil {
			s.violate(c.r, "API description: %v", err)
		}
	}
	if c.kind == "" {
		if len(c.body) > 0 && c.r.Method != http.MethodPost {
			s.violate(c.r, "a body where none belongs")
		}
		return reply{}, true
	}
	mt, _, _ := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if mt != "application/json" {
		s.violate(c.r, "content type is not application/json")
	}
	if c.r.URL.RawQuery != "" {
		s.violate(c.r, "a query where none belongs")
	}
	if len(c.body) >= authomize.MaxBodyBytes {
		s.violate(c.r, "a body of %d bytes", len(c.body))
		return failure(http.StatusRequestEntityTooLarge, "Request Entity Too Large"), false
	}
	return s.checkItems(c)
}

func (s *Server) checkItems(c *call) (refused reply, ok bool) {
	var list struct {
		Data []jsontext.Value `json:"data"`
	}
	if err := json.Unmarshal(c.body, &list, json.RejectUnknownMembers(true)); err != nil {
		s.violate(c.r, "the body is not {\"data\":[…]}")
		return unprocessable(detail{Loc: []any{"body"}, Type: "value_error.jsondecode"}), false
	}
	if n := len(list.Data); n == 0 || n > authomize.MaxItems {
		s.violate(c.r, "%d items", n)
		return unprocessable(detail{Loc: []any{"body", "data"}, Type: "value_error.list.max_items"}), false
	}
	c.items = list.Data
	var faults []detail
	for i, item := range list.Data {
		for _, p := range schemas[c.kind].check(item) {
			s.violate(c.r, "item %d: field %s: %s", i, p.field, p.kind)
			faults = append(faults, detail{Loc: []any{"body", "data", i, p.field}, Type: p.kind})
		}
	}
	if faults != nil {
		rep := unprocessable(faults...)
		rep.altered = true // integers in loc, as FastAPI sends them and its description doesn't have them
		return rep, false
	}
	return reply{}, true
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
	accepted, refs := c.held.apply(c.kind, c.items, c.at, s.rules)
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
		"acceptedTimestamp":        stamp(c.at),
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
	s.sweeps = append(s.sweeps, SweepLog{ModifiedBefore: before.UTC(), Deleted: c.held.sweep(before)})
	s.requestCounter++
	return reply{status: http.StatusOK, body: map[string]any{
		"requestId": fmt.Sprintf("request-%d", s.requestCounter), "acceptedTimestamp": stamp(c.at),
	}}
}

// A detail is one fault of a 422, as FastAPI words it.
type detail struct {
	Loc  []any  `json:"loc"`
	Msg  string `json:"msg"`
	Type string `json:"type"`
}

func unprocessable(faults ...detail) reply {
	return reply{status: http.StatusUnprocessableEntity, body: map[string]any{"detail": faults}}
}

func failure(status int, text string) reply {
	return reply{status: status, body: map[string]string{"detail": text}, altered: true}
}
