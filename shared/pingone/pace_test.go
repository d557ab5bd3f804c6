package pingone_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/transport"
)

func TestRateGroupOf(t *testing.T) {
	t.Parallel()
	const env = "/v1/environments/e"
	for path, want := range map[string]pingone.RateGroup{
		"/v1/environments":                  pingone.Configuration,
		env:                                 pingone.Configuration,
		"/v1/roles":                         pingone.Configuration,
		"/v1/organizations/o":               pingone.Configuration,
		env + "/users":                      pingone.Directory,
		env + "/users/u":                    pingone.Directory,
		env + "/users/u/memberOfGroups":     pingone.Directory,
		env + "/users/u/roleAssignments":    pingone.Configuration,
		env + "/users/u/roleAssignments/a":  pingone.Configuration,
		env + "/users/u/devices":            pingone.MFA,
		env + "/groups":                     pingone.Directory,
		env + "/populations":                pingone.Directory,
		env + "/applications":               pingone.Configuration,
		env + "/gateways":                   pingone.Configuration,
		env + "/roles":                      pingone.Configuration,
		env + "/activities":                 pingone.Audit,
		env + "/dataExplorations":           pingone.Analytics,
		env + "/dataExplorations/x/entries": pingone.Analytics,
		env + "/totalIdentities":            pingone.Analytics,
	} {
		if got := pingone.RateGroupOf(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestLimitsOf(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]map[pingone.RateGroup]float64{
		`{"licenseQuantities":{"rlgConfigRpm":{"limit":600},"rlgDirFixedRps":{"limit":500},"rlgDirBulkRps":{"limit":200},"rlgAuditRps":{"limit":10}}}`: {
			pingone.Configuration: 10, pingone.Directory: 200, pingone.Audit: 10,
		},
		`{"licenseQuantities":{"rlgConfigRpm":{"limit":0},"rlgAuditRps":{"limit":"ten"},"rlgMfaRps":7,"numberOfAadhaar":3,"rlgAnalyticsRpm":{"limit":90}}}`: {
			pingone.Analytics: 1.5,
		},
		`{"canUseMfa":true}`:         {},
		`{"licenseQuantities":null}`: {},
		`{`:                          {},
	} {
		if diff := cmp.Diff(want, pingone.LimitsOf([]byte(body))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

// A script sends nothing: it answers with a status, and notes when it was asked.
type script struct {
	next  int // status of the next reply; 0 is 200
	began time.Time
	at    []time.Duration
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	status := max(s.next, http.StatusOK)
	s.next = 0
	s.at = append(s.at, time.Since(s.began).Round(time.Millisecond))
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

func ask(t *testing.T, c *http.Client, method, path string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/v1/environments/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}

// A 429 of one limit slows down nothing but what draws on it: the directory goes
// on at the full pace of 2 a second.
func TestPacingByGroup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now(), next: http.StatusTooManyRequests}
		c := transport.New(pingone.Pacing(2, transport.Options{Base: s}))
		ask(t, c, http.MethodGet, "e/activities")
		began := time.Now()
		for range 10 {
			ask(t, c, http.MethodGet, "e/users")
		}
		if got := time.Since(began); got != 5*time.Second {
			t.Errorf("10 requests took %s, want 5s", got)
		}
	})
}

// Clients that share pacers share the pace, and a 429 of one slows down all.
func TestSharedPacers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, pacers := &script{began: time.Now()}, pingone.NewPacers(3, 10)
		var clients []*http.Client
		for range 2 {
			clients = append(clients, transport.New(pacers.Pacing(3, transport.Options{Base: s})))
		}
		for i := range 31 {
			ask(t, clients[i%2], http.MethodGet, "e/roles")
		}
		if got := s.at[30]; got != 10*time.Second {
			t.Errorf("31 requests of two clients took %s, want 10s: 3 a second", got)
		}
		s.next = http.StatusTooManyRequests
		ask(t, clients[0], http.MethodGet, "e/roles")
		ask(t, clients[1], http.MethodGet, "e/roles")
		if got := s.at[33] - s.at[32]; got < 666*time.Millisecond {
			t.Errorf("after a 429 of the one, the other waited %s, want the half pace", got)
		}
	})
}

// One exploration is made in five seconds, whatever the environment; reading rows
// does not wait for that.
func TestExplorationsAreSpacedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{began: time.Now()}
		c := transport.New(pingone.Pacing(100, transport.Options{Base: s}))
		ask(t, c, http.MethodPost, "a/dataExplorations")
		ask(t, c, http.MethodGet, "a/dataExplorations/x/entries")
		ask(t, c, http.MethodPost, "a/dataExplorations")
		ask(t, c, http.MethodPost, "b/dataExplorations")
		for range 8 { // whatever the setting, one address gets 35 % of 10 a second
			ask(t, c, http.MethodGet, "a/activities")
		}
		var at []time.Duration
		for _, d := range s.at {
			at = append(at, d.Round(time.Second))
		}
		if diff := cmp.Diff([]time.Duration{0, 0, 5 * time.Second, 10 * time.Second}, at[:4]); diff != "" {
			t.Error(diff)
		}
		if took := s.at[11] - s.at[3]; took < 2*time.Second {
			t.Errorf("8 requests to the audit feed took %s, want 2s", took)
		}
	})
}
