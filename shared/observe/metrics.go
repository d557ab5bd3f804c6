package observe

import "slices"

// Namespace is where all metrics are.
const Namespace = "PingOneAuthomize"

// A Metric is what CloudWatch shows: by stack, and by stack and By where that is
// set.
type Metric struct {
	Name string    `json:"name"`
	Unit string    `json:"unit"`
	By   Dimension `json:"by"`
}

// The metrics that the functions write.
var (
	RunsCompleted      = define("RunsCompleted", unitCount, NoDimension)       // runs of which all was posted
	GoodRuns           = define("GoodRuns", unitCount, NoDimension)            // recent runs that ended done; 0 for others that ended
	SinceGoodRun       = define("SinceGoodRun", unitSeconds, NoDimension)      // from the scheduled time of the last good run to now
	RunsHeld           = define("RunsHeld", unitCount, NoDimension)            // runs whose sweep was held back
	RunsFailed         = define("RunsFailed", unitCount, NoDimension)          // runs that ended failed; 0 for done and held
	RunAge             = define("RunAge", unitSeconds, NoDimension)            // from a run's scheduled time to its end
	QuarantinedInRun   = define("QuarantinedInRun", unitCount, NoDimension)    // records of all kinds: sums by stack mix runs
	EventsFailed       = define("EventsFailed", unitCount, NoDimension)        // 1 if an event could not be put on the bus
	NeverReadLists     = define("NeverReadLists", unitCount, NoDimension)      // in a run, of all collections
	RecordsRead        = define("RecordsRead", unitCount, ByCollection)        // in a complete collection
	CarriedLists       = define("CarriedLists", unitCount, ByCollection)       // in a complete collection: due, and as of an earlier run
	StaleReadings      = define("StaleReadings", unitCount, ByReason)          // lists carried forward in a run whose oldest reading is too old
	OldestReading      = define("OldestReading", unitSeconds, ByReason)        // how old the oldest list is that a run carried forward
	RecordsPosted      = define("RecordsPosted", unitCount, ByKind)            // in a run
	RecordsQuarantined = define("RecordsQuarantined", unitCount, ByKind)       // in a run
	APICalls           = define("APICalls", unitCount, ByAPI)                  // requests, repeated ones included
	Throttled          = define("Throttled", unitCount, ByAPI)                 // replies with 429
	Retries            = define("Retries", unitCount, ByAPI)                   // requests that were repeated
	TokenRefused       = define("TokenRefused", unitCount, ByAPI)              // 1 if credentials were refused
	InvocationDuration = define("InvocationDuration", unitMillis, ByFunction)  // of the handler
	InvocationTimeLeft = define("InvocationTimeLeft", unitSeconds, ByFunction) // before the deadline, at the end
	Unfinished         = define("Unfinished", unitCount, ByFunction)           // 1 if the function invoked itself to go on
)

var defined []Metric

func define(name, unit string, by Dimension) Metric {
	m := Metric{name, unit, by}
	defined = append(defined, m)
	return m
}

// Defined lists all metrics.
func Defined() []Metric { return slices.Clone(defined) }

// A Dimension splits a metric that is also there for the whole stack.
type Dimension string

// The dimensions.
const (
	stackDimension Dimension = "Stack" // of every metric

	NoDimension  Dimension = ""
	ByCollection Dimension = "Collection"
	ByFunction   Dimension = "Function"
	ByKind       Dimension = "Kind"
	ByAPI        Dimension = "API"
	ByReason     Dimension = "Reason" // of being carried forward
)

// CloudWatch's names of units.
const (
	unitCount   = "Count"
	unitSeconds = "Seconds"
	unitMillis  = "Milliseconds"
)
