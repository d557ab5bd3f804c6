package authomizetest

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// Base answers requests in this process, without network. It is fast, and
// works where time is virtual.
func (s *Server) Base() http.RoundTripper { return base{s} }

type base struct{ s *Server }

func (b base) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	o := b.s.handle(in)
	if o.cut {
		return nil, io.EOF
	}
	resp := &http.Response{
		Status: strconv.Itoa(o.status) + " " + http.StatusText(o.status), StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: o.header, ContentLength: int64(len(o.body)), Request: r, Body: io.NopCloser(bytes.NewReader(o.body)),
	}
	return resp, nil
}
