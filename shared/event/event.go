// Package event reads what invokes a function: the schedule's event, S3's, or
// a person's.
package event

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/staging"
)

// Source and SyncRequested name the event of the two schedules.
const (
	Source        = "pingone-authomize"
	SyncRequested = "Sync Requested"
)

// objectCreated names S3's event.
const objectCreated = "Object Created"

// A detail is as much of an EventBridge event's detail as a function looks at.
type detail struct {
	options
	ScheduledTime *string `json:"scheduledTime"`
	Open          *bool   `json:"open"`
	Object        *object `json:"object"`
	Others        others  `json:",embed"`
}

// An object is S3's.
type object struct {
	Key string `json:"key"`
}

// complete is the run and the collection whose complete.json the object is.
func (o *object) complete() (staging.RunID, staging.Collection, error) {
	if o == nil || !strings.HasSuffix(o.Key, "/complete.json") {
		return "", "", errors.New("the object is no complete.json")
	}
	return staging.ParseCompleteKey(o.Key)
}

// goesOn says whether the event opens no run: the hourly one.
func (d *detail) goesOn() bool { return d.Open != nil && !*d.Open }

// others are the members of an event that nothing is made of.
type others map[string]jsontext.Value

// passedOver are members that may stand in any event: EventBridge's, and what
// counts the invocations of a run.
var passedOver = []string{"version", "id", "source", "account", "region", "resources", "continuation"}

// misspelt lists the members that are none of ours, "" if there are none:
// dry_run must not start a run that is posted.
func (o others) misspelt(ours ...string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(ours, name) {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	return strings.Join(names, ", ")
}

// Continue is the event by which a function that ran out of time invokes
// itself; n counts these invocations. A dry transform stays dry.
func Continue(run staging.RunID, dryRun bool, n int) ([]byte, error) {
	return json.Marshal(wish{Run: new(string(run)), DryRun: dryRun, Continuation: n})
}

// Continuation is the n of an event made by Continue, 0 for any other event.
func Continuation(payload []byte) int {
	var in wish
	if json.Unmarshal(payload, &in) != nil {
		return 0
	}
	return in.Continuation
}

// options stand beside what names a new run.
type options struct {
	Environments *[]string `json:"environments,omitzero"`
	DryRun       bool      `json:"dryRun,omitzero"`
}

// A wish is what a person asks of transform, or a function of itself.
type wish struct {
	Run          *string  `json:"run,omitzero"`
	DryRun       bool     `json:"dryRun,omitzero"`
	ApproveSweep bool     `json:"approveSweep,omitzero"`
	Codes        []string `json:"codes,omitzero"`
	Reason       string   `json:"reason,omitzero"`
	By           string   `json:"by,omitzero"`
	Continuation int      `json:"continuation,omitzero"`
}
