package authomize

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	maxRounds      = 10  // rounds of dropping named records before a batch is halved
	schemaRecords  = 100 // refused without exception, this many are no accident
	receiptRetries = 2
)

// A delivery brings one batch to the API, in as many requests as it takes.
type delivery struct {
	*upload
	batch   *batch
	whole   int // records at the start
	refused int // by 422
	alone   int // of these, those found by halving
	taken   bool
	first   string // reason of the first that was refused
}

// deliver posts entries: all of the batch, or what is left of it.
func (d *delivery) deliver(ctx context.Context, entries []entry) error {
	for round := 0; len(entries) > 0; round++ {
		receipt, err := d.post(ctx, entries)
		if err == nil {
			d.settle(entries, receipt)
			return nil
		}
		if !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrTooLarge) {
			return err
		}
		d.batch.result.Refused++
		if errors.Is(err, ErrTooLarge) {
			return d.halve(ctx, entries, ReasonTooLarge)
		}
		named := namedFaults(err, len(entries))
		if len(named) == 0 || round >= maxRounds && len(entries) > 1 {
			return d.halve(ctx, entries, ReasonUnnamed)
		}
		entries = d.dropNamed(entries, named)
		if len(entries) == 0 && d.refused == d.whole {
			return d.checkSchema()
		}
	}
	return nil
}

