// Package event reads what invokes a function: the schedule's event, S3's, or
// a person's.
package event

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

// Source and SyncRequested name the event that starts all fetch functions.
const (
	Source        = "pingone-authomize"
	SyncRequested = "Sync Requested"
)

const fetchForms = `send the "Sync Requested" event, {"scheduledTime":"2026-11-23T09:00:00Z"}, {"run":"20261123T090000Z"}, or {} for a run that starts now; "environments":["…"] and "dryRun":true may stand beside the run or the scheduledTime`

// A Fetch is what asks for the reading of a collection.
type Fetch struct {
	Run staging.RunID
	// Environments are those that the run is narrowed to, each once; none is
	// all of the settings.
	Environments []pingone.ID
	// DryRun tells that the run is never to be posted.
	DryRun bool
}

// terms stand beside what names the run.
type terms struct {
	Environments *[]string `json:"environments"`
	DryRun       bool      `json:"dryRun"`
}

// others are the members of an event that nothing is made of.
type others map[string]jsontext.Value

// fetchEvent is as much of an event as a fetch function looks at.
type fetchEvent struct {
	terms
	Run           *string `json:"run"`
	ScheduledTime *string `json:"scheduledTime"`
	Time          *string `json:"time"`
	Type          string  `json:"detail-type"`
	Detail        struct {
		terms
		ScheduledTime *string `json:"scheduledTime"`
		Others        others  `json:",embed"`
	} `json:"detail"`
	Others others `json:",embed"`
}

// passedOver are members that may stand in any event: EventBridge's, and what
// counts the invocations of a run.
var passedOver = []string{"version", "id", "source", "account", "region", "resources", "continuation"}

// misspelt says which members somebody meant something by that is not
// understood, "" if none: dry_run must not start a run that is posted.
// EventBridge may add members to its own events, so known are those that may
// stand in ours.
func (o others) misspelt(known ...string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if !slices.Contains(known, name) {
			names = append(names, fmt.Sprintf("%q", name))
		}
	}
	return strings.Join(names, ", ")
}

// misspelt is that of a person's event, and of the detail of "Sync Requested".
func (in *fetchEvent) misspelt() string {
	if in.Type == SyncRequested || in.Detail.ScheduledTime != nil {
		if names := in.Detail.Others.misspelt("stack"); names != "" {
			return names
		}
	}
	if in.Type != "" && in.Run == nil && in.ScheduledTime == nil {
		return ""
	}
	return in.Others.misspelt(passedOver...)
}

// ParseFetch reads an event for a fetch function. The run is that of the
// event's scheduled time, or of its own time, or the one it names; a run of
// now for an empty event.
func ParseFetch(payload []byte, now time.Time) (Fetch, error) {
	if len(bytes.TrimSpace(payload)) == 0 {
		return Fetch{Run: staging.RunAt(now)}, nil
	}
	var in fetchEvent
	if err := json.Unmarshal(payload, &in); err != nil {
		return Fetch{}, fmt.Errorf("the event is not understood: %s", fetchForms)
	}
	run, err := in.run(payload, now)
	if err != nil {
		return Fetch{}, err
	}
	if run.Time().Sub(now) > maxAhead {
		return Fetch{}, fmt.Errorf("run %s lies more than a day ahead, and would hold the sweep of every run until then: give the time of now, in UTC", run)
	}
	if names := in.misspelt(); names != "" {
		return Fetch{}, fmt.Errorf("the event has %s, which is not understood: %s", names, fetchForms)
	}
	environments, err := in.environments()
	if err != nil {
		return Fetch{}, err
	}
	return Fetch{Run: run, Environments: environments, DryRun: in.DryRun || in.Detail.DryRun}, nil
}

// maxAhead is how far a run may lie in the future: clocks differ, and a whole day
// is a time zone that was taken for another.
const maxAhead = 24 * time.Hour

func (in *fetchEvent) run(payload []byte, now time.Time) (staging.RunID, error) {
	switch {
	case in.Run != nil:
		run, err := staging.ParseRun(*in.Run)
		if err != nil {
			return "", fmt.Errorf("the event's run is not understood: %s", fetchForms)
		}
		return run, nil
	case in.Detail.ScheduledTime != nil:
		return runAt("detail.scheduledTime", *in.Detail.ScheduledTime)
	case in.ScheduledTime != nil:
		return runAt("scheduledTime", *in.ScheduledTime)
	case in.Time != nil:
		return runAt("time", *in.Time)
	case !isEmptyObject(payload):
		// A misspelt event must not start a run that nobody meant.
		return "", fmt.Errorf("the event names no run and no time: %s", fetchForms)
	}
	return staging.RunAt(now), nil
}

func (in *fetchEvent) environments() ([]pingone.ID, error) {
	asked := in.Environments
	if asked == nil {
		asked = in.Detail.Environments
	} else if in.Detail.Environments != nil {
		return nil, errors.New("the event's environments are given twice, in detail and beside it: give them once")
	}
	if asked == nil {
		return nil, nil
	}
	ids, err := ParseEnvironments(*asked)
	if err != nil {
		return nil, fmt.Errorf("the event's environments: %w", err)
	}
	return ids, nil
}

