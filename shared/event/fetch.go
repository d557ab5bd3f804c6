package event

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/pingone"
	"pingone-authomize/shared/staging"
)

const fetchForms = `send the "Sync Requested" event, S3's "Object Created" event of a complete.json, {"scheduledTime":"2026-11-23T09:00:00Z"}, {"run":"20261123T090000Z"}, or {} for a run that starts now; "environments":["…"] and "dryRun":true may stand beside the run or the scheduledTime`

// A Fetch is what asks for the reading of a collection.
type Fetch struct {
	// Run is the one that is named, else that of the event's time; "" for a run
	// of now.
	Run staging.RunID
	// Named says that a person named the run, or a function that goes on with
	// it.
	Named bool
	// Continued says that the function invoked itself.
	Continued bool
	// Input is the collection whose completion S3 announces; "" in other events.
	Input staging.Collection
	// GoOn says that no run is to be opened.
	GoOn bool
	// Environments are those that a new run is narrowed to, each once; none is
	// all of the settings.
	Environments []pingone.ID
	// DryRun says that a new run is never to be posted.
	DryRun bool
}

// fetchEvent is as much of an event as a fetch function looks at.
type fetchEvent struct {
	options
	Run           *string `json:"run"`
	ScheduledTime *string `json:"scheduledTime"`
	Time          *string `json:"time"`
	Continuation  int     `json:"continuation"`
	Type          string  `json:"detail-type"`
	Detail        detail  `json:"detail"`
	Others        others  `json:",embed"`
}

// ParseFetch reads an event for a fetch function. The run is the one it names,
// or that of its scheduled time, or of its own time.
func ParseFetch(payload []byte) (Fetch, error) {
	if len(bytes.TrimSpace(payload)) == 0 {
		return Fetch{}, nil
	}
	var in fetchEvent
	if err := json.Unmarshal(payload, &in); err != nil {
		return Fetch{}, fmt.Errorf("the event is not understood: %s", fetchForms)
	}
	if in.Run == nil && in.Type == objectCreated {
		return in.input()
	}
	run, err := in.run(payload)
	if err != nil {
		return Fetch{}, err
	}
	if names := in.misspelt(); names != "" {
		return Fetch{}, fmt.Errorf("the event has %s, which is not understood: %s", names, fetchForms)
	}
	environments, err := in.environments()
	if err != nil {
		return Fetch{}, err
	}
	return Fetch{
		Run: run, Named: in.Run != nil, Continued: in.Run != nil && in.Continuation > 0, GoOn: in.Detail.goesOn(),
		Environments: environments, DryRun: in.DryRun || in.Detail.DryRun,
	}, nil
}

// input reads S3's event.
func (in *fetchEvent) input() (Fetch, error) {
	run, input, err := in.Detail.Object.complete()
	if err != nil {
		return Fetch{}, fmt.Errorf("the event is not understood: %w: %s", err, fetchForms)
	}
	return Fetch{Run: run, Input: input}, nil
}

// misspelt is that of a person's event, and of the detail of "Sync Requested".
// EventBridge may add members to its own events.
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

func (in *fetchEvent) run(payload []byte) (staging.RunID, error) {
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
	return "", nil
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
	return pingone.ParseEnvironments(asked)
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

// Event asks for f.Run by name, as a person does.
func (f Fetch) Event() ([]byte, error) {
	out := struct {
		Run staging.RunID `json:"run"`
		options
	}{Run: f.Run, options: options{DryRun: f.DryRun}}
	if len(f.Environments) > 0 {
		out.Environments = new([]string)
		for _, id := range f.Environments {
			*out.Environments = append(*out.Environments, id.String())
		}
	}
	return json.Marshal(out)
}
