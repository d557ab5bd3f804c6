package staging

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const runLayout = "20060102T150405Z"

// A RunID names a run by the time it was asked for, in UTC, as
// YYYYMMDDThhmmssZ. RunIDs sort by that time.
type RunID string

// RunAt returns the run of a moment; parts of a second are dropped.
func RunAt(t time.Time) RunID { return RunID(t.UTC().Format(runLayout)) }

// ParseRun checks that s is a RunID.
func ParseRun(s string) (RunID, error) {
	t, err := time.Parse(runLayout, s)
	if err != nil || t.Format(runLayout) != s {
		return "", fmt.Errorf("run %q is not a time of the form YYYYMMDDThhmmssZ, such as 20261123T090000Z", s)
	}
	return RunID(s), nil
}

// Time returns the moment that the run is named after, and the zero time for a
// malformed RunID.
func (r RunID) Time() time.Time {
	t, err := time.Parse(runLayout, string(r))
	if err != nil {
		return time.Time{}
	}
	return t
}

// A Collection is what one fetch function reads.
type Collection string

// The collections of a run.
const (
	Environments    Collection = "environments"
	Populations     Collection = "populations"
	Users           Collection = "users"
	Groups          Collection = "groups"
	Memberships     Collection = "memberships"
	Roles           Collection = "roles"
	RoleAssignments Collection = "roleassignments"
	Applications    Collection = "applications"
	Gateways        Collection = "gateways"
)

// Collections are those that make up a complete run, in their usual order.
var Collections = []Collection{
	Environments, Populations, Users, Groups, Memberships,
	Roles, RoleAssignments, Applications, Gateways,
}

// ParseCollection checks that s names a collection.
func ParseCollection(s string) (Collection, error) {
	if c := Collection(s); slices.Contains(Collections, c) {
		return c, nil
	}
	return "", fmt.Errorf("%q is not a collection; one of %v is", s, Collections)
}

const (
	manifestName = "manifest.json"
	completeName = "complete.json"
	claimName    = "claim.json"
	partPrefix   = "part-"
	planPrefix   = "plan-"
	linesSuffix  = ".jsonl.gz"
)

// RunPrefix is the start of all keys of a run. It ends with a slash.
func RunPrefix(run RunID) string { return "runs/" + string(run) + "/" }

// ReportKey names what transform did in a run, as JSON.
func ReportKey(run RunID) string { return RunPrefix(run) + "report.json" }

// ReportPageKey names what transform did in a run, as HTML.
func ReportPageKey(run RunID) string { return RunPrefix(run) + "report.html" }

// EarlierReportKey names the report of a transform of the run that began then,
// and after which the run was transformed once more.
func EarlierReportKey(run RunID, began time.Time) string {
	return RunPrefix(run) + "transform/report-" + began.UTC().Format("20060102T150405.000Z") + ".json"
}

// ClaimKey names the claim of the transform that works on a run.
func ClaimKey(run RunID) string { return RunPrefix(run) + "transform/" + claimName }

// CollectionClaimKey names the claim of the invocation that reads a collection.
func CollectionClaimKey(run RunID, c Collection) string { return collectionKey(run, c, claimName) }

// PartKey names the nth part of a collection, counted from 1.
func PartKey(run RunID, c Collection, n int) string {
	return collectionKey(run, c, numberedName(partPrefix, n))
}

// PlanKey names the nth object of a collection's plan, counted from 1.
func PlanKey(run RunID, c Collection, n int) string {
	return collectionKey(run, c, numberedName(planPrefix, n))
}

// ManifestKey names a collection's manifest.
func ManifestKey(run RunID, c Collection) string { return collectionKey(run, c, manifestName) }

// CompleteKey names the object that says that a collection is complete.
func CompleteKey(run RunID, c Collection) string { return collectionKey(run, c, completeName) }

// ParseCompleteKey tells which collection of which run the key of a
// complete.json belongs to. Any store prefix may stand in front, since an S3
// event names the whole key. Any other key is an error.
func ParseCompleteKey(key string) (RunID, Collection, error) {
	s := strings.Split(key, "/")
	if n := len(s); n >= 4 && s[n-4] == "runs" && s[n-1] == completeName {
		run, runErr := ParseRun(s[n-3])
		c, err := ParseCollection(s[n-2])
		if runErr == nil && err == nil {
			return run, c, nil
		}
	}
	return "", "", fmt.Errorf("key %q is not of the form runs/<run>/<collection>/%s", key, completeName)
}

func collectionKey(run RunID, c Collection, name string) string {
	return RunPrefix(run) + string(c) + "/" + name
}

func numberedName(prefix string, n int) string {
	return fmt.Sprintf("%s%06d%s", prefix, n, linesSuffix)
}

// numberOf is the reverse of numberedName; 0 for another name.
func numberOf(prefix, name string) int {
	digits, ok := strings.CutPrefix(name, prefix)
	digits, ok2 := strings.CutSuffix(digits, linesSuffix)
	n, err := strconv.Atoi(digits)
	if !ok || !ok2 || err != nil || n < 1 || numberedName(prefix, n) != name {
		return 0
	}
	return n
}
