package fetch

import "time"

// CommittingEvery lets an invocation commit more often.
func (o Options) CommittingEvery(d time.Duration) Options {
	o.commitEvery = d
	return o
}