// post sends entries. A receipt that is none is asked for again: the records
// may be there already, and a second post does no harm.
func (d *delivery) post(ctx context.Context, entries []entry) (Receipt, error) {
	items := d.batch.items(entries)
	pause := d.RetryPause
	if pause <= 0 {
		pause = defaultRetryPause
	}
	for try := 0; ; try++ {
		if d.stopped(ctx) {
			return Receipt{}, errStopped
		}
		receipt, err := d.Client.Post(ctx, d.kind, items)
		if err == nil {
			d.batch.result.Batches++
			d.batch.result.Bytes += int64(bodySize(items))
		}
		if !errors.Is(err, ErrBadReceipt) || try == receiptRetries {
			return receipt, err
		}
		if err := sleep(ctx, pause<<try); err != nil {
			return Receipt{}, err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// halve delivers two halves, or quarantines a record that stands alone.
func (d *delivery) halve(ctx context.Context, entries []entry, reason string) error {
	if n := len(entries); n > 1 {
		if err := d.deliver(ctx, entries[:n/2]); err != nil {
			return err
		}
		return d.deliver(ctx, entries[n/2:])
	}
	d.quarantine(entries[0], reason, "")
	if reason != ReasonUnnamed {
		return nil
	}
	d.refuse(reason)
	d.alone++
	// Down here each record costs requests of its own, so a hundred without an
	// exception are proof enough.
	if d.alone >= schemaRecords || d.refused == d.whole {
		return d.checkSchema()
	}
	return nil
}

// checkSchema tells bad records from a changed schema: the latter refuses all
// there are.
func (d *delivery) checkSchema() error {
	if d.whole < schemaRecords || d.taken || d.accepted.Load() > 0 {
		return nil
	}
	return fmt.Errorf("%w: the first %d of a batch of %d were all refused, and none was accepted before (%s): the API's schema seems to have changed, nothing more is posted",
		ErrInvalid, d.refused, d.whole, d.first)
}

func (d *delivery) refuse(reason string) {
	if d.first == "" {
		d.first = reason
	}
	d.refused++
}

func (d *delivery) quarantine(e entry, reason, field string) {
	d.batch.result.quarantine(Quarantined{Kind: d.kind, Key: e.key, Tag: e.tag, Reason: reason, Field: field})
}

// namedFaults returns the first fault of each item that a 422 names.
func namedFaults(err error, items int) map[int]Fault {
	var e *Error
	if !errors.As(err, &e) {
		return nil
	}
	named := map[int]Fault{}
	for _, f := range e.Detail {
		if _, ok := named[f.Index]; !ok && f.Index >= 0 && f.Index < items {
			named[f.Index] = f
		}
	}
	return named
}

// dropNamed quarantines what a 422 names and returns the rest.
func (d *delivery) dropNamed(entries []entry, named map[int]Fault) []entry {
	rest := make([]entry, 0, len(entries)-len(named))
	for i, e := range entries {
		f, bad := named[i]
		if !bad {
			rest = append(rest, e)
			continue
		}
		field := f.Field
		if field == "" {
			field = "record"
		}
		reason := reasonInvalid + field + ": " + f.Type
		d.quarantine(e, reason, f.Field)
		d.refuse(reason)
	}
	return rest
}

// settle counts what a receipt says about entries.
func (d *delivery) settle(entries []entry, receipt Receipt) {
	r := &d.batch.result
	d.taken = true
	named := d.quarantineInvalid(entries, receipt.Invalid)
	accepted := min(receipt.Accepted, len(entries)-len(named))
	if receipt.Accepted > len(entries) {
		r.Overcounted++
	}
	shortfall := int64(len(entries) - len(named) - accepted)

	r.Posted += int64(len(entries))
	r.Accepted += int64(accepted)
	r.Shortfall += shortfall
	d.accepted.Add(int64(accepted))
	r.seen(receipt.AcceptedAt)
	r.AheadSeconds = max(r.AheadSeconds, int64(receipt.Ahead.Seconds()))
	if receipt.AcceptedAt.IsZero() {
		r.MissingTimestamp++
	}
	tags := map[uint32]int64{}
	for i, e := range entries {
		if !named[i] {
			tags[e.tag]++
		}
	}
	for tag, n := range tags {
		r.addTag(tag, max(n-shortfall, 0))
	}
}

// references are the ids that an encoded record may hold of others.
type references struct {
	SourceID       string `json:"sourceId"`
	TargetID       string `json:"targetId"`
	SourceUniqueID string `json:"sourceUniqueId"`
	SourceType     string `json:"sourceType"`
	PrivilegeID    string `json:"privilegeId"`
	AssetID        string `json:"assetId"`
	Owner          string `json:"owner"`
}

// A role is one way in which a record refers to another.
type role struct {
	list  string // of the receipt
	name  string
	field string // of the record
	id    func(references) string
}

var roles = []role{
	{"invalidSourceIds", "source", "sourceId", func(r references) string { return r.SourceID }},
	{"invalidTargetIds", "target", "targetId", func(r references) string { return r.TargetID }},
	{"invalidUserIds", "user", "sourceUniqueId", func(r references) string { return r.source("User") }},
	{"invalidGroupingIds", "grouping", "sourceUniqueId", func(r references) string { return r.source(FromGrouping) }},
	{"invalidPrivilegeIds", "privilege", "privilegeId", func(r references) string { return r.PrivilegeID }},
	{"invalidAssetIds", "asset", "assetId", func(r references) string { return r.AssetID }},
	{"invalidOwnerIds", "owner", "owner", func(r references) string { return r.Owner }},
}

func (r references) source(sourceType string) string {
	if r.SourceType != sourceType {
		return ""
	}
	return r.SourceUniqueID
}

// quarantineInvalid quarantines the entries that refer to ids that the receipt calls
// invalid in that role, and returns their positions.
func (d *delivery) quarantineInvalid(entries []entry, invalid map[string][]string) map[int]bool {
	if len(invalid) == 0 {
		return nil
	}
	unmatched := map[string]map[string]bool{}
	bad := map[string]map[string]bool{}
	for list, ids := range invalid {
		bad[list], unmatched[list] = map[string]bool{}, map[string]bool{}
		for _, id := range ids {
			bad[list][id], unmatched[list][id] = true, true
		}
	}
	named := map[int]bool{}
	for i, item := range d.batch.items(entries) {
		var refs references
		if json.Unmarshal(item, &refs, lenient) != nil {
			continue
		}
		for _, role := range roles {
			id := role.id(refs)
			if id == "" || !bad[role.list][id] {
				continue
			}
			delete(unmatched[role.list], id)
			if !named[i] {
				named[i] = true
				d.quarantine(entries[i], reasonRole+role.name, role.field)
			}
		}
	}
	for _, list := range unmatched {
		d.batch.result.UnmatchedIDs += int64(len(list))
	}
	return named
}
