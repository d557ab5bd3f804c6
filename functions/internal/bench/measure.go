package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/pingone/pingonetest"
	"pingone-authomize/shared/staging"
)

// measure takes all measurements, one after the other.
func (b *bench) measure(ctx context.Context) (*result, error) {
	r := &result{Machine: thisMachine(), Size: b.size, Pace: b.pace, LatencyMs: b.latency.Milliseconds(), Together: b.together, Staging: "a folder"}
	if b.s3 {
		r.Staging = "a fake S3"
	}
	b.say("making an organization of %s users", number(b.size.Users))
	org := b.size.organization()
	at, err := b.place("main")
	if err != nil {
		return nil, err
	}
	d := deployment{org: org, run: firstRun, at: at, pace: b.pace, latency: b.latency}
	if r.Fetch, r.FetchWall, err = b.fetchAll(ctx, d); err != nil {
		return nil, err
	}
	if r.Transform, err = b.transform(ctx, d); err != nil {
		return nil, err
	}
	if b.later {
		if r.Later, err = b.measureLater(ctx, d); err != nil {
			return nil, err
		}
	}
	if b.paced {
		if r.Paced, err = b.pacedAll(ctx); err != nil {
			return nil, err
		}
	}
	if b.starts > 0 {
		if r.Binaries, err = b.coldStarts(ctx, d); err != nil {
			return nil, err
		}
	}
	r.Bars = bars(r)
	return r, nil
}

// measureLater makes a second run of the same organization: it knows what the
// first one posted, and compares with that.
func (b *bench) measureLater(ctx context.Context, d deployment) (*later, error) {
	b.say("once more")
	d.run = laterRun
	var l later
	var err error
	if l.Fetch, _, err = b.fetchAll(ctx, d); err != nil {
		return nil, err
	}
	l.Transform, err = b.transform(ctx, d)
	return &l, err
}

// fetchAll reads every collection.
func (b *bench) fetchAll(ctx context.Context, d deployment) (all []fetched, wall float64, err error) {
	bound := bounds(only(d.org))
	all = make([]fetched, len(staging.Collections))
	g, gctx := errgroup.WithContext(ctx)
	if !b.together {
		g.SetLimit(1)
	}
	began := time.Now()
	for i, c := range staging.Collections {
		g.Go(func() (err error) {
			all[i], err = b.fetch(gctx, c, d)
			all[i].Bound = bound[c]
			return err
		})
	}
	err = g.Wait()
	return all, time.Since(began).Seconds(), err
}

// fetch reads one collection, in as many invocations as that takes.
func (b *bench) fetch(ctx context.Context, c staging.Collection, d deployment) (fetched, error) {
	out := fetched{Collection: string(c)}
	f, err := b.start(ctx, string(c), d)
	if err != nil {
		return out, err
	}
	var answer struct{ Complete bool }
	if out.spent, err = f.invokeAll(ctx, &answer); err != nil {
		return out, err
	}
	if !answer.Complete {
		return out, fmt.Errorf("%s ended without being complete", c)
	}
	out.Calls = f.pingone.Calls("/v1/**")
	snap, err := staging.Load(ctx, d.at.store, d.run, c)
	if err != nil {
		return out, err
	}
	keys, err := d.at.store.List(ctx, staging.RunPrefix(d.run)+string(c)+"/")
	if err != nil {
		return out, err
	}
	out.Records, out.Objects, out.Bytes, out.RawBytes = snap.Complete.Records, len(keys), snap.Complete.Bytes, snap.Complete.RawBytes
	b.say("%s: %s calls in %s s, peak %s", c, number(out.Calls), seconds(out.Wall), mebibytes(out.PeakBytes))
	return out, nil
}

// transform posts the run on one core.
func (b *bench) transform(ctx context.Context, d deployment) (transform, error) {
	var out transform
	d.env = map[string]string{"GOMAXPROCS": "1"}
	before := len(b.authomize.Posts())
	f, err := b.start(ctx, "transform", d)
	if err != nil {
		return out, err
	}
	var answer struct {
		State  string
		Posted map[string]int64
		Held   []string
		Error  string
	}
	if out.spent, err = f.invokeAll(ctx, &answer); err != nil {
		return out, err
	}
	if answer.State != "done" {
		return out, fmt.Errorf("transform ended %s: %v %s", answer.State, answer.Held, answer.Error)
	}
	out.State, out.Requests = answer.State, len(b.authomize.Posts())-before
	for _, n := range answer.Posted {
		out.Records += n
	}
	b.say("transform: %d records in %s s of processor time, peak %s", out.Records, seconds(out.CPU), mebibytes(out.PeakBytes))
	return out, nil
}

// pacedAll measures time against calls and pace, on organizations that take
// some hundred calls.
func (b *bench) pacedAll(ctx context.Context) ([]paced, error) {
	many := size{Users: 300_000, Groups: 10, Populations: 10}.organization()
	groups := size{Users: 30_000, Groups: 250, Memberships: 2, Largest: 20_000, Populations: 1}.organization()
	few := size{Users: 250, Groups: 10, Memberships: 2, Holders: 50, Populations: 1, Applications: 10}.organization()
	var all []paced
	for _, one := range []struct {
		collection staging.Collection
		org        *pingonetest.Organization
	}{{staging.Users, many}, {staging.Memberships, groups}, {staging.RoleAssignments, few}} {
		at, err := b.place("paced")
		if err != nil {
			return nil, err
		}
		f, err := b.fetch(ctx, one.collection, deployment{org: one.org, run: firstRun, at: at, pace: b.pacedPace, latency: b.pacedLatency})
		if err != nil {
			return nil, err
		}
		all = append(all, paced{
			Collection: f.Collection, Calls: f.Calls, Pace: b.pacedPace, LatencyMs: b.pacedLatency.Milliseconds(), Wall: f.Wall,
		})
	}
	return all, nil
}

// coldStarts measures what is deployed, and how soon it asks for an event.
func (b *bench) coldStarts(ctx context.Context, d deployment) ([]artifact, error) {
	all, err := artifacts(b.bin("lambda"))
	if err != nil {
		return nil, err
	}
	for i := range all {
		var took []time.Duration
		for range b.starts {
			one, err := b.coldStart(ctx, all[i].Function, d)
			if err != nil {
				return nil, err
			}
			took = append(took, one)
		}
		all[i].InitMs = float64(median(took).Microseconds()) / 1000
	}
	return all, nil
}

func (b *bench) coldStart(ctx context.Context, name string, d deployment) (time.Duration, error) {
	f, err := b.start(ctx, name, d)
	if err != nil {
		return 0, err
	}
	defer f.close()
	return f.FirstPoll(ctx)
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
