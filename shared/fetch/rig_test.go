package fetch_test

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

// fast is a pace that never makes a test wait.
const fast = 10_000

// began is when the clock of a rig stands at first.
var began = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// a rig reads a fake PingOne into a store in memory, run by run. Its clock
// stands still but for runs and steps.
type rig struct {
	t        testing.TB
	fake     *pingonetest.Server
	org      *pingonetest.Organization
	store    staging.Store
	terms    staging.Run
	home     pingone.ID
	devices  bool
	appRoles bool
	maxAge   time.Duration

	mu  sync.Mutex
	now time.Time
}

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

func newRig(t testing.TB, org *pingonetest.Organization, opts ...pingonetest.Option) *rig {
	r := &rig{
		t: t, org: org, store: &stagingtest.Memory{}, terms: staging.Run{All: true}, home: org.Environments[0].ID,
		maxAge: 7 * 24 * time.Hour, now: began,
	}
	org.Now = r.clock
	r.fake = pingonetest.New(t, org, opts...)
	return r
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// options are those of one invocation; stats are fresh.
func (r *rig) options() fetch.Options {
	base, err := url.Parse(r.fake.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	quick := transport.RetryPolicy{Pause: time.Microsecond, MaxPause: time.Microsecond}
	source := fixed{
		ClientID: r.fake.ClientID, ClientSecret: secret.NewValue(r.fake.ClientSecret), TokenEndpoint: r.fake.URL + "/as/token", AuthMethod: secret.Basic,
	}
	log := r.fake.CanaryLog(r.t)
	tokens := pingone.NewTokens(source, transport.Options{Retry: quick, Log: log})
	stats := &transport.Stats{}
	client := pingone.New(base, pingone.NewHTTP(tokens, transport.Options{Stats: stats, Retry: quick, Log: log}))
	return fetch.Options{
		Store: r.store, Client: client.WithClock(r.clock), Stats: stats, Home: r.home, ClientID: r.fake.ClientID,
		PerSecond: fast, MaxAge: r.maxAge, Devices: r.devices, ApplicationRoles: r.appRoles, Now: r.clock, Pause: time.Millisecond, Log: log,
	}
}

// open opens the next run, hours after the one before.
func (r *rig) open() staging.RunID {
	r.t.Helper()
	if runs, err := staging.Runs(r.t.Context(), r.store); err == nil && len(runs) > 0 {
		r.end(runs[len(runs)-1])
		r.pass(6 * time.Hour)
	}
	run, err := staging.OpenRun(r.t.Context(), r.store, staging.OpenRequest{Run: r.terms}, r.clock())
	if err != nil {
		r.t.Fatal(err)
	}
	return run.Run
}

// end lets the run be done, as transform does.
func (r *rig) end(run staging.RunID) {
	if _, err := r.store.Put(r.t.Context(), staging.ReportKey(run), []byte(`{"state":"done"}`), staging.Always); err != nil {
		r.t.Fatal(err)
	}
}

// read reads one collection to its end.
func (r *rig) read(run staging.RunID, c staging.Collection) fetch.Result {
	r.t.Helper()
	result, err := fetch.Run(r.t.Context(), run, c, r.options())
	if err != nil || !result.Complete {
		r.t.Fatalf("read %s: %+v, %v", c, result, err)
	}
	return result
}

// sync reads a whole run.
func (r *rig) sync() *snapshots {
	r.t.Helper()
	run := r.open()
	for _, c := range collection.All {
		r.read(run, c.Name)
		r.pass(time.Minute)
	}
	return r.load(run)
}

// snapshots are what a run holds: who is shown, and why it is carried.
type snapshots struct {
	t        testing.TB
	run      staging.RunID
	held     map[staging.Collection]map[string]staging.Carried // "id", or "kind:parent/list id"
	complete map[staging.Collection]*staging.Complete
}

func (r *rig) load(run staging.RunID) *snapshots {
	r.t.Helper()
	return r.loadOne(run, collection.All...)
}

func (r *rig) loadOne(run staging.RunID, some ...*collection.Collection) *snapshots {
	r.t.Helper()
	s := &snapshots{t: r.t, run: run, held: map[staging.Collection]map[string]staging.Carried{}, complete: map[staging.Collection]*staging.Complete{}}
	for _, of := range some {
		snap, err := staging.Load(r.t.Context(), r.store, run, of.Name)
		if err != nil {
			r.t.Fatal(err)
		}
		s.complete[of.Name], s.held[of.Name] = snap.Complete, map[string]staging.Carried{}
		var d pingone.Decoder[pingone.Member]
		for reply, err := range snap.Replies(r.t.Context()) {
			if err != nil {
				r.t.Fatal(err)
			}
			key := of.KeyOf(reply.List())
			items, _, err := d.Items(reply.Page(key), key)
			if err != nil {
				r.t.Fatal(err)
			}
			if pingone.IsBySubject(reply.Path) {
				items = items[:0]
				for _, id := range pingone.SubjectsOf(reply.Page(key)) {
					items = append(items, pingone.Member{ID: id})
				}
			}
			for _, item := range items {
				if item.ID.IsZero() || snap.IsGone(item.ID) {
					continue
				}
				key := item.ID.String()
				if of.Ties && reply.Parent != nil {
					key = tie(reply.Parent.Kind, reply.Parent.ID, reply.Path[strings.LastIndexByte(reply.Path, '/')+1:], item.ID)
				}
				if before, twice := s.held[of.Name][key]; !twice || before != "" {
					s.held[of.Name][key] = reply.Carried
				}
			}
		}
	}
	return s
}

func tie(kind string, parent pingone.ID, list string, id pingone.ID) string {
	return kind + ":" + parent.String() + "/" + list + " " + id.String()
}

// keys are what a collection holds, sorted.
func (s *snapshots) keys(c staging.Collection) []string { return slices.Sorted(maps.Keys(s.held[c])) }

// is checks how something is held: "absent", "read", or why it is carried.
func (s *snapshots) is(c staging.Collection, key, want string) {
	s.t.Helper()
	got := "absent"
	if carried, ok := s.held[c][key]; ok {
		got = "read"
		if carried != "" {
			got = string(carried)
		}
	}
	if got != want {
		s.t.Errorf("%s %s is %s, want %s (gone: %+v, carried: %+v)", c, key, got, want, s.complete[c].Gone, s.complete[c].Carried)
	}
}
