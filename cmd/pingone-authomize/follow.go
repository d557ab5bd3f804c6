package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pingone-authomize/shared/fetch"
	"pingone-authomize/shared/report"
	"pingone-authomize/shared/staging"
)

const (
	// lookEvery is how often a run is looked at in the bucket.
	lookEvery = 3 * time.Second
	// quietAfter is how long nothing may happen before a person is shown where
	// to look: a function that failed is tried once more for about three minutes.
	quietAfter = 5 * time.Minute
)

// follow watches a run of a stack in its bucket.
type follow struct {
	site
	world   world
	run     staging.RunID
	before  string // version of the report that is not waited for
	shown   *lines
	open    []staging.Collection             // not complete
	seen    map[staging.Collection]time.Time // when the manifest was written
	changed time.Time                        // when anything was new; zero once it was said where to look
}

// follow shows how far a run is, of which some collections are open, until it
// has a report of another version than before, and then that.
func (s site) follow(ctx context.Context, w world, run staging.Run, open []staging.Collection, before string) (int, error) {
	f := &follow{
		site: s, world: w, run: run.Run, before: before, open: slices.Clone(open),
		shown: newLines(w, run.DryRun), seen: map[staging.Collection]time.Time{}, changed: time.Now(),
	}
	err := f.watch(ctx)
	f.shown.close()
	switch {
	case err != nil && ctx.Err() != nil:
		return exitInterrupted, fmt.Errorf("interrupted: run %s goes on in AWS all the same; %s", run.Run, f.onward())
	case err != nil:
		return exitFailed, fmt.Errorf("run %s can't be followed: %w\nit goes on in AWS all the same; %s", run.Run, err, f.onward())
	}
	r, err := report.Load(context.WithoutCancel(ctx), s.store, run.Run)
	if err != nil {
		return exitFailed, err
	}
	return s.outcome(w, r)
}

func (f *follow) watch(ctx context.Context) error {
	every := f.world.LookEvery
	if every == 0 {
		every = lookEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		done, err := f.look(ctx)
		if done || err != nil {
			return err
		}
		if !f.changed.IsZero() && time.Since(f.changed) > quietAfter {
			f.changed = time.Time{}
			f.world.say("  nothing new for %s: if a function has failed, its log says so: %s", quietAfter, f.logs())
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look tells whether there is a new report.
func (f *follow) look(ctx context.Context) (bool, error) {
	for _, c := range slices.Clone(f.open) {
		complete, err := f.isComplete(ctx, c)
		if err != nil {
			return false, err
		}
		if complete {
			f.open = slices.DeleteFunc(f.open, func(o staging.Collection) bool { return o == c })
		}
	}
	object, err := f.store.Get(ctx, staging.ReportKey(f.run))
	if errors.Is(err, staging.ErrNotFound) {
		return false, nil
	}
	return err == nil && object.Version != f.before, err
}

// isComplete looks at a collection that was not, and shows how far it is.
func (f *follow) isComplete(ctx context.Context, c staging.Collection) (bool, error) {
	m, err := staging.LoadManifest(ctx, f.store, f.run, c)
	if errors.Is(err, staging.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if m.UpdatedAt.After(f.seen[c]) {
		f.seen[c], f.changed = m.UpdatedAt, time.Now()
	}
	if !m.Complete {
		f.shown.reading(progressOf(m))
		return false, nil
	}
	_, err = f.store.Get(ctx, staging.CompleteKey(f.run, c))
	if errors.Is(err, staging.ErrNotFound) {
		return false, nil
	}
	if err == nil {
		f.shown.read(c, resultOf(m), nil)
	}
	return err == nil, err
}

// logs says where errors would be.
func (f *follow) logs() string {
	names := []string{transformName}
	if len(f.open) > 0 {
		names = nil
		for _, c := range f.open {
			names = append(names, string(c))
		}
	}
	return fmt.Sprintf("log groups /pingone-authomize/%s/ (%s)", f.stack.name, strings.Join(names, ", "))
}

// onward says what is left of a run that is no longer followed, and the next
// commands.
func (f *follow) onward() string {
	if len(f.open) == 0 {
		return fmt.Sprintf("transform is at work: %s\nits report shows: %s\nif it has failed for good, start it with: %s",
			f.logs(), f.command("report", f.run), f.command("replay", f.run))
	}
	return fmt.Sprintf("not complete: %s\nfollow it, and start what stands still, with: pingone-authomize invoke%s, with the flags that it was started with",
		f.logs(), f.flags)
}

// progressOf is how far a manifest says that a reading is.
func progressOf(m *staging.Manifest) fetch.Progress {
	p := fetch.Progress{Collection: m.Collection, Pages: m.Pages, Records: m.Records}
	for _, e := range m.Progress.Ended() {
		if e != staging.Deferred {
			p.Lists++
		}
	}
	if m.Plan != nil {
		p.Total = m.Plan.Lists
	}
	return p
}

// resultOf is what the manifest of a complete collection says.
func resultOf(m *staging.Manifest) fetch.Result {
	r := fetch.Result{Records: m.Records}
	for _, c := range m.Carried {
		if c.Reason != staging.NotDue {
			r.Carried += c.Lists + c.Items
		}
	}
	return r
}

// incomplete are the collections that are not complete, in their usual order.
func incomplete(states map[staging.Collection]bool) []staging.Collection {
	var open []staging.Collection
	for _, c := range staging.Collections {
		if !states[c] {
			open = append(open, c)
		}
	}
	return open
}
