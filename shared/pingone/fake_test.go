package pingone_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

// demo is the organization of all tests here, which only read it.
var demo = sync.OnceValue(pingonetest.Demo)

// connect returns a client of the fake and the secret it uses.
func connect(t *testing.T, s *pingonetest.Server, env pingone.ID, o transport.Options) (*pingone.Client, *source) {
	t.Helper()
	src := newSource(s.TokenEndpoint(env))
	src.now.ClientID, src.now.ClientSecret = s.ClientID, secret.NewValue(s.ClientSecret)
	o.Retry = quick
	o.Retry.MaxBody = 8 << 20
	tokens := pingone.NewTokens(src, transport.Options{Retry: quick})
	return pingone.New(mustURL(t, s.URL), pingone.NewHTTP(tokens, o)), src
}

// ids are the users of all pages, and how many pages there were.
func ids(t *testing.T, c *pingone.Client, l pingone.List) (map[pingone.ID]bool, int) {
	t.Helper()
	all, pages := map[pingone.ID]bool{}, 0
	var d pingone.Decoder[pingone.User]
	for p, err := range c.Pages(t.Context(), l, "") {
		if err != nil {
			t.Fatal(err)
		}
		users, broken, err := d.Items(p.Body, l.Key)
		if err != nil || broken != 0 || len(users) != p.Records {
			t.Fatalf("%d users of %d records, %d broken, %v", len(users), p.Records, broken, err)
		}
		for _, u := range users {
			all[u.ID] = true
		}
		pages++
	}
	return all, pages
}

func TestEveryUserIsReadHoweverThePagesCome(t *testing.T) {
	t.Parallel()
	org, known := demo(), pingonetest.DemoIDs()
	total := org.Environment(known.Workforce).UserCount()
	for name, tt := range map[string]struct {
		size    int
		options []pingonetest.Option
	}{
		"full pages":  {1000, nil},
		"short pages": {137, []pingonetest.Option{pingonetest.WithPageMax(137)}},
		"no counts":   {1000, []pingonetest.Option{pingonetest.WithCount(pingonetest.CountMissing), pingonetest.WithoutSize()}},
		"wrong count": {1000, []pingonetest.Option{pingonetest.WithCount(pingonetest.CountWrong)}},
		"post":        {1000, []pingonetest.Option{pingonetest.WithAuthMethod("post")}},
		"mishaps": {300, []pingonetest.Option{pingonetest.WithPageMax(300), pingonetest.WithFaults(
			pingonetest.Fault{Match: "/v1/**", From: 1, Do: pingonetest.FaultStatus, Status: 503},
			pingonetest.Fault{Match: "/v1/**", From: 3, Do: pingonetest.FaultReset},
			pingonetest.Fault{Match: "/v1/**", From: 5, Do: pingonetest.FaultResetBody},
			pingonetest.Fault{Match: "/v1/**", From: 7, Do: pingonetest.FaultTruncate},
			pingonetest.Fault{Match: "/v1/**", From: 9, Do: pingonetest.FaultHTML},
			pingonetest.Fault{Match: "/v1/**", From: 11, Do: pingonetest.FaultToken},
		)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pingonetest.New(t, org, tt.options...)
			c, src := connect(t, s, known.Workforce, transport.Options{})
			if name == "post" {
				src.change(func(c *secret.Credentials) { c.AuthMethod = secret.Post })
			}
			users, pages := ids(t, c, pingone.UsersOf(known.Workforce))
			if want := (total + tt.size - 1) / tt.size; len(users) != total || pages != want {
				t.Errorf("%d users in %d pages, want %d in %d", len(users), pages, total, want)
			}
		})
	}
}

