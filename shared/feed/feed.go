// Package feed reads PingOne's audit feed: which parents have changed since it
// was read last, and which items and ties came to their end.
package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pingone-authomize/shared/collection"
	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
	"pingone-authomize/shared/transport"
)

const (
	// overlap is what is read once more: events may show up late.
	overlap = 6 * time.Hour
	// furthest is how far back a first reading asks: PingOne keeps configuration
	// events for two years, others for 90 days (PingOne documentation,
	// "Logging and reporting").
	furthest = 2 * 365 * 24 * time.Hour
	// skew is how far an event may lie outside of the time that was asked for
	// before the feed is no longer believed.
	skew = time.Minute
)

// A window is what is asked of one environment's feed.
type window struct {
	environment pingone.ID
	action      string
	from, to    time.Time
	pages       int // the most that are read
}

// read hands on the events of a window. whole tells that it was read to its
// end; a feed that is refused, fails, is too long, or shows events of another
// time was not, and is no error.
func read(ctx context.Context, client *pingone.Client, w window, each func(*pingone.Activity)) (whole bool, err error) {
	var d pingone.Decoder[pingone.Activity]
	l, pages := pingone.Activities(w.environment, w.from, w.to, w.action), 0
	for page, err := range client.Pages(ctx, l, "") {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if errors.Is(err, transport.ErrOutOfTime) || errors.Is(err, pingone.ErrCredentials) {
			return false, fmt.Errorf("read the audit feed of environment %s: %w", w.environment, err)
		}
		if err != nil {
			return false, nil // it says nothing, and the caller does without
		}
		events, broken, err := d.Items(page.Body, "activities")
		if err != nil || broken > 0 || page.Announced > page.Records {
			return false, nil // what can't be read may be what matters
		}
		for i := range events {
			at, ok := events[i].Time()
			if !ok || at.Before(w.from.Add(-skew)) || at.After(w.to.Add(skew)) {
				return false, nil
			}
			each(&events[i])
		}
		if pages++; pages >= w.pages && page.Next != "" {
			return false, nil
		}
	}
	return true, nil
}

// A Changed is which parents changed, by the feeds of some environments.
type Changed struct {
	parents map[staging.Parent]bool
	// Whole are the environments whose feed was read to its end.
	Whole map[pingone.ID]bool
	// Marks say how far each was read.
	Marks []staging.Mark
}

// Has tells whether the feed speaks of a parent. Members of a group in any way
// are its members.
func (c *Changed) Has(p *staging.Parent) bool {
	if p == nil {
		return false
	}
	of := *p
	if of.Kind == staging.GroupAny {
		of.Kind = "group"
	}
	return c.parents[of]
}

// Changes reads the feed of an environment since its mark, or on a first
// reading as far back as it answers, and adds what changed. pages bounds what
// is read: the feed is worth no more calls than it spares. The mark moves only
// if the feed was read to its end. The error is ctx's, or that of refused credentials.
func (c *Changed) Changes(ctx context.Context, client *pingone.Client, of *collection.Collection, env pingone.ID, mark time.Time, pages int) error {
	earlier, later := client.Now()
	from := mark.Add(-overlap)
	if mark.IsZero() {
		from = earlier.Add(-furthest)
	}
	if c.parents == nil {
		c.parents, c.Whole = map[staging.Parent]bool{}, map[pingone.ID]bool{}
	}
	whole := true
	for _, action := range of.Feed {
		w := window{env, action, from, later, pages}
		ok, err := read(ctx, client, w, func(a *pingone.Activity) {
			for _, s := range of.Event(a) {
				c.parents[staging.Parent{Kind: s.Kind, ID: s.Parent}] = true
			}
		})
		if err != nil {
			return err
		}
		whole = whole && ok
	}
	if c.Whole[env] = whole; whole {
		mark = earlier
	}
	if !mark.IsZero() {
		c.Marks = append(c.Marks, staging.Mark{Environment: env, Through: mark})
	}
	return nil
}

// Ended says when items and ties ended last, and when they began last, by the
// feed.
type Ended struct {
	deleted, created map[collection.Subject]time.Time
}

// At tells whether an item or tie ended after a time and has not begun since.
func (e *Ended) At(s collection.Subject, after time.Time) bool {
	deleted, ok := e.deleted[s]
	return ok && deleted.After(after) && e.created[s].Before(deleted)
}

// Subjects are what ended.
func (e *Ended) Subjects() map[collection.Subject]time.Time { return e.deleted }

// Read adds what the feed of an environment says since a time. A part of it
// counts as well: each event is proof by itself. That something has begun again
// must be known for it, so what began is read first, and without it nothing
// ended. Events of what failed are no proof. The error is as of Changes.
func (e *Ended) Read(ctx context.Context, client *pingone.Client, of *collection.Collection, env pingone.ID, since time.Time, pages int) error {
	if of.Event == nil {
		return nil
	}
	if e.deleted == nil {
		e.deleted, e.created = map[collection.Subject]time.Time{}, map[collection.Subject]time.Time{}
	}
	earlier, later := client.Now()
	if oldest := earlier.Add(-furthest); since.Before(oldest) {
		since = oldest
	}
	ok, err := read(ctx, client, window{env, of.Created, since, later, pages}, e.note(of, e.created, pingone.Activity.Failed, false))
	if err != nil || !ok {
		return err
	}
	_, err = read(ctx, client, window{env, of.Deleted, since, later, pages}, e.note(of, e.deleted, pingone.Activity.Succeeded, true))
	return err
}

// note keeps when events came last, of those whose result is what counts: a
// deletion must have succeeded, a creation must not have failed.
func (e *Ended) note(of *collection.Collection, into map[collection.Subject]time.Time, result func(pingone.Activity) bool, want bool) func(*pingone.Activity) {
	return func(a *pingone.Activity) {
		at, ok := a.Time()
		if !ok || result(*a) != want {
			return
		}
		for _, s := range of.Event(a) {
			if at.After(into[s]) {
				into[s] = at
			}
		}
	}
}
