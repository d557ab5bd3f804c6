package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pingone-authomize/shared/collection"
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
	at, err := b.location("main")
	if err != nil {
		return nil, err
	}
	d := deployment{org: org, run: staging.RunAt(time.Now()), at: at, pace: b.pace, latency: b.latency}
	if r.Fetch, r.FetchWall, err = b.fetchAll(ctx, d); err != nil {
		return nil, err
	}
	if r.Transform, err = b.transform(ctx, d); err != nil {
		return nil, err
	}
	if r.Transform.Reference, err = b.reference(ctx, d); err != nil {
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

// measureLater makes a second run of the same organization, which begins with
// what the first one read.
func (b *bench) measureLater(ctx context.Context, d deployment) (*later, error) {
	first := d.run.Time()
	d.run = staging.RunAt(time.Now())
	l := later{After: d.run.Time().Sub(first).Seconds()}
	l.Share = int(l.After / maxAge.Seconds() * float64(bounds(only(d.org))[staging.RoleAssignments]))
	b.say("once more, %s s later", seconds(l.After))
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
	all = make([]fetched, len(collection.All))
	began := time.Now()
	for _, level := range levels() {
		g, gctx := errgroup.WithContext(ctx)
		if !b.together {
			g.SetLimit(1)
		}
		for _, i := range level {
			g.Go(func() (err error) {
				c := collection.All[i].Name
				all[i], err = b.fetch(gctx, c, d)
				all[i].Bound = bound[c]
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return nil, 0, err
		}
	}
	return all, time.Since(began).Seconds(), nil
}

// levels are the collections, by position in collection.All, each behind its
// inputs.
func levels() [][]int {
	var all [][]int
	done := map[staging.Collection]bool{}
	for len(done) < len(collection.All) {
		var level []int
		for i, c := range collection.All {
			if !done[c.Name] && !slices.ContainsFunc(c.Inputs, func(in staging.Collection) bool { return !done[in] }) {
				level = append(level, i)
			}
		}
		for _, i := range level {
			done[collection.All[i].Name] = true
		}
		all = append(all, level)
	}
	return all
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
	const beside = 4 // manifest, plan, lease and complete.json
	out.Records, out.Objects, out.Bytes, out.RawBytes = snap.Complete.Records, snap.Complete.Parts+beside, snap.Complete.Bytes, snap.Complete.RawBytes
	b.say("%s: %s calls in %s s, peak %s", c, number(out.Calls), seconds(out.Wall), mebibytes(out.PeakBytes))
	return out, nil
}

// transform posts the run on one core.
func (b *bench) transform(ctx context.Context, d deployment) (transform, error) {
	var out transform
	// The fake stores nothing of so many records, so it can't show what was posted.
	d.env = map[string]string{"GOMAXPROCS": "1", "SWEEP": "never"}
	before := len(b.authomize.Posts())
	f, err := b.start(ctx, "transform", d)
	if err != nil {
		return out, err
	}
	var answer struct {
		State  string
		Posted map[string]int64
		Held   []struct{ Code, Text string }
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
		f, err := b.pacedOne(ctx, one.collection, one.org)
		if err != nil {
			return nil, err
		}
		all = append(all, paced{
			Collection: f.Collection, Calls: f.Calls, Pace: b.pacedPace, LatencyMs: b.pacedLatency.Milliseconds(), Wall: f.Wall,
		})
	}
	return all, nil
}

// pacedOne measures one collection, once its inputs are read without a pace.
func (b *bench) pacedOne(ctx context.Context, c staging.Collection, org *pingonetest.Organization) (fetched, error) {
	at, err := b.location("paced " + string(c))
	if err != nil {
		return fetched{}, err
	}
	d := deployment{org: org, run: staging.RunAt(time.Now()), at: at, pace: b.pace}
	for _, level := range levels() {
		for _, i := range level {
			of := collection.All[i]
			if of.Name == c {
				d.pace, d.latency = b.pacedPace, b.pacedLatency
				return b.fetch(ctx, c, d)
			}
			if of.Name == staging.Memberships || of.Name == staging.RoleAssignments || of.Name == staging.Devices {
				continue // nobody's inputs
			}
			if _, err := b.fetch(ctx, of.Name, d); err != nil {
				return fetched{}, err
			}
		}
	}
	return fetched{}, fmt.Errorf("there is no collection %q", c)
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
