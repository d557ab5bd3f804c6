package oracle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pingone-authomize/shared/authomize/authomizetest"
	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/config"
	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/secret"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/staging/stagingtest"
	"pingone-authomize/shared/transport"
)

// began is when the virtual clock of a world stands at first.
var began = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// A world is an organization, the fakes of PingOne and Authomize, the staged
// objects, and what is judged by. It lives in a bubble of virtual time.
type world struct {
	t         testing.TB
	rnd       *rand.Rand
	org       *pingonetest.Organization
	bridge    *bridge
	pingone   *pingonetest.Server
	authomize *authomizetest.Server
	store     *stagingtest.Memory
	schedule  schedule
	judge     judge
	pace      float64 // requests a second; 0: as fast as may be, in two at a time
	app       string  // that is posted to
	devices   bool    // are read, too
	made      int     // things that life made
	holders   atomic.Int64
	plan      map[staging.Collection][]func() // of the next run
	undos     []undo
	tainted   bool // a person may have to say what goes
	crowd     int  // how many invocations read a run at once
	last      staging.RunID
	state     report.State // in which the last one ended
	mu        sync.Mutex   // of said
	said      []string     // what happened, for who reads a failure
}

// inWorld runs do in a world of its own.
func inWorld(t *testing.T, seed uint64, org *pingonetest.Organization, do func(*world), opts ...pingonetest.Option) {
	b := newBridge(t)
	org.Now = b.clock
	opts = append(opts, pingonetest.CountOnly(), pingonetest.WithTokenLifetime(24*time.Hour))
	fake := pingonetest.New(t, org, opts...)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(began))
		b.touch()
		w := &world{
			t: t, rnd: rand.New(rand.NewPCG(seed, seed)), org: org, bridge: b, pingone: fake, store: &stagingtest.Memory{},
			app: authomizetest.DefaultApp, devices: seed%3 == 0, judge: judge{history: history{}, released: map[record]bool{}, gone: map[record]int{}},
		}
		w.authomize = authomizetest.New(t, authomizetest.WithoutNetwork(), authomizetest.WithClock(time.Now))
		w.learn()
		defer func() {
			if t.Failed() {
				w.tell()
			}
		}()
		do(w)
	})
}

// say notes what happens.
func (w *world) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, time.Now().UTC().Format("02T15:04:05 ")+fmt.Sprintf(format, args...))
}

// tell prints it.
func (w *world) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, line := range w.said {
		w.t.Log(line)
	}
}

// change lets something happen in PingOne, and a moment pass.
func (w *world) change(what string, do func(*pingonetest.Organization)) {
	time.Sleep(2 * time.Second)
	w.bridge.touch()
	do(w.org)
	w.learn()
	w.say("  %s", what)
	time.Sleep(2 * time.Second)
}

// learn takes up what is true now.
func (w *world) learn() { w.judge.learn(factsOf(w.org), time.Now()) }

type fixed secret.Credentials

func (f fixed) Credentials(context.Context) (secret.Credentials, error) {
	return secret.Credentials(f), nil
}

func (w *world) credentials() fixed {
	return fixed{
		ClientID: w.pingone.ClientID, ClientSecret: secret.NewValue(w.pingone.ClientSecret), TokenEndpoint: w.pingone.TokenEndpoint(home),
		AuthMethod: secret.Basic, AuthomizeToken: secret.NewValue(authomizetest.DefaultToken),
	}
}

// holder names a new invocation.
func (w *world) holder() string {
	return fmt.Sprint("invocation ", w.holders.Add(1))
}

// fetch reads one collection with one invocation.
func (w *world) fetch(ctx context.Context, store staging.Store, run staging.RunID, c staging.Collection, holder string) (fetch.Result, error) {
	base, err := url.Parse(w.pingone.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	stats, pace := &transport.Stats{}, 0.5
	o := transport.Options{Base: w.bridge, Stats: stats}
	tokens := pingone.NewTokens(w.credentials(), transport.Options{Base: w.bridge})
	if w.pace > 0 {
		pace, o = w.pace, pingone.Pacing(w.pace, o)
	}
	return fetch.Run(ctx, run, c, fetch.Options{
		Store: store, Client: pingone.New(base, pingone.NewHTTP(tokens, o)), Stats: stats, Home: home, ClientID: w.pingone.ClientID,
		PerSecond: pace, MaxAge: 7 * 24 * time.Hour, Devices: w.devices, Holder: holder, Log: slog.New(slog.DiscardHandler),
	})
}

func (w *world) settings() config.Transform {
	return config.Transform{
		AppID: w.app, AuthomizeURL: w.authomize.URL, Sweep: config.SweepApply, MaxShrinkPercent: 20,
		MaxAge: 7 * 24 * time.Hour, Devices: w.devices, ServiceAccounts: config.ServiceAccountsApart,
	}
}

// A schedule is what a run is asked for.
type schedule struct {
	only   []pingone.ID
	dry    bool
	tries  int                                         // invocations of each function; 0: 8
	limit  time.Duration                               // of an invocation; 0: none
	strict bool                                        // an invocation that fails is an error of the test
	faulty func(s staging.Store, at int) staging.Store // the store of an invocation, by how many came before; nil: the plain one
}

// retryPause is what passes before a function is called again, by another
// invocation: longer than a lease.
const retryPause = 3 * time.Minute

var errGivenUp = errors.New("no invocation came to the end")

// sync reads a whole run and posts it. before is called before each collection,
// and with "" before the run is posted. Errors end the run where it is.
func (w *world) sync(before func(staging.Collection)) (staging.RunID, error) {
	run, err := staging.OpenRun(w.t.Context(), w.store, staging.OpenRequest{
		Run: staging.Run{All: true, Only: w.schedule.only, DryRun: w.schedule.dry, OpenedBy: "schedule"},
	}, time.Now())
	if err != nil {
		return "", err
	}
	w.say("run %s", run.Run)
	calls := 0
	for _, c := range collection.All {
		time.Sleep(40 * time.Second)
		if before != nil {
			before(c.Name)
		}
		if err := w.readAll(run.Run, c.Name, &calls); err != nil {
			return run.Run, err
		}
	}
	if before != nil {
		before("")
	}
	return run.Run, w.postAll(run.Run, &calls)
}

// storeOf is the store of the next invocation.
func (w *world) storeOf(calls *int) staging.Store {
	*calls++
	if w.schedule.faulty == nil {
		return w.store
	}
	return w.schedule.faulty(w.store, *calls)
}

func (w *world) tries() int {
	if w.schedule.tries > 0 {
		return w.schedule.tries
	}
	return 8
}

// readAll invokes a fetch function until the collection is complete.
func (w *world) readAll(run staging.RunID, c staging.Collection, calls *int) error {
	last := errGivenUp
	for range w.tries() {
		result, err := w.invoke(run, c, calls)
		switch {
		case err == nil && result.Complete:
			return nil
		case err != nil:
			w.say("    %s: %v", c, err)
			if last = err; w.schedule.strict {
				w.t.Errorf("%s of run %s: %v", c, run, err)
			}
		}
		time.Sleep(retryPause)
	}
	return fmt.Errorf("read %s: %w", c, last)
}

// invoke is one invocation of a fetch function, with as much time as it has.
func (w *world) invoke(run staging.RunID, c staging.Collection, calls *int) (fetch.Result, error) {
	ctx := w.t.Context()
	if w.schedule.limit > 0 {
		limited, cancel := context.WithTimeout(ctx, w.schedule.limit)
		defer cancel()
		ctx = limited
	}
	return w.fetch(ctx, w.storeOf(calls), run, c, w.holder())
}
