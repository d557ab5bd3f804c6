package observe

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/go-json-experiment/json"

	"pingone-authomize/shared/event"
)

// DetailType is that of the event at the end of a run; its source is
// event.Source.
const DetailType = "Run Finished"

// Bounds that keep an event far below EventBridge's limit of 256 KB.
const (
	maxHeld      = 20  // reasons
	maxHeldRunes = 500 // of each
)

// RunFinished is the event's detail; docs/events.md describes it for readers.
type RunFinished struct {
	Stack       string           `json:"stack"`
	Run         string           `json:"run"`
	State       string           `json:"state"` // done, held or failed
	DryRun      bool             `json:"dryRun"`
	Narrowed    bool             `json:"narrowed"` // read some environments only, on purpose
	Posted      map[string]int64 `json:"posted"`   // by kind
	Quarantined int64            `json:"quarantined"`
	Unread      int64            `json:"unread"` // slices
	Swept       bool             `json:"swept"`
	Held        []string         `json:"held"`   // the first reasons, cut
	Report      string           `json:"report"` // where report.json is
}

// PutEvents is what this package needs of an EventBridge client. It is no
// interface because of its size: the page of a report needs html/template,
// with which the linker keeps every method of a client that an interface
// holds.
type PutEvents func(context.Context, *eventbridge.PutEventsInput, ...func(*eventbridge.Options)) (*eventbridge.PutEventsOutput, error)

// NewPutEvents returns that of a client of EventBridge.
func NewPutEvents(cfg aws.Config) PutEvents { return eventbridge.NewFromConfig(cfg).PutEvents }

// Announce puts the event on the account's default bus.
func Announce(ctx context.Context, put PutEvents, e RunFinished) error {
	if e.Posted == nil {
		e.Posted = map[string]int64{}
	}
	e.Held = cut(e.Held)
	detail, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("encode the event of run %s: %w", e.Run, err)
	}
	out, err := put(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source: aws.String(event.Source), DetailType: aws.String(DetailType), Detail: aws.String(string(detail)),
	}}})
	if err != nil {
		return fmt.Errorf("put the event of run %s on the bus: %w", e.Run, err)
	}
	if out.FailedEntryCount > 0 {
		code := "no code"
		if len(out.Entries) > 0 && out.Entries[0].ErrorCode != nil {
			code = *out.Entries[0].ErrorCode
		}
		return fmt.Errorf("put the event of run %s on the bus: EventBridge refused it: %s", e.Run, code)
	}
	return nil
}

func cut(reasons []string) []string {
	kept := make([]string, 0, min(len(reasons), maxHeld))
	for _, r := range reasons[:min(len(reasons), maxHeld)] {
		if runes := []rune(r); len(runes) > maxHeldRunes {
			r = string(runes[:maxHeldRunes]) + "…"
		}
		kept = append(kept, r)
	}
	return kept
}
