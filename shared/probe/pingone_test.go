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
	const (
		marked  = " -> nothing to set: a run leaves them out and reads them from the group"
		devices = " -> nothing to set: a run asks for each user who has no row"
		refused = " -> with MFA_DEVICES=true a run makes a call for each user who may use MFA; Identity Data Read Only and Configuration Read Only together may open the bulk list"
	)
	demo := func(opts ...pingonetest.Option) *pingonetest.Server {
		return pingonetest.New(t, pingonetest.Demo(), opts...)
	}
	ids := pingonetest.DemoIDs()
	both := []pingone.ID{ids.Administrators, ids.Workforce}
	for name, tt := range map[string]struct {
		server *pingonetest.Server
		in     []pingone.ID
		want   []string
	}{
		"as it comes": {demo(), both, []string{
			"fine yes, marked by group.id" + marked,
			"fine yes; deviceStatus is ACTIVATION_REQUIRED (6), ACTIVE (32); 2 of 36 users who may use MFA have no row, one of whom was asked for and has no device" + devices,
		}},
		"other habits": {demo(pingonetest.InheritedBy("inheritanceType"), pingonetest.WithRowWithoutDevice()), both, []string{
			"fine yes, marked by inheritanceType" + marked,
			"fine yes; deviceStatus is empty (2), ACTIVATION_REQUIRED (6), ACTIVE (32); each of 36 users who may use MFA has a row" + devices,
		}},
		"no marker, no bulk list": {demo(pingonetest.InheritedBy(""), pingonetest.WithDeny("/v1/environments/*/dataExplorations", 403, "ACCESS_FAILED")), both, []string{
			"open a member holds the same role in the same scope, without any marker: inherited, or given twice -> nothing to set; if it is inherited, it is shown as the user's own as well",
			"fine no (403 ACCESS_FAILED)" + refused,
		}},
		"nothing to see": {pingonetest.New(t, pingonetest.Sized(pingonetest.Size{Users: 3})), []pingone.ID{pingonetest.SizedEnvironment()}, []string{
			"open no group with members and a role was found -> nothing to set",
			"open no environment has a user who may use MFA -> nothing to set",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, brief(probe.PingOne(t.Context(), clientOf(t, tt.server), tt.in))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
