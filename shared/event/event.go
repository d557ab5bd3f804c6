// Package event reads what invokes a function: the schedule's event, S3's, or
// a person's.
package event

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/staging"
)

// Source and SyncRequested name the event that starts all fetch functions.
const (
	Source        = "pingone-authomize"
	SyncRequested = "Sync Requested"
)

const fetchForms = `send the "Sync Requested" event, {"scheduledTime":"2026-11-23T09:00:00Z"}, {"run":"20261123T090000Z"}, or {} for a run that starts now`

// Run tells which run a fetch function is to read: that of the event's
// scheduled time, or of its own time, or the one it names; a run of now for an
// empty event.
func Run(payload []byte, now time.Time) (staging.RunID, error) {
	var in struct {
		Run           *string `json:"run"`
		ScheduledTime *string `json:"scheduledTime"`
		Time          *string `json:"time"`
		Detail        struct {
			ScheduledTime *string `json:"scheduledTime"`
		} `json:"detail"`
	}
	if len(bytes.TrimSpace(payload)) == 0 {
		return staging.RunAt(now), nil
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return "", fmt.Errorf("the event is not understood: %s", fetchForms)
	}
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

var errTransform = errors.New(`the event is not understood: send S3's "Object Created" event of a complete.json, or {"run":"20261123T090000Z"}, optionally with "dryRun":true`)

// ParseTransform reads an event for the transform function.
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
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return Transform{}, errTransform
	}
	if in.Run != nil {
		run, err := staging.ParseRun(*in.Run)
		if err != nil {
			return Transform{}, fmt.Errorf("run: %w", err)
		}
		return Transform{Run: run, DryRun: in.DryRun, ApproveSweep: in.ApproveSweep}, nil
	}
	key := in.Detail.Object.Key
	if in.Type != "" && in.Type != "Object Created" || !strings.HasSuffix(key, "/complete.json") {
		return Transform{}, errTransform
	}
	run, collection, err := staging.ParseCompleteKey(key)
	if err != nil {
		return Transform{}, fmt.Errorf("%w: %w", errTransform, err)
	}
	return Transform{Run: run, Collection: collection}, nil
}

// Continue is the event by which a function that ran out of time invokes
// itself again; n counts these invocations.
func Continue(run staging.RunID, n int) []byte {
	return fmt.Appendf(nil, `{"run":%q,"continuation":%d}`, run, n)
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
