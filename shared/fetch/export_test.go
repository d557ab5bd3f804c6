package fetch

import "time"

// CommittingEvery returns options that commit more often than half a minute.
func (o Options) CommittingEvery(d time.Duration) Options {
	o.commitEvery = d
	return o
}

// PartitioningAbove returns options that read an environment of more users
// population by population.
func (o Options) PartitioningAbove(users int) Options {
	o.partitionAbove = users
	return o
}

// Claiming returns options whose claim lasts for d.
func (o Options) Claiming(d time.Duration) Options {
	o.claimTime = d
	return o
}
