package pingonetest

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// address finds e-mail addresses, whoever's they are.
var address = regexp.MustCompile(`[\w.+-]+@[\w-]+\.[\w.]+`)

// Issued are the access tokens that were given out so far.
func (s *Server) Issued() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.tokens))
}

// CanaryLog returns a logger for the code under test, of all levels, that
// fails the test at a line with an access token or the secret of s, one of
// more, or an e-mail address.
func (s *Server) CanaryLog(t testing.TB, more ...string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(canaries{s: s, t: t, more: more}, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

type canaries struct {
	s    *Server
	t    testing.TB
	more []string
}

var _ io.Writer = canaries{}

// Write implements io.Writer; it gets a line at a time.
func (c canaries) Write(line []byte) (int, error) {
	if what := c.s.canary(string(line), c.more); what != "" {
		c.t.Errorf("a log line holds %s: %.300s", what, line)
	}
	return len(line), nil
}

// canary says what text holds that no log may hold.
func (s *Server) canary(text string, more []string) string {
	for _, secret := range append(append(s.Issued(), s.ClientSecret), more...) {
		if secret != "" && strings.Contains(text, secret) {
			return "a secret or a token"
		}
	}
	if found := address.FindString(text); found != "" {
		return fmt.Sprintf("the e-mail address %s", found)
	}
	return ""
}
