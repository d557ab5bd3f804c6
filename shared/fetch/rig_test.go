package fetch_test

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

const run = staging.RunID("20261123T090000Z")

// fast is a pace that never makes a test wait.
const fast = 10_000

// anyCorrelation leaves correlation ids, which the fake makes up, out of a
// comparison.
func anyCorrelation() cmp.Option {
	return cmpopts.IgnoreFields(staging.Unread{}, "CorrelationID")
}

// a rig reads from a fake PingOne into a store in memory.
type rig struct {
	t     testing.TB
	fake  *pingonetest.Server
	store staging.Store
	envs  []pingone.ID              // none: all
	org   *pingonetest.Organization // of tests that change it

	source  secret.Source // nil: the fake's first secret
	maxBody int64         // 0: the default
	devices bool          // MFA devices are read
}

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

func newRig(t testing.TB, org *pingonetest.Organization, opts ...pingonetest.Option) *rig {
	return &rig{t: t, fake: pingonetest.New(t, org, opts...), store: &stagingtest.Memory{}}
}

// options are those of one invocation; stats are fresh.
func (r *rig) options() fetch.Options {
	r.t.Helper()
	base, err := url.Parse(r.fake.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	quick := transport.RetryPolicy{Pause: time.Millisecond, MaxPause: 2 * time.Millisecond}
	source := r.source
	if source == nil {
		source = r.credentials(r.fake.ClientSecret)
	}
	log := r.fake.CanaryLog(r.t)
	tokens := pingone.NewTokens(source, transport.Options{Retry: quick, Log: log})
	quick.MaxBody = r.maxBody
	stats := &transport.Stats{}
	return fetch.Options{
		Store:  r.store,
		Client: pingone.New(base, pingone.NewHTTP(tokens, transport.Options{Stats: stats, Retry: quick, Log: log})),
		Stats:  stats, Environments: r.envs, All: len(r.envs) == 0, PerSecond: fast, Log: log, MFADevices: r.devices,
	}
}

func (r *rig) credentials(clientSecret string) fixed {
	return fixed{
		ClientID: r.fake.ClientID, ClientSecret: secret.NewValue(clientSecret),
		TokenEndpoint: r.fake.URL + "/as/token", AuthMethod: secret.Basic,
	}
}

func (r *rig) read(c staging.Collection) (fetch.Result, error) {
	r.t.Helper()
	return fetch.Run(r.t.Context(), run, c, r.options())
}

func (r *rig) mustRead(c staging.Collection) fetch.Result {
	r.t.Helper()
	result, err := r.read(c)
	if err != nil {
		r.t.Fatalf("read %s: %v", c, err)
	}
	return result
}

func (r *rig) snapshot(c staging.Collection) *staging.Snapshot {
	r.t.Helper()
	s, err := staging.Load(r.t.Context(), r.store, run, c)
	if err != nil {
		r.t.Fatalf("load %s: %v", c, err)
	}
	return s
}

// edges lists "parent id" of every item staged in a collection, sorted; the
// parent is "-" for lists without.
func (r *rig) edges(c staging.Collection) []string {
	r.t.Helper()
	var all []string
	for reply, err := range r.snapshot(c).Replies(r.t.Context()) {
		if err != nil {
			r.t.Fatal(err)
		}
		parent := "-"
		if reply.Parent != nil {
			parent = reply.Parent.Kind + ":" + reply.Parent.ID.String() + reply.Path[strings.LastIndex(reply.Path, "/"):]
		}
		var page struct {
			ID       string                           `json:"id"`
			Embedded map[string][]struct{ ID string } `json:"_embedded"`
		}
		if err := json.Unmarshal(reply.Body, &page); err != nil {
			r.t.Fatalf("%s: %v", reply.Path, err)
		}
		if page.ID != "" {
			all = append(all, parent+" "+page.ID)
		}
		for _, list := range page.Embedded {
			for _, item := range list {
				all = append(all, parent+" "+item.ID)
			}
		}
	}
	slices.Sort(all)
	return all
}
