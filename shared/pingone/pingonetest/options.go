package pingonetest

import "time"

// An Option changes how a Server behaves.
type Option func(*settings)

type settings struct {
	tokenLifetime    time.Duration
	pageMax          int
	count            CountMode
	noSize           bool
	noUserCounts     bool
	noGroupCounts    bool
	inheritedBy      string
	numericDates     bool
	rowWithoutDevice bool
	latency          time.Duration
	countOnly        bool
	lenient          bool
	denials          []denial
}

// WithTokenLifetime sets how long a token lives; one hour by default. The
// reply's expires_in is in whole seconds.
func WithTokenLifetime(d time.Duration) Option { return func(s *settings) { s.tokenLifetime = d } }

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

// WithoutUserCounts leaves the users out of a group's directMemberCounts.
func WithoutUserCounts() Option { return func(s *settings) { s.noUserCounts = true } }

// WithoutGroupCounts leaves the groups out of a group's directMemberCounts, as
// PingOne's reference does.
func WithoutGroupCounts() Option { return func(s *settings) { s.noGroupCounts = true } }

// InheritedBy sets the marker of a user's role assignment that comes from a group:
// "group" (default) is group.id, "type" and "inheritanceType" are fields that say
// INDIRECT, and DIRECT on all others, and "" is none.
func InheritedBy(marker string) Option { return func(s *settings) { s.inheritedBy = marker } }

// WithRowWithoutDevice gives users who may use MFA and have no device a row without
// deviceStatus in explorations. By default they have none.
func WithRowWithoutDevice() Option { return func(s *settings) { s.rowWithoutDevice = true } }

// WithNumericDates writes the days of head counts as seconds since 1970, as Ping's
// newest description has them, in place of text, as its documentation has.
func WithNumericDates() Option { return func(s *settings) { s.numericDates = true } }

// WithLatency delays every reply.
func WithLatency(d time.Duration) Option { return func(s *settings) { s.latency = d } }

// CountOnly logs no request, and only counts by route: for long runs.
func CountOnly() Option { return func(s *settings) { s.countOnly = true } }

// AllowViolations lets no violation fail the test.
func AllowViolations() Option { return func(s *settings) { s.lenient = true } }

// WithDeny answers paths that match the pattern with this status and code, as
// Server.Deny does.
func WithDeny(pattern string, status int, code string) Option {
	return func(s *settings) { s.denials = append(s.denials, denial{pattern, status, code}) }
}