func TestFaultsThatMustEndAList(t *testing.T) {
	t.Parallel()
	org, known := demo(), pingonetest.DemoIDs()
	for name, tt := range map[string]struct {
		fault pingonetest.Fault
		want  error
	}{
		"foreign link": {pingonetest.Fault{Do: pingonetest.FaultForeignNext}, pingone.ErrBadLink},
		"same link":    {pingonetest.Fault{Do: pingonetest.FaultLoopNext}, pingone.ErrPageLoop},
		"oversize":     {pingonetest.Fault{Do: pingonetest.FaultOversize, Bytes: 8 << 20}, transport.ErrBodyTooLarge},
		"refused":      {pingonetest.Fault{Do: pingonetest.FaultStatus, Status: 403, Code: "ACCESS_FAILED"}, pingone.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.fault.Match, tt.fault.Times = "/v1/**", -1
			s := pingonetest.New(t, org, pingonetest.WithFaults(tt.fault))
			c, _ := connect(t, s, known.Workforce, transport.Options{})
			var last error
			for _, err := range c.Pages(t.Context(), pingone.UsersOf(known.Workforce), "") {
				last = err
			}
			if !errors.Is(last, tt.want) {
				t.Errorf("error %v, want %v", last, tt.want)
			}
		})
	}
}

func TestARotatedSecretAndRevokedTokensInMidRun(t *testing.T) {
	t.Parallel()
	org, known := demo(), pingonetest.DemoIDs()
	s := pingonetest.New(t, org, pingonetest.WithPageMax(500))
	c, src := connect(t, s, known.Workforce, transport.Options{})
	pages := 0
	for _, err := range c.Pages(t.Context(), pingone.UsersOf(known.Workforce), "") {
		if err != nil {
			t.Fatal(err)
		}
		if pages++; pages == 2 {
			s.RotateSecret("rotated")
			s.RevokeTokens()
			src.change(func(c *secret.Credentials) { c.ClientSecret = secret.NewValue("rotated") })
		}
	}
	if tokens := s.Calls("/*/as/token"); tokens != 2 || src.count() != 2 {
		t.Errorf("%d token requests, the secret read %d times; want 2, 2", tokens, src.count())
	}

	s.RevokeTokens()
	s.RotateSecret("unknown")
	_, err := c.Get(t.Context(), pingone.EnvironmentPath(known.Workforce))
	if !errors.Is(err, pingone.ErrCredentials) || !strings.Contains(err.Error(), "(401 invalid_client)") {
		t.Errorf("error %v, want ErrCredentials", err)
	}
}

func TestThePacerKeepsBelowThePaceOfTheAPI(t *testing.T) {
	t.Parallel()
	org, known := demo(), pingonetest.DemoIDs()
	s := pingonetest.New(t, org, pingonetest.WithPageMax(200), pingonetest.WithRate(1000, 2), pingonetest.WithLatency(time.Millisecond))
	stats := &transport.Stats{}
	c, _ := connect(t, s, known.Workforce, transport.Options{Pacer: transport.NewPacer(500), Stats: stats})
	_, pages := ids(t, c, pingone.UsersOf(known.Workforce))
	if s.Throttled() != 0 || stats.Calls.Load() != int64(pages) {
		t.Errorf("throttled %d times, %d calls for %d pages", s.Throttled(), stats.Calls.Load(), pages)
	}
}

func TestMembersAreTheDirectOnes(t *testing.T) {
	t.Parallel()
	org, known := demo(), pingonetest.DemoIDs()
	s := pingonetest.New(t, org)
	c, _ := connect(t, s, known.Workforce, transport.Options{})
	w := org.Environment(known.Workforce)
	for _, g := range w.Groups {
		if len(g.Members) == 0 || g.UserFilter != "" {
			continue
		}
		got, _ := ids(t, c, pingone.Members(known.Workforce, g.ID))
		if len(got) != len(g.Members) {
			t.Errorf("group %s: %d members, want %d", g.ID, len(got), len(g.Members))
		}
	}
	for _, r := range s.Requests() {
		if r.Method == http.MethodGet && r.Status != http.StatusOK {
			t.Errorf("%+v", r)
		}
	}
}
