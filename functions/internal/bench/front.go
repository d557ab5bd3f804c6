package main

import (
	"context"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A front stands between one function and the fake AWS: it counts the requests
// to S3, and takes the function's invocations of itself.
type front struct {
	url  string
	http *http.Server

	mu   sync.Mutex
	s3   map[string]int
	next [][]byte // payloads
}

func startFront(ctx context.Context, aws string) (*front, error) {
	target, err := url.Parse(aws)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{url: "http://" + l.Addr().String(), s3: map[string]int{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /2015-03-31/functions/{function}/invocations", f.invoke)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		f.count(r)
		proxy.ServeHTTP(w, r)
	})
	f.http = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = f.http.Serve(l) }() // ends with ErrServerClosed, by close
	return f, nil
}

func (f *front) close() { _ = f.http.Close() } // nothing to be done about it

func (f *front) invoke(w http.ResponseWriter, r *http.Request) {
	payload, _ := io.ReadAll(r.Body) // a broken one fails as an event
	f.mu.Lock()
	f.next = append(f.next, payload)
	f.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

func (f *front) count(r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "" {
		return // Secrets Manager
	}
	kind := r.Method
	if r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "list-type") {
		kind = "LIST"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.s3[kind]++
}

// requests are those to S3 so far, by method.
func (f *front) requests() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.s3)
}

// continuation is the event that the function sent itself last, if any.
func (f *front) continuation() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.next) == 0 {
		return nil
	}
	event := f.next[0]
	f.next = f.next[1:]
	return event
}