// ParseEnvironments reads the ids of the environments that a run is narrowed
// to, each once. The error names every fault; none at all is one, since it
// could be meant as all or as nothing.
func ParseEnvironments(asked []string) ([]pingone.ID, error) {
	if len(asked) == 0 {
		return nil, errors.New("there is none: give ids, or leave it out to read all of the settings")
	}
	var ids []pingone.ID
	var faults []error
	for i, s := range asked {
		id, ok := pingone.ParseID(strings.TrimSpace(s))
		switch {
		case !ok || id.IsZero():
			faults = append(faults, fmt.Errorf("entry %d is no environment id (a UUID)", i+1))
		case !slices.Contains(ids, id):
			ids = append(ids, id)
		}
	}
	return ids, errors.Join(faults...)
}

func runAt(field, value string) (staging.RunID, error) {
	t, err := time.Parse(time.RFC3339, value)
	if err == nil {
		// A time zone can move a time out of the years that a run id can name.
		if run, err := staging.ParseRun(string(staging.RunAt(t))); err == nil {
			return run, nil
		}
	}
	return "", fmt.Errorf("the event's %s is no time like 2026-11-23T09:00:00Z: %s", field, fetchForms)
}

func isEmptyObject(payload []byte) bool {
	var in map[string]any
	return json.Unmarshal(payload, &in) == nil && in != nil && len(in) == 0
}

// A Transform is what asks for a transform.
type Transform struct {
	Run    staging.RunID
	DryRun bool
	// ApproveSweep lets go the held sweep of the run.
	ApproveSweep bool
	// Collection is the one whose completion S3 tells of; "" when a person
	// asks.
	Collection staging.Collection
}

const transformForms = `send S3's "Object Created" event of a complete.json, or {"run":"20261123T090000Z"}, optionally with "dryRun":true or "approveSweep":true`

var errTransform = errors.New("the event is not understood: " + transformForms)

// ParseTransform reads an event for the transform function. In S3's may stand
// anything but what a person asks for, which goes beside a run.
func ParseTransform(payload []byte) (Transform, error) {
	var in struct {
		Run    *string `json:"run"`
		DryRun bool    `json:"dryRun"`

		ApproveSweep bool `json:"approveSweep"`

		Type   string `json:"detail-type"`
		Detail struct {
			Object struct {
				Key string `json:"key"`
			} `json:"object"`
		} `json:"detail"`
		Time   jsontext.Value `json:"time"`
		Others others         `json:",embed"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return Transform{}, errTransform
	}
	if in.Run != nil {
		run, err := staging.ParseRun(*in.Run)
		if err != nil {
			return Transform{}, fmt.Errorf("run: %w", err)
		}
		if names := in.Others.misspelt(passedOver...); names != "" {
			return Transform{}, fmt.Errorf("the event has %s, which is not understood: %s", names, transformForms)
		}
		return Transform{Run: run, DryRun: in.DryRun, ApproveSweep: in.ApproveSweep}, nil
	}
	key := in.Detail.Object.Key
	if in.DryRun || in.ApproveSweep {
		return Transform{}, fmt.Errorf("%w; both stand beside a run only", errTransform)
	}
	if in.Type != "" && in.Type != "Object Created" || !strings.HasSuffix(key, "/complete.json") {
		return Transform{}, errTransform
	}
	run, collection, err := staging.ParseCompleteKey(key)
	if err != nil {
		return Transform{}, fmt.Errorf("%w: %w", errTransform, err)
	}
	return Transform{Run: run, Collection: collection}, nil
}

// asked is what asks for a run, as this program writes it.
type asked struct {
	Run          staging.RunID `json:"run"`
	Environments *[]string     `json:"environments,omitzero"`
	DryRun       bool          `json:"dryRun,omitzero"`
	Continuation int           `json:"continuation,omitzero"`
}

// Event is what ParseFetch reads as f.
func (f Fetch) Event() ([]byte, error) {
	out := asked{Run: f.Run, DryRun: f.DryRun}
	if len(f.Environments) > 0 {
		out.Environments = new([]string)
		for _, id := range f.Environments {
			*out.Environments = append(*out.Environments, id.String())
		}
	}
	return json.Marshal(out)
}

// Continue is the event by which a function that ran out of time invokes
// itself again; n counts these invocations. What payload, the event before,
// said of the run stays said.
func Continue(payload []byte, run staging.RunID, n int) ([]byte, error) {
	next := asked{Run: run, Continuation: n}
	if len(bytes.TrimSpace(payload)) > 0 {
		var in fetchEvent
		if err := json.Unmarshal(payload, &in); err != nil {
			return nil, errors.New("the event is not understood any more, so that nothing goes on with it")
		}
		next.Environments, next.DryRun = in.Environments, in.DryRun || in.Detail.DryRun
		if next.Environments == nil {
			next.Environments = in.Detail.Environments
		}
	}
	return json.Marshal(next)
}

// Continuation is the n of an event made by Continue, 0 for any other event.
func Continuation(payload []byte) int {
	var in struct {
		Continuation int `json:"continuation"`
	}
	if json.Unmarshal(payload, &in) != nil {
		return 0
	}
	return in.Continuation
}
