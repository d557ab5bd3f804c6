package pingone

import (
	"net/http"
	"sync/atomic"
	"time"
)

// agreement is how far two clocks may differ and still count as one: a header
// has whole seconds, and travels.
const agreement = 5 * time.Second

// A clock is ours, and how far PingOne's is from it. It is safe for
// concurrent use.
type clock struct {
	now  func() time.Time
	skew atomic.Int64 // PingOne's time less ours, in nanoseconds; 0 while they agree
}

// hear takes the time from a reply's header, if it has one.
func (c *clock) hear(h http.Header) {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	skew := at.Sub(c.now())
	if skew.Abs() <= agreement {
		skew = 0
	}
	c.skew.Store(int64(skew))
}

// read returns both times in order.
func (c *clock) read() (earlier, later time.Time) {
	now := c.now().UTC()
	skew := time.Duration(c.skew.Load())
	return now.Add(min(skew, 0)), now.Add(max(skew, 0))
}
