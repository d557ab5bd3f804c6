package observe

import "slices"

// Namespace is where all metrics are.
const Namespace = "PingOneAuthomize"

// A Name is a metric's.
type Name string

// The metrics. Definitions has their units and dimensions.
const (
	RunsCompleted      Name = "RunsCompleted"      // runs of which all was posted
	GoodRuns           Name = "GoodRuns"           // recent runs that ended done; 0 for others that ended
	SinceGoodRun       Name = "SinceGoodRun"       // from the scheduled time of the last good run to now
	RunsHeld           Name = "RunsHeld"           // runs whose sweep was held back
	RunsFailed         Name = "RunsFailed"         // runs that ended failed; 0 for done and held
	RunAge             Name = "RunAge"             // from a run's scheduled time to its end
	RecordsRead        Name = "RecordsRead"        // in a complete collection
	UnreadSlices       Name = "UnreadSlices"       // in a complete collection
	RecordsPosted      Name = "RecordsPosted"      // in a run
	RecordsQuarantined Name = "RecordsQuarantined" // in a run
	QuarantinedInRun   Name = "QuarantinedInRun"   // records of all kinds: sums by stack mix runs
	APICalls           Name = "APICalls"           // requests, repeated ones included
	Throttled          Name = "Throttled"          // replies with 429
	Retries            Name = "Retries"            // requests sent again
	TokenRefused       Name = "TokenRefused"       // 1 if credentials were refused
	InvocationDuration Name = "InvocationDuration" // of the handler
	InvocationTimeLeft Name = "InvocationTimeLeft" // before the deadline, at the end
	Unfinished         Name = "Unfinished"         // 1 if the function invoked itself to go on
	EventsFailed       Name = "EventsFailed"       // 1 if an event could not be put on the bus
	RoleCoverage       Name = "RoleCoverage"       // users whose roles are known, of all
	RoleReadingAge     Name = "RoleReadingAge"     // of the oldest reading of a user's roles
)

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
)

// CloudWatch's names of units.
const (
	unitCount   = "Count"
	unitSeconds = "Seconds"
	unitMillis  = "Milliseconds"
	unitPercent = "Percent"
)

// A Definition is what CloudWatch shows of a metric: by stack, and by stack
// and By where that is set.
type Definition struct {
	Name Name      `json:"name"`
	Unit string    `json:"unit"`
	By   Dimension `json:"by"`
}

// definitions are all metrics that the functions write.
var definitions = []Definition{
	{RunsCompleted, unitCount, NoDimension},
	{GoodRuns, unitCount, NoDimension},
	{SinceGoodRun, unitSeconds, NoDimension},
	{RunsHeld, unitCount, NoDimension},
	{RunsFailed, unitCount, NoDimension},
	{RunAge, unitSeconds, NoDimension},
	{QuarantinedInRun, unitCount, NoDimension},
	{EventsFailed, unitCount, NoDimension},
	{RoleCoverage, unitPercent, NoDimension},
	{RoleReadingAge, unitSeconds, NoDimension},
	{RecordsRead, unitCount, ByCollection},
	{UnreadSlices, unitCount, ByCollection},
	{RecordsPosted, unitCount, ByKind},
	{RecordsQuarantined, unitCount, ByKind},
	{APICalls, unitCount, ByAPI},
	{Throttled, unitCount, ByAPI},
	{Retries, unitCount, ByAPI},
	{TokenRefused, unitCount, ByAPI},
	{InvocationDuration, unitMillis, ByFunction},
	{InvocationTimeLeft, unitSeconds, ByFunction},
	{Unfinished, unitCount, ByFunction},
}

// Definitions lists all metrics.
func Definitions() []Definition { return slices.Clone(definitions) }

// MetricNames lists the names of all metrics.
func MetricNames() []Name {
	names := make([]Name, len(definitions))
	for i, d := range definitions {
		names[i] = d.Name
	}
	return names
}

func definitionOf(n Name) (Definition, bool) {
	i := slices.IndexFunc(definitions, func(d Definition) bool { return d.Name == n })
	if i < 0 {
		return Definition{}, false
	}
	return definitions[i], true
}
