package pingonetest_test

import (
	"testing"

	"pingone-authomize/shared/pingone/pingonetest"
)

// A counter counts failures instead of failing.
type counter struct {
	testing.TB
	failures int
}

func (c *counter) Errorf(string, ...any) { c.failures++ }

func TestCanaryLog(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, pingonetest.Demo())
	token := newClient(t, s).token
	for text, want := range map[string]int{
		"3 records of kind users were posted":           0,
		"token " + token + " was refused":               1,
		"the secret " + s.ClientSecret + " was refused": 1,
		"atm-1 was refused":                             1,
		"no such user as ada.lovelace@example.org":      1,
	} {
		c := &counter{TB: t}
		s.CanaryLog(c, "atm-1").DebugContext(t.Context(), "refused", "err", text)
		if c.failures != want {
			t.Errorf("a line with %q failed %d times, want %d", text, c.failures, want)
		}
	}
}
