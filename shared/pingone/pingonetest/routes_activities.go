package pingonetest

import (
	"iter"
	"slices"
)

// listActivities is newest first; the cursor is the number of the last event
// shown, so that events recorded meanwhile don't shift the pages.
func listActivities(c *call) error {
	l, err := c.paged("activities", activityPage, activityTop)
	if err != nil {
		return err
	}
	filter, _ := c.param("filter")
	query, ok := eventFilter(filter)
	if !ok {
		return c.malformed(filter)
	}
	c.s.mu.Lock()
	visible := c.s.org.now().Add(-c.s.feedDelay)
	delayed := c.s.feedDelay > 0
	c.s.mu.Unlock()
	var shown []*event
	for ev := range c.env.newest(query) {
		if delayed && ev.at.After(visible) || !query.matches(ev) {
			continue
		}
		l.count++
		if l.after >= 0 && ev.number >= l.after {
			continue
		}
		if len(shown) == l.limit {
			l.more = true
			continue
		}
		shown = append(shown, ev)
		l.positions = append(l.positions, ev.number)
	}
	c.begin(l)
	for _, ev := range shown {
		if !c.loses(ev.id) {
			c.activity(c.base(), c.env, ev)
		}
	}
	c.end(l)
	return nil
}

// newest are the events that a query may match, newest first.
func (e *Environment) newest(q *eventQuery) iter.Seq[*event] {
	return func(yield func(*event) bool) {
		show := func(ev *event) bool {
			return (e.disordered || !ev.at.Before(q.since)) && yield(ev)
		}
		if q.action == "" {
			for i := range slices.Backward(e.events) {
				if !show(&e.events[i]) {
					return
				}
			}
			return
		}
		for _, i := range slices.Backward(e.byAction[q.action]) {
			if !show(&e.events[i]) {
				return
			}
		}
	}
}
