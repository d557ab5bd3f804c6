package observe

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/event"
)

// The detail-types of the events; their source is event.Source.
const (
	RunFinishedType      = "Run Finished"
	InvocationFailedType = "Invocation Failed"
)

// Bounds by which an event stays far below EventBridge's limit of 256 KB.
const (
	maxHeld  = 20  // reasons
	maxRunes = 500 // of each, and of an error
)

// RunFinished is the detail of the event at the end of a run; docs/events.md
// describes it for readers.
type RunFinished struct {
	Stack       string           `json:"stack"`
	Run         string           `json:"run"`
	State       string           `json:"state"` // done, held or failed
	DryRun      bool             `json:"dryRun"`
	Narrowed    bool             `json:"narrowed"` // read some environments only, on purpose
	Posted      map[string]int64 `json:"posted"`   // by kind
	Quarantined int64            `json:"quarantined"`
	Carried     map[string]int64 `json:"carried"` // records as of an earlier run, by reason
	Swept       bool             `json:"swept"`
	Held        []HeldReason     `json:"held"` // the first reasons, their texts cut
	Access      Access           `json:"access"`
	Report      string           `json:"report"` // where report.json is
}

// Access counts who controls the organization, who can become one who does, and
// what of this is new since the last run that was posted.
type Access struct {
	Controls    int `json:"controls"`
	Reach       int `json:"reach"`
	NewControls int `json:"newControls"`
	NewFindings int `json:"newFindings"`
}

// A HeldReason is why nothing was deleted.
type HeldReason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// PutEvents is what this package needs of an EventBridge client.
type PutEvents func(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)

// NewPutEvents returns that of a client of EventBridge.
func NewPutEvents(cfg aws.Config) PutEvents { return eventbridge.NewFromConfig(cfg).PutEvents }

// A FailureClass says what kind of thing an invocation failed with.
type FailureClass string

// The classes, from that which needs a person most.
const (
	FailedByCredentials FailureClass = "credentials" // refused by PingOne or Authomize
	FailedBySecret      FailureClass = "secret"      // can't be read, or misses something
	FailedByEvent       FailureClass = "event"       // what it was invoked with is not understood
	FailedByThrottling  FailureClass = "throttled"   // 429 after all retries
	FailedByStaging     FailureClass = "staging"     // the bucket, or what lies in it
	FailedByPingOne     FailureClass = "pingone"
	FailedByAuthomize   FailureClass = "authomize"
	FailedOtherwise     FailureClass = "other"
)

// FailureClasses are all of them.
var FailureClasses = []FailureClass{
	FailedByCredentials, FailedBySecret, FailedByEvent, FailedByThrottling, FailedByStaging, FailedByPingOne, FailedByAuthomize, FailedOtherwise,
}

// isFinal says whether a retry would end the same way.
func (c FailureClass) isFinal() bool { return c == FailedByCredentials || c == FailedByEvent }

// InvocationFailed is the detail of the event of an invocation that failed;
// docs/events.md describes it for readers.
type InvocationFailed struct {
	Stack     string       `json:"stack"`
	Run       string       `json:"run"` // "" if it is not clear
	Function  string       `json:"function"`
	RequestID string       `json:"requestId"` // the same for all tries of an invocation
	Class     FailureClass `json:"class"`
	Error     string       `json:"error"` // cut
	Final     bool         `json:"final"` // set by AnnounceFailure
}

// Announce puts the event of a run's end on the account's default bus.
func Announce(ctx context.Context, put PutEvents, e RunFinished) error {
	e.Held = slices.Clone(e.Held[:min(len(e.Held), maxHeld)])
	for i := range e.Held {
		e.Held[i].Text = cut(e.Held[i].Text)
	}
	return put.one(ctx, RunFinishedType, e.Run, e)
}

// AnnounceFailure puts the event of a failed invocation on the account's
// default bus.
func AnnounceFailure(ctx context.Context, put PutEvents, e InvocationFailed) error {
	e.Error, e.Final = cut(e.Error), e.Class.isFinal()
	return put.one(ctx, InvocationFailedType, e.Run, e)
}

func (put PutEvents) one(ctx context.Context, detailType, run string, detail any) error {
	data, err := json.Marshal(detail, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode %q of run %s: %w", detailType, run, err)
	}
	out, err := put(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String(event.Source), DetailType: aws.String(detailType), Detail: aws.String(string(data)),
	}}})
	if err != nil {
		return fmt.Errorf("put %q of run %s on the bus: %w", detailType, run, err)
	}
	if out.FailedEntryCount > 0 {
		code := "no code"
		if len(out.Entries) > 0 && out.Entries[0].ErrorCode != nil {
			code = *out.Entries[0].ErrorCode
		}
		return fmt.Errorf("put %q of run %s on the bus: EventBridge refused it: %s", detailType, run, code)
	}
	return nil
}

func cut(text string) string {
	if runes := []rune(text); len(runes) > maxRunes {
		return string(runes[:maxRunes]) + "…"
	}
	return text
}
