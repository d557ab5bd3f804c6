package runtimeapi

import (
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
)

// maxBody is the most that Lambda takes as an answer.
const maxBody = 6 << 20 // bytes

// invocation is an event on its way through the process.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	answer   chan Answer // takes one
}

// An api is the runtime API of one process.
type api struct {
	arn      string
	http     *http.Server
	events   chan *invocation
	mu       sync.Mutex
	current  *invocation
	initErr  []byte
	unknown  []string // requests that Lambda would not know
	closed   chan struct{}
	polled   sync.Once
	polledAt time.Time
	ready    chan struct{} // closed at the first poll, after polledAt is set
}

func newAPI(listener net.Listener, arn string) *api {
	a := &api{arn: arn, events: make(chan *invocation), closed: make(chan struct{}), ready: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", a.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		a.take(w, r, false)
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		a.take(w, r, true)
	})
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", a.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", a.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", a.block)
	mux.HandleFunc("/", a.refuse)
	a.http = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = a.http.Serve(listener) }() // ends with ErrServerClosed, by close
	return a
}

func (a *api) close() {
	close(a.closed)
	_ = a.http.Close() // the listener is gone either way
}

// next blocks until there is an event, as Lambda's does while the process is
// frozen.
func (a *api) next(w http.ResponseWriter, r *http.Request) {
	a.polled.Do(func() {
		a.polledAt = time.Now()
		close(a.ready)
	})
	select {
	case i := <-a.events:
		a.mu.Lock()
		a.current = i
		a.mu.Unlock()
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", a.arn)
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0")
		_, _ = w.Write(i.event) // a process that is gone is noticed by its exit
	case <-r.Context().Done():
	case <-a.closed:
	}
}

// take hands an answer to the invocation that it belongs to.
func (a *api) take(w http.ResponseWriter, r *http.Request, failed bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	a.mu.Lock()
	i := a.current
	if i == nil || i.id != r.PathValue("id") || err != nil {
		a.mu.Unlock()
		a.refuse(w, r)
		return
	}
	a.current = nil
	a.mu.Unlock()
	answer := Answer{RequestID: i.id}
	if failed {
		answer.Failure = body
	} else {
		answer.Payload = body
	}
	i.answer <- answer
	w.WriteHeader(http.StatusAccepted)
}

func (a *api) initError(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	a.mu.Lock()
	a.initErr = body
	a.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// register lets the runtime client ask for SIGTERM, which Lambda sends only to
// environments with an extension.
func (a *api) register(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Lambda-Extension-Identifier", uuid.NewString())
	w.WriteHeader(http.StatusOK)
}

// block never answers: the extension asked for no events.
func (a *api) block(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-a.closed:
	}
}

func (a *api) refuse(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.unknown = append(a.unknown, r.Method+" "+r.URL.Path)
	a.mu.Unlock()
	http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
}
