package fetch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const (
	// commitEvery bounds what a killed invocation loses.
	commitEvery = 30 * time.Second
	// saveTime is the time that a commit may take, out of the Margin.
	saveTime = 20 * time.Second
)

// A stage writes replies and commits them with the manifest.
type stage struct {
	o    Options
	w    *staging.Writer
	m    *staging.Manifest
	log  *slog.Logger
	base sums // of earlier invocations
	// note, if set, brings the manifest up to date before a commit.
	note         func()
	began, saved time.Time
	progressed   bool
}

// sums are those over all invocations.
type sums struct{ calls, retries, throttled, elapsed int64 }

func newStage(w *staging.Writer, o Options) *stage {
	m, now := w.Manifest(), o.Now()
	return &stage{
		o: o, w: w, m: m, log: o.Log.With("run", m.Run, "collection", m.Collection),
		base: sums{m.Calls, m.Retries, m.Throttled, m.ElapsedMs}, began: now, saved: now,
	}
}

// append stages a reply that holds so many records.
func (s *stage) append(r *staging.Reply, records int) error {
	if err := s.w.Append(*r, records); err != nil {
		return err
	}
	if r.Carried != "" {
		s.sum(r, records)
	}
	return nil
}

// sum counts a carried reply into the sums by environment, reason and list.
func (s *stage) sum(r *staging.Reply, records int) {
	c := s.sumOf(r.Environment, r.Carried, r.Path)
	c.Records += records
	switch {
	case !r.ID.IsZero():
		c.Items++
	case r.Shown != nil || r.IsMarker():
		c.Lists++
	}
	if c.Oldest.IsZero() || r.FetchedAt.Before(c.Oldest) {
		c.Oldest = r.FetchedAt
	}
	key := r.Key()
	if r.Carried != staging.NotDue && len(c.Keys) < staging.MaxCarriedKeys && (len(c.Keys) == 0 || c.Keys[len(c.Keys)-1] != key) {
		c.Keys = append(c.Keys, key)
	}
}

func (s *stage) sumOf(env pingone.ID, reason staging.Carried, path string) *staging.CarriedLists {
	list := path[strings.LastIndexByte(path, '/')+1:]
	for i := range s.m.Carried {
		c := &s.m.Carried[i]
		if c.Environment == env && c.Reason == reason && c.List == list {
			return c
		}
	}
	s.m.Carried = append(s.m.Carried, staging.CarriedLists{Environment: env, Reason: reason, List: list})
	return &s.m.Carried[len(s.m.Carried)-1]
}

// blame puts PingOne's own words beside a sum of what is carried.
func blame(c *staging.CarriedLists, err error) {
	if reply := (*pingone.Error)(nil); errors.As(err, &reply) {
		c.Status, c.Code, c.Message, c.CorrelationID = reply.Status, reply.Code, reply.Message, reply.CorrelationID
	} else if err != nil {
		c.Message = err.Error()
	}
}

// saveInTime commits when it is time to.
func (s *stage) saveInTime(ctx context.Context) error {
	if s.w.Full() || s.o.Now().Sub(s.saved) >= cmp.Or(s.o.commitEvery, commitEvery) {
		return s.save(ctx)
	}
	return nil
}

// save commits. It has a time of its own, since out of time is when saving
// matters most; but nothing is written once the lease is lost.
func (s *stage) save(ctx context.Context) error {
	if isLost(ctx) {
		return context.Cause(ctx)
	}
	if s.note != nil {
		s.note()
	}
	s.m.Calls = s.base.calls + s.o.Stats.Calls.Load()
	s.m.Retries = s.base.retries + s.o.Stats.Retries.Load()
	s.m.Throttled = s.base.throttled + s.o.Stats.Throttled.Load()
	s.m.ElapsedMs = s.base.elapsed + s.o.Now().Sub(s.began).Milliseconds()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	s.saved = s.o.Now()
	return s.w.Commit(ctx)
}

// report writes the collection's lines.
func (s *stage) report(ctx context.Context, done bool, err error) {
	m := s.m
	attrs := []any{
		"pages", m.Pages, "records", m.Records, "gone", len(m.Gone), "calls", m.Calls, "retries", m.Retries, "throttled", m.Throttled,
		"elapsed_ms", m.ElapsedMs, "complete", done,
	}
	if err != nil {
		s.log.ErrorContext(ctx, "collection failed", append(attrs, "err", err)...)
		return
	}
	for i := range m.Carried {
		c := &m.Carried[i]
		if c.Reason == staging.NotDue || c.Reason == staging.NotAsked || !done {
			continue
		}
		s.log.WarnContext(ctx, "carried forward: as of an earlier run", "environment", c.Environment, "reason", c.Reason, "list", c.List,
			"lists", c.Lists, "items", c.Items, "oldest", c.Oldest, "status", c.Status, "code", c.Code, "correlation_id", c.CorrelationID)
	}
	s.log.InfoContext(ctx, "collection staged", attrs...)
}

func isLost(ctx context.Context) bool { return errors.Is(context.Cause(ctx), staging.ErrLeaseLost) }
