package staging

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

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
	Devices         Collection = "devices"
	// ApplicationRoles are who holds roles within applications.
	ApplicationRoles Collection = "applicationroles"
)

// Collections are all of them, in their usual order.
var Collections = []Collection{
	Environments, Populations, Users, Groups, Memberships,
	Roles, RoleAssignments, Applications, Gateways, Devices, ApplicationRoles,
}

// ParseCollection checks that s names a collection.
func ParseCollection(s string) (Collection, error) {
	if c := Collection(s); slices.Contains(Collections, c) {
		return c, nil
	}
	return "", fmt.Errorf("%q is not a collection; one of %v is", s, Collections)
}

const (
	runsPrefix   = "runs/"
	completeName = "complete.json"

	// OpenKey names the object that says which run is being read.
	OpenKey = runsPrefix + "open.json"
)

// RunPrefix is the start of all keys of a run. It ends with a slash.
func RunPrefix(run RunID) string { return runsPrefix + string(run) + "/" }

// RunKey names what a run is, a [Run].
func RunKey(run RunID) string { return RunPrefix(run) + "run.json" }

// TransformKey names what transform must remember of a run.
func TransformKey(run RunID) string { return RunPrefix(run) + "transform.json" }

// ApprovalKey names what people approved of a run.
func ApprovalKey(run RunID) string { return RunPrefix(run) + "approval.json" }

// ReportKey names what transform did in a run, as JSON.
func ReportKey(run RunID) string { return RunPrefix(run) + "report.json" }

// AcceptedKey is what people accepted of findings. It is no run's, so that it is
// there when the runs are gone.
const AcceptedKey = "accepted.json"

// FindingsKey is all that an administrator should look at, with the report.
func FindingsKey(run RunID) string { return RunPrefix(run) + "findings.json" }

// ReportPageKey names what transform did in a run, as HTML.
func ReportPageKey(run RunID) string { return RunPrefix(run) + "report.html" }

// LeaseKey names the lease on a collection of a run, to read it, or with the
// collection "" on the run, to transform it.
func LeaseKey(run RunID, c Collection) string {
	return path.Join(RunPrefix(run), string(c), "lease.json")
}

func manifestKey(run RunID, c Collection) string { return folder(run, c) + "manifest.json" }

// CompleteKey names the object that says that a collection is complete.
func CompleteKey(run RunID, c Collection) string { return folder(run, c) + completeName }

// ParseCompleteKey is the reverse of CompleteKey. Any store prefix may stand in
// front, since an S3 event names the whole key.
func ParseCompleteKey(key string) (RunID, Collection, error) {
	s := strings.Split(key, "/")
	if n := len(s); n >= 4 && s[n-4]+"/" == runsPrefix && s[n-1] == completeName {
		run, runErr := ParseRun(s[n-3])
		c, err := ParseCollection(s[n-2])
		if runErr == nil && err == nil {
			return run, c, nil
		}
	}
	return "", "", fmt.Errorf("key %q is not of the form runs/<run>/<collection>/%s", key, completeName)
}

func folder(run RunID, c Collection) string { return RunPrefix(run) + string(c) + "/" }

// partName names the nth part of a collection, counted from 1.
func partName(n int) string { return fmt.Sprintf("part-%06d.jsonl.gz", n) }

// planName names the plan. The number is above 1 where an invocation left a plan
// there and died: that one was made at another time, from another audit feed.
func planName(n int) string {
	if n == 1 {
		return "plan.jsonl.gz"
	}
	return fmt.Sprintf("plan-%06d.jsonl.gz", n)
}

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

// Time returns the moment that the run is named after; zero if it is malformed.
func (r RunID) Time() time.Time {
	t, _ := time.Parse(runLayout, string(r))
	return t
}
