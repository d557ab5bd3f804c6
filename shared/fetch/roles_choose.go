package fetch

import (
	"cmp"
	"context"
	"math"
	"slices"

	"pingone-authomize/shared/pingone"
)

// choose returns the users to ask: those that something calls for, and those
// that were read too long ago or, beyond that, longest ago.
func (q *rolePlan) choose(e *keptEnvironment, users *roster, c changes) (urgent, others []int32) {
	oldest, newest := seconds(q.at.Add(-q.o.Roles.maxAge())), seconds(q.at.Add(feedOverlap))
	all := uint32(0)
	if !e.ReadAll.IsZero() {
		all = seconds(e.ReadAll)
	}
	var rest []int32
	for i, id := range users.ids {
		n, read := int32(i), users.read[i]
		changed, isNamed := c.named[id]
		switch {
		case read <= all, read > newest, isNamed && read <= seconds(changed.Add(feedOverlap)):
			urgent = append(urgent, n)
		case read < oldest:
			others = append(others, n)
		default:
			rest = append(rest, n)
		}
	}
	slices.SortFunc(rest, func(a, b int32) int { return cmp.Or(cmp.Compare(users.read[a], users.read[b]), cmp.Compare(a, b)) })
	return urgent, append(others, rest[:min(len(rest), q.refresh(e, len(users.ids)))]...)
}

// refresh is how many users to read again though nothing calls for it: the
// configured number, or more where all of them would otherwise come to their
// maximum age at once. The time since the last run says how often runs are.
func (q *rolePlan) refresh(e *keptEnvironment, users int) int {
	if q.o.Roles.Refresh <= 0 {
		return 0
	}
	share := 0.0
	if !e.FeedUntil.IsZero() {
		share = float64(q.at.Sub(e.FeedUntil)) / float64(q.o.Roles.maxAge())
	}
	return max(q.o.Roles.Refresh, int(math.Ceil(refreshReserve*share*float64(users))))
}

// refreshReserve leaves time for a run that fails.
const refreshReserve = 1.2

// listIDs reads the ids of a list. It is not whole if PingOne refuses it or an
// item has none, which is noted.
func listIDs(ctx context.Context, p *planner, env pingone.ID, l pingone.List) (ids []pingone.ID, whole bool, err error) {
	for restarted := false; ; restarted = true {
		var pages, broken int
		ids, pages, broken, err = pageIDs(ctx, p.client, l, ids[:0])
		r := refusal(err)
		switch {
		case r != nil && isCursorLost(r, pages) && !restarted:
			continue
		case r != nil:
			p.unread.add(unreadOf(env, l.Path, nil, r), "")
			return nil, false, nil
		case err != nil:
			return nil, false, err
		case broken > 0:
			p.unread.add(brokenItem(env, l.Path), "")
			return nil, false, nil
		}
		return ids, true, nil
	}
}

// maxHint bounds the memory that a count, often wrong, may claim: 32 MB.
const maxHint = 2_000_000

func pageIDs(ctx context.Context, client *pingone.Client, l pingone.List, ids []pingone.ID) (_ []pingone.ID, pages, broken int, err error) {
	var d pingone.Decoder[struct {
		ID pingone.ID `json:"id"`
	}]
	for page, err := range client.Pages(ctx, l, "") {
		if err != nil {
			return ids, pages, broken, err
		}
		if pages++; pages == 1 && page.Count > 0 {
			ids = slices.Grow(ids, min(page.Count, maxHint))
		}
		items, bad, err := d.Items(page.Body, l.Key)
		if err != nil {
			return ids, pages, broken, err
		}
		broken += bad
		for i := range items {
			if items[i].ID.IsZero() {
				broken++
				continue
			}
			ids = append(ids, items[i].ID)
		}
	}
	return ids, pages, broken, nil
}
