// Package authomizetest runs an Authomize for tests and demonstrations: the
// connector API over real HTTP, in this process. It keeps what is posted as
// Authomize would, answers with receipts, sweeps, and is strict: whatever a
// correct client would never send is a violation. Faults strike by a fixed
// schedule, so that a test is the same each time.
package authomizetest

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/authomize"
)

// What a server accepts by default.
const (
	DefaultToken = "atm-fake-token" //nolint:gosec // opens nothing but this fake
	DefaultApp   = "fake-app"
)

// A Server is a running fake. All methods are safe for concurrent use.
type Server struct {
	// URL is the base address, http on 127.0.0.1, without trailing slash.
	URL   string
	Token string
	AppID string

	now            func() time.Time
	clocks         Clocks
	local          bool // no port
	discard        bool
	countInvalid   bool
	refuseApps     bool
	rules          rules
	spec           *spec
	loadSpec       func() (*spec, error)
	http           *http.Server
	client         *http.Client
	mu             sync.Mutex
	store          store
	throwaways     map[string]store // apps made by a client, by id; nil once deleted
	faults         []*scheduled
	posts          []PostLog
	sweeps         []SweepLog
	deleted        []Deletion
	requests       []RequestLog
	violations     []string
	expected       []string
	requestCounter int
}

// An Option changes a server before it starts.
type Option func(*Server)

// WithToken sets the only token that is accepted.
func WithToken(token string) Option { return func(s *Server) { s.Token = token } }

// WithOpenAPI checks each request, and each reply that no fault has changed,
// against the API description in this file as well. The file is read once for
// all servers that are given the same Option value.
func WithOpenAPI(path string) Option {
	load := sync.OnceValues(func() (*spec, error) { return loadSpec(path) })
	return func(s *Server) { s.loadSpec = load }
}

// WithClock sets where times come from: of receipts, and of when a record was
// last posted. It is called once a request, possibly several at once.
func WithClock(now func() time.Time) Option { return func(s *Server) { s.now = now } }

// Clocks are by how much the server's times are ahead of WithClock's; negative:
// behind.
type Clocks struct {
	Accepted time.Duration // acceptedTimestamp
	Date     time.Duration // the header
	Modified time.Duration // when records were last posted, which startDate and sweeps compare with
}

// WithClocks sets the clocks apart.
func WithClocks(c Clocks) Option { return func(s *Server) { s.clocks = c } }

// SetClocks sets the clocks apart from now on.
func (s *Server) SetClocks(c Clocks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clocks = c
}

// WithoutNetwork opens no port: the server is reached through Base and Client
// alone.
func WithoutNetwork() Option { return func(s *Server) { s.local = true } }

// WithInvalidCounted makes receipts count records with invalid references as
// accepted: what the real API does is not documented. They are not stored either way.
func WithInvalidCounted() Option { return func(s *Server) { s.countInvalid = true } }

// WithoutNewApps refuses clients that want to make an app.
func WithoutNewApps() Option { return func(s *Server) { s.refuseApps = true } }

// WithThrowaway adds an empty app that a client may delete, as if somebody had
// made it by hand.
func WithThrowaway(id string) Option { return func(s *Server) { s.throwaways[id] = newStore() } }

// WithoutServiceAccountsInGroupings refuses service accounts where an
// account joins a grouping: the API documents it for users only.
func WithoutServiceAccountsInGroupings() Option {
	return func(s *Server) { s.rules.usersOnly = true }
}

// WithoutRefresh lets a record that is posted again keep its first time, so
// that a sweep takes it.
func WithoutRefresh() Option { return func(s *Server) { s.rules.noRefresh = true } }

// SetRefresh says whether a record that is posted again is new to a sweep, as
// it is at first.
func (s *Server) SetRefresh(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules.noRefresh = !on
}

// Discard makes the server count posted records, and neither check nor keep
// them: for benchmarks.
func Discard() Option { return func(s *Server) { s.discard = true } }

