package pingonetest

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
)

// FaultKind is a way to fail.
type FaultKind int

// The ways to fail. Kinds that spoil a page do nothing to an error reply.
const (
	// FaultStatus answers with Status, Code and RetryAfter.
	FaultStatus FaultKind = iota
	// FaultReset breaks the connection before the reply.
	FaultReset
	// FaultResetBody breaks the connection after half of the body.
	FaultResetBody
	// FaultTruncate sends half of the body as if it were all.
	FaultTruncate
	// FaultHTML answers 200 with a page of HTML.
	FaultHTML
	// FaultLose leaves items out of a list that is not filtered, or of any list
	// with Filtered, as a cursor that lost its position does. Of a list of members or
	// memberships that is a tie.
	FaultLose
	// FaultForeignNext points the next link at https://pingone.invalid.
	FaultForeignNext
	// FaultLoopNext points the next link at the request itself.
	FaultLoopNext
	// FaultToken ends the request's token and answers 401 INVALID_TOKEN.
	FaultToken
	// FaultCall runs Call and goes on, without any lock held.
	FaultCall
	// FaultEdit sends what Edit makes of the reply.
	FaultEdit
)

// A Fault breaks some requests, on a fixed schedule.
type Fault struct {
	// Match is a path pattern as of Server.Deny; "" matches every path. Query,
	// if set, must occur in the decoded query.
	Match string
	Query string
	// From is the first matching request to break, counted from 1 (0 is 1),
	// and Times how many (0 is 1, negative is all). Every matching request
	// counts, refused ones too.
	From  int
	Times int
	Do    FaultKind

	Status int
	Code   string
	// RetryAfter is sent in whole seconds; 0 is none.
	RetryAfter time.Duration
	// LoseIf chooses what FaultLose leaves out by the item's own id, rows of an
	// exploration by the user's.
	LoseIf    func(pingone.ID) bool
	Filtered  bool // FaultLose works on filtered lists, too
	KeepCount bool // FaultLose leaves count as it was; size is that of the page
	Call      func(*Organization)
	Edit      func(body string) string // of FaultEdit
}

type scheduled struct {
	Fault
	seen int
}

// Inject adds faults to the schedule. Of several that hit one request, the
// first counts.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		f.From = max(f.From, 1)
		if f.Times == 0 {
			f.Times = 1
		}
		s.faults = append(s.faults, &scheduled{Fault: f})
	}
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike counts a request and returns the fault that hits it, if any.
func (s *Server) strike(path, rawQuery string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit *Fault
	for _, f := range s.faults {
		if f.Match != "" && !matches(f.Match, path) {
			continue
		}
		if f.Query != "" {
			query, err := url.QueryUnescape(rawQuery)
			if err != nil || !strings.Contains(query, f.Query) {
				continue
			}
		}
		f.seen++
		if hit == nil && f.seen >= f.From && (f.Times < 0 || f.seen < f.From+f.Times) {
			hit = &f.Fault
		}
	}
	return hit
}

// loses tells whether the fault leaves an item out, which is not counted then.
func (c *call) loses(id pingone.ID) bool {
	f := c.fault
	if f == nil || f.Do != FaultLose || !f.LoseIf(id) {
		return false
	}
	if _, filtered := c.param("filter"); filtered && !f.Filtered {
		return false
	}
	c.lost++
	return true
}

// uncounted is the number of items that the list's count leaves out.
func (c *call) uncounted() int {
	if c.fault != nil && c.fault.KeepCount {
		return 0
	}
	return c.lost
}

// early does what comes before any reply; false means that there won't be one.
func (s *Server) early(w http.ResponseWriter, c *call) bool {
	if c.fault == nil {
		return true
	}
	switch c.fault.Do {
	case FaultReset:
		reset(w)
		return false
	case FaultCall:
		c.fault.Call(s.org)
	}
	return true
}

// replace is the reply of kinds that have one of their own, else nil.
func (f *Fault) replace(c *call) error {
	switch f.Do {
	case FaultStatus:
		e := refusal(f.Status, orElse(f.Code, "UNEXPECTED_ERROR"))
		if f.RetryAfter > 0 {
			e.retryAfter = strconv.Itoa(int(f.RetryAfter / time.Second))
		}
		return e
	case FaultHTML:
		return &apiError{status: http.StatusOK, html: "<!doctype html><title>Maintenance</title>"}
	case FaultToken:
		c.s.revoke(c.r)
		return invalidToken()
	}
	return nil
}

// reset ends the connection with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	drop(conn)
}

func drop(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // worst case it closes in the ordinary way
	}
	_ = conn.Close() // nothing to save
}

// resetAfterHalf sends half of what the length promises. The end is a plain
// close: a reset could overtake the half that was sent.
func resetAfterHalf(w http.ResponseWriter, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body[:len(body)/2]) // the client may be gone
	control := http.NewResponseController(w)
	_ = control.Flush()
	conn, _, err := control.Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// matches compares a path with a pattern: * is one segment, a final ** any rest.
func matches(pattern, path string) bool {
	for {
		p, restP, moreP := strings.Cut(pattern, "/")
		if p == "**" && !moreP {
			return true
		}
		s, restS, moreS := strings.Cut(path, "/")
		if p != "*" && p != s {
			return false
		}
		if !moreP || !moreS {
			return moreP == moreS
		}
		pattern, path = restP, restS
	}
}
