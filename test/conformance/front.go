package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// maxBody is beyond what either API sends or takes.
const maxBody = 64 << 20 // bytes

// A front is what the product talks to in place of one vendor. It asks the
// vendor's fake through Prism and notes what Prism says, which the product
// never sees.
type front struct {
	url     string
	vendor  vendor
	inner   string // Prism's address
	http    *http.Server
	client  *http.Client
	verdict *verdict

	mu    sync.Mutex
	posts []post
}

// A vendor is one of the two APIs: its description, and its fake.
type vendor struct {
	name        string
	description string // file
	fake        string // base address, as it stands in the fake's links
	// unknown is a part of every path that the description leaves out.
	unknown string
}

// A post is what was sent with a POST.
type post struct {
	Path string `json:"path"`
	Body string `json:"body"`
}

func startFront(ctx context.Context, v vendor, prism string, verdict *verdict) (*front, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{
		url: "http://" + l.Addr().String(), vendor: v, inner: prism, verdict: verdict,
		// Node closes a connection that was idle for five seconds, maybe in the moment
		// in which a post is sent on it, which nobody sends again.
		client: &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{
			MaxIdleConnsPerHost: 64, DisableCompression: true, IdleConnTimeout: 2 * time.Second,
		}},
	}
	f.http = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = f.http.Serve(l) }() // ends with ErrServerClosed, by close
	return f, nil
}

func (f *front) close() {
	_ = f.http.Close() // nothing to be done about it
	f.client.CloseIdleConnections()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil {
		err = f.pass(w, r, body)
	}
	if err != nil {
		f.verdict.fault("%s %s: %v", r.Method, r.URL.Path, err)
		w.WriteHeader(http.StatusBadGateway)
	}
}

// pass asks Prism what was asked here, and answers what it answers, with the
// fake's links leading here.
func (f *front) pass(w http.ResponseWriter, r *http.Request, body []byte) error {
	if r.Method == http.MethodPost {
		f.mu.Lock()
		f.posts = append(f.posts, post{r.URL.Path, string(body)})
		f.mu.Unlock()
	}
	path := strings.TrimPrefix(r.URL.RequestURI(), f.vendor.unknown)
	req, err := http.NewRequestWithContext(r.Context(), r.Method, f.inner+path, bytes.NewReader(body)) //nolint:gosec // a path on this machine
	if err != nil {
		return err
	}
	req.Header = r.Header.Clone()
	resp, err := f.client.Do(req) //nolint:gosec // to Prism on this machine
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return err
	}
	f.verdict.hear(f.vendor.name, r, resp)
	for name, values := range resp.Header {
		if name != violationsHeader && name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(bytes.ReplaceAll(reply, []byte(f.vendor.fake), []byte(f.url))) // the product may be gone
	return nil
}
