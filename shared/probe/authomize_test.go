package probe_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/authomize"
	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/probe"
)

// quick is patience for a fake, which does at once what it does at all.
var quick = probe.Times{Wait: 20 * time.Millisecond, Every: time.Millisecond}

// ticking is a clock that goes on by a second at each request, so that no two
// records have the same time.
func ticking() authomizetest.Option {
	var mu sync.Mutex
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	return authomizetest.WithClock(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	})
}

func newThrowaway(t *testing.T, opts ...authomizetest.Option) (*authomizetest.Server, *authomize.Throwaway) {
	t.Helper()
	s := authomizetest.New(t, append(opts, ticking())...)
	app, err := authomize.NewThrowaway(t.Context(), authomize.Options{BaseURL: s.URL, HTTP: s.Client()}, "probe")
	if err != nil {
		t.Fatal(err)
	}
	return s, app
}

// brief is "state answer -> what follows" of each finding, in order.
func brief(all []probe.Finding) []string {
	var out []string
	for _, f := range all {
		out = append(out, string(f.State)+" "+f.Answer+" -> "+f.Follows)
	}
	return out
}

// The answers of a fake as it comes.
var asItComes = []string{
	"fine yes, after 0s -> nothing to set",
	"fine yes -> SERVICE_ACCOUNTS=apart, as it is set",
	"fine yes -> nothing to set",
	"fine yes; what was to go was gone after 0s -> nothing to set; SWEEP=apply is safe",
}

func TestAuthomize(t *testing.T) {
	t.Parallel()
	type change map[int]string
	tests := []struct {
		name string
		opts []authomizetest.Option
		set  config.Transform
		want change // of asItComes
	}{
		{name: "as it comes"},
		{name: "service accounts in no grouping", opts: []authomizetest.Option{authomizetest.WithoutServiceAccountsInGroupings()}, want: change{
			1: "act no: the roles of worker applications and gateways would go to quarantine -> SERVICE_ACCOUNTS=users",
		}},
		{name: "the same, as it is set", opts: []authomizetest.Option{authomizetest.WithoutServiceAccountsInGroupings()}, set: config.Transform{ServiceAccounts: config.ServiceAccountsAsUsers}, want: change{
			1: "fine no -> SERVICE_ACCOUNTS=users, as it is set",
		}},
		{name: "set without need", set: config.Transform{ServiceAccounts: config.ServiceAccountsAsUsers}, want: change{
			1: "fine yes -> SERVICE_ACCOUNTS=users is not needed; SERVICE_ACCOUNTS=apart shows them as what they are",
		}},
		{name: "no virtual groups", opts: []authomizetest.Option{authomizetest.WithoutVirtualGroups()}, want: change{
			2: "act no: access to applications that are open to everyone, or to several groups together, would go to quarantine -> ask for a release that posts ordinary groups",
		}},
		{name: "no refresh", opts: []authomizetest.Option{authomizetest.WithoutRefresh()}, want: change{
			3: "act no: posting a record twice does not refresh it, so a sweep would delete what exists -> SWEEP=never",
		}},
		{name: "no refresh, as it is set", opts: []authomizetest.Option{authomizetest.WithoutRefresh()}, set: config.Transform{Sweep: config.SweepNever}, want: change{
			3: "fine no: posting a record twice does not refresh it, so a sweep would delete what exists -> SWEEP=never, as it is set",
		}},
		{name: "sweeps that do nothing", opts: []authomizetest.Option{authomizetest.WithFaults(
			authomizetest.Fault{Path: "/data", Do: authomizetest.Status(200)},
		)}, want: change{
			3: "open what was to go was still there after 0s -> SWEEP=report until it can be seen; repeat it with a longer --probe-wait",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, app := newThrowaway(t, tt.opts...)
			if tt.set.ServiceAccounts == "" {
				tt.set.ServiceAccounts = config.ServiceAccountsApart
			}
			want := append([]string{}, asItComes...)
			for i, line := range tt.want {
				want[i] = line
			}
			if diff := cmp.Diff(want, brief(probe.Authomize(t.Context(), app.Client(), tt.set, quick))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, kind := range authomize.Kinds {
				if n := s.Count(kind); n != 0 {
					t.Errorf("the real app holds %d %s", n, kind)
				}
			}
			if err := app.Delete(t.Context()); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(map[string]bool{"app-1": false}, s.Throwaways()); diff != "" {
				t.Errorf("throwaways (-want +got):\n%s", diff)
			}
		})
	}
}

// What can't be read back stays open.
func TestAuthomizeNotReadable(t *testing.T) {
	t.Parallel()
	_, app := newThrowaway(t, authomizetest.WithFaults(authomizetest.Fault{Method: "GET", Do: authomizetest.Status(403)}))
	got := brief(probe.Authomize(t.Context(), app.Client(), config.Transform{ServiceAccounts: config.ServiceAccountsApart}, quick))
	for i, begin := range []string{"open no: ", "fine yes -> SERVICE_ACCOUNTS=apart", "fine yes", "open it can't be seen"} {
		if !strings.HasPrefix(got[i], begin) {
			t.Errorf("finding %d is %q, want it to begin with %q", i, got[i], begin)
		}
	}
}

func TestAuthomizeInterrupted(t *testing.T) {
	t.Parallel()
	_, app := newThrowaway(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := probe.Authomize(ctx, app.Client(), config.Transform{}, quick); got != nil {
		t.Errorf("%d findings after the end", len(got))
	}
	if err := app.Delete(t.Context()); err != nil {
		t.Error(err)
	}
}
