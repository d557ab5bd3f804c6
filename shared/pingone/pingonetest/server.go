package pingonetest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"pingone-authomize/shared/pingone"
)

// A Server is a running fake. Its methods may be called at any time, from any
// goroutine.
type Server struct {
	// URL is the address, http://127.0.0.1:port, of the API (add /v1) and of
	// the token endpoints.
	URL string
	// ClientID and ClientSecret are the credentials at the start; see RotateSecret.
	ClientID     string
	ClientSecret string

	org    *Organization
	set    settings
	public string
	routes []route
	http   *http.Server
	stop   context.CancelFunc
	served chan struct{}
	log    requestLog
	pool   sync.Pool

	mu         sync.Mutex
	secret     string
	tokens     map[string]*token
	violations []string
	denials    []denial
	faults     []*scheduled
	feedDelay  time.Duration
	explored   []*exploration // newest last
}

type denial struct {
	pattern string
	status  int
	code    string
}

// New serves org until the test ends, and then fails the test for each
// violation.
func New(t testing.TB, org *Organization, opts ...Option) *Server {
	t.Helper()
	s, err := Start(org, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if s.set.lenient {
			return
		}
		for _, v := range s.Violations() {
			t.Errorf("pingonetest: %s", v)
		}
	})
	return s
}

// Start serves org until Close. The caller reads Violations.
func Start(org *Organization, opts ...Option) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the fake PingOne: %w", err)
	}
	s := &Server{
		URL: "http://" + listener.Addr().String(), ClientID: org.Client.String(), ClientSecret: randomText(),
		org: org, set: settings{tokenLifetime: time.Hour, inheritedBy: "group"},
		tokens: map[string]*token{}, served: make(chan struct{}),
	}
	for _, o := range opts {
		o(&s.set)
	}
	if s.ClientID == "" {
		s.ClientID = uuid.NewString()
	}
	s.public, s.secret = s.URL, s.ClientSecret
	s.denials = s.set.denials
	s.routes = routes()
	s.log.countOnly = s.set.countOnly

	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(listener) // always http.ErrServerClosed after Close
	}()
	return s, nil
}

// Close stops the server and breaks requests under way. It may be called twice.
func (s *Server) Close() {
	s.stop()
	_ = s.http.Close() // the listener and its connections are gone either way
	<-s.served
}

// TokenEndpoint is the token endpoint of an environment.
func (s *Server) TokenEndpoint(env pingone.ID) string {
	return s.URL + "/" + env.String() + "/as/token"
}

// Violations are the requests that no correct client sends, in order.
func (s *Server) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

func (s *Server) violate(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, fmt.Sprintf(format, args...))
}

// Deny answers paths that match the pattern with this status and code from
// now on, e.g. Deny("/v1/environments/*/gateways", 403, "ACCESS_FAILED"). In
// a pattern * stands for one segment and a final ** for any rest.
func (s *Server) Deny(pattern string, status int, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denials = append(s.denials, denial{pattern, status, code})
}

// Permit takes the denials of a pattern back.
func (s *Server) Permit(pattern string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denials = slices.DeleteFunc(slices.Clone(s.denials), func(d denial) bool { return d.pattern == pattern })
}

// DelayFeed shows audit events only so long after they were recorded, from now on.
func (s *Server) DelayFeed(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feedDelay = d
}

func (s *Server) denied(path string) *apiError {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.denials {
		if matches(d.pattern, path) {
			return refusal(d.status, d.code)
		}
	}
	return nil
}

func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
