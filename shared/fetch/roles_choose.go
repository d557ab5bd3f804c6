package fetch

import (
	"cmp"
	"math"
	"slices"
)

// choose returns the users to ask: those that something calls for, and those
// that were read too long ago or, beyond that, longest ago.
func (q *rolePlan) choose(e *keptEnvironment, users *roster, c changes) (urgent, others []int32) {
	oldest, newest := seconds(q.at.Add(-q.o.Roles.maxAge())), seconds(q.until.Add(feedOverlap))
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
