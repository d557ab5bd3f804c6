package oracle

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A bridge carries requests from a bubble of virtual time to a fake that listens
// on a port outside of it. It keeps the fake's clock: the virtual time of the
// last request or change.
type bridge struct {
	free  chan *lane
	stamp atomic.Int64
	// behind is how far the fake's clock is behind.
	behind time.Duration
	asked  sync.Map // by path: what to do before PingOne is asked for it
	// away answers in place of PingOne while it is out of reach; nil: it never is.
	away func(*http.Request) (*http.Response, error)
}

// A lane carries one request at a time. Its channels are made outside of the
// bubble, so that waiting on them lets no virtual time pass.
type lane struct {
	in  chan *http.Request
	out chan carried
}

type carried struct {
	resp *http.Response
	err  error
}

const lanes = 64

func newBridge(t testing.TB) *bridge {
	b := &bridge{free: make(chan *lane, lanes)}
	tr := &http.Transport{MaxIdleConnsPerHost: lanes}
	for range lanes {
		l := &lane{make(chan *http.Request), make(chan carried)}
		b.free <- l
		go l.work(tr)
	}
	t.Cleanup(func() {
		for range lanes {
			close((<-b.free).in)
		}
		tr.CloseIdleConnections()
	})
	return b
}

func (l *lane) work(tr *http.Transport) {
	for r := range l.in {
		resp, err := tr.RoundTrip(r)
		if err == nil {
			body, broken := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{broken}))
		}
		l.out <- carried{resp, err}
	}
}

// failing is the end of a body that broke off.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// RoundTrip implements http.RoundTripper. It does not keep r: its context
// belongs to the bubble.
func (b *bridge) RoundTrip(r *http.Request) (*http.Response, error) {
	b.touch()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	if b.away != nil {
		if resp, err := b.away(r); resp != nil || err != nil {
			return resp, err
		}
	}
	out, err := http.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header = r.Header.Clone()
	if do, ok := b.asked.LoadAndDelete(r.URL.Path); ok {
		do.(func())()
	}
	l := <-b.free
	defer func() { b.free <- l }()
	l.in <- out
	a := <-l.out
	if a.err == nil {
		a.resp.Request = r
	}
	return a.resp, a.err
}

// touch sets the fake's clock to now.
func (b *bridge) touch() { b.stamp.Store(time.Now().Add(-b.behind).UnixNano()) }

func (b *bridge) clock() time.Time { return time.Unix(0, b.stamp.Load()).UTC() }
