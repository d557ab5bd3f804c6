package authomizetest

import (
	"mime"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/authomize"
)

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
