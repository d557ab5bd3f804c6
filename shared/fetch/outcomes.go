package fetch

import (
	"cmp"
	"errors"
	"slices"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

func outcomeOf(list int, l *planned, e *ended) staging.Outcome {
	o := staging.Outcome{From: list, To: list + 1, Environment: l.Environment, Reason: e.reason}
	var reply *pingone.Error
	if errors.As(e.err, &reply) {
		o.Status, o.Code, o.Message, o.CorrelationID = reply.Status, reply.Code, reply.Message, reply.CorrelationID
	} else if e.err != nil {
		o.Message = e.err.Error()
	}
	return o
}

// merged joins neighbours that ended alike: a role that lacks refuses every
// list of a sort, and there may be many.
func merged(all []staging.Outcome) []staging.Outcome {
	slices.SortFunc(all, func(a, b staging.Outcome) int { return cmp.Compare(a.From, b.From) })
	out := all[:0]
	for _, o := range all {
		if n := len(out); n > 0 && out[n-1].To == o.From && isAlike(&out[n-1], &o) {
			out[n-1].To = o.To
			continue
		}
		out = append(out, o)
	}
	return out
}

func isAlike(a, b *staging.Outcome) bool {
	return a.Environment == b.Environment && a.Reason == b.Reason && a.Status == b.Status && a.Code == b.Code
}
