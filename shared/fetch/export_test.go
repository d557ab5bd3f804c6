package fetch

import "time"

// CommittingEvery returns options that commit more often than half a minute.
func (o Options) CommittingEvery(d time.Duration) Options {
	o.commitEvery = d
	return o
}
