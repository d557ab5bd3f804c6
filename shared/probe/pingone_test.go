package probe_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/probe"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/transport"
)

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

func clientOf(t *testing.T, s *pingonetest.Server) *pingone.Client {
	t.Helper()
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	tokens := pingone.NewTokens(fixed{
		ClientID: s.ClientID, ClientSecret: secret.NewValue(s.ClientSecret), TokenEndpoint: s.URL + "/as/token", AuthMethod: secret.Basic,
	}, transport.Options{})
	h := pingone.NewHTTP(tokens, transport.Options{Retry: transport.RetryPolicy{Attempts: 1, Pause: time.Millisecond, MaxPause: time.Millisecond}})
	t.Cleanup(h.CloseIdleConnections)
	return pingone.New(base, h)
}

func TestPingOne(t *testing.T) {
	t.Parallel()
	// The answers of the demonstration organization.
	asItComes := []string{
		"fine yes -> nothing to set",
		"fine no -> nothing to set: a run reads all users",
		"fine yes -> nothing to set",
		"fine yes -> nothing to set",
		"fine yes, and they name the group -> nothing to set: a run leaves them out and reads them from the group",
		"fine yes -> nothing to set: a population that is not wholly visible holds the sweep",
		"fine yes -> nothing to set",
	}
	type change map[int]string
	for _, tt := range []struct {
		name string
		opts []pingonetest.Option
		want change
	}{
		{name: "as it comes"},
		{name: "other habits", opts: []pingonetest.Option{pingonetest.DynamicNotDirect(), pingonetest.WithUpdatedAt(), pingonetest.WithPageMax(300)}, want: change{
			0: "fine no, it holds 300 -> nothing to set: lists take 4 times the calls that run --estimate says",
			1: "fine yes -> nothing to set: a run reads all users all the same, since it would not tell of those that are gone",
			2: "fine no -> nothing to set: a run asks a second time, one call more for each dynamic group",
		}},
		{name: "rights missing", opts: []pingonetest.Option{
			pingonetest.WithDeny("/v1/environments/*/groups/*/roleAssignments", 403, "ACCESS_FAILED"),
			pingonetest.WithDeny("/v1/environments/*/activities", 403, "ACCESS_FAILED"),
		}, want: change{
			3: "act no: each run would be held -> grant a role with permissions:read:groupRoleAssignments",
			6: "act no: every run would ask for the roles of every user, one call each -> grant a role with audit_reporting:read:activity",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := pingonetest.New(t, pingonetest.Demo(), tt.opts...)
			ids := pingonetest.DemoIDs()
			got := brief(probe.PingOne(t.Context(), clientOf(t, s), []pingone.ID{ids.Administrators, ids.Workforce}))
			want := append([]string{}, asItComes...)
			for i, line := range tt.want {
				want[i] = line
			}
			if tt.want[3] != "" { // what groups hold is not readable, so this can't be seen
				want[4] = got[4]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPingOneWithoutAnswers(t *testing.T) {
	t.Parallel()
	s := pingonetest.New(t, pingonetest.Sized(pingonetest.Size{Users: 3}))
	got := brief(probe.PingOne(t.Context(), clientOf(t, s), []pingone.ID{pingonetest.SizedEnvironment()}))
	want := []string{
		"open no environment has more than one page of users -> nothing to set",
		"fine no -> nothing to set: a run reads all users",
		"open there is no dynamic group with members, and without groups in it -> nothing to set: a run asks both ways",
		"open there is no group -> nothing to set",
		"open no group with members and a role was found -> nothing to set: a run leaves out what names a group",
		"fine yes -> nothing to set: a population that is not wholly visible holds the sweep",
		"fine yes -> nothing to set",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
