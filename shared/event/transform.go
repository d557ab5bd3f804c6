package event

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pingone-authomize/shared/staging"
)

const transformForms = `send S3's "Object Created" event of a complete.json, the "Sync Requested" event with "open":false, or {"run":"20261123T090000Z"}, optionally with "dryRun":true, or with "approveSweep":true, "codes":["…"] and "reason":"…"`

var errTransform = errors.New("the event is not understood: " + transformForms)

// A Transform is what asks for a transform.
type Transform struct {
	// Run is "" in the hourly event, which means the open run.
	Run staging.RunID
	// Collection is the one whose completion S3 announces; "" in other events.
	Collection staging.Collection
	// Continued says that the function invoked itself.
	Continued bool
	DryRun    bool
	// Approve is what a person approves of a held run; nil: nothing.
	Approve *Approve
}

// An Approve is what a person approves.
type Approve struct {
	Codes  []string // such as shrunk, or unproven:users
	Reason string
	By     string // who, as the sender says: Lambda does not name a function's caller
}

// ByPerson says that a person asked for the transform, and not an event that
// comes by itself.
func (t Transform) ByPerson() bool { return t.Run != "" && t.Collection == "" && !t.Continued }

// transformEvent is as much of an event as transform looks at.
type transformEvent struct {
	wish
	Type   string         `json:"detail-type"`
	Detail detail         `json:"detail"`
	Time   jsontext.Value `json:"time"`
	Others others         `json:",embed"`
}

// ParseTransform reads an event for the transform function. In those of S3 and
// of the schedule may stand anything but what a person asks for, which goes
// beside a run.
func ParseTransform(payload []byte) (Transform, error) {
	var in transformEvent
	if err := json.Unmarshal(payload, &in); err != nil {
		return Transform{}, errTransform
	}
	switch {
	case in.Run != nil:
		return in.named()
	case in.DryRun || in.asksToApprove():
		return Transform{}, fmt.Errorf("%w; all of these stand beside a run only", errTransform)
	case in.Type == SyncRequested && in.Detail.goesOn():
		return Transform{}, nil
	case in.Type != "" && in.Type != objectCreated || in.Detail.Object == nil:
		return Transform{}, errTransform
	}
	run, collection, err := in.Detail.Object.complete()
	if err != nil {
		return Transform{}, fmt.Errorf("%w: %w", errTransform, err)
	}
	return Transform{Run: run, Collection: collection}, nil
}

func (in *wish) asksToApprove() bool {
	return in.ApproveSweep || len(in.Codes) > 0 || in.Reason != "" || in.By != ""
}

// named reads what stands beside a run.
func (in *transformEvent) named() (Transform, error) {
	run, err := staging.ParseRun(*in.Run)
	if err != nil {
		return Transform{}, fmt.Errorf("run: %w", err)
	}
	if names := in.Others.misspelt(passedOver...); names != "" {
		return Transform{}, fmt.Errorf("the event has %s, which is not understood: %s", names, transformForms)
	}
	t := Transform{Run: run, DryRun: in.DryRun, Continued: in.Continuation > 0}
	if !in.asksToApprove() {
		return t, nil
	}
	switch {
	case in.DryRun:
		return Transform{}, errors.New("the event has dryRun and asks to approve: a dry run deletes nothing, so leave one of them out")
	case !in.ApproveSweep || len(in.Codes) == 0 || strings.TrimSpace(in.Reason) == "":
		return Transform{}, errors.New(`to approve takes all three: "approveSweep":true, "codes" that the report of the run lists, and a "reason"`)
	}
	t.Approve = &Approve{Codes: in.Codes, Reason: in.Reason, By: in.By}
	return t, nil
}

// Event asks for t.Run by name, as a person does.
func (t Transform) Event() ([]byte, error) {
	out := wish{Run: new(string(t.Run)), DryRun: t.DryRun}
	if a := t.Approve; a != nil {
		out.ApproveSweep, out.Codes, out.Reason, out.By = true, a.Codes, a.Reason, a.By
	}
	return json.Marshal(out)
}