// WithFaults adds faults; they are asked in this order.
func WithFaults(faults ...Fault) Option { return func(s *Server) { s.AddFaults(faults...) } }

// New starts a server that stops when the test ends. Violations that were not
// expected are errors of the test.
func New(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := Start(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		for _, v := range s.Violations() {
			if !s.isExpected(v) {
				t.Errorf("authomizetest: %s", v)
			}
		}
	})
	return s
}

// Start starts a server; the caller closes it. The error is that of the port,
// or of an API description that can't be read.
func Start(opts ...Option) (*Server, error) {
	s := &Server{Token: DefaultToken, AppID: DefaultApp, now: time.Now, store: newStore(), throwaways: map[string]store{}}
	for _, o := range opts {
		o(s)
	}
	if s.loadSpec != nil {
		var err error
		if s.spec, err = s.loadSpec(); err != nil {
			return nil, fmt.Errorf("read API description: %w", err)
		}
	}
	s.client = &http.Client{Transport: bearer{token: s.Token, base: s.Base()}}
	if s.local {
		s.URL = "http://127.0.0.1:1"
		return s, nil
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start fake Authomize: %w", err)
	}
	s.URL = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	s.client = &http.Client{Transport: bearer{token: s.Token, base: &http.Transport{MaxIdleConnsPerHost: 16}}}
	go func() { _ = s.http.Serve(l) }() // ends with ErrServerClosed, by Close
	return s, nil
}

// Close stops the server and cuts the requests that are under way.
func (s *Server) Close() {
	if s.http != nil {
		_ = s.http.Close()
	}
	s.client.CloseIdleConnections()
}

// Client returns an HTTP client that adds the token, and nothing else.
func (s *Server) Client() *http.Client { return s.client }

type bearer struct {
	token string
	base  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", b.token)
	return b.base.RoundTrip(r)
}

// CloseIdleConnections lets http.Client do so.
func (b bearer) CloseIdleConnections() { (&http.Client{Transport: b.base}).CloseIdleConnections() }

// AddFaults adds faults to the schedule; each counts requests from now on.
func (s *Server) AddFaults(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &scheduled{Fault: f})
	}
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// A PostLog is one well-formed post of records.
type PostLog struct {
	Kind   authomize.Kind
	Items  int
	Bytes  int
	Status int // of the reply; 0: the connection was cut
}

// A SweepLog is one sweep.
type SweepLog struct {
	ModifiedBefore time.Time
	Deleted        map[authomize.Kind]int // kinds with nothing deleted are left out
}

// A RequestLog is one request of any sort.
type RequestLog struct {
	Method, Path, Query string
	Status              int // of the reply; 0: the connection was cut
}

// Throwaways returns the apps that clients made: of each whether it is still
// there.
func (s *Server) Throwaways() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[string]bool{}
	for id, held := range s.throwaways {
		there[id] = held != nil
	}
	return there
}

// Posts returns the posts so far, in order of their replies.
func (s *Server) Posts() []PostLog { return locked(s, &s.posts) }

// Sweeps returns the sweeps so far.
func (s *Server) Sweeps() []SweepLog { return locked(s, &s.sweeps) }

// Requests returns all requests so far, in order of their replies.
func (s *Server) Requests() []RequestLog { return locked(s, &s.requests) }

// Violations returns what no correct client would have sent, the expected
// ones included. The texts hold no value of a record.
func (s *Server) Violations() []string { return locked(s, &s.violations) }

func locked[T any](s *Server, list *[]T) []T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(*list)
}

// ExpectViolation makes violations that contain text no error of the test.
func (s *Server) ExpectViolation(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected = append(s.expected, text)
}

func (s *Server) isExpected(violation string) bool {
	return slices.ContainsFunc(locked(s, &s.expected), func(text string) bool { return strings.Contains(violation, text) })
}

func (s *Server) violate(r *http.Request, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = append(s.violations, r.Method+" "+r.URL.Path+": "+fmt.Sprintf(format, args...))
}
