package pingonetest

import (
	"time"

	"golang.org/x/time/rate"
)

// An Option changes how a Server behaves.
type Option func(*settings)

type settings struct {
	authMethod       string
	tokenLifetime    time.Duration
	clock            func() time.Time
	publicURL        string
	pageMax          int
	count            CountMode
	noSize           bool
	dynamicNotDirect bool
	noUserCounts     bool
	noGroupCounts    bool
	updatedAt        bool
	limiter          *rate.Limiter
	latency          time.Duration
	countOnly        bool
	lenient          bool
	denials          []denial
	faults           []Fault
}

// WithAuthMethod sets how the worker application must prove itself: "basic"
// (default) or "post". The other one is refused.
func WithAuthMethod(method string) Option { return func(s *settings) { s.authMethod = method } }

// WithTokenLifetime sets how long a token lives; one hour by default. The
// reply's expires_in is in whole seconds.
func WithTokenLifetime(d time.Duration) Option { return func(s *settings) { s.tokenLifetime = d } }

// WithClock sets the clock by which tokens expire.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.clock = now } }

// WithPublicURL sets the start of all links (scheme and host, no slash at the
// end) in place of the server's own address.
func WithPublicURL(u string) Option { return func(s *settings) { s.publicURL = u } }

// WithPageMax lets no page of users, groups, populations, environments,
// devices or activities hold more than n, whatever limit was asked for.
func WithPageMax(n int) Option { return func(s *settings) { s.pageMax = n } }

// CountMode says what the count of a paged collection is.
type CountMode int

// The ways to count.
const (
	CountRight   CountMode = iota
	CountMissing           // no count at all
	CountWrong             // a number that is too high
)

// WithCount sets what the count of a paged collection is.
func WithCount(m CountMode) Option { return func(s *settings) { s.count = m } }

// WithoutSize leaves size out of pages.
func WithoutSize() Option { return func(s *settings) { s.noSize = true } }

// DynamicNotDirect makes members of dynamic filters match only queries
// without a type. By default they match type DIRECT too.
func DynamicNotDirect() Option { return func(s *settings) { s.dynamicNotDirect = true } }

// WithoutUserCounts leaves the users out of a group's directMemberCounts.
func WithoutUserCounts() Option { return func(s *settings) { s.noUserCounts = true } }

// WithoutGroupCounts leaves the groups out of a group's directMemberCounts, as
// PingOne's reference does.
func WithoutGroupCounts() Option { return func(s *settings) { s.noGroupCounts = true } }

// WithUpdatedAt lets users be filtered by updatedAt. By default that is
// refused: PingOne's documentation says both.
func WithUpdatedAt() Option { return func(s *settings) { s.updatedAt = true } }

// WithRate answers 429 REQUEST_LIMITED to requests beyond this rate, with a
// Retry-After in seconds. Token requests are free.
func WithRate(requestsPerSecond float64, burst int) Option {
	return func(s *settings) { s.limiter = rate.NewLimiter(rate.Limit(requestsPerSecond), burst) }
}

// WithLatency delays every reply.
func WithLatency(d time.Duration) Option { return func(s *settings) { s.latency = d } }

// CountOnly keeps no request log, only counts by route: for long runs.
func CountOnly() Option { return func(s *settings) { s.countOnly = true } }

// AllowViolations keeps violations without failing the test.
func AllowViolations() Option { return func(s *settings) { s.lenient = true } }

// WithDeny answers paths that match the pattern with this status and code, as
// Server.Deny does.
func WithDeny(pattern string, status int, code string) Option {
	return func(s *settings) { s.denials = append(s.denials, denial{pattern, status, code}) }
}

// WithFaults schedules faults, as Server.Inject does.
func WithFaults(faults ...Fault) Option {
	return func(s *settings) { s.faults = append(s.faults, faults...) }
}
