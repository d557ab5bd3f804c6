package fetch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pingone-authomize/shared/pingone"
)

const (
	// feedOverlap is how much of the feed is read once more: events show up
	// late, and clocks differ.
	feedOverlap = 15 * time.Minute
	// feedRetention is how long PingOne surely keeps events: 90 days for those
	// of users, two years for those of configuration (PingOne documentation,
	// p1_logging_reporting_overview), less a margin.
	feedRetention = 85 * 24 * time.Hour
	// maxSeen bounds the events that are known by id. Those beyond are read
	// for once more.
	maxSeen = 2000
)

// changes are what the audit feed tells of a stretch of time.
type changes struct {
	// named are the users whose role assignments changed, and when last.
	named map[pingone.ID]time.Time
	seen  []pingone.ID
	// distrust says why the feed can't be relied on, "" if it can.
	distrust string
}

// readFeed reads the events since mark, with an overlap, up to until, the
// later of the times that it may be now; at is the earlier. Events that an
// earlier reading has dealt with name nobody.
func readFeed(ctx context.Context, client *pingone.Client, env pingone.ID, mark feedMark, at, until time.Time) (changes, error) {
	from := mark.FeedUntil.Add(-feedOverlap)
	c := changes{named: map[pingone.ID]time.Time{}}
	known := map[pingone.ID]bool{}
	for _, id := range mark.Seen {
		known[id] = true
	}
	for _, action := range []string{pingone.RoleAssigned, pingone.RoleUnassigned} {
		list := pingone.Activities(env, from, until, action)
		var d pingone.Decoder[pingone.Activity]
		for page, err := range client.Pages(ctx, list, "") {
			if distrust := unreadable(err); distrust != "" {
				return changes{distrust: distrust}, nil
			}
			if err != nil {
				return changes{}, err
			}
			events, broken, err := d.Items(page.Body, list.Key)
			if err != nil || broken > 0 {
				return changes{distrust: "an event of the audit feed has another shape"}, nil
			}
			for i := range events {
				if !isWithin(&events[i], from, until) {
					return changes{distrust: "an event of the audit feed is not of the time that was asked for"}, nil
				}
				c.take(&events[i], known, at)
			}
		}
	}
	return c, nil
}

// isWithin tells whether an event is dated within a stretch of time, or beside it
// by no more than clocks differ. A feed that shows others does not tell what was
// asked for.
func isWithin(a *pingone.Activity, from, until time.Time) bool {
	at, ok := a.Time()
	return ok && !at.Before(from.Add(-feedOverlap)) && !at.After(until.Add(feedOverlap))
}

// unreadable says why the feed can't be read, if err is PingOne's answer and
// not a failure that passes.
func unreadable(err error) string {
	if r := refusal(err); r != nil {
		return fmt.Sprintf("the audit feed was refused (%d %s)", r.Status, r.Code)
	}
	for _, bad := range []error{pingone.ErrBadPage, pingone.ErrBadLink, pingone.ErrPageLoop} {
		if errors.Is(err, bad) {
			return "the audit feed is not a list of events"
		}
	}
	return ""
}

func (c *changes) take(a *pingone.Activity, known map[pingone.ID]bool, at time.Time) {
	recorded, _ := a.Time()
	dealt := known[a.ID]
	if !a.ID.IsZero() && !slices.Contains(c.seen, a.ID) && len(c.seen) < maxSeen && !recorded.Before(at.Add(-feedOverlap)) {
		c.seen = append(c.seen, a.ID)
	}
	if dealt {
		return
	}
	users, others := a.Principals()
	if len(users) == 0 && !others {
		c.distrust = "an event does not say whose role assignment changed"
	}
	for _, id := range users {
		if recorded.After(c.named[id]) {
			c.named[id] = recorded
		}
	}
}
