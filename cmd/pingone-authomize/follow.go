package main

import (
	"context"
	"errors"
	"fmt"
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
	world   world
	stack   *stack
	run     staging.Run
	timeout time.Duration
	isRead  bool // every collection is complete
}

// watched is what was seen of a run.
type watched struct {
	follow
	shown    progress
	complete map[staging.Collection]bool
	seen     map[staging.Collection]time.Time // when the manifest was written
	changed  time.Time                        // when anything was new
	hinted   bool
}

// untilReport shows how far the run is, until it has a report of another
// version than before, and then that.
func (f follow) untilReport(ctx context.Context, before string) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout, errTimeout)
	defer cancel()
	w := &watched{
		follow: f, shown: newProgress(f.world, f.run.DryRun), changed: time.Now(),
		complete: map[staging.Collection]bool{}, seen: map[staging.Collection]time.Time{},
	}
	for _, c := range staging.Collections {
		w.complete[c] = f.isRead
	}
	err := w.watch(ctx, before)
	w.shown.close()
	if err != nil {
		return w.stopped(ctx, err)
	}
	r, err := report.Load(context.WithoutCancel(ctx), f.stack.store, f.run.Run)
	if err != nil {
		return exitFailed, err
	}
	return f.stack.view().outcome(f.world, r)
}

var errTimeout = errors.New("the time to follow the run is over")

func (w *watched) watch(ctx context.Context, before string) error {
	every := w.world.LookEvery
	if every == 0 {
		every = lookEvery
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		done, err := w.look(ctx, before)
		if done || err != nil {
			return err
		}
		w.hint()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// look tells whether there is a new report.
func (w *watched) look(ctx context.Context, before string) (bool, error) {
	for _, c := range staging.Collections {
		if w.complete[c] {
			continue
		}
		if err := w.collection(ctx, c); err != nil {
			return false, err
		}
	}
	object, err := w.stack.store.Get(ctx, staging.ReportKey(w.run.Run))
	if errors.Is(err, staging.ErrNotFound) {
		return false, nil
	}
	return err == nil && object.Version != before, err
}

// collection looks at one that is not complete yet.
func (w *watched) collection(ctx context.Context, c staging.Collection) error {
	m, err := staging.LoadManifest(ctx, w.stack.store, w.run.Run, c)
	if errors.Is(err, staging.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.UpdatedAt.After(w.seen[c]) {
		w.seen[c], w.changed, w.hinted = m.UpdatedAt, time.Now(), false
	}
	if !m.Complete {
		w.shown.reading(progressOf(m))
		return nil
	}
	_, err = w.stack.store.Get(ctx, staging.CompleteKey(w.run.Run, c))
	if errors.Is(err, staging.ErrNotFound) {
		return nil
	}
	if err == nil {
		w.complete[c] = true
		w.shown.read(c, resultOf(m), nil)
	}
	return err
}

// open are the collections that are not complete.
func (w *watched) open() []string {
	var names []string
	for _, c := range incomplete(w.complete) {
		names = append(names, string(c))
	}
	return names
}

// where says where errors would be.
func (w *watched) where() string {
	open := w.open()
	if len(open) == 0 {
		open = []string{transformName}
	}
	return fmt.Sprintf("/pingone-authomize/%s/ (%s)", w.stack.name, strings.Join(open, ", "))
}

// hint says once where to look when nothing happens any more. Transform
// writes nothing that shows how far it is.
func (w *watched) hint() {
	if w.hinted || len(w.open()) == 0 || time.Since(w.changed) < quietAfter {
		return
	}
	w.hinted = true
	w.world.say("  nothing new for %s: a function may have failed; the log groups say so: %s", quietAfter, w.where())
}

// stopped says what becomes of a run that is no longer followed.
func (w *watched) stopped(ctx context.Context, err error) (int, error) {
	v, run := w.stack.view(), w.run.Run
	onward := "the run goes on in AWS all the same; follow it with: " + v.command("invoke --follow", run)
	restart := v.command("invoke", run)
	what := "not complete: " + strings.Join(w.open(), ", ")
	if len(w.open()) == 0 {
		onward = "transform goes on in AWS all the same; its report shows: " + v.command("report", run)
		restart = v.command("replay", run)
		what = "without a report of transform"
	}
	switch {
	case errors.Is(context.Cause(ctx), errTimeout):
		return exitFailed, fmt.Errorf("run %s after %s: %s; errors are in the log groups %s\n%s\nif a function has failed for good, start it with: %s",
			run, w.timeout, what, w.where(), onward, restart)
	case ctx.Err() != nil:
		return exitInterrupted, fmt.Errorf("interrupted: %s", onward)
	}
	return exitFailed, fmt.Errorf("run %s can't be followed: %w\n%s", run, err, onward)
}

// resultOf is what the manifest of a complete collection says.
func resultOf(m *staging.Manifest) fetch.Result {
	r := fetch.Result{Run: m.Run, Collection: m.Collection, Pages: m.Pages, Records: m.Records, Complete: true}
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
